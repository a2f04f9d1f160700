/** VIRTIO_F_IN_ORDER (virtio 1.4, 2.7.9 and 2.8.8): buffers are used in the order in which they were made available. */
import type { Chain } from "./chain.ts";

/** The chains of one queue in the order in which they came; what is finished too early waits. */
export class CompletionOrder {
  private taken: Chain[] = [];
  private readonly finished = new Map<Chain, number>();

  /** Everything that was taken and is not returned, also what is finished and waits. */
  get chains(): readonly Chain[] {
    return this.taken;
  }

  take(chain: Chain): void {
    this.taken.push(chain);
  }

  /** The chain that was taken last goes back. */
  untake(chain: Chain): void {
    if (this.taken.at(-1) === chain) this.taken.pop();
  }

  /** A chain is finished, with `written` bytes written: what can be returned now, in order. */
  finish(chain: Chain, written: number): [Chain, number][] {
    this.finished.set(chain, written);
    const ready: [Chain, number][] = [];
    for (const next of this.taken) {
      const bytes = this.finished.get(next);
      if (bytes === undefined) break;
      this.finished.delete(next);
      ready.push([next, bytes]);
    }
    this.taken = this.taken.slice(ready.length);
    return ready;
  }

  clear(): void {
    this.taken = [];
    this.finished.clear();
  }
}
