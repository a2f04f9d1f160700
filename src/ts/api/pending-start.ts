import { FailureError } from "../protocol/failure.ts";

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
