/**
 * `quota`: no room is left; `busy`: somebody else has it open; `unavailable`: the browser keeps nothing here (a private
 * window, storage switched off); `gone`: it was deleted meanwhile; `changed`: what lies below is no longer what it was;
 * `damaged`: what is there cannot be right; `format`: it is of a kind that cannot be used here; `cancelled`; `failed`:
 * the medium says no for another reason.
 */
export const STORAGE_ERROR_CODES = [
  "quota",
  "busy",
  "unavailable",
  "gone",
  "changed",
  "damaged",
  "format",
  "cancelled",
  "failed",
] as const;
export type StorageErrorCode = (typeof STORAGE_ERROR_CODES)[number];

/** The host's storage failed us. The message is a sentence for the user; `advice` says what to do, or is empty. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;
  readonly advice: string;

  constructor(code: StorageErrorCode, message: string, advice: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.advice = advice;
  }
}
