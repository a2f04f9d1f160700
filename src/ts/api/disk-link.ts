import { type Disposable, Emitter } from "../lib/emitter.ts";
import type {
  DiskArguments,
  DiskCall,
  DiskMethod,
  DiskProgress,
  DiskResult,
  FromDiskWorker,
  ToDiskWorker,
} from "../protocol/disk-messages.ts";
import { FailureError } from "../protocol/failure.ts";

/** What goes with a call beside its arguments. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DiskProgress) => void) | undefined;
  /** Takes what the worker sends; the next comes when it has resolved. */
  readonly onChunk?: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
}

interface PendingCall {
  readonly options: CallOptions;
  /** Chunks are taken one after the other. */
  taking: Promise<void>;
  settle(reply: Extract<FromDiskWorker, { kind: "reply" }>): void;
  reject(error: Error): void;
}

/** The part of a Worker that is used. */
export interface DiskPort {
  postMessage(message: ToDiskWorker): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<FromDiskWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/** The page's end of the disks' protocol. */
export class DiskLink {
  readonly #port: DiskPort;
  readonly #emitter = new Emitter<{ change: null }>();
  readonly #pending = new Map<number, PendingCall>();
  #nextId = 1;
  #broken: FailureError | null = null;

  constructor(port: DiskPort) {
    this.#port = port;
    port.onmessage = ({ data }) => this.#onMessage(data);
    port.onerror = (event) => {
      event.preventDefault();
      this.#fail(brokenWorker(event.message));
    };
  }

  onChange(listener: () => void): Disposable {
    return this.#emitter.on("change", listener);
  }

  /** Rejects with a FailureError. */
  call<Method extends DiskMethod>(
    method: Method,
    args: DiskArguments<Method>,
    options: CallOptions = {},
  ): Promise<DiskResult<Method>> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    const { signal } = options;
    if (signal?.aborted === true) return Promise.reject(cancelledError());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const cancel = (): void => this.#port.postMessage({ kind: "cancel", id });
      signal?.addEventListener("abort", cancel, { once: true });
      this.#pending.set(id, {
        options,
        taking: Promise.resolve(),
        settle: (reply) => {
          signal?.removeEventListener("abort", cancel);
          // The worker answers a call with what that call results in.
          if (reply.ok) resolve(reply.value as DiskResult<Method>);
          else reject(new FailureError(reply.failure));
        },
        reject,
      });
      this.#port.postMessage({ kind: "call", id, method, args } as DiskCall);
    });
  }

  dispose(): void {
    this.#fail(
      new FailureError({
        code: "internal",
        message: "This disk library was disposed of.",
        advice: "Make a new one.",
        url: null,
      }),
    );
    this.#emitter.clear();
  }

  #onMessage(message: FromDiskWorker): void {
    if (message.kind === "changed") {
      this.#emitter.emit("change", null);
      return;
    }
    const call = this.#pending.get(message.id);
    if (call === undefined) return;
    switch (message.kind) {
      case "progress":
        call.options.onProgress?.({ doneBytes: message.doneBytes, totalBytes: message.totalBytes });
        break;
      case "chunk":
        this.#take(message.id, call, message.bytes);
        break;
      case "reply":
        // Only when the last chunk was taken is it done.
        call.taking.then(
          () => {
            this.#pending.delete(message.id);
            call.settle(message);
          },
          // Told when it happened.
          () => {},
        );
        break;
    }
  }

  #take(id: number, call: PendingCall, bytes: Uint8Array<ArrayBuffer>): void {
    call.taking = call.taking.then(async () => {
      await call.options.onChunk?.(bytes);
      this.#port.postMessage({ kind: "taken", id });
    });
    call.taking.catch((error: unknown) => {
      if (!this.#pending.delete(id)) return;
      this.#port.postMessage({ kind: "cancel", id });
      call.reject(error instanceof Error ? error : new Error(String(error)));
    });
  }

  #fail(error: FailureError): void {
    this.#broken ??= error;
    this.#port.onmessage = null;
    this.#port.terminate();
    for (const call of this.#pending.values()) call.reject(error);
    this.#pending.clear();
  }
}

function cancelledError(): FailureError {
  return new FailureError({ code: "cancelled", message: "It was cancelled.", advice: "", url: null });
}

function brokenWorker(detail: string): FailureError {
  return new FailureError({
    code: "internal",
    message: `The worker that keeps disks broke: ${detail === "" ? "its script could not be loaded" : detail}.`,
    advice: "Reload the page. If it happens again, please report it.",
    url: null,
  });
}
