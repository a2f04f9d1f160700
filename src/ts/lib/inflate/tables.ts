/** Decoding tables of DEFLATE's prefix codes (RFC 1951, 3.2.2), in two levels as codes have up to 15 bits. */
import { InflateError } from "./error.ts";

const MAX_CODE_BITS = 15;

/**
 * An entry of a table has in bits 3:0 the length of the code, in 7:4 what it is, in 12:8 how many extra bits follow it
 * (or the index bits of the second table), in 31:16 the literal, the value that the extra bits are added to, or where
 * the second table starts.
 */
export const LENGTH_MASK = 0x0f;
export const LITERAL = 0x00;
export const VALUE = 0x10;
export const END_OF_BLOCK = 0x20;
export const SECOND_TABLE = 0x40;
export const KIND_MASK = 0xf0;
/** No code leads here. */
const INVALID = 0x80;

/** What the symbols of an alphabet stand for: for each one an entry without the code's length. */
export type Alphabet = Int32Array;

const LENGTH_EXTRA_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
] as const;
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
] as const;

/** Literals and match lengths (3.2.5); symbols 286 and 287 must not occur. */
export const LITERAL_OR_LENGTH: Alphabet = Int32Array.from({ length: 288 }, (_, symbol) => {
  if (symbol < 256) return LITERAL | (symbol << 16);
  if (symbol === 256) return END_OF_BLOCK;
  const index = symbol - 257;
  const base = LENGTH_BASE[index];
  return base === undefined ? INVALID : VALUE | ((LENGTH_EXTRA_BITS[index] ?? 0) << 8) | (base << 16);
});

/** Match distances (3.2.5); symbols 30 and 31 must not occur. */
export const DISTANCE: Alphabet = Int32Array.from({ length: 32 }, (_, symbol) => {
  if (symbol >= 30) return INVALID;
  const extraBits = symbol < 4 ? 0 : (symbol >> 1) - 1;
  const base = symbol < 4 ? symbol + 1 : ((2 + (symbol & 1)) << extraBits) + 1;
  return VALUE | (extraBits << 8) | (base << 16);
});

/** The lengths of the codes for code lengths (3.2.7). */
export const CODE_LENGTH: Alphabet = Int32Array.from({ length: 19 }, (_, symbol) => LITERAL | (symbol << 16));

/** A decoding table whose first level has `1 << indexBits` entries. */
export class CodeTable {
  readonly indexBits: number;
  entries: Int32Array;
  readonly #alphabet: Alphabet;

  constructor(alphabet: Alphabet, indexBits: number) {
    this.#alphabet = alphabet;
    this.indexBits = indexBits;
    this.entries = new Int32Array(1 << indexBits);
  }

  /** Makes the table for the code with these code lengths, one for each symbol; 0 where a symbol has none. */
  build(lengths: Uint8Array): void {
    const counts = new Uint16Array(MAX_CODE_BITS + 1);
    for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
    const firstCodes = firstCodesOf(counts);
    this.entries.fill(INVALID, 0, 1 << this.indexBits);
    const long: { reversed: number; length: number; entry: number }[] = [];
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const length = lengths[symbol] as number;
      if (length === 0) continue;
      const code = firstCodes[length] as number;
      firstCodes[length] = code + 1;
      const reversed = reverse(code, length);
      const entry = (this.#alphabet[symbol] as number) | length;
      if (length > this.indexBits) long.push({ reversed, length, entry });
      else for (let at = reversed; at < 1 << this.indexBits; at += 1 << length) this.entries[at] = entry;
    }
    if (long.length > 0) this.#addSecondTables(long);
  }

  #addSecondTables(long: readonly { reversed: number; length: number; entry: number }[]): void {
    const { indexBits } = this;
    const mask = (1 << indexBits) - 1;
    const longest = new Map<number, number>();
    for (const { reversed, length } of long) {
      longest.set(reversed & mask, Math.max(longest.get(reversed & mask) ?? 0, length));
    }
    let next = 1 << indexBits;
    for (const [prefix, length] of longest) {
      const bits = length - indexBits;
      this.entries[prefix] = SECOND_TABLE | (bits << 8) | (next << 16);
      next += 1 << bits;
    }
    if (next > this.entries.length) {
      const larger = new Int32Array(next);
      larger.set(this.entries.subarray(0, 1 << indexBits));
      this.entries = larger;
    }
    this.entries.fill(INVALID, 1 << indexBits, next);
    for (const { reversed, length, entry } of long) {
      const first = this.entries[reversed & mask] as number;
      const start = first >>> 16;
      const size = 1 << ((first >> 8) & 0x1f);
      for (let at = reversed >>> indexBits; at < size; at += 1 << (length - indexBits))
        this.entries[start + at] = entry;
    }
  }
}

/** The first code of each length. A code with one symbol may leave the other half of its codes unused, no other may. */
function firstCodesOf(counts: Uint16Array): Uint16Array {
  counts[0] = 0;
  const firstCodes = new Uint16Array(MAX_CODE_BITS + 1);
  let code = 0;
  let left = 1;
  let symbols = 0;
  for (let length = 1; length <= MAX_CODE_BITS; length++) {
    const count = counts[length] as number;
    code = (code + (counts[length - 1] as number)) << 1;
    firstCodes[length] = code;
    left = left * 2 - count;
    symbols += count;
    if (left < 0) throw new InflateError("a code has more symbols than its lengths allow");
  }
  if (left > 0 && symbols > 0 && !(symbols === 1 && counts[1] === 1)) throw new InflateError("a code is incomplete");
  return firstCodes;
}

function reverse(code: number, length: number): number {
  let reversed = 0;
  for (let bit = 0; bit < length; bit++) reversed |= ((code >>> bit) & 1) << (length - 1 - bit);
  return reversed;
}
