/** Guest RAM: the only class through which TypeScript devices and transports touch it. */
import type { RingEngine } from "./ring-engine.ts";

/**
 * Addresses called `host` are offsets in linear memory that the engine has checked against guest RAM; they are
 * checked here again, since a wrong one would be our bug and reach the engine's own memory.
 */
export class GuestMemory {
  private readonly engine: RingEngine;
  private readonly bytes: Uint8Array;
  /** Offset of guest RAM in linear memory, and of its end. */
  readonly base: number;
  private readonly end: number;

  constructor(engine: RingEngine) {
    this.engine = engine;
    this.bytes = new Uint8Array(engine.memory.buffer);
    this.base = engine.vq_ram_base() >>> 0;
    this.end = this.base + (engine.vq_ram_size() >>> 0);
  }

  /** Bytes of guest RAM. */
  get sizeBytes(): number {
    return this.end - this.base;
  }

  /** The `host` address of guest physical [gpa, gpa + length), or 0 when any of it is not RAM. */
  at(gpa: number, length: number): number {
    if (!(gpa >= 0 && gpa <= Number.MAX_SAFE_INTEGER)) return 0;
    return this.engine.vq_host(gpa % 2 ** 32, Math.floor(gpa / 2 ** 32), length) >>> 0;
  }

  private check(host: number, length: number): void {
    if (host < this.base || host + length > this.end) {
      throw new RangeError(`device access outside guest RAM: ${length} bytes at ${host.toString(16)}`);
    }
  }

  /** Copies guest RAM at `host` to all of `into`. */
  read(host: number, into: Uint8Array): void {
    this.check(host, into.length);
    into.set(this.bytes.subarray(host, host + into.length));
  }

  /** Copies `from` to guest RAM at `host`. */
  write(host: number, from: Uint8Array): void {
    this.check(host, from.length);
    this.bytes.set(from, host);
    this.engine.vq_written(host, from.length);
  }

  fill(host: number, length: number, value: number): void {
    this.check(host, length);
    this.bytes.fill(value, host, host + length);
    this.engine.vq_written(host, length);
  }

  readU8(host: number): number {
    this.check(host, 1);
    return this.bytes[host] as number;
  }
}
