/** What has been unpacked last, as far back as matches may reach (the window, RFC 8878 3.1.1.1.2). */
import { ZstdError } from "./error.ts";
import { MAX_BLOCK_BYTES } from "./literals.ts";

/** A buffer that grows up to twice the window, and then drops what no match can reach. */
export class History {
  /** How far back a match may reach. */
  readonly windowBytes: number;
  /** Everything up to `end` is unpacked; the executor of sequences writes behind it, up to `limit`, and moves `end`. */
  bytes = new Uint8Array(2 * MAX_BLOCK_BYTES);
  end = 0;
  /** Where the block that is being unpacked has to end. */
  limit = 0;
  #blockStart = 0;

  constructor(windowBytes: number) {
    this.windowBytes = windowBytes;
  }

  /** Makes room for one block. */
  startBlock(): void {
    const needed = this.end + MAX_BLOCK_BYTES;
    if (needed > this.bytes.length) {
      if (this.end >= 2 * this.windowBytes) {
        this.bytes.copyWithin(0, this.end - this.windowBytes, this.end);
        this.end = this.windowBytes;
      } else {
        const larger = new Uint8Array(Math.max(needed, 2 * Math.min(needed, this.windowBytes + MAX_BLOCK_BYTES)));
        larger.set(this.bytes.subarray(0, this.end));
        this.bytes = larger;
      }
    }
    this.#blockStart = this.end;
    this.limit = this.end + MAX_BLOCK_BYTES;
  }

  /** A copy of what the block has unpacked to. */
  block(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(this.#blockStart, this.end);
  }

  /** Appends bytes. */
  append(bytes: Uint8Array): void {
    this.#checkRoom(bytes.length);
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
  }

  /** Appends `length` times the same byte. */
  repeat(byte: number, length: number): void {
    this.#checkRoom(length);
    this.bytes.fill(byte, this.end, this.end + length);
    this.end += length;
  }

  #checkRoom(length: number): void {
    if (this.end + length > this.limit) throw new ZstdError("a block unpacks to more than the format allows");
  }
}
