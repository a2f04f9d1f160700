/** Entries of ext4 directories. A block of a hash tree looks like one with a single unused entry, so that all are read alike. */
import type { NodeKind } from "./file-system.ts";
import { InspectError } from "./inspect-error.ts";
import { viewOf } from "./volume.ts";

const HEADER_BYTES = 8;
const DOT = 0x2e;
const KINDS: readonly NodeKind[] = ["other", "file", "directory", "other", "other", "other", "other", "symlink"];

export interface ExtEntry {
  /** As it is on the disk, mostly UTF-8: most names are only compared. */
  readonly name: Uint8Array;
  readonly inode: number;
  /** Null where the directory does not tell. */
  readonly kind: NodeKind | null;
}

/** The entries in one block, without `.` and `..`. Throws an InspectError where a length cannot be. */
export function* directoryEntries(block: Uint8Array, hasFileTypes: boolean): Generator<ExtEntry> {
  const view = viewOf(block);
  for (let at = 0; at + HEADER_BYTES <= block.length; ) {
    const inode = view.getUint32(at, true);
    const length = recordLength(view.getUint16(at + 4, true));
    const nameBytes = view.getUint8(at + 6);
    const type = view.getUint8(at + 7);
    if (length < HEADER_BYTES || length % 4 !== 0 || at + length > block.length || HEADER_BYTES + nameBytes > length) {
      throw new InspectError("A directory is damaged.");
    }
    // Unused ones, and the checksum at the end of a block, name inode 0.
    if (inode !== 0) {
      const name = block.subarray(at + HEADER_BYTES, at + HEADER_BYTES + nameBytes);
      const kind = hasFileTypes && type !== 0 ? (KINDS[type] ?? "other") : null;
      if (!isDots(name)) yield { name, inode, kind };
    }
    at += length;
  }
}

/** `.` and `..` */
function isDots(name: Uint8Array): boolean {
  return name.length <= 2 && name[0] === DOT && (name.length === 1 || name[1] === DOT);
}

/** Blocks of 64 KiB are too long for 16 bits. */
function recordLength(field: number): number {
  return field === 0 || field === 0xffff ? 0x1_0000 : field;
}
