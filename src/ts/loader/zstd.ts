/**
 * Zstandard (RFC 8878) through fzstd, which is loaded when it is needed. The frame and block structure is walked here: fzstd would
 * allocate whatever window a frame header asks for, and takes data behind the last frame for damage.
 */
import type { ByteSource } from "./byte-source.ts";
import { LoadError } from "./errors.ts";

const ZSTD_MAGIC = 0xfd2f_b528;
/** Skippable frames: 0x184D2A50 to 0x184D2A5F. */
const SKIPPABLE_MAGIC = 0x184d_2a50;
/** The largest window that the zstd tool accepts without being told (--long=27). */
const WINDOW_LIMIT_BYTES = 1 << 27;
const HEADER_MAX_BYTES = 18;
const BLOCK_LIMIT_BYTES = 1 << 17;
const BLOCK_RLE = 1;

/** The decompressed bytes of every frame in `source`; throws where the data is damaged or ends early. */
export async function* unzstd(source: ByteSource): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import("fzstd");
  for (;;) {
    const head = await source.peek(HEADER_MAX_BYTES);
    if (head.length < 8) break;
    const magic = u32(head, 0);
    if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC) {
      await skip(source, 8 + u32(head, 4));
    } else if (magic === ZSTD_MAGIC) {
      yield* unzstdFrame(source, new Decompress());
    } else {
      break;
    }
  }
  // Behind the last frame the kernel's zboot wrapper has the unpacked size in 4 bytes; tar and disk tools pad with zeros.
  await source.cancel();
}

type Decoder = InstanceType<typeof import("fzstd")["Decompress"]>;

async function* unzstdFrame(source: ByteSource, decoder: Decoder): AsyncGenerator<Uint8Array> {
  let output: Uint8Array[] = [];
  decoder.ondata = (bytes) => output.push(bytes);
  const header = parseHeader(await source.peek(HEADER_MAX_BYTES));
  decoder.push(await exactly(source, header.sizeBytes));
  for (let last = false; !last; ) {
    const head = await exactly(source, 3);
    const word = u32(head, 0);
    last = (word & 1) !== 0;
    const stored = ((word >> 1) & 3) === BLOCK_RLE ? 1 : word >> 3;
    if (stored > BLOCK_LIMIT_BYTES) throw new Error("a block is larger than the format allows");
    const block = new Uint8Array(3 + stored);
    block.set(head);
    block.set(await exactly(source, stored), 3);
    decoder.push(block);
    for (const bytes of output) yield bytes;
    output = [];
  }
  if (header.hasChecksum) await exactly(source, 4);
}

/** Frame header (3.1.1.1): its length, and whether a checksum follows the last block. */
function parseHeader(bytes: Uint8Array): { sizeBytes: number; hasChecksum: boolean } {
  const descriptor = bytes[4] ?? 0;
  const singleSegment = (descriptor >> 5) & 1;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSizeBytes = descriptor >> 6 === 0 ? singleSegment : 1 << (descriptor >> 6);
  const sizeBytes = 5 + (1 - singleSegment) + dictionaryBytes + contentSizeBytes;
  let windowBytes: number;
  if (singleSegment === 0) {
    const windowDescriptor = bytes[5] ?? 0;
    const base = 2 ** (10 + (windowDescriptor >> 3));
    windowBytes = base + (base / 8) * (windowDescriptor & 7);
  } else {
    windowBytes = 0;
    for (let index = contentSizeBytes - 1; index >= 0; index--) {
      windowBytes = windowBytes * 256 + (bytes[5 + dictionaryBytes + index] ?? 0);
    }
  }
  if (windowBytes > WINDOW_LIMIT_BYTES) {
    throw new LoadError("The file's zstd data needs a window of more than 128 MiB: compress it without --long.");
  }
  return { sizeBytes, hasChecksum: (descriptor & 4) !== 0 };
}

async function exactly(source: ByteSource, count: number): Promise<Uint8Array> {
  const bytes = await source.take(count);
  if (bytes.length < count) throw new Error("it ends within a frame");
  return bytes;
}

async function skip(source: ByteSource, count: number): Promise<void> {
  for (let left = count; left > 0; ) left -= (await exactly(source, Math.min(left, BLOCK_LIMIT_BYTES))).length;
}

/** Little-endian word; bytes that are missing count as 0. */
function u32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
  );
}
