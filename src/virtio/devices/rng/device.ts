/** The entropy device (virtio 1.4, chapter "Entropy Device"). */
import type { EntropySource } from "../../backends.ts";
import type { VirtioBus } from "../../bus.ts";
import type { Chain } from "../../chain.ts";
import { VirtioDevice } from "../../device.ts";
import type { Clock, Timers } from "../../environment.ts";
import type { FeatureRow } from "../../features.ts";
import { ConfigSpace } from "../../layout.ts";
import { VIRTIO_ID_RNG } from "../../spec/ids.ts";
import { RNG_REQUESTQ } from "../../spec/rng.ts";
import type { QueueSpec, Virtqueue } from "../../virtqueue.ts";
import { loadRng, type RngState, saveRng } from "./state.ts";

/** QEMU's properties: at most `maxBytes` in each `periodMs`. */
export interface RngOptions {
  readonly maxBytes: number;
  readonly periodMs: number;
}

/** What the device is made with. */
export interface RngEnvironment {
  readonly entropy: EntropySource;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Bytes asked of the source at a time, below the 65536 of Web Cryptography. */
const CHUNK_BYTES = 4096;
/** Most bytes in one answer: "one or more" is all that is promised, and a huge buffer must not stop the machine. */
const ANSWER_BYTES = 65536;
const QUEUE_SIZE = 8;

export class VirtioRng extends VirtioDevice {
  readonly id = VIRTIO_ID_RNG;
  readonly name = "virtio-rng";
  readonly legacy = true;
  readonly features: readonly FeatureRow[] = [];
  readonly config = new ConfigSpace({});
  readonly queues: readonly QueueSpec[] = [{ name: "requestq", sizeMax: QUEUE_SIZE }];
  private readonly environment: RngEnvironment;
  private readonly options: RngOptions;
  private readonly chunk = new Uint8Array(CHUNK_BYTES);
  /** Bytes left in the period that began at `periodStartMs`. */
  private quota: number;
  private periodStartMs: number;
  private cancelTimer: (() => void) | null = null;

  constructor(bus: VirtioBus, environment: RngEnvironment, options: RngOptions) {
    super(bus);
    this.environment = environment;
    this.options = options;
    this.quota = options.maxBytes;
    this.periodStartMs = environment.clock.nowMs();
  }

  onQueue(queue: Virtqueue): void {
    queue.drain((chain) => {
      if (chain.writableBytes > 0 && this.availableQuota() === 0) {
        queue.unpop(chain);
        this.waitForQuota();
        return false;
      }
      queue.push(chain, this.answer(chain));
      return true;
    });
  }

  /** Bytes that may be given now; a new period brings a new quota. */
  private availableQuota(): number {
    const now = this.environment.clock.nowMs();
    if (now - this.periodStartMs >= this.options.periodMs) {
      this.periodStartMs = now;
      this.quota = this.options.maxBytes;
    }
    return this.quota;
  }

  /** The limit delays answers, it never shortens one to nothing. */
  private waitForQuota(): void {
    if (this.cancelTimer !== null) return;
    const delayMs = this.periodStartMs + this.options.periodMs - this.environment.clock.nowMs();
    this.cancelTimer = this.environment.timers.after(Math.max(1, delayMs), () => {
      this.cancelTimer = null;
      const queue = this.bus.queue(RNG_REQUESTQ);
      if (queue?.ready && this.bus.live) this.onQueue(queue);
    });
  }

  private answer(chain: Chain): number {
    const writer = chain.writer();
    const count = Math.min(writer.remaining, this.quota, ANSWER_BYTES);
    for (let left = count; left > 0; ) {
      const piece = this.chunk.subarray(0, Math.min(left, CHUNK_BYTES));
      this.environment.entropy.fill(piece);
      writer.write(piece);
      left -= piece.length;
    }
    // What was handed out must not be found in the host's memory later.
    this.chunk.fill(0);
    this.quota -= count;
    return writer.written;
  }

  override onReset(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
  }

  save(): RngState {
    return saveRng();
  }

  load(state: unknown): void {
    loadRng(state);
  }

  serveRestored(chain: Chain): void {
    chain.queue.push(chain, this.answer(chain));
    chain.queue.flush();
  }
}
