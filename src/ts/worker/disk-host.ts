import {
  CHUNKS_IN_FLIGHT,
  type DiskArguments,
  type DiskCall,
  type DiskMethod,
  type DiskResult,
  type FromDiskWorker,
  type ToDiskWorker,
} from "../protocol/disk-messages.ts";
import { failureOf } from "../protocol/failure.ts";

/** Two reports of the same call are at least so far apart, but for its last. */
const PROGRESS_INTERVAL_MS = 50;

/** A call that is being worked on. */
export interface DiskTask {
  readonly signal: AbortSignal;
  onProgress(doneBytes: number, totalBytes: number | null): void;
  /** Sends bytes to the page; resolves when it may have more. They are given away. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

/** What answers the calls. */
export type DiskService = {
  readonly [Method in DiskMethod]: (args: DiskArguments<Method>, task: DiskTask) => Promise<DiskResult<Method>>;
};

export interface DiskHostEnvironment {
  readonly service: DiskService;
  nowMs(): number;
  post(message: FromDiskWorker): void;
}

interface RunningCall {
  readonly abort: AbortController;
  inFlight: number;
  progressMs: number;
  /** Called when the page took a chunk. */
  onTaken: (() => void) | null;
}

/** The worker's end of the disks' protocol: calls, their progress, their cancellation, and bytes with back-pressure. */
export class DiskHost {
  readonly #environment: DiskHostEnvironment;
  readonly #calls = new Map<number, RunningCall>();

  constructor(environment: DiskHostEnvironment) {
    this.#environment = environment;
  }

  /** Takes a message of the page. Never throws: what goes wrong is the call's answer. */
  handle(message: ToDiskWorker): void {
    switch (message.kind) {
      case "call":
        void this.#run(message);
        break;
      case "cancel":
        this.#calls.get(message.id)?.abort.abort();
        break;
      case "taken":
        this.#taken(message.id);
        break;
    }
  }

  async #run(call: DiskCall): Promise<void> {
    const { id } = call;
    const running: RunningCall = {
      abort: new AbortController(),
      inFlight: 0,
      progressMs: Number.NEGATIVE_INFINITY,
      onTaken: null,
    };
    this.#calls.set(id, running);
    try {
      const value = await this.#answer(call, running);
      this.#environment.post({ kind: "reply", id, ok: true, value });
    } catch (error) {
      this.#environment.post({ kind: "reply", id, ok: false, failure: failureOf(error, "failed") });
    } finally {
      this.#calls.delete(id);
    }
  }

  async #answer<Method extends DiskMethod>(
    call: { readonly id: number; readonly method: Method; readonly args: DiskArguments<Method> },
    running: RunningCall,
  ): Promise<DiskResult<Method>> {
    const { post, nowMs } = this.#environment;
    const { id } = call;
    return await this.#environment.service[call.method](call.args, {
      signal: running.abort.signal,
      onProgress: (doneBytes, totalBytes) => {
        const now = nowMs();
        if (doneBytes !== totalBytes && now - running.progressMs < PROGRESS_INTERVAL_MS) return;
        running.progressMs = now;
        post({ kind: "progress", id, doneBytes, totalBytes });
      },
      write: async (bytes) => {
        post({ kind: "chunk", id, bytes });
        running.inFlight += 1;
        if (running.inFlight >= CHUNKS_IN_FLIGHT) await this.#room(running);
      },
    });
  }

  /** Resolves when the page took a chunk, or the call was cancelled. */
  async #room(running: RunningCall): Promise<void> {
    const { signal } = running.abort;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      running.onTaken = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    running.onTaken = null;
  }

  #taken(id: number): void {
    const running = this.#calls.get(id);
    if (running === undefined) return;
    running.inFlight -= 1;
    running.onTaken?.();
  }
}
