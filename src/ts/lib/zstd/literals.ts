/** The literals section of a compressed block (RFC 8878, 3.1.1.3.1). */
import { ZstdError } from "./error.ts";
import { decodeHuffmanStream, type HuffmanTable, readHuffmanTable } from "./huffman.ts";

const RAW = 0;
const RLE = 1;
const TREELESS = 3;
const JUMP_TABLE_BYTES = 6;
/** Literals of a block at most: it unpacks to no more bytes (3.1.1.2.4). */
export const MAX_BLOCK_BYTES = 1 << 17;

/** Reads literals; keeps the Huffman table for blocks that use it again. */
export class LiteralsDecoder {
  readonly #buffer = new Uint8Array(MAX_BLOCK_BYTES);
  #table: HuffmanTable | undefined;
  /** The literals of the last section read; overwritten by the next. */
  literals: Uint8Array = this.#buffer.subarray(0, 0);

  /** Reads the section at the beginning of `block`; returns the index of the byte behind it. */
  read(block: Uint8Array): number {
    const head = block[0] ?? 0;
    const type = head & 3;
    const format = (head >> 2) & 3;
    if (type === RAW || type === RLE) return this.#readPlain(block, type, format);

    // Sizes of 10, 10, 14 or 18 bits each behind four bits of type and format.
    const sizeBits = [10, 10, 14, 18][format] ?? 10;
    const start = [3, 3, 4, 5][format] ?? 3;
    const header = littleEndian(block, 5);
    const regenerated = Math.floor(header / 16) % 2 ** sizeBits;
    const end = start + (Math.floor(header / 16 / 2 ** sizeBits) % 2 ** sizeBits);
    this.#reserve(regenerated);
    if (end > block.length) throw new ZstdError("literals go past their block");
    let at = start;
    if (type !== TREELESS) {
      const { table, next } = readHuffmanTable(block, start, end);
      this.#table = table;
      at = next;
    }
    if (this.#table === undefined) throw new ZstdError("literals use a Huffman table that there is not");
    this.#decode(this.#table, block, { at, end, streams: format === 0 ? 1 : 4 });
    return end;
  }

  #readPlain(block: Uint8Array, type: number, format: number): number {
    const start = [1, 2, 1, 3][format] ?? 1;
    const size = littleEndian(block, start) >> ((format & 1) === 0 ? 3 : 4);
    this.#reserve(size);
    const end = start + (type === RAW ? size : 1);
    if (end > block.length) throw new ZstdError("literals go past their block");
    if (type === RAW) this.literals.set(block.subarray(start, end));
    else this.literals.fill(block[start] ?? 0);
    return end;
  }

  #decode(
    table: HuffmanTable,
    block: Uint8Array,
    { at, end, streams }: { at: number; end: number; streams: 1 | 4 },
  ): void {
    const size = this.literals.length;
    const output = { bytes: this.#buffer, start: 0, end: size };
    if (streams === 1) {
      decodeHuffmanStream(table, { bytes: block, start: at, end }, output);
      return;
    }
    let start = at + JUMP_TABLE_BYTES;
    const part = (size + 3) >> 2;
    if (start > end || part * 3 > size) throw new ZstdError("literals are shorter than their four streams");
    for (let stream = 0; stream < 4; stream++) {
      const length = (block[at + stream * 2] ?? 0) | ((block[at + stream * 2 + 1] ?? 0) << 8);
      const streamEnd = stream === 3 ? end : start + length;
      if (streamEnd > end) throw new ZstdError("a stream of literals goes past its block");
      const to = { bytes: this.#buffer, start: part * stream, end: stream === 3 ? size : part * (stream + 1) };
      decodeHuffmanStream(table, { bytes: block, start, end: streamEnd }, to);
      start = streamEnd;
    }
  }

  #reserve(sizeBytes: number): void {
    if (sizeBytes > MAX_BLOCK_BYTES) throw new ZstdError("a block has more literals than the format allows");
    this.literals = this.#buffer.subarray(0, sizeBytes);
  }
}

/** The first `count` bytes as a number; bytes that are missing count as 0. */
function littleEndian(bytes: Uint8Array, count: number): number {
  let value = 0;
  for (let index = count - 1; index >= 0; index--) value = value * 256 + (bytes[index] ?? 0);
  return value;
}
