/** Huffman coded literals (RFC 8878, 4.2). */
import { BackwardBits, highestBit } from "./bits.ts";
import { ZstdError } from "./error.ts";
import { readFseTable } from "./fse.ts";

const MAX_BITS = 11;
const WEIGHTS_LIMITS = { accuracyLog: 6, symbol: 12 };

/** A decoding table: `maxBits` bits of the stream give the symbol and how many of them are its code. */
export interface HuffmanTable {
  maxBits: number;
  symbols: Uint8Array;
  bitCounts: Uint8Array;
}

/** Reads a tree description (4.2.1); returns the table and the index of the byte behind it. */
export function readHuffmanTable(bytes: Uint8Array, start: number, end: number): { table: HuffmanTable; next: number } {
  if (start >= end) throw new ZstdError("a Huffman table is missing");
  const head = bytes[start] ?? 0;
  const coded = head < 128;
  const next = start + 1 + (coded ? head : (head - 126) >> 1);
  if (next > end) throw new ZstdError("a Huffman table goes past its block");
  const weights = coded ? readCodedWeights(bytes, start + 1, next) : readPlainWeights(bytes, start + 1, head - 127);
  return { table: buildHuffmanTable(weights), next };
}

function readPlainWeights(bytes: Uint8Array, start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const pair = bytes[start + (index >> 1)] ?? 0;
    return (index & 1) === 0 ? pair >> 4 : pair & 15;
  });
}

/** Two states take turns until the bits are used up (4.2.1.2). */
function readCodedWeights(bytes: Uint8Array, start: number, end: number): number[] {
  const { table, next } = readFseTable(bytes, start, end, WEIGHTS_LIMITS);
  const bits = new BackwardBits(bytes, next, end);
  const states = [bits.read(table.accuracyLog), bits.read(table.accuracyLog)];
  const weights: number[] = [];
  for (let turn = 0; weights.length < 255; turn ^= 1) {
    const entry = table.entries[states[turn] ?? 0] ?? 0;
    weights.push(entry & 0xff);
    const bitCount = (entry >> 8) & 0xff;
    if (bits.remaining < bitCount) {
      weights.push((table.entries[states[turn ^ 1] ?? 0] ?? 0) & 0xff);
      return weights;
    }
    states[turn] = (entry >>> 16) + bits.read(bitCount);
  }
  throw new ZstdError("a Huffman table has too many symbols");
}

/** Codes follow from the weights (4.2.1.3); the last symbol's weight is what is missing to a power of two. */
function buildHuffmanTable(weights: number[]): HuffmanTable {
  let total = 0;
  for (const weight of weights) {
    if (weight > MAX_BITS) throw new ZstdError("a Huffman code is longer than the format allows");
    if (weight > 0) total += 1 << (weight - 1);
  }
  if (total === 0) throw new ZstdError("a Huffman table is empty");
  const maxBits = highestBit(total) + 1;
  const rest = (1 << maxBits) - total;
  if (maxBits > MAX_BITS || (rest & (rest - 1)) !== 0 || weights.length > 255) {
    throw new ZstdError("the weights of a Huffman table do not add up");
  }
  weights.push(highestBit(rest) + 1);
  const symbols = new Uint8Array(1 << maxBits);
  const bitCounts = new Uint8Array(1 << maxBits);
  let position = 0;
  for (let weight = 1; weight <= maxBits; weight++) {
    weights.forEach((own, symbol) => {
      if (own !== weight) return;
      const end = position + (1 << (weight - 1));
      symbols.fill(symbol, position, end);
      bitCounts.fill(maxBits + 1 - weight, position, end);
      position = end;
    });
  }
  return { maxBits, symbols, bitCounts };
}

/** A range of bytes of an array. */
export interface ByteRange {
  bytes: Uint8Array;
  start: number;
  end: number;
}

/** Decodes one stream, `from`, until `to` is full; the stream has to end there. */
export function decodeHuffmanStream(table: HuffmanTable, from: ByteRange, to: ByteRange): void {
  const { symbols, bitCounts, maxBits } = table;
  const { bytes, start } = from;
  const output = to.bytes;
  const mask = (1 << maxBits) - 1;
  let remaining = new BackwardBits(bytes, start, from.end).remaining;
  for (let at = to.start; at < to.end; at++) {
    // Near the beginning the index has bits of what lies before the stream; they are below the code, and do not matter.
    const bit = remaining - maxBits;
    const byte = start + (bit >> 3);
    const word =
      ((bytes[byte] as number) | ((bytes[byte + 1] as number) << 8) | ((bytes[byte + 2] as number) << 16)) >>>
      (bit & 7);
    const index = word & mask;
    output[at] = symbols[index] as number;
    remaining -= bitCounts[index] as number;
  }
  if (remaining !== 0) throw new ZstdError("a stream of literals has not the length it should have");
}
