/**
 * Zstandard decompression (RFC 8878) of a stream, block by block, with checksums. Everything in the data is checked against the
 * format's limits: a stream can be damaged or hostile and ends in a ZstdError, never in memory that it asked for.
 */
import type { ByteSource } from "../byte-source.ts";
import { ZstdError } from "./error.ts";
import { History } from "./history.ts";
import { LiteralsDecoder, MAX_BLOCK_BYTES } from "./literals.ts";
import { SequencesDecoder } from "./sequences.ts";
import { Xxh64 } from "./xxh64.ts";

const ZSTD_MAGIC = 0xfd2f_b528;
/** Skippable frames: 0x184D2A50 to 0x184D2A5F (3.1.2). */
const SKIPPABLE_MAGIC = 0x184d_2a50;
const HEADER_MAX_BYTES = 18;
/** The largest window that the zstd tool accepts without being told (--long=27). */
const WINDOW_LIMIT_BYTES = 1 << 27;

const RAW_BLOCK = 0;
const RLE_BLOCK = 1;
const COMPRESSED_BLOCK = 2;

interface FrameHeader {
  sizeBytes: number;
  windowBytes: number;
  /** What the frame says it unpacks to; undefined where it does not. */
  contentBytes: number | undefined;
  hasChecksum: boolean;
}

/**
 * The unpacked bytes of all frames, one piece for each block. Ends at the end of the input, or before what is no frame; throws
 * ZstdError, also where there is no frame at all.
 */
export async function* zstdDecompress(source: ByteSource): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let frames = 0; ; frames++) {
    const head = await source.peek(8);
    const magic = u32(head, 0);
    if (head.length >= 8 && (magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC) await skip(source, 8 + u32(head, 4));
    else if (head.length >= 5 && magic === ZSTD_MAGIC) yield* decompressFrame(source);
    else if (frames > 0) return;
    else throw new ZstdError("it does not begin as Zstandard data does");
  }
}

async function* decompressFrame(source: ByteSource): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const header = parseHeader(await source.peek(HEADER_MAX_BYTES));
  await exactly(source, header.sizeBytes);
  const decoder = {
    history: new History(header.windowBytes),
    literals: new LiteralsDecoder(),
    sequences: new SequencesDecoder(),
  };
  const checksum = header.hasChecksum ? new Xxh64() : undefined;
  let total = 0;
  for (let last = false; !last; ) {
    const word = u32(await exactly(source, 3), 0);
    last = (word & 1) !== 0;
    decoder.history.startBlock();
    await decompressBlock(source, (word >> 1) & 3, word >> 3, decoder);
    const bytes = decoder.history.block();
    checksum?.update(bytes);
    total += bytes.length;
    if (total > (header.contentBytes ?? total)) throw new ZstdError("a frame unpacks to more than it says");
    if (bytes.length > 0) yield bytes;
  }
  if (total !== (header.contentBytes ?? total)) throw new ZstdError("a frame unpacks to less than it says");
  if (checksum !== undefined && u32(await exactly(source, 4), 0) !== Number(checksum.digest() & 0xffff_ffffn)) {
    throw new ZstdError("the checksum is wrong");
  }
}

interface FrameDecoder {
  history: History;
  literals: LiteralsDecoder;
  sequences: SequencesDecoder;
}

async function decompressBlock(source: ByteSource, type: number, size: number, decoder: FrameDecoder): Promise<void> {
  if (size > MAX_BLOCK_BYTES) throw new ZstdError("a block is larger than the format allows");
  if (type === RLE_BLOCK) {
    decoder.history.repeat((await exactly(source, 1))[0] ?? 0, size);
  } else if (type === RAW_BLOCK) {
    decoder.history.append(await exactly(source, size));
  } else if (type === COMPRESSED_BLOCK) {
    const block = await exactly(source, size);
    const next = decoder.literals.read(block);
    decoder.sequences.run(block, next, decoder.literals.literals, decoder.history);
  } else {
    throw new ZstdError("a block is of a reserved type");
  }
}

/** Frame header (3.1.1.1), from the magic number on. */
function parseHeader(bytes: Uint8Array): FrameHeader {
  const descriptor = bytes[4] ?? 0;
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeFlag = descriptor >> 6;
  const contentSizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 1 << sizeFlag;
  const dictionaryAt = singleSegment ? 5 : 6;
  const contentSizeAt = dictionaryAt + dictionaryBytes;
  const sizeBytes = contentSizeAt + contentSizeBytes;
  if (bytes.length < sizeBytes) throw new ZstdError("it ends within a frame header");
  if ((descriptor & 8) !== 0) throw new ZstdError("a reserved bit of a frame header is used");
  for (let at = dictionaryAt; at < contentSizeAt; at++) {
    if (bytes[at] !== 0) throw new ZstdError("it was compressed with a dictionary, which is not here");
  }
  let contentBytes: number | undefined;
  if (contentSizeBytes > 0) {
    contentBytes = sizeFlag === 1 ? 256 : 0;
    for (let index = 0; index < contentSizeBytes; index++)
      contentBytes += (bytes[contentSizeAt + index] ?? 0) * 256 ** index;
  }
  const windowBytes = singleSegment ? (contentBytes ?? 0) : windowSize(bytes[5] ?? 0);
  if (windowBytes > WINDOW_LIMIT_BYTES) {
    throw new ZstdError("it needs a window of more than 128 MiB: compress it without --long or --ultra");
  }
  return { sizeBytes, windowBytes, contentBytes, hasChecksum: (descriptor & 4) !== 0 };
}

/** Window descriptor (3.1.1.1.2). */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

async function exactly(source: ByteSource, count: number): Promise<Uint8Array> {
  const bytes = await source.take(count);
  if (bytes.length < count) throw new ZstdError("it ends within a frame");
  return bytes;
}

async function skip(source: ByteSource, count: number): Promise<void> {
  for (let left = count; left > 0; ) left -= (await exactly(source, Math.min(left, MAX_BLOCK_BYTES))).length;
}

/** Little-endian word; bytes that are missing count as 0. */
function u32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
  );
}
