import { startVmWorker } from "./workers.ts";
import { FailureError } from "../protocol/failure.ts";
import type { MachineRequest, MachineRequestName, MachineRequests } from "../protocol/inspection.ts";
import { type ControlAction, type FromWorker, type ToWorker, transferOf } from "../protocol/messages.ts";

/** A worker that serves messages answers within a slice; one that does not for so long is broken. */
const REPLY_TIMEOUT_MS = 5000;
/** A worker that is let go of gets so long to make its disks durable, for which it may have to wait for an export. */
const CLOSE_TIMEOUT_MS = 120_000;

interface PendingReply {
  readonly timer: number | undefined;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** What a worker says without being asked. */
export type MachineEvent = Exclude<FromWorker, { kind: "reply" | "answer" }>;

/** The page's end of the protocol: one worker, its messages, its answers. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingReply>();
  #nextId = 1;

  /** `onBroken` is called when the worker's script cannot be loaded or throws where nobody catches. */
  constructor(
    onMessage: (message: MachineEvent) => void,
    onBroken: (error: FailureError) => void,
    worker: Worker = startVmWorker(),
  ) {
    this.#worker = worker;
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === "reply" || data.kind === "answer") this.#onReply(data);
      else onMessage(data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      onBroken(brokenWorker(event.message));
    };
    this.#worker.onmessageerror = () => onBroken(brokenWorker("a message could not be read"));
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message, transferOf(message));
  }

  /** Asks for an action; resolves with the answer, rejects with a FailureError. */
  async control(action: ControlAction): Promise<string> {
    // A disk may take long without being broken.
    return (await this.#ask((id) => ({ kind: "control", id, action }), action !== "flush")) as string;
  }

  /** Asks a question; resolves with the answer, rejects with a FailureError. */
  async request<Name extends MachineRequestName>(
    name: Name,
    params: MachineRequests[Name]["params"],
  ): Promise<MachineRequests[Name]["result"]> {
    const request = { name, ...params } as MachineRequest;
    // A disk may have to be opened, or made durable; files are as large as they are.
    const isQuick = name !== "attach-disk" && name !== "detach-disk" && name !== "files";
    return (await this.#ask((id) => ({ kind: "request", id, request }), isQuick)) as MachineRequests[Name]["result"];
  }

  #ask(message: (id: number) => ToWorker, isQuick: boolean): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#pending.delete(id);
        reject(noAnswer());
      };
      const timer = isQuick ? window.setTimeout(giveUp, REPLY_TIMEOUT_MS) : undefined;
      this.#pending.set(id, { timer, resolve, reject });
      this.post(message(id));
    });
  }

  /**
   * Ends the worker as soon as its disks are durable, or after a while; nothing more is heard of it. Whoever waits for
   * an answer gets `error`.
   */
  dispose(error: FailureError): void {
    const worker = this.#worker;
    const id = this.#nextId++;
    const timer = window.setTimeout(() => worker.terminate(), CLOSE_TIMEOUT_MS);
    const end = (): void => {
      window.clearTimeout(timer);
      worker.terminate();
    };
    worker.onerror = end;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === "reply" && data.id === id) end();
    };
    this.post({ kind: "control", id, action: "close" });
    for (const pending of this.#pending.values()) {
      window.clearTimeout(pending.timer);
      pending.reject(error);
    }
    this.#pending.clear();
  }

  #onReply(reply: Extract<FromWorker, { kind: "reply" | "answer" }>): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    this.#pending.delete(reply.id);
    window.clearTimeout(pending.timer);
    if (reply.kind === "answer") pending.resolve(reply.result);
    else if (reply.ok) pending.resolve(reply.text);
    else pending.reject(new FailureError(reply.failure));
  }
}

function brokenWorker(detail: string | undefined): FailureError {
  // A script that cannot be loaded says nothing at all.
  const reason = detail === undefined || detail === "" ? "its script could not be loaded" : detail;
  return new FailureError({
    code: "internal",
    message: `The engine's worker broke: ${reason}.`,
    advice: "Reload the page. If it happens again, please report it.",
    url: null,
  });
}

function noAnswer(): FailureError {
  return new FailureError({
    code: "internal",
    message: "The machine does not answer.",
    advice: "Reload the page.",
    url: null,
  });
}
