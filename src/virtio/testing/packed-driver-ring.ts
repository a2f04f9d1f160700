/** A packed virtqueue from the driver's side (virtio 1.4, 2.8), sharing nothing with the walker. */
import { VIRTQ_DESC_F_INDIRECT, VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE } from "../spec/ring.ts";
import type { ChainStyle, DriverBuffer, RingDriver, RingPlace, UsedElement } from "./driver-ring.ts";
import type { GuestRam } from "./guest-ram.ts";

const AVAIL = 1 << 7;
const USED = 1 << 15;

/** Position in the ring and the wrap counter that belongs to it. */
interface Cursor {
  at: number;
  wrap: boolean;
}

export class PackedDriverRing implements RingDriver {
  readonly ram: GuestRam;
  readonly size: number;
  readonly place: RingPlace;
  readonly eventIdx: boolean;
  /** Descriptors that each buffer id takes up. */
  private readonly chains = new Map<number, number>();
  private next: Cursor = { at: 0, wrap: true };
  private used: Cursor = { at: 0, wrap: true };
  private free: number;
  private nextId = 0;
  /** Descriptors that were added since the last question whether to notify. */
  private unannounced = 0;

  constructor(ram: GuestRam, size: number, place: RingPlace, eventIdx: boolean) {
    this.ram = ram;
    this.size = size;
    this.place = place;
    this.eventIdx = eventIdx;
    this.free = size;
  }

  moveTo(ram: GuestRam): PackedDriverRing {
    const moved = new PackedDriverRing(ram, this.size, this.place, this.eventIdx);
    for (const [id, count] of this.chains) moved.chains.set(id, count);
    moved.next = { ...this.next };
    moved.used = { ...this.used };
    moved.free = this.free;
    moved.nextId = this.nextId;
    moved.unannounced = this.unannounced;
    return moved;
  }

  get freeCount(): number {
    return this.free;
  }

  /** Offset of the next descriptor, and its wrap counter as the highest bit (2.8.19). */
  get position(): number {
    return this.next.at | (this.next.wrap ? 0x8000 : 0);
  }

  private move(cursor: Cursor, count: number): Cursor {
    const at = cursor.at + count;
    return at < this.size ? { at, wrap: cursor.wrap } : { at: at - this.size, wrap: !cursor.wrap };
  }

  /** All but the flags, which make the descriptor available. */
  private describe(at: number, address: number, length: number, id: number): void {
    this.ram.setU64(at, address);
    this.ram.setU32(at + 8, length);
    this.ram.setU16(at + 12, id);
  }

  /** Makes a chain available; returns its buffer id. Does not notify. Ids use all 16 bits: they mean nothing to a device. */
  add(buffers: readonly DriverBuffer[], style: ChainStyle): number {
    const direct = style === "direct" ? buffers : style === "mixed" ? buffers.slice(0, 1) : [];
    const indirect = buffers.slice(direct.length);
    const count = direct.length + (indirect.length > 0 ? 1 : 0);
    if (count > this.free) throw new Error("the test's ring is full");
    while (this.chains.has(this.nextId)) this.nextId = (this.nextId + 1) & 0xffff;
    const id = this.nextId;
    this.nextId = (this.nextId + 0x3fff) & 0xffff;
    const elements = direct.map((buffer) => ({ ...buffer, flags: buffer.write ? VIRTQ_DESC_F_WRITE : 0 }));
    if (indirect.length > 0) {
      const table = this.ram.alloc(16 * indirect.length, 4);
      indirect.forEach((buffer, index) => {
        // Id and flags other than WRITE mean nothing here (2.8.7): fill them with noise.
        this.describe(table + 16 * index, buffer.address, buffer.length, 0xabcd);
        this.ram.setU16(table + 16 * index + 14, (buffer.write ? VIRTQ_DESC_F_WRITE : 0) | VIRTQ_DESC_F_NEXT);
      });
      elements.push({ address: table, length: 16 * indirect.length, write: false, flags: VIRTQ_DESC_F_INDIRECT });
    }
    const start = this.next;
    let headFlags = 0;
    elements.forEach(({ address, length, flags }, index) => {
      const cursor = this.move(start, index);
      const at = this.place.desc + 16 * cursor.at;
      this.describe(at, address, length, index === count - 1 ? id : 0xdead);
      const all = flags | (index < count - 1 ? VIRTQ_DESC_F_NEXT : 0) | (cursor.wrap ? AVAIL : USED);
      if (index === 0) headFlags = all;
      else this.ram.setU16(at + 14, all);
    });
    this.ram.setU16(this.place.desc + 16 * start.at + 14, headFlags);
    this.next = this.move(start, count);
    this.free -= count;
    this.unannounced += count;
    this.chains.set(id, count);
    return id;
  }

  /** Whether the device wants to hear of what was added since the last call (2.8.22). */
  mustKick(): boolean {
    const added = this.unannounced;
    this.unannounced = 0;
    const flags = this.ram.u16(this.place.device + 2);
    if (flags !== 2) return flags === 0;
    const event = this.ram.u16(this.place.device);
    // Walk over what was added: is the descriptor that the device waits for among it?
    const eventAt = event & 0x7fff;
    const eventWrap = (event & 0x8000) !== 0;
    let cursor: Cursor = { ...this.next };
    for (let step = 0; step < added; ++step) {
      cursor = cursor.at > 0 ? { at: cursor.at - 1, wrap: cursor.wrap } : { at: this.size - 1, wrap: !cursor.wrap };
      if (cursor.at === eventAt && cursor.wrap === eventWrap) return true;
    }
    return false;
  }

  take(): UsedElement | null {
    const at = this.place.desc + 16 * this.used.at;
    const flags = this.ram.u16(at + 14);
    if (((flags & AVAIL) !== 0) !== this.used.wrap || ((flags & USED) !== 0) !== this.used.wrap) return null;
    const element = { id: this.ram.u16(at + 12), length: this.ram.u32(at + 8) };
    const count = this.chains.get(element.id);
    if (count === undefined) throw new Error(`the device returned buffer ${element.id}, which it does not have`);
    if (element.length > 0 !== ((flags & VIRTQ_DESC_F_WRITE) !== 0)) throw new Error("the WRITE flag is wrong");
    this.chains.delete(element.id);
    this.used = this.move(this.used, count);
    this.free += count;
    if (this.eventIdx) this.setUsedEvent(this.used.at | (this.used.wrap ? 0x8000 : 0));
    return element;
  }

  /** Notify when the descriptor at this position (wrap counter as bit 15) was used. */
  setUsedEvent(value: number): void {
    this.ram.setU16(this.place.driver, value);
    this.ram.setU16(this.place.driver + 2, 2);
  }

  /** RING_EVENT_FLAGS_DISABLE, or ENABLE. */
  setNoInterrupt(on: boolean): void {
    this.ram.setU16(this.place.driver + 2, on ? 1 : 0);
  }
}
