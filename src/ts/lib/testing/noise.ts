/** Bytes without a pattern, for tests: the same every time. */
import { createHash } from "node:crypto";

/** `length` bytes; those of another `name` are others. */
export function noise(length: number, name: string): Buffer<ArrayBuffer> {
  const bytes = createHash("shake256", { outputLength: length }).update(name).digest();
  return Buffer.from(new Uint8Array(bytes).buffer);
}
