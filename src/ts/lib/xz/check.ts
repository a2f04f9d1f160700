/** What a block is checked with (The .xz File Format 1.2.1, 2.1.1.2). */
import { crc32 } from "../crc32.ts";
import { Sha256 } from "../sha256.ts";
import { Crc64 } from "./crc64.ts";

/** Bytes of each kind of check. */
export const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const;

/** What a check is computed with, from the bytes of a block. */
export interface Checker {
  update(bytes: Uint8Array): void;
  /** As it stands behind the block; null where it cannot be computed. */
  digest(): Uint8Array | null;
}

/** The check of that kind. */
export function checkerOf(check: number): Checker {
  if (check === 1) {
    let crc = 0;
    const digest = new DataView(new ArrayBuffer(4));
    return {
      update(bytes) {
        crc = crc32(bytes, crc);
      },
      digest() {
        digest.setUint32(0, crc, true);
        return new Uint8Array(digest.buffer);
      },
    };
  }
  if (check === 4) return new Crc64();
  if (check === 10) {
    const hash = new Sha256();
    return {
      update: (bytes) => hash.update(bytes),
      digest: () => Uint8Array.from(hash.digest().match(/../g) ?? [], (digits) => Number.parseInt(digits, 16)),
    };
  }
  // No check, or one of the future: it is skipped, as xz does after a warning.
  return { update: () => {}, digest: () => null };
}
