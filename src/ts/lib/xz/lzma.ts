/** LZMA as LZMA2 has it: in chunks, each with a range coder of its own (LZMA specification; The .xz File Format, 5.3.1). */
import type { Dictionary } from "./dictionary.ts";
import { XzError } from "./error.ts";

/** Probabilities have 11 bits and start in the middle. */
const HALF = 1 << 10;
const TOP = 2 ** 24;
/** Of the range coder. */
const RANGE = 0;
const CODE = 1;
const STATES = 12;
const POSITION_STATES = 16;
/** From this state on the last symbol was a match. */
const FIRST_MATCH_STATE = 7;
const LITERAL_CODER = 0x300;
const MAX_LITERAL_CODERS = 1 << 4;

/** Where the probabilities are. */
const IS_MATCH = 0;
const IS_REP = IS_MATCH + STATES * POSITION_STATES;
const IS_REP_G0 = IS_REP + STATES;
const IS_REP_G1 = IS_REP_G0 + STATES;
const IS_REP_G2 = IS_REP_G1 + STATES;
const IS_REP0_LONG = IS_REP_G2 + STATES;
const POSITION_SLOT = IS_REP0_LONG + STATES * POSITION_STATES;
const POSITION_SPECIAL = POSITION_SLOT + 4 * 64;
const ALIGN = POSITION_SPECIAL + 128;
const LENGTH = ALIGN + 16;
/** Of a length coder: two choices, 16 low and 16 middle trees of 8, a high tree of 256. */
const LENGTH_LOW = 2;
const LENGTH_MIDDLE = LENGTH_LOW + POSITION_STATES * 8;
const LENGTH_HIGH = LENGTH_MIDDLE + POSITION_STATES * 8;
const LENGTH_CODER = LENGTH_HIGH + 256;
const REP_LENGTH = LENGTH + LENGTH_CODER;
const LITERAL = REP_LENGTH + LENGTH_CODER;
const PROBABILITIES = LITERAL + MAX_LITERAL_CODERS * LITERAL_CODER;

const MIN_MATCH_BYTES = 2;
const RANGE_CODER_HEADER_BYTES = 5;

/** Unpacks chunks; keeps probabilities and distances from one to the next. */
export class LzmaDecoder {
  readonly #probabilities = new Uint16Array(PROBABILITIES);
  #literalContextBits = 0;
  #literalPositionMask = 0;
  #positionMask = 0;
  #state = 0;
  readonly #distances = new Int32Array(4);
  /** The range coder. */
  #input: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Range and code: 32 bits each, which a number of an object would not hold without being boxed. */
  readonly #coder = new Uint32Array(2);

  /** Sets lc, lp and pb by the byte that holds them, and begins anew. */
  setProperties(byte: number): void {
    const literalContextBits = byte % 9;
    const literalPositionBits = Math.floor(byte / 9) % 5;
    const positionBits = Math.floor(byte / 45);
    if (positionBits > 4 || literalContextBits + literalPositionBits > 4) {
      throw new XzError("a chunk has properties that do not exist");
    }
    this.#literalContextBits = literalContextBits;
    this.#literalPositionMask = (1 << literalPositionBits) - 1;
    this.#positionMask = (1 << positionBits) - 1;
    this.resetState();
  }

  resetState(): void {
    this.#probabilities.fill(HALF);
    this.#state = 0;
    this.#distances.fill(0);
  }

  /** Unpacks one chunk into `dictionary`, up to its limit. */
  run(chunk: Uint8Array, dictionary: Dictionary): void {
    if (chunk.length < RANGE_CODER_HEADER_BYTES || chunk[0] !== 0) throw new XzError("a chunk does not begin as one");
    this.#input = chunk;
    this.#coder[RANGE] = 0xffff_ffff;
    this.#coder[CODE] = new DataView(chunk.buffer, chunk.byteOffset).getUint32(1);
    this.#at = RANGE_CODER_HEADER_BYTES;
    while (dictionary.end < dictionary.limit) {
      const position = (dictionary.end - dictionary.start) & this.#positionMask;
      if (this.#bit(IS_MATCH + this.#state * POSITION_STATES + position) === 0) this.#literal(dictionary);
      else this.#match(dictionary, position);
      if (this.#at > chunk.length) throw new XzError("a chunk is shorter than what it unpacks to");
    }
    this.#normalize();
    if (this.#at !== chunk.length || this.#coder[CODE] !== 0) throw new XzError("a chunk does not end where it says");
  }

  #normalize(): void {
    const coder = this.#coder;
    const range = coder[RANGE] as number;
    if (range >= TOP) return;
    coder[RANGE] = range << 8;
    coder[CODE] = ((coder[CODE] as number) << 8) | this.#nextByte();
  }

  /** What is read behind the end is found by whoever checks the position. */
  #nextByte(): number {
    const at = this.#at;
    this.#at = at + 1;
    return at < this.#input.length ? (this.#input[at] as number) : 0;
  }

  #bit(index: number): 0 | 1 {
    const coder = this.#coder;
    let range = coder[RANGE] as number;
    let code = coder[CODE] as number;
    if (range < TOP) {
      range = (range << 8) >>> 0;
      code = ((code << 8) | this.#nextByte()) >>> 0;
    }
    const probability = this.#probabilities[index] as number;
    const bound = Math.imul(range >>> 11, probability) >>> 0;
    if (code < bound) {
      coder[RANGE] = bound;
      coder[CODE] = code;
      this.#probabilities[index] = probability + ((2048 - probability) >> 5);
      return 0;
    }
    coder[RANGE] = range - bound;
    coder[CODE] = code - bound;
    this.#probabilities[index] = probability - (probability >> 5);
    return 1;
  }

  /** A number of `bits` bits, the highest first. As `#bit`, with the range coder in local variables. */
  #tree(base: number, bits: number): number {
    const probabilities = this.#probabilities;
    const input = this.#input;
    const coder = this.#coder;
    let range = coder[RANGE] as number;
    let code = coder[CODE] as number;
    let at = this.#at;
    let symbol = 1;
    for (let count = 0; count < bits; count++) {
      if (range < TOP) {
        range = (range << 8) >>> 0;
        code = ((code << 8) | (at < input.length ? (input[at] as number) : 0)) >>> 0;
        at += 1;
      }
      const probability = probabilities[base + symbol] as number;
      const bound = Math.imul(range >>> 11, probability) >>> 0;
      if (code < bound) {
        range = bound;
        probabilities[base + symbol] = probability + ((2048 - probability) >> 5);
        symbol <<= 1;
      } else {
        range = (range - bound) >>> 0;
        code = (code - bound) >>> 0;
        probabilities[base + symbol] = probability - (probability >> 5);
        symbol = (symbol << 1) | 1;
      }
    }
    coder[RANGE] = range;
    coder[CODE] = code;
    this.#at = at;
    return symbol - (1 << bits);
  }

  /** The lowest bit first. */
  #reverseTree(base: number, bits: number): number {
    let symbol = 1;
    let value = 0;
    for (let count = 0; count < bits; count++) {
      const bit = this.#bit(base + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << count;
    }
    return value;
  }

  /** Bits of equal probability. */
  #direct(bits: number): number {
    const input = this.#input;
    const coder = this.#coder;
    let range = coder[RANGE] as number;
    let code = coder[CODE] as number;
    let value = 0;
    for (let count = 0; count < bits; count++) {
      if (range < TOP) {
        range = (range << 8) >>> 0;
        code = ((code << 8) | (this.#at < input.length ? (input[this.#at] as number) : 0)) >>> 0;
        this.#at += 1;
      }
      range >>>= 1;
      value <<= 1;
      if (code >= range) {
        code = (code - range) >>> 0;
        value |= 1;
      }
    }
    coder[RANGE] = range;
    coder[CODE] = code;
    return value;
  }

  /** Most of the time goes here: the range coder in local variables. */
  #literal(dictionary: Dictionary): void {
    const { bytes, end, start } = dictionary;
    const previous = end > start ? (bytes[end - 1] as number) : 0;
    const position = (end - start) & this.#literalPositionMask;
    const context = (position << this.#literalContextBits) + (previous >> (8 - this.#literalContextBits));
    const base = LITERAL + LITERAL_CODER * context;
    const probabilities = this.#probabilities;
    const input = this.#input;
    const coder = this.#coder;
    let range = coder[RANGE] as number;
    let code = coder[CODE] as number;
    let at = this.#at;
    // After a match the byte at the last distance tells a bit in advance, as long as its bits are the right ones.
    let matched = this.#state >= FIRST_MATCH_STATE ? (bytes[end - (this.#distances[0] as number) - 1] as number) : 0;
    let offset = this.#state >= FIRST_MATCH_STATE ? 0x100 : 0;
    let symbol = 1;
    do {
      matched <<= 1;
      const matchBit = matched & offset;
      const index = base + offset + matchBit + symbol;
      if (range < TOP) {
        range = (range << 8) >>> 0;
        code = ((code << 8) | (at < input.length ? (input[at] as number) : 0)) >>> 0;
        at += 1;
      }
      const probability = probabilities[index] as number;
      const bound = Math.imul(range >>> 11, probability) >>> 0;
      if (code < bound) {
        range = bound;
        probabilities[index] = probability + ((2048 - probability) >> 5);
        symbol <<= 1;
        offset &= ~matchBit;
      } else {
        range = (range - bound) >>> 0;
        code = (code - bound) >>> 0;
        probabilities[index] = probability - (probability >> 5);
        symbol = (symbol << 1) | 1;
        offset &= matchBit;
      }
    } while (symbol < 0x100);
    coder[RANGE] = range;
    coder[CODE] = code;
    this.#at = at;
    bytes[end] = symbol & 0xff;
    dictionary.end = end + 1;
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6;
  }

  #match(dictionary: Dictionary, position: number): void {
    const distances = this.#distances;
    const afterLiteral = this.#state < FIRST_MATCH_STATE;
    let length: number;
    if (this.#bit(IS_REP + this.#state) === 0) {
      length = this.#length(LENGTH, position);
      distances.copyWithin(1, 0, 3);
      distances[0] = this.#distance(length);
      this.#state = afterLiteral ? 7 : 10;
    } else if (this.#repeats(position)) {
      this.#state = afterLiteral ? 9 : 11;
      length = 1;
    } else {
      length = this.#length(REP_LENGTH, position);
      this.#state = afterLiteral ? 8 : 11;
    }
    this.#copy(dictionary, length);
  }

  /** A match at one of the last distances, which becomes the last one; true for one of a single byte. */
  #repeats(position: number): boolean {
    const distances = this.#distances;
    if (this.#bit(IS_REP_G0 + this.#state) === 0) {
      return this.#bit(IS_REP0_LONG + this.#state * POSITION_STATES + position) === 0;
    }
    let index = 1;
    if (this.#bit(IS_REP_G1 + this.#state) === 1) index = 2 + this.#bit(IS_REP_G2 + this.#state);
    const distance = distances[index] as number;
    distances.copyWithin(1, 0, index);
    distances[0] = distance;
    return false;
  }

  #length(base: number, position: number): number {
    if (this.#bit(base) === 0) return MIN_MATCH_BYTES + this.#tree(base + LENGTH_LOW + position * 8, 3);
    if (this.#bit(base + 1) === 0) return MIN_MATCH_BYTES + 8 + this.#tree(base + LENGTH_MIDDLE + position * 8, 3);
    return MIN_MATCH_BYTES + 16 + this.#tree(base + LENGTH_HIGH, 8);
  }

  /** How many bytes lie between a byte and its match. As a number of 32 bits with a sign; -1 is an end mark. */
  #distance(length: number): number {
    const slot = this.#tree(POSITION_SLOT + Math.min(length - MIN_MATCH_BYTES, 3) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const high = (2 | (slot & 1)) << bits;
    if (slot < 14) return high + this.#reverseTree(POSITION_SPECIAL + high - slot, bits);
    return (high + (this.#direct(bits - 4) << 4) + this.#reverseTree(ALIGN, 4)) | 0;
  }

  #copy(dictionary: Dictionary, length: number): void {
    const { bytes, end } = dictionary;
    const distance = (this.#distances[0] as number) + 1;
    // LZMA2 has no end marks, and a distance of 2^31 reaches before anything.
    if (distance <= 0 || distance > end - Math.max(dictionary.start, 0))
      throw new XzError("a match lies before the beginning");
    if (end + length > dictionary.limit) throw new XzError("a chunk unpacks to more than it says");
    const from = end - distance;
    if (length > 64 && distance >= length) bytes.copyWithin(end, from, from + length);
    else for (let index = 0; index < length; index++) bytes[end + index] = bytes[from + index] as number;
    dictionary.end = end + length;
  }
}
