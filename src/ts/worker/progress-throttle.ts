import type { FileProgress } from "../protocol/messages.ts";

/** Two reports of the same file are at least so far apart, unless there is something to say. */
const INTERVAL_MS = 50;

export interface ProgressThrottleHost {
  nowMs(): number;
  after(delayMs: number, callback: () => void): () => void;
  onProgress(progress: FileProgress): void;
}

/** Passes the progress of a file on, not too often, but always the last there is. */
export class ProgressThrottle {
  readonly #host: ProgressThrottleHost;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #reportedNote: string | null = null;
  #pending: FileProgress | null = null;
  #cancelTimer: (() => void) | null = null;

  constructor(host: ProgressThrottleHost) {
    this.#host = host;
  }

  report(progress: FileProgress): void {
    this.#pending = progress;
    const waitMs = this.#reportedMs + INTERVAL_MS - this.#host.nowMs();
    if (waitMs <= 0 || progress.note !== this.#reportedNote) this.flush();
    else this.#cancelTimer ??= this.#host.after(waitMs, () => this.flush());
  }

  /** Reports what has not been. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#pending === null) return;
    this.#reportedMs = this.#host.nowMs();
    this.#reportedNote = this.#pending.note;
    this.#host.onProgress(this.#pending);
    this.#pending = null;
  }
}
