import type { Turns } from "../turns.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Turns on a clock that the test moves: no real time passes, and the order of events is always the same. */
export class ManualTurns implements Turns {
  nowMs = 0;
  turnCount = 0;
  #posted: (() => void) | null = null;
  #timers: Timer[] = [];

  get timerCount(): number {
    return this.#timers.length;
  }

  post(callback: () => void): void {
    this.#posted = callback;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { atMs: this.nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  dispose(): void {
    this.#posted = null;
    this.#timers = [];
  }

  /** Runs posted turns, `limit` of them at most; returns how many ran. */
  runTurns(limit = 1000): number {
    let ran = 0;
    for (; ran < limit && this.#posted !== null; ran++) {
      const callback = this.#posted;
      this.#posted = null;
      this.turnCount++;
      callback();
    }
    return ran;
  }

  /** Lets `durationMs` pass: timers come due in order, and turns run in between. */
  advance(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      this.runTurns();
      const next = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.#timers = this.#timers.filter((other) => other !== next);
      next.callback();
    }
    this.nowMs = Math.max(this.nowMs, endMs);
    this.runTurns();
  }
}
