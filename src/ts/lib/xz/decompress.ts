/**
 * xz decompression (The .xz File Format 1.2.1) of a stream, with checksums and the index. Everything in the data is checked
 * against the format's limits: a stream can be damaged or hostile and ends in an XzError, never in memory that it asked for.
 */
import type { ByteSource } from "../byte-source.ts";
import { crc32 } from "../crc32.ts";
import { CHECK_BYTES, checkerOf } from "./check.ts";
import { Dictionary, MAX_CHUNK_BYTES } from "./dictionary.ts";
import { XzError, XzUnsupportedError } from "./error.ts";
import { LzmaDecoder } from "./lzma.ts";

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] as const;
const FOOTER_MAGIC = [0x59, 0x5a] as const;
const STREAM_HEADER_BYTES = 12;
/** Dictionaries of `xz -9` have 64 MiB. */
const MAX_DICTIONARY_BYTES = 256 * 1024 * 1024;
const LZMA2 = 0x21;
const VLI_MAX_BYTES = 9;

/**
 * The unpacked bytes of all streams, one piece for each chunk. Zeros behind a stream are skipped; ends at the end of the
 * input, or before what is no stream. Throws XzError, also where there is no stream at all, or XzUnsupportedError.
 */
export async function* xzDecompress(source: ByteSource): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let streams = 0; ; streams++) {
    const head = await source.peek(MAGIC.length);
    if (!MAGIC.every((byte, index) => head[index] === byte)) {
      if (streams > 0) return;
      throw new XzError("it does not begin as xz data does");
    }
    yield* decompressStream(source);
    await skipPadding(source);
  }
}

async function* decompressStream(source: ByteSource): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const header = await exactly(source, STREAM_HEADER_BYTES);
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  if (view.getUint32(8, true) !== crc32(header.subarray(6, 8))) throw new XzError("the checksum of a header is wrong");
  const check = header[7] ?? 0;
  if (header[6] !== 0 || check > 15) throw new XzUnsupportedError("uses something that is not known here");
  const blocks = new BlockList();
  const decoder = { dictionary: new Dictionary(), lzma: new LzmaDecoder() };
  while ((await source.peek(1))[0] !== 0) yield* decompressBlock(source, check, decoder, blocks);
  const indexBytes = await readIndex(source, blocks);
  const footer = await exactly(source, STREAM_HEADER_BYTES);
  const end = new DataView(footer.buffer, footer.byteOffset, footer.length);
  const isFooter = FOOTER_MAGIC.every((byte, index) => footer[10 + index] === byte);
  if (!isFooter || end.getUint32(0, true) !== crc32(footer.subarray(4, 10))) throw new XzError("a stream has no end");
  if ((end.getUint32(4, true) + 1) * 4 !== indexBytes || footer[8] !== 0 || footer[9] !== check) {
    throw new XzError("the end of a stream contradicts its beginning");
  }
}

interface Decoder {
  readonly dictionary: Dictionary;
  readonly lzma: LzmaDecoder;
}

interface BlockHeader {
  readonly headerBytes: number;
  readonly packedBytes: number | null;
  readonly unpackedBytes: number | null;
  readonly dictionaryBytes: number;
}

async function* decompressBlock(
  source: ByteSource,
  check: number,
  decoder: Decoder,
  blocks: BlockList,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const header = await readBlockHeader(source);
  const checker = checkerOf(check);
  const chunks = new Lzma2(source, decoder, header.dictionaryBytes);
  let unpacked = 0;
  for (let piece = await chunks.next(); piece !== null; piece = await chunks.next()) {
    checker.update(piece);
    unpacked += piece.length;
    if (unpacked > (header.unpackedBytes ?? unpacked)) throw new XzError("a block unpacks to more than it says");
    yield piece;
  }
  const packed = chunks.packedBytes;
  if (packed !== (header.packedBytes ?? packed) || unpacked !== (header.unpackedBytes ?? unpacked)) {
    throw new XzError("a block has another size than it says");
  }
  await zeros(source, (4 - (packed % 4)) % 4);
  const wanted = await exactly(source, CHECK_BYTES[check] ?? 0);
  const actual = checker.digest();
  if (actual !== null && !actual.every((byte, index) => wanted[index] === byte)) {
    throw new XzError("the checksum is wrong");
  }
  blocks.add(header.headerBytes + packed + wanted.length, unpacked);
}

/** 3.1 */
async function readBlockHeader(source: ByteSource): Promise<BlockHeader> {
  const headerBytes = (((await source.peek(1))[0] ?? 0) + 1) * 4;
  const bytes = await exactly(source, headerBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(headerBytes - 4, true) !== crc32(bytes.subarray(0, headerBytes - 4))) {
    throw new XzError("the checksum of a block's header is wrong");
  }
  const flags = bytes[1] ?? 0;
  const fields = new Fields(bytes.subarray(0, headerBytes - 4), 2);
  const packedBytes = (flags & 0x40) !== 0 ? fields.number() : null;
  const unpackedBytes = (flags & 0x80) !== 0 ? fields.number() : null;
  const filter = fields.number();
  if ((flags & 3) !== 0 || filter !== LZMA2) throw new XzUnsupportedError("uses a filter that is not known here");
  if (fields.number() !== 1) throw new XzError("a filter has properties that it cannot have");
  const dictionaryBytes = dictionarySize(fields.byte());
  if ((flags & 0x3c) !== 0 || !fields.restIsZeros()) {
    throw new XzUnsupportedError("uses something that is not known here");
  }
  return { headerBytes, packedBytes, unpackedBytes, dictionaryBytes };
}

/** 5.3.1 */
function dictionarySize(bits: number): number {
  if (bits > 40) throw new XzError("a dictionary has a size that there is not");
  const bytes = bits === 40 ? 2 ** 32 - 1 : (2 | (bits & 1)) * 2 ** ((bits >> 1) + 11);
  if (bytes <= MAX_DICTIONARY_BYTES) return bytes;
  throw new XzUnsupportedError(`needs ${Math.ceil(bytes / 2 ** 20)} MiB of memory to unpack, and gets 256`);
}

/** The chunks of a block. */
class Lzma2 {
  /** Taken from the input so far. */
  packedBytes = 0;
  readonly #source: ByteSource;
  readonly #dictionary: Dictionary;
  readonly #lzma: LzmaDecoder;
  /** The first chunk has to begin a dictionary, and what follows a new one has to set properties. */
  #needsDictionary = true;
  #needsProperties = true;

  constructor(source: ByteSource, { dictionary, lzma }: Decoder, dictionaryBytes: number) {
    this.#source = source;
    this.#dictionary = dictionary;
    this.#lzma = lzma;
    dictionary.setSize(dictionaryBytes);
  }

  /** What the next chunk unpacks to; null at the end of the block. */
  async next(): Promise<Uint8Array<ArrayBuffer> | null> {
    const control = (await this.#take(1))[0] ?? 0;
    if (control === 0) return null;
    if (control === 1 || control >= 0xe0) {
      this.#needsDictionary = false;
      this.#needsProperties = true;
      this.#dictionary.reset();
    }
    if (this.#needsDictionary) throw new XzError("a block does not begin with a dictionary of its own");
    if (control < 0x80) await this.#stored(control);
    else await this.#packed(control);
    return this.#dictionary.chunk();
  }

  async #stored(control: number): Promise<void> {
    if (control > 2) throw new XzError("a chunk is of a kind that does not exist");
    const length = bigEndian(await this.#take(2)) + 1;
    this.#dictionary.startChunk(length);
    this.#dictionary.append(await this.#take(length));
  }

  async #packed(control: number): Promise<void> {
    const sizes = await this.#take(4);
    const unpackedBytes = (((control & 0x1f) << 16) | bigEndian(sizes.subarray(0, 2))) + 1;
    const packedBytes = bigEndian(sizes.subarray(2, 4)) + 1;
    if (control >= 0xc0) {
      this.#lzma.setProperties((await this.#take(1))[0] ?? 0);
      this.#needsProperties = false;
    } else if (this.#needsProperties) {
      throw new XzError("a chunk has no properties");
    } else if (control >= 0xa0) {
      this.#lzma.resetState();
    }
    this.#dictionary.startChunk(Math.min(unpackedBytes, MAX_CHUNK_BYTES));
    this.#lzma.run(await this.#take(packedBytes), this.#dictionary);
  }

  async #take(count: number): Promise<Uint8Array> {
    const bytes = await exactly(this.#source, count);
    this.packedBytes += count;
    return bytes;
  }
}

/** Sizes of the blocks, as they were and as the index has them: only what is needed to compare them is kept. */
class BlockList {
  count = 0;
  #crc = 0;
  readonly #row = new DataView(new ArrayBuffer(16));

  add(packedBytes: number, unpackedBytes: number): void {
    this.count += 1;
    this.#row.setFloat64(0, packedBytes);
    this.#row.setFloat64(8, unpackedBytes);
    this.#crc = crc32(new Uint8Array(this.#row.buffer), this.#crc);
  }

  equals(other: BlockList): boolean {
    return this.count === other.count && this.#crc === other.#crc;
  }
}

/** 4; returns its length. */
async function readIndex(source: ByteSource, blocks: BlockList): Promise<number> {
  const index = new IndexReader(source);
  await index.byte();
  const found = new BlockList();
  const count = await index.number();
  if (count !== blocks.count) throw new XzError("the index has another number of blocks than there are");
  while (found.count < count) found.add(await index.number(), await index.number());
  if (!found.equals(blocks)) throw new XzError("the index says something else than the blocks");
  while (index.length % 4 !== 0) {
    if ((await index.byte()) !== 0) throw new XzError("the padding of an index is used");
  }
  const { crc, length } = index;
  const stored = await exactly(source, 4);
  if (new DataView(stored.buffer, stored.byteOffset).getUint32(0, true) !== crc) {
    throw new XzError("the checksum of an index is wrong");
  }
  return length + 4;
}

class IndexReader {
  length = 0;
  crc = 0;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  async byte(): Promise<number> {
    const bytes = await exactly(this.#source, 1);
    this.length += 1;
    this.crc = crc32(bytes, this.crc);
    return bytes[0] ?? 0;
  }

  async number(): Promise<number> {
    const bytes: number[] = [];
    do bytes.push(await this.byte());
    while ((bytes.at(-1) ?? 0) >= 0x80 && bytes.length < VLI_MAX_BYTES);
    return new Fields(Uint8Array.from(bytes), 0).number();
  }
}

/** Reads a header. */
class Fields {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new XzError("a header is shorter than what is in it");
    return byte;
  }

  /** A number of variable length (1.2). Sizes beyond 2^53 are none of a real file's. */
  number(): number {
    let value = 0;
    for (let count = 0; count < VLI_MAX_BYTES; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * count);
      if (byte < 0x80) {
        if (byte === 0 && count > 0) break;
        return value;
      }
    }
    throw new XzError("a number in a header is written in a way that it must not be");
  }

  restIsZeros(): boolean {
    return this.#bytes.subarray(this.#at).every((byte) => byte === 0);
  }
}

/** 2.2: zeros, a multiple of four bytes. */
async function skipPadding(source: ByteSource): Promise<void> {
  for (;;) {
    const bytes = await source.peek(4);
    if (bytes.length < 4 || bytes.some((byte) => byte !== 0)) return;
    await source.take(4);
  }
}

async function zeros(source: ByteSource, count: number): Promise<void> {
  if ((await exactly(source, count)).some((byte) => byte !== 0)) throw new XzError("the padding of a block is used");
}

async function exactly(source: ByteSource, count: number): Promise<Uint8Array> {
  const bytes = await source.take(count);
  if (bytes.length < count) throw new XzError("it ends too early");
  return bytes;
}

function bigEndian(bytes: Uint8Array): number {
  return ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
}
