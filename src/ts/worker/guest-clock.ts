/** What the guest's counters and its real-time clock follow. */
export interface Clock {
  /** Monotonic milliseconds; stands still while the machine is paused. */
  nowMs(): number;
  /** Unix time in milliseconds; does not stand still. */
  wallMs(): number;
}

/** Real time less the pauses, as QEMU's virtual clock: a guest that was stopped for an hour saw no timer expire late. */
export class GuestClock implements Clock {
  readonly #real: Clock;
  #pausedTotalMs = 0;
  #pausedSinceMs: number | null = null;

  constructor(real: Clock) {
    this.#real = real;
  }

  nowMs(): number {
    return (this.#pausedSinceMs ?? this.#real.nowMs()) - this.#pausedTotalMs;
  }

  wallMs(): number {
    return this.#real.wallMs();
  }

  pause(): void {
    this.#pausedSinceMs ??= this.#real.nowMs();
  }

  resume(): void {
    if (this.#pausedSinceMs === null) return;
    this.#pausedTotalMs += this.#real.nowMs() - this.#pausedSinceMs;
    this.#pausedSinceMs = null;
  }
}
