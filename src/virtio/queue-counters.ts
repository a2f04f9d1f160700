/** What a virtqueue has done since the machine was made. Counting stores numbers and allocates nothing. */
import type { Chain } from "./chain.ts";

/** Latency bucket `i` holds chains that the device held for less than LATENCY_FIRST_MS * 2^i; the last one all others. */
export const LATENCY_BUCKETS = 16;
export const LATENCY_FIRST_MS = 0.125;

/** Chains that were returned last and are kept to be looked at. */
const RECENT_CHAINS = 8;

export class QueueCounters {
  /** Available buffer notifications of the driver. */
  notifications = 0;
  chainsTaken = 0;
  chainsReturned = 0;
  /** Device-readable bytes of the chains that were returned. */
  readBytes = 0;
  /** Bytes that the device wrote, as the used entries say. */
  writtenBytes = 0;
  /** Used buffer notifications that were sent, and those that the driver did not want. */
  interruptsSent = 0;
  interruptsSuppressed = 0;
  /** Of the chains whose time is known. */
  timedChains = 0;
  totalMs = 0;
  maxMs = 0;
  readonly buckets = new Float64Array(LATENCY_BUCKETS);
  private readonly recentChains: (Chain | null)[] = new Array<Chain | null>(RECENT_CHAINS).fill(null);
  private next = 0;
  /** Chains that were returned and not yet shown to the driver. */
  private staged = 0;

  /** A chain was taken at `nowMs`; NaN where there is no clock. */
  take(chain: Chain, nowMs: number): void {
    this.chainsTaken += 1;
    chain.takenMs = nowMs;
  }

  /** The chain that was taken last went back untouched. */
  untake(): void {
    this.chainsTaken -= 1;
  }

  /** A chain was returned at `nowMs` with `written` bytes written. */
  give(chain: Chain, written: number, nowMs: number): void {
    this.chainsReturned += 1;
    this.staged += 1;
    this.readBytes += chain.readableBytes;
    this.writtenBytes += written;
    chain.usedBytes = written;
    chain.heldMs = nowMs - chain.takenMs;
    this.recentChains[this.next] = chain;
    this.next = (this.next + 1) % RECENT_CHAINS;
    // Without a clock, or taken by the machine whose state this one was loaded from, the chain has no time.
    if (chain.heldMs >= 0) this.time(chain.heldMs);
  }

  private time(heldMs: number): void {
    this.timedChains += 1;
    this.totalMs += heldMs;
    if (heldMs > this.maxMs) this.maxMs = heldMs;
    let bucket = 0;
    for (let limit = LATENCY_FIRST_MS; heldMs >= limit && bucket < LATENCY_BUCKETS - 1; limit *= 2) bucket += 1;
    this.buckets[bucket] = (this.buckets[bucket] as number) + 1;
  }

  /** What was returned is shown to the driver, with or without an interrupt. */
  flush(notified: boolean): void {
    if (this.staged === 0) return;
    this.staged = 0;
    if (notified) this.interruptsSent += 1;
    else this.interruptsSuppressed += 1;
  }

  /** The queue's chains are dead. */
  forget(): void {
    this.staged = 0;
    this.recentChains.fill(null);
  }

  /** The chains that were returned last, the newest first. */
  get recent(): readonly Chain[] {
    const chains: Chain[] = [];
    for (let back = 1; back <= RECENT_CHAINS; back += 1) {
      const chain = this.recentChains[(this.next + RECENT_CHAINS - back) % RECENT_CHAINS];
      if (chain !== null && chain !== undefined) chains.push(chain);
    }
    return chains;
  }
}
