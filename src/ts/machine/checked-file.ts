import { sha256 } from "../lib/sha256.ts";

/** A file is not the one that its hash was given for. The message says so; `advice` says what to do. */
export class HashMismatchError extends Error {
  override readonly name = "HashMismatchError";
  /** As the command line has it. */
  readonly file: string;
  readonly advice: string;

  /** Hashes are 64 hexadecimal digits. */
  constructor(file: string, actual: string, expected: string, advice: string) {
    super(`The file ${file} is not the one that is wanted: its SHA-256 is ${actual}, and should be ${expected}.`);
    this.file = file;
    this.advice = advice;
  }
}

/** Checks a whole file; a hash of null is any. Rejects with a HashMismatchError. */
export async function checkFile(file: string, bytes: Uint8Array, expected: string | null): Promise<void> {
  if (expected === null) return;
  // Files are never in shared memory; the type of a plain Uint8Array does not say so.
  const actual = await sha256(bytes as Uint8Array<ArrayBuffer>);
  if (actual === expected) return;
  const advice = "It was changed or damaged since. Get the right one, or leave out sha256= to use it as it is.";
  throw new HashMismatchError(file, actual, expected, advice);
}
