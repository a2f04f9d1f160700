import type { GuestCounters } from "../protocol/guest-counters.ts";
import type { MachineMetrics } from "../protocol/messages.ts";

/** How often the page hears of them while the guest works. */
const INTERVAL_MS = 500;

/** Two samples closer than this say more about the clock than about the guest. */
const SHORTEST_INTERVAL_MS = 50;

/** Turns counters into rates over real time. */
export class Metrics {
  readonly #stats: () => GuestCounters;
  readonly #report: (metrics: MachineMetrics) => void;
  #sinceMs: number;
  #sinceInstructions = 0;
  #sinceCompiled = 0;
  #busyMs = 0;

  constructor(nowMs: number, stats: () => GuestCounters, report: (metrics: MachineMetrics) => void) {
    this.#sinceMs = nowMs;
    this.#stats = stats;
    this.#report = report;
  }

  /** A slice took `busyMs` and ended at `nowMs`. */
  addSlice(busyMs: number, nowMs: number): void {
    this.#busyMs += busyMs;
    if (nowMs - this.#sinceMs >= INTERVAL_MS) this.#sample(nowMs);
  }

  /** The guest went to sleep, stopped or was paused: the page should not keep showing what it did before. */
  settle(nowMs: number): void {
    if (nowMs - this.#sinceMs >= SHORTEST_INTERVAL_MS) this.#sample(nowMs);
  }

  /** Time passed in which nothing was to be measured, such as a pause. */
  skipTo(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#busyMs = 0;
  }

  #sample(nowMs: number): void {
    const { instructions, guestErrors, compiler } = this.#stats();
    const elapsedMs = nowMs - this.#sinceMs;
    // A machine that was built anew counts from zero.
    const executed = Math.max(0, instructions - this.#sinceInstructions);
    const compiled = Math.max(0, (compiler?.instructions ?? 0) - this.#sinceCompiled);
    this.#report({
      instructions,
      guestErrors,
      mips: executed / elapsedMs / 1000,
      cpuShare: Math.min(1, this.#busyMs / elapsedMs),
      compiler: compiler && { ...compiler, recentShare: executed === 0 ? null : Math.min(1, compiled / executed) },
    });
    this.#sinceMs = nowMs;
    this.#sinceInstructions = instructions;
    this.#sinceCompiled = compiler?.instructions ?? 0;
    this.#busyMs = 0;
  }
}
