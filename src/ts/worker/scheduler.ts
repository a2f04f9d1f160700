import { ActivityMeter } from "./activity-meter.ts";
import type { Runnable, SliceResult } from "./guest-machine.ts";
import type { Turns } from "./turns.ts";

/** How long guest code runs before messages get their turn. */
export const SLICE_MS = 6;

/** A guest that waits less than this is polled turn by turn: no timer is that fine. */
const SHORTEST_SLEEP_MS = 1;

export interface SchedulerEvents {
  /** Whether the guest works or waits, smoothed: a guest that now and then wakes for a tick counts as idle. */
  onActivity(activity: "running" | "idle"): void;
  /** After every slice, before the scheduler sleeps or goes on. `busyMs` is what the slice took. */
  onSlice(busyMs: number): void;
  /** The guest ended itself. The scheduler is paused then; `resume` goes on after a reset of the machine. */
  onStopped(reason: "power-off" | "reset"): void;
  /** A slice threw: the engine is broken. No further slice runs. */
  onCrashed(error: unknown): void;
}

export interface SchedulerHost {
  /** Monotonic milliseconds. */
  nowMs(): number;
  readonly turns: Turns;
}

/**
 * Runs a machine in slices on an event loop: in the page's worker, in Node's main thread, in tests on a clock of
 * their own. Between two slices the loop serves its messages; a guest that waits for an interrupt costs nothing
 * until its next timer or until `wake`.
 */
export class Scheduler {
  readonly #machine: Runnable;
  readonly #host: SchedulerHost;
  readonly #events: SchedulerEvents;
  readonly #meter: ActivityMeter;
  #mode: "paused" | "active" | "ended" = "paused";
  #turnPosted = false;
  #wakeRequested = false;
  #cancelSleep: (() => void) | null = null;
  #cancelSettle: (() => void) | null = null;

  constructor(machine: Runnable, host: SchedulerHost, events: SchedulerEvents) {
    this.#machine = machine;
    this.#host = host;
    this.#events = events;
    this.#meter = new ActivityMeter((activity) => events.onActivity(activity));
  }

  get paused(): boolean {
    return this.#mode !== "active";
  }

  /** Starts, or goes on after `pause`. */
  resume(): void {
    if (this.#mode !== "paused") return;
    this.#mode = "active";
    this.#meter.restart(this.#host.nowMs());
    this.#postTurn();
  }

  /** No slice runs from here until `resume`. */
  pause(): void {
    if (this.#mode !== "active") return;
    this.#mode = "paused";
    this.#cancelTimers();
  }

  /** Something happened that the guest may wait for: input, a completion, a reset. */
  wake(): void {
    this.#wakeRequested = true;
    if (this.#mode === "active") this.#postTurn();
  }

  /** Ends for good. */
  dispose(): void {
    this.#mode = "ended";
    this.#cancelTimers();
  }

  #cancelTimers(): void {
    this.#cancelSleep?.();
    this.#cancelSleep = null;
    this.#cancelSettle?.();
    this.#cancelSettle = null;
  }

  #postTurn(): void {
    this.#cancelSleep?.();
    this.#cancelSleep = null;
    if (this.#turnPosted) return;
    this.#turnPosted = true;
    this.#host.turns.post(() => {
      this.#turnPosted = false;
      if (this.#mode === "active") this.#turn();
    });
  }

  #turn(): void {
    this.#wakeRequested = false;
    let result: SliceResult;
    try {
      const startedMs = this.#host.nowMs();
      result = this.#machine.runSlice(SLICE_MS);
      const endedMs = this.#host.nowMs();
      this.#meter.add(endedMs - startedMs, endedMs, result.state === "running");
      this.#events.onSlice(endedMs - startedMs);
    } catch (error) {
      this.dispose();
      this.#events.onCrashed(error);
      return;
    }
    // onSlice may have paused or disposed this scheduler.
    if (this.paused) return;
    if (result.state === "stopped") {
      this.pause();
      this.#events.onStopped(result.stopReason ?? "power-off");
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the slice may have asked for it meanwhile
    } else if (result.state === "running" || this.#wakeRequested) {
      this.#postTurn();
    } else {
      this.#sleep(result.wakeInMs);
    }
  }

  #sleep(wakeInMs: number | null): void {
    if (wakeInMs !== null && wakeInMs < SHORTEST_SLEEP_MS) {
      this.#postTurn();
      return;
    }
    if (wakeInMs !== null) {
      // Timers count whole milliseconds: rounded up, a sleep ends once and late by less than one, instead of early
      // and then polling.
      this.#cancelSleep = this.#host.turns.after(Math.ceil(wakeInMs), () => this.#postTurn());
    }
    if (this.#meter.activity === "running") this.#settle();
  }

  /** While the guest sleeps nobody measures: look again after a window has passed. */
  #settle(): void {
    this.#cancelSettle ??= this.#host.turns.after(this.#meter.windowMs, () => {
      this.#cancelSettle = null;
      if (this.paused) return;
      this.#meter.add(0, this.#host.nowMs(), false);
      if (this.#meter.activity === "running") this.#settle();
    });
  }
}
