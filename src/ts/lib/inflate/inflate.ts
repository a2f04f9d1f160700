/**
 * DEFLATE (RFC 1951) of a stream in pieces. The platform's DecompressionStream refuses whatever follows the end of the
 * data, which rules out several gzip members in a file, padding, and the compressed clusters of qcow2.
 */
import { InflateError } from "./error.ts";
import {
  CODE_LENGTH,
  CodeTable,
  DISTANCE,
  END_OF_BLOCK,
  KIND_MASK,
  LENGTH_MASK,
  LITERAL,
  LITERAL_OR_LENGTH,
  SECOND_TABLE,
  VALUE,
} from "./tables.ts";

/** How far back a match may reach. */
const WINDOW_BYTES = 1 << 15;
/** What is unpacked at a time. */
const PIECE_BYTES = 1 << 17;
const MAX_MATCH_BYTES = 258;
/** No block header with its codes is longer: 17 bits, 19 of 3, and 320 of 14. */
const HEADER_MAX_BYTES = 640;
/** A literal, or a match, takes 48 bits at most; more may be taken ahead. */
const SYMBOL_MAX_BYTES = 8;
/** Zeros behind the input, so that nothing has to be checked within a symbol. */
const PADDING_BYTES = 3 * SYMBOL_MAX_BYTES;
/** Order of the code lengths' code lengths (3.2.7). */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;

type State = "header" | "stored" | "codes" | "done";

/** Unpacks one DEFLATE stream. Throws InflateError on data that is none. */
export class Inflate {
  #input = new Uint8Array(PADDING_BYTES);
  #at = 0;
  /** Behind the last byte of the input. */
  #end = 0;
  /** Bits taken from the input and not used yet, the next one lowest; at most 31. */
  #hold = 0;
  #count = 0;
  readonly #output = new Uint8Array(WINDOW_BYTES + PIECE_BYTES + MAX_MATCH_BYTES);
  /** Behind the last byte of the output; what precedes it is the window. */
  #out = 0;
  #state: State = "header";
  #lastBlock = false;
  #storedLeft = 0;
  readonly #literals = new CodeTable(LITERAL_OR_LENGTH, 10);
  readonly #distances = new CodeTable(DISTANCE, 8);
  readonly #codeLengths = new CodeTable(CODE_LENGTH, 7);

  /** Begins anew, with another stream. */
  reset(): void {
    this.#at = 0;
    this.#end = 0;
    this.#hold = 0;
    this.#count = 0;
    this.#out = 0;
    this.#state = "header";
    this.#lastBlock = false;
  }

  /** The stream has come to its end. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** How much of the input has not been used; after the end, what follows the stream. */
  get unusedBytes(): number {
    return this.#end - this.#at + (this.#count >> 3);
  }

  /** Adds input; it is copied. */
  feed(bytes: Uint8Array): void {
    const left = this.#end - this.#at;
    const needed = left + bytes.length + PADDING_BYTES;
    if (needed > this.#input.length) {
      const larger = new Uint8Array(needed);
      larger.set(this.#input.subarray(this.#at, this.#end));
      this.#input = larger;
    } else {
      this.#input.copyWithin(0, this.#at, this.#end);
    }
    this.#input.set(bytes, left);
    this.#at = 0;
    this.#end = left + bytes.length;
    this.#input.fill(0, this.#end, this.#end + PADDING_BYTES);
  }

  /**
   * Unpacks until a piece is full, the stream ends, or the input does; what has come out is copied. Nothing means that
   * more input is needed, or the end. With `inputEnded` a stream that goes on is an error.
   */
  run(inputEnded: boolean): Uint8Array<ArrayBuffer> {
    if (this.#out > WINDOW_BYTES) {
      this.#output.copyWithin(0, this.#out - WINDOW_BYTES, this.#out);
      this.#out = WINDOW_BYTES;
    }
    const start = this.#out;
    while (this.#state !== "done" && this.#out < WINDOW_BYTES + PIECE_BYTES && this.#step(inputEnded)) {
      // Each step is a block's header, or as much of a block as there is input and room for.
    }
    return this.#output.slice(start, this.#out);
  }

  /** false where more input is needed. */
  #step(inputEnded: boolean): boolean {
    const state = this.#state;
    if (state === "header") {
      if (!inputEnded && this.#end - this.#at < HEADER_MAX_BYTES) return false;
      this.#readHeader();
      this.#checkInput();
      return true;
    }
    const before = this.#out;
    if (state === "stored") this.#copyStored();
    else this.#decode(inputEnded);
    const advanced = this.#out > before || this.#state !== state;
    if (inputEnded) {
      this.#checkInput();
      if (!advanced) throw endsEarly();
    }
    return advanced;
  }

  /** Bits from the padding may be held, but none may have been used. */
  #checkInput(): void {
    if (this.#at - (this.#count >> 3) > this.#end) throw endsEarly();
  }

  /** The next `count` bits, 0 … 16. */
  #bits(count: number): number {
    this.#need16();
    const value = this.#hold & ((1 << count) - 1);
    this.#hold >>>= count;
    this.#count -= count;
    return value;
  }

  #need16(): void {
    if (this.#count >= 16) return;
    // Behind the padding there is nothing; the check of the input finds that later.
    const low = this.#input[this.#at] ?? 0;
    const high = this.#input[this.#at + 1] ?? 0;
    this.#hold |= (low | (high << 8)) << this.#count;
    this.#at += 2;
    this.#count += 16;
  }

  /** 3.2.3 */
  #readHeader(): void {
    if (this.#lastBlock) {
      this.#state = "done";
      return;
    }
    this.#lastBlock = this.#bits(1) === 1;
    const type = this.#bits(2);
    if (type === 0) this.#readStoredHeader();
    else if (type === 1) this.#useFixedCodes();
    else if (type === 2) this.#readCodes();
    else throw new InflateError("a block is of a reserved type");
  }

  #readStoredHeader(): void {
    this.#bits(this.#count & 7);
    const length = this.#bits(16);
    if (this.#bits(16) !== (length ^ 0xffff)) throw new InflateError("the length of a stored block is wrong");
    // Whole bytes that were taken ahead go back.
    this.#at -= this.#count >> 3;
    this.#hold = 0;
    this.#count = 0;
    this.#storedLeft = length;
    this.#state = length === 0 ? "header" : "stored";
  }

  #copyStored(): void {
    const room = WINDOW_BYTES + PIECE_BYTES - this.#out;
    const length = Math.max(0, Math.min(this.#storedLeft, room, this.#end - this.#at));
    this.#output.set(this.#input.subarray(this.#at, this.#at + length), this.#out);
    this.#at += length;
    this.#out += length;
    this.#storedLeft -= length;
    if (this.#storedLeft === 0) this.#state = "header";
  }

  /** 3.2.6 */
  #useFixedCodes(): void {
    const lengths = new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
    this.#literals.build(lengths);
    this.#distances.build(new Uint8Array(32).fill(5));
    this.#state = "codes";
  }

  /** 3.2.7 */
  #readCodes(): void {
    const literalCount = this.#bits(5) + 257;
    const distanceCount = this.#bits(5) + 1;
    const codeLengthCount = this.#bits(4) + 4;
    if (literalCount > 286 || distanceCount > 30) throw new InflateError("a block has more symbols than there are");
    const codeLengths = new Uint8Array(19);
    for (const symbol of CODE_LENGTH_ORDER.slice(0, codeLengthCount)) codeLengths[symbol] = this.#bits(3);
    this.#codeLengths.build(codeLengths);
    const lengths = new Uint8Array(literalCount + distanceCount);
    for (let at = 0; at < lengths.length; ) {
      this.#need16();
      const entry = this.#codeLengths.entries[this.#hold & 0x7f] as number;
      if ((entry & KIND_MASK) !== LITERAL) throw new InflateError("a code length does not exist");
      this.#bits(entry & LENGTH_MASK);
      const symbol = entry >>> 16;
      if (symbol < 16) {
        lengths[at++] = symbol;
        continue;
      }
      if (symbol === 16 && at === 0) throw new InflateError("a code length repeats none");
      const value = symbol === 16 ? (lengths[at - 1] as number) : 0;
      const repeat = symbol === 16 ? 3 + this.#bits(2) : symbol === 17 ? 3 + this.#bits(3) : 11 + this.#bits(7);
      if (at + repeat > lengths.length) throw new InflateError("a block has more code lengths than symbols");
      lengths.fill(value, at, at + repeat);
      at += repeat;
    }
    if (lengths[256] === 0) throw new InflateError("a block has no code for its end");
    this.#literals.build(lengths.subarray(0, literalCount));
    this.#distances.build(lengths.subarray(literalCount));
    this.#state = "codes";
  }

  /** The loop in which the time goes: everything in local variables. */
  #decode(inputEnded: boolean): void {
    const input = this.#input;
    const output = this.#output;
    const literals = this.#literals.entries;
    const distances = this.#distances.entries;
    const literalBits = this.#literals.indexBits;
    const distanceBits = this.#distances.indexBits;
    const literalMask = (1 << literalBits) - 1;
    const distanceMask = (1 << distanceBits) - 1;
    const inputLimit = inputEnded ? this.#end + SYMBOL_MAX_BYTES : this.#end - SYMBOL_MAX_BYTES;
    const outputLimit = WINDOW_BYTES + PIECE_BYTES;
    let at = this.#at;
    let hold = this.#hold;
    let count = this.#count;
    let out = this.#out;
    while (at <= inputLimit && out < outputLimit) {
      if (count < 16) {
        hold |= ((input[at] as number) | ((input[at + 1] as number) << 8)) << count;
        at += 2;
        count += 16;
      }
      let entry = literals[hold & literalMask] as number;
      if ((entry & SECOND_TABLE) !== 0) {
        const index = (hold >> literalBits) & ((1 << ((entry >> 8) & 0x1f)) - 1);
        entry = literals[(entry >> 16) + index] as number;
      }
      const codeBits = entry & LENGTH_MASK;
      hold >>= codeBits;
      count -= codeBits;
      const kind = entry & KIND_MASK;
      if (kind === LITERAL) {
        output[out++] = entry >> 16;
        continue;
      }
      if (kind !== VALUE) {
        if (kind !== END_OF_BLOCK) throw new InflateError("a code does not exist");
        this.#state = "header";
        break;
      }
      if (count < 16) {
        hold |= ((input[at] as number) | ((input[at + 1] as number) << 8)) << count;
        at += 2;
        count += 16;
      }
      const lengthBits = (entry >> 8) & 0x1f;
      const length = (entry >> 16) + (hold & ((1 << lengthBits) - 1));
      hold >>= lengthBits;
      count -= lengthBits;
      if (count < 16) {
        hold |= ((input[at] as number) | ((input[at + 1] as number) << 8)) << count;
        at += 2;
        count += 16;
      }
      entry = distances[hold & distanceMask] as number;
      if ((entry & SECOND_TABLE) !== 0) {
        const index = (hold >> distanceBits) & ((1 << ((entry >> 8) & 0x1f)) - 1);
        entry = distances[(entry >> 16) + index] as number;
      }
      if ((entry & KIND_MASK) !== VALUE) throw new InflateError("a distance does not exist");
      const distanceCodeBits = entry & LENGTH_MASK;
      hold >>= distanceCodeBits;
      count -= distanceCodeBits;
      if (count < 16) {
        hold |= ((input[at] as number) | ((input[at + 1] as number) << 8)) << count;
        at += 2;
        count += 16;
      }
      const extraBits = (entry >> 8) & 0x1f;
      const distance = (entry >> 16) + (hold & ((1 << extraBits) - 1));
      hold >>= extraBits;
      count -= extraBits;
      if (distance > out) throw new InflateError("a match lies before the beginning");
      const from = out - distance;
      if (length > 64 && distance >= length) output.copyWithin(out, from, from + length);
      else for (let index = 0; index < length; index++) output[out + index] = output[from + index] as number;
      out += length;
    }
    this.#at = at;
    this.#hold = hold;
    this.#count = count;
    this.#out = out;
  }
}

/** Exactly the first `sizeBytes` of what `bytes` unpack to; what follows the stream in `bytes` does not matter. */
export function inflateExactly(inflate: Inflate, bytes: Uint8Array, sizeBytes: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(sizeBytes);
  inflate.reset();
  inflate.feed(bytes);
  let done = 0;
  while (done < sizeBytes) {
    const piece = inflate.run(true);
    if (piece.length === 0) throw new InflateError("it unpacks to less than it should");
    result.set(piece.subarray(0, sizeBytes - done), done);
    done += piece.length;
  }
  return result;
}

function endsEarly(): InflateError {
  return new InflateError("it ends too early");
}
