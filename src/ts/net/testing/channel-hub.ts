/** Channels as browsers have them, delivered when the test says so. */
import type { NetworkServices } from "../network.ts";

interface End {
  readonly name: string;
  readonly receive: (message: unknown) => void;
  isOpen: boolean;
  /** A tab that sleeps: what it is sent waits. */
  asleep: boolean;
  readonly waiting: unknown[];
}

export class ChannelHub {
  readonly #ends: End[] = [];
  readonly #queue: { readonly to: End; readonly message: unknown }[] = [];
  /** Messages that were posted, and how many of them somebody else heard. */
  posted = 0;

  /** The service of one machine, and a switch for whether its tab sleeps. */
  machine(): { readonly openChannel: NetworkServices["openChannel"]; sleep(asleep: boolean): void } {
    const own: End[] = [];
    let isAsleep = false;
    return {
      openChannel: (name, receive) => {
        const end: End = { name, receive, isOpen: true, asleep: isAsleep, waiting: [] };
        own.push(end);
        this.#ends.push(end);
        return {
          post: (message) => {
            this.posted += 1;
            for (const other of this.#ends) {
              if (other === end || !other.isOpen || other.name !== name) continue;
              this.#queue.push({ to: other, message: structuredClone(message) });
            }
          },
          close: () => {
            end.isOpen = false;
          },
        };
      },
      sleep: (asleep) => {
        isAsleep = asleep;
        for (const end of own) {
          end.asleep = asleep;
          if (!asleep) this.#queue.push(...end.waiting.splice(0).map((message) => ({ to: end, message })));
        }
      },
    };
  }

  /** Bytes of batches that wait for tabs that sleep. */
  get waitingBytes(): number {
    const sizes = this.#ends.flatMap(({ waiting }) =>
      waiting.map((message) => (message as { batch?: ArrayBuffer }).batch?.byteLength ?? 0),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Delivers everything, also what comes of it. */
  async settle(): Promise<void> {
    for (;;) {
      // Packets are sent when the guest's turn is over.
      await Promise.resolve();
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (next.to.asleep) next.to.waiting.push(next.message);
      else if (next.to.isOpen) next.to.receive(next.message);
    }
  }
}
