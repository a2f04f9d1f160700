/** Guest RAM from the guest's side: guest physical addresses, little-endian, and a simple allocator. */
import type { RingEngine } from "../ring-engine.ts";
import { GUEST_RAM_BASE } from "./engine.ts";

export class GuestRam {
  readonly view: DataView;
  readonly sizeBytes: number;
  private next: number;

  /** `reserved` bytes at the end are not allocated. */
  constructor(engine: RingEngine, reserved = 0) {
    this.sizeBytes = engine.vq_ram_size() >>> 0;
    this.view = new DataView(engine.memory.buffer as ArrayBuffer, engine.vq_ram_base() >>> 0, this.sizeBytes);
    this.next = GUEST_RAM_BASE + 0x1000;
    this.limit = GUEST_RAM_BASE + this.sizeBytes - reserved;
  }

  private readonly limit: number;

  /** Guest physical address of the first byte after RAM. */
  get end(): number {
    return GUEST_RAM_BASE + this.sizeBytes;
  }

  /** Guest physical address of `length` fresh bytes. */
  alloc(length: number, align = 16): number {
    const address = Math.ceil(this.next / align) * align;
    this.next = address + length;
    if (this.next > this.limit) throw new Error("the test's guest is out of memory");
    return address;
  }

  /** Allocates from the beginning again; what was there is free. */
  rewind(): void {
    this.next = GUEST_RAM_BASE + 0x1000;
  }

  /** Allocates after what `other` has allocated. */
  adopt(other: GuestRam): void {
    this.next = other.next;
  }

  private at(gpa: number): number {
    return gpa - GUEST_RAM_BASE;
  }

  u8(gpa: number): number {
    return this.view.getUint8(this.at(gpa));
  }

  u16(gpa: number): number {
    return this.view.getUint16(this.at(gpa), true);
  }

  u32(gpa: number): number {
    return this.view.getUint32(this.at(gpa), true);
  }

  setU8(gpa: number, value: number): void {
    this.view.setUint8(this.at(gpa), value);
  }

  setU16(gpa: number, value: number): void {
    this.view.setUint16(this.at(gpa), value, true);
  }

  setU32(gpa: number, value: number): void {
    this.view.setUint32(this.at(gpa), value, true);
  }

  setU64(gpa: number, value: number | bigint): void {
    this.view.setBigUint64(this.at(gpa), BigInt.asUintN(64, BigInt(value)), true);
  }

  /** A view of RAM; writes through it are the guest's. */
  bytes(gpa: number, length: number): Uint8Array {
    return new Uint8Array(this.view.buffer, this.view.byteOffset + this.at(gpa), length);
  }

  /** Puts bytes into fresh memory; returns where. */
  place(bytes: Uint8Array): number {
    const gpa = this.alloc(Math.max(1, bytes.length));
    this.bytes(gpa, bytes.length).set(bytes);
    return gpa;
  }
}
