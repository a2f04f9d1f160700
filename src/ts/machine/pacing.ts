/** How many instructions fit a time, and how fast the guest's counter runs meanwhile. */

/** Ticks of the system counter a millisecond (CNTFRQ_EL0 is 62.5 MHz). */
export const TICKS_PER_MS = 62_500;
/** Instructions a millisecond before anything was measured. */
const FIRST_GUESS = 100_000;
/** A stretch of running between two looks at the clock, where the clock is precise enough to measure it. */
const STRETCH_MS = 1;
const MIN_STRETCH_INSTRUCTIONS = 2_000;
/** Stretches that are shorter say nothing: the browser's clock has steps of 0.1 ms. */
const SHORTEST_MEASURED_MS = 0.3;
/** The counter lags a little inside a stretch and catches up at the next one: it must never run ahead of real time. */
const COUNTER_LAG = 0.9;

/** Measures the host's speed over the last stretches and derives the next one from it. */
export class Pacing {
  #instructionsPerMs = FIRST_GUESS;

  /** Instructions to run between two looks at the clock. */
  get stretch(): number {
    return Math.max(MIN_STRETCH_INSTRUCTIONS, Math.round(this.#instructionsPerMs * STRETCH_MS));
  }

  /** Counter ticks an instruction, 16.16 fixed point, for cpu_run. */
  get scale(): number {
    return Math.max(1, Math.round((TICKS_PER_MS / this.#instructionsPerMs) * COUNTER_LAG * 65_536));
  }

  /** Learns from a stretch. */
  measured(instructions: number, elapsedMs: number): void {
    if (elapsedMs < SHORTEST_MEASURED_MS) {
      // Too fast to be measured: longer stretches next time.
      if (instructions >= this.stretch) this.#instructionsPerMs *= 1.5;
      return;
    }
    const now = instructions / elapsedMs;
    // Code that is suddenly slower must not make the next stretches long.
    this.#instructionsPerMs += (now - this.#instructionsPerMs) / (now < this.#instructionsPerMs ? 2 : 8);
  }
}
