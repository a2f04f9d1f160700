/** Bit streams of Zstandard (RFC 8878): forward ones for table descriptions, backward ones for everything coded. */
import { ZstdError } from "./error.ts";

/** Number of the highest bit that is set; `value` is not 0. */
export function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

/**
 * Reads from the end of a byte range towards its beginning. The last byte has a 1 bit above the stream's first bit (4.1). Reading on
 * past the beginning makes `remaining` negative, which whoever reads checks when it matters.
 */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  /** Bits not read yet. */
  remaining: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    const last = end > start ? (bytes[end - 1] ?? 0) : 0;
    if (last === 0) throw new ZstdError("a bit stream has no end mark");
    this.#bytes = bytes;
    this.#start = start;
    this.remaining = (end - start - 1) * 8 + highestBit(last);
  }

  /** The next `count` bits, 0 … 31, the first one read on top. */
  read(count: number): number {
    if (count > 16) {
      const high = this.read(count - 16);
      return ((high << 16) | this.read(16)) >>> 0;
    }
    this.remaining -= count;
    const at = this.#start + (this.remaining >> 3);
    const bytes = this.#bytes;
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    return (word >>> (this.remaining & 7)) & ((1 << count) - 1);
  }
}

/** Reads from the beginning of a byte range, the low bit of each byte first. */
export class ForwardBits {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  /** Position in bits from the beginning of the array. */
  #at: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#end = end;
    this.#at = start * 8;
  }

  /** The next `count` bits, 0 … 16, without taking them; zeros behind the end. */
  peek(count: number): number {
    const at = this.#at >> 3;
    const byte = (index: number): number => (index < this.#end ? (this.#bytes[index] ?? 0) : 0);
    const word = byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16);
    return (word >>> (this.#at & 7)) & ((1 << count) - 1);
  }

  skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#end * 8) throw new ZstdError("a table description has no end");
  }

  read(count: number): number {
    const value = this.peek(count);
    this.skip(count);
    return value;
  }

  /** Index of the first byte of which nothing has been read. */
  get bytePosition(): number {
    return (this.#at + 7) >> 3;
  }
}
