/** Numbers, strings and the like as 9P has them on the wire: little-endian, strings with their length before them. */
import { decodeName, encodeName } from "../../file-tree.ts";

/** What a message says cannot be read: it ends too early, or goes on after its end. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** Reads a message from its start. Throws a WireError where it ends too early. */
export class WireReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.at;
  }

  private skip(count: number): number {
    if (count > this.remaining) throw new WireError(`${count} bytes are wanted, ${this.remaining} are left`);
    const start = this.at;
    this.at += count;
    return start;
  }

  u8(): number {
    return this.view.getUint8(this.skip(1));
  }

  u16(): number {
    return this.view.getUint16(this.skip(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.skip(8), true);
  }

  /** The next `count` bytes, in place. */
  take(count: number): Uint8Array {
    const start = this.skip(count);
    return this.bytes.subarray(start, start + count);
  }

  text(): string {
    return decodeName(this.take(this.u16()));
  }
}

const FIRST_BYTES = 64;

/** Writes a message. A large payload at its end stays where it is: see `pieces`. */
export class WireWriter {
  private bytes = new Uint8Array(FIRST_BYTES);
  private view = new DataView(this.bytes.buffer);
  private payload: Uint8Array | null = null;
  /** Bytes so far, without the payload. */
  length = 0;

  private grow(count: number): number {
    const start = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return start;
  }

  u8(value: number): void {
    const at = this.grow(1);
    this.view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.grow(2);
    this.view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.grow(4);
    this.view.setUint32(at, value, true);
  }

  u64(value: bigint): void {
    const at = this.grow(8);
    this.view.setBigUint64(at, value, true);
  }

  put(bytes: Uint8Array): void {
    const at = this.grow(bytes.length);
    this.bytes.set(bytes, at);
  }

  text(value: string): void {
    const bytes = encodeName(value);
    if (bytes.length > 0xffff) throw new RangeError(`a string of ${bytes.length} bytes`);
    this.u16(bytes.length);
    this.put(bytes);
  }

  /** Nothing may be written after it. */
  finish(payload: Uint8Array): void {
    this.payload = payload;
  }

  /** The first `length` bytes. */
  bytesUpTo(length: number): Uint8Array {
    return this.bytes.subarray(0, length);
  }

  /** The message in one or two pieces; its first four bytes are set to its size. */
  pieces(): Uint8Array[] {
    const { payload } = this;
    this.view.setUint32(0, this.length + (payload?.length ?? 0), true);
    const head = this.bytes.subarray(0, this.length);
    return payload === null ? [head] : [head, payload];
  }
}
