/**
 * The index of a disk in the origin private file system: which chunk is in which slot of the data file. It is a log of
 * batches, one for each put, each with a checksum.
 *
 *     header   magic u32 · version u32 · chunkBytes u32 · 0 u32 · generation u64 · checksum u32 · 0 u32
 *     batch    magic u32 · flags u32 · entries u32 · checksum u32 · entry …
 *     entry    chunk u64 · slot u32 · length u32 · checksum of the chunk's bytes u32
 *
 * Numbers are little-endian. The checksum of a batch is over its other words and the checksum of the batch before it, that
 * of the first over the generation: what an earlier log has left in the file is no batch of this one.
 */
import { storageError } from "./browser-error.ts";

const HEADER_MAGIC = 0x584d_5241;
const BATCH_MAGIC = 0x4843_5442;
const VERSION = 1;
export const HEADER_BYTES = 32;
const BATCH_HEADER_BYTES = 16;
const ENTRY_BYTES = 20;
const CHECKSUM_AT = 12;

const FLAG_STRICT = 1;

/** In place of a slot: the chunk is zeros, or was taken away. */
export const SLOT_ZEROS = 0xffff_ffff;
export const SLOT_NONE = 0xffff_fffe;

export interface IndexHeader {
  readonly chunkBytes: number;
  readonly generation: number;
}

export interface IndexEntry {
  readonly chunk: number;
  readonly slot: number;
  /** Bytes of the chunk. */
  readonly length: number;
  readonly checksum: number;
}

export interface IndexBatch {
  /** Everything up to here has reached the medium. */
  readonly strict: boolean;
  readonly entries: readonly IndexEntry[];
  /** Where it ends in its file. */
  readonly end: number;
  readonly checksum: number;
}

export function encodeHeader({ chunkBytes, generation }: IndexHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, HEADER_MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, chunkBytes, true);
  view.setBigUint64(16, BigInt(generation), true);
  view.setUint32(24, checksumOf(bytes.subarray(0, 24), 0), true);
  return bytes;
}

/** Null where it is no whole header. Throws a StorageError where it is one of a newer version. */
export function decodeHeader(bytes: Uint8Array): IndexHeader | null {
  if (bytes.length < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (view.getUint32(0, true) !== HEADER_MAGIC) return null;
  if (view.getUint32(24, true) !== checksumOf(bytes.subarray(0, 24), 0)) return null;
  if (view.getUint32(4, true) !== VERSION) throw storageError("damaged");
  return { chunkBytes: view.getUint32(8, true), generation: Number(view.getBigUint64(16, true)) };
}

/** Size of a batch with so many entries. */
export function batchBytes(entries: number): number {
  return BATCH_HEADER_BYTES + entries * ENTRY_BYTES;
}

/** A batch that comes after the one with the checksum `chain`; after the header that is the generation. */
export function encodeBatch({ strict, entries }: Omit<IndexBatch, "end" | "checksum">, chain: number): Uint8Array {
  const bytes = new Uint8Array(batchBytes(entries.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, BATCH_MAGIC, true);
  view.setUint32(4, strict ? FLAG_STRICT : 0, true);
  view.setUint32(8, entries.length, true);
  for (const [at, { chunk, slot, length, checksum }] of entries.entries()) {
    const offset = batchBytes(at);
    view.setBigUint64(offset, BigInt(chunk), true);
    view.setUint32(offset + 8, slot, true);
    view.setUint32(offset + 12, length, true);
    view.setUint32(offset + 16, checksum, true);
  }
  view.setUint32(CHECKSUM_AT, checksumOf(bytes, chain), true);
  return bytes;
}

/** The checksum of a batch that was encoded. */
export function batchChecksum(batch: Uint8Array): number {
  return new DataView(batch.buffer, batch.byteOffset).getUint32(CHECKSUM_AT, true);
}

/** The batches of a log, header included, up to the first that is not whole. */
export function decodeBatches(log: Uint8Array, generation: number): IndexBatch[] {
  const batches: IndexBatch[] = [];
  let chain = generation;
  for (let offset = HEADER_BYTES; offset + BATCH_HEADER_BYTES <= log.length; ) {
    const view = new DataView(log.buffer, log.byteOffset + offset, log.length - offset);
    const count = view.getUint32(8, true);
    const end = offset + batchBytes(count);
    if (view.getUint32(0, true) !== BATCH_MAGIC || end > log.length) break;
    const checksum = view.getUint32(CHECKSUM_AT, true);
    const copy = log.slice(offset, end);
    new DataView(copy.buffer).setUint32(CHECKSUM_AT, 0, true);
    if (checksum !== checksumOf(copy, chain)) break;
    const strict = (view.getUint32(4, true) & FLAG_STRICT) !== 0;
    batches.push({ strict, entries: decodeEntries(view, count), end, checksum });
    chain = checksum;
    offset = end;
  }
  return batches;
}

function decodeEntries(view: DataView, count: number): IndexEntry[] {
  return Array.from({ length: count }, (_, at) => {
    const offset = batchBytes(at);
    return {
      chunk: Number(view.getBigUint64(offset, true)),
      slot: view.getUint32(offset + 8, true),
      length: view.getUint32(offset + 12, true),
      checksum: view.getUint32(offset + 16, true),
    };
  });
}

/**
 * Tells bytes from others that a power cut may have left in their place: not against anybody's will. Two lanes of
 * words, multiplied and rotated (as MurmurHash3 does), since this runs over everything that is written.
 */
export function checksumOf(bytes: Uint8Array, seed: number): number {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
  let a = (seed ^ 0x9e37_79b9) | 0;
  let b = ~seed ^ aligned.length;
  let at = 0;
  for (; at + 1 < words.length; at += 2) {
    a = Math.imul(a ^ (words[at] ?? 0), 0xcc9e_2d51 | 0);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ (words[at + 1] ?? 0), 0x1b87_3593 | 0);
    b = (b << 17) | (b >>> 15);
  }
  for (let byte = at * 4; byte < aligned.length; byte++) a = Math.imul(a ^ (aligned[byte] ?? 0), 0x0100_0193);
  const mixed = Math.imul(a ^ (b >>> 16) ^ (b << 9), 0x85eb_ca6b | 0);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
