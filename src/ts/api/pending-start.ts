import { FailureError } from "../protocol/failure.ts";
import { PROTOCOL_VERSION, type ToWorker } from "../protocol/messages.ts";
import type { VirtualMachineOptions } from "./types.ts";

/** A start that is under way: a promise and its ends. */
export class PendingStart {
  readonly promise: Promise<void>;
  resolve: () => void = () => {};
  reject: (error: Error) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** What a worker is told first: everything about the machine. Throws a TypeError where `baseUrl` is no address. */
export function openMessage(
  { args, baseUrl, packed, files }: VirtualMachineOptions,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): ToWorker {
  return {
    kind: "open",
    version: PROTOCOL_VERSION,
    args,
    baseUrl: new URL(String(baseUrl ?? ""), document.baseURI).href,
    packed: packed ?? {},
    files: { ...files },
    columns,
    rows,
  };
}

export function disposedError(): FailureError {
  return new FailureError({
    code: "internal",
    message: "This machine was disposed of.",
    advice: "Make a new VirtualMachine.",
    url: null,
  });
}

export function notStartedError(): FailureError {
  return new FailureError({
    code: "internal",
    message: "This machine is not running.",
    advice: "Call start() first and wait for it.",
    url: null,
  });
}
