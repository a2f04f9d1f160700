/** Over how long the guest's work is averaged before it counts as waiting. */
const WINDOW_MS = 200;

/** The share of a window above which a guest that also sleeps counts as working. */
const BUSY_SHARE = 0.15;

/**
 * Tells a guest that works from one that waits. A slice that used its whole budget is work at once; waiting has to
 * last a window, so that the state does not flicker with each timer tick.
 */
export class ActivityMeter {
  readonly windowMs = WINDOW_MS;
  readonly #onChange: (activity: "running" | "idle") => void;
  #activity: "running" | "idle" = "running";
  #windowStartMs = 0;
  #busyMs = 0;
  #wholeSlices = 0;

  constructor(onChange: (activity: "running" | "idle") => void) {
    this.#onChange = onChange;
  }

  get activity(): "running" | "idle" {
    return this.#activity;
  }

  /** Begins anew at `nowMs`, as running, and says so. */
  restart(nowMs: number): void {
    this.#windowStartMs = nowMs;
    this.#busyMs = 0;
    this.#wholeSlices = 0;
    this.#activity = "running";
    this.#onChange("running");
  }

  /** A slice that took `busyMs` ended at `nowMs`; `whole` where it was ended by its budget, not by the guest. */
  add(busyMs: number, nowMs: number, whole: boolean): void {
    this.#busyMs += busyMs;
    if (whole) {
      this.#wholeSlices++;
      this.#set("running");
    }
    const elapsedMs = nowMs - this.#windowStartMs;
    if (elapsedMs < WINDOW_MS) return;
    const busy = this.#wholeSlices > 0 || this.#busyMs / elapsedMs > BUSY_SHARE;
    this.#windowStartMs = nowMs;
    this.#busyMs = 0;
    this.#wholeSlices = 0;
    this.#set(busy ? "running" : "idle");
  }

  #set(activity: "running" | "idle"): void {
    if (this.#activity === activity) return;
    this.#activity = activity;
    this.#onChange(activity);
  }
}
