/** Turns for the event loop between the pieces of large transfers. */
import type { Awaitable } from "./backends.ts";
import type { Timers } from "./environment.ts";

/**
 * Bytes that are moved before the event loop gets a turn: a guest may ask for terabytes in one notification (4 GiB in
 * each of a thousand requests), and a backend may answer at once.
 */
const TURN_BYTES = 16 * 1024 * 1024;

export class Turns {
  private readonly timers: Timers;
  private spentBytes = 0;
  /** Settles when the event loop has had its turn. */
  private turn: Promise<void> | null = null;

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** To be called before `bytes` are moved; a promise asks to wait. */
  spend(bytes: number): Awaitable {
    this.spentBytes += bytes;
    if (this.spentBytes <= TURN_BYTES) return;
    this.turn ??= new Promise((resolve) => {
      this.timers.after(0, () => {
        this.turn = null;
        this.spentBytes = 0;
        resolve();
      });
    });
    return this.turn;
  }
}
