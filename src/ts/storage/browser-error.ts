import { StorageError, type StorageErrorCode } from "./storage-error.ts";

/** The codes that a store of chunks has; the others are for images. */
export type StoreErrorCode = Exclude<StorageErrorCode, "changed" | "format">;

/** What the browser's own errors mean (Web IDL, DOMException names; IndexedDB 3.0; File System Standard). */
const MEANINGS: Readonly<Record<string, StoreErrorCode>> = {
  QuotaExceededError: "quota",
  NoModificationAllowedError: "busy",
  SecurityError: "unavailable",
  NotAllowedError: "unavailable",
  NotFoundError: "gone",
  // IndexedDB: a value that was written cannot be read any more.
  DataError: "damaged",
  NotReadableError: "damaged",
};

const SENTENCES: Readonly<Record<StoreErrorCode, readonly [message: string, advice: string]>> = {
  quota: [
    "There is no room left for disks in this browser.",
    "Delete a disk that is not needed any more, or free space on this computer.",
  ],
  busy: ["The disk is open in another tab.", "Close it there, or turn that machine off."],
  unavailable: [
    "This browser keeps no disks for this page: its storage is switched off, or this is a private window.",
    "Use a normal window, and allow the site to store data.",
  ],
  gone: ["The disk was deleted while it was in use.", "It was deleted in another tab, or with the site's data."],
  damaged: ["A part of the disk that was stored cannot be read any more.", "Export what can still be read."],
  cancelled: ["It was cancelled.", ""],
  failed: ["The browser could not store or read a part of the disk.", "Try again; the reason is in the details."],
};

/** A StorageError with the sentence that goes with its code. */
export function storageError(code: StoreErrorCode, cause?: unknown): StorageError {
  const [message, advice] = SENTENCES[code];
  const reason = code === "failed" && cause instanceof Error ? ` (${cause.name}: ${cause.message})` : "";
  return new StorageError(code, message + reason, advice, cause === undefined ? {} : { cause });
}

/** What went wrong in the browser's storage, as a StorageError; `otherwise` where its name tells nothing. */
export function storageErrorOf(error: unknown, otherwise: StoreErrorCode = "failed"): StorageError {
  if (error instanceof StorageError) return error;
  const name = error instanceof Error ? error.name : "";
  return storageError(MEANINGS[name] ?? otherwise, error);
}
