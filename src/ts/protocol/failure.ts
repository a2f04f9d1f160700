import { STORAGE_ERROR_CODES, StorageError } from "../storage/storage-error.ts";

/**
 * Why a machine could not be started, or stopped being one, or why a disk could not be had. One row a kind; `code` is
 * stable, the texts are not.
 */
export const FAILURE_CODES = [
  "command-line",
  "not-found",
  "http-status",
  "wrong-type",
  "blocked",
  "unreachable",
  "connection-lost",
  "bad-file",
  "hash-mismatch",
  "out-of-memory",
  "version-mismatch",
  "unsupported",
  "internal",
  ...STORAGE_ERROR_CODES,
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];

/** A failure as it crosses the thread border: plain data, every text a sentence for the person at the screen. */
export interface Failure {
  readonly code: FailureCode;
  /** What happened. */
  readonly message: string;
  /** What to do about it; empty where nothing can be said. */
  readonly advice: string;
  /** The address in question, absolute, where there is one. */
  readonly url: string | null;
}

/** An error that already knows how to tell the user. */
export class FailureError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.name = "FailureError";
    this.failure = failure;
  }
}

/** The failure an error stands for. What is no FailureError keeps its own message under `fallback`. */
export function failureOf(error: unknown, fallback: FailureCode): Failure {
  if (error instanceof FailureError) return error.failure;
  if (error instanceof StorageError) {
    return { code: error.code, message: error.message, advice: error.advice, url: null };
  }
  if (error instanceof Error && error.name === "AbortError") {
    return { code: "cancelled", message: "Loading was cancelled.", advice: "Start again to load it.", url: null };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: fallback, message, advice: "", url: null };
}
