/** A split virtqueue from the driver's side, written from the specification and sharing nothing with the walker. */
import { VIRTQ_DESC_F_INDIRECT, VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE } from "../spec/ring.ts";
import type { GuestRam } from "./guest-ram.ts";

/** How a chain is put into descriptors. "mixed" is direct ones followed by one indirect descriptor. */
export type ChainStyle = "direct" | "indirect" | "mixed";

/** One buffer of a chain. */
export interface DriverBuffer {
  readonly address: number;
  readonly length: number;
  /** The device may write it. */
  readonly write: boolean;
}

/** Guest physical addresses of the three areas. */
export interface RingPlace {
  readonly desc: number;
  readonly driver: number;
  readonly device: number;
}

export interface UsedElement {
  readonly id: number;
  readonly length: number;
}

/** What a driver does with a ring, whatever its format. */
export interface RingDriver {
  /** Where the areas are. */
  readonly place: RingPlace;
  /** Descriptors that are not in use. */
  readonly freeCount: number;
  /** Makes a chain available; returns what the device will call it. Does not notify. */
  add(buffers: readonly DriverBuffer[], style: ChainStyle): number;
  /** Whether the device wants to hear of what was added since the last call. */
  mustKick(): boolean;
  /** The next used element, or null. Frees its descriptors. */
  take(): UsedElement | null;
  /** Where the next chain goes, as notification data says it: 16 bits. */
  readonly position: number;
  /** Suppresses used buffer notifications, where event indices are not in use. */
  setNoInterrupt(on: boolean): void;
  /** The same driver in another machine with the same memory. */
  moveTo(ram: GuestRam): RingDriver;
}

export class DriverRing implements RingDriver {
  readonly ram: GuestRam;
  readonly size: number;
  readonly place: RingPlace;
  eventIdx: boolean;
  private readonly free: number[];
  private readonly chains = new Map<number, readonly number[]>();
  private availIdx = 0;
  private kickedIdx = 0;
  private lastUsed = 0;

  constructor(ram: GuestRam, size: number, place: RingPlace, eventIdx: boolean) {
    this.ram = ram;
    this.size = size;
    this.place = place;
    this.eventIdx = eventIdx;
    this.free = Array.from({ length: size }, (_, index) => size - 1 - index);
  }

  /** The same driver in another machine with the same memory. */
  moveTo(ram: GuestRam): DriverRing {
    const moved = new DriverRing(ram, this.size, this.place, this.eventIdx);
    moved.free.splice(0, this.size, ...this.free);
    for (const [head, chain] of this.chains) moved.chains.set(head, chain);
    moved.availIdx = this.availIdx;
    moved.kickedIdx = this.kickedIdx;
    moved.lastUsed = this.lastUsed;
    return moved;
  }

  /** Descriptors that are not in use. */
  get freeCount(): number {
    return this.free.length;
  }

  writeDescriptor(table: number, index: number, buffer: DriverBuffer, flags: number, next: number): void {
    const at = table + 16 * index;
    this.ram.setU64(at, buffer.address);
    this.ram.setU32(at + 8, buffer.length);
    this.ram.setU16(at + 12, flags | (buffer.write ? VIRTQ_DESC_F_WRITE : 0));
    this.ram.setU16(at + 14, next);
  }

  /** Makes a chain available; returns its head. Does not notify. */
  add(buffers: readonly DriverBuffer[], style: ChainStyle): number {
    const direct = style === "direct" ? buffers : style === "mixed" ? buffers.slice(0, 1) : [];
    const indirect = buffers.slice(direct.length);
    const count = direct.length + (indirect.length > 0 ? 1 : 0);
    if (count > this.free.length) throw new Error("the test's ring is full");
    const used = Array.from({ length: count }, () => this.free.pop() as number);
    direct.forEach((buffer, index) => {
      const next = used[index + 1];
      this.writeDescriptor(
        this.place.desc,
        used[index] as number,
        buffer,
        next === undefined ? 0 : VIRTQ_DESC_F_NEXT,
        next ?? 0,
      );
    });
    if (indirect.length > 0) {
      const table = this.ram.alloc(16 * indirect.length, 4);
      indirect.forEach((buffer, index) => {
        const last = index === indirect.length - 1;
        this.writeDescriptor(table, index, buffer, last ? 0 : VIRTQ_DESC_F_NEXT, last ? 0 : index + 1);
      });
      const pointer = { address: table, length: 16 * indirect.length, write: false };
      this.writeDescriptor(this.place.desc, used[count - 1] as number, pointer, VIRTQ_DESC_F_INDIRECT, 0);
    }
    const head = used[0] as number;
    this.chains.set(head, used);
    this.offer(head);
    return head;
  }

  /** Puts a head into the available ring, whatever it is. */
  offer(head: number): void {
    this.ram.setU16(this.place.driver + 4 + 2 * (this.availIdx % this.size), head);
    this.setAvailIdx(this.availIdx + 1);
  }

  setAvailIdx(value: number): void {
    this.availIdx = value & 0xffff;
    this.ram.setU16(this.place.driver + 2, this.availIdx);
  }

  get availableIndex(): number {
    return this.availIdx;
  }

  /** The available index (2.7.23). */
  get position(): number {
    return this.availIdx;
  }

  /** Whether the device wants to hear of what was added since the last call (2.7.13.4.1). */
  mustKick(): boolean {
    const old = this.kickedIdx;
    this.kickedIdx = this.availIdx;
    if (!this.eventIdx) return (this.ram.u16(this.place.device) & 1) === 0;
    const event = this.ram.u16(this.place.device + 4 + 8 * this.size);
    return ((this.availIdx - event - 1) & 0xffff) < ((this.availIdx - old) & 0xffff);
  }

  /** The next used element, or null. Frees the chain's descriptors. */
  take(): UsedElement | null {
    if (this.ram.u16(this.place.device + 2) === this.lastUsed) return null;
    const at = this.place.device + 4 + 8 * (this.lastUsed % this.size);
    const element = { id: this.ram.u32(at), length: this.ram.u32(at + 4) };
    this.lastUsed = (this.lastUsed + 1) & 0xffff;
    if (this.eventIdx) this.setUsedEvent(this.lastUsed);
    const chain = this.chains.get(element.id);
    if (chain === undefined) throw new Error(`the device returned chain ${element.id}, which it does not have`);
    this.chains.delete(element.id);
    for (const index of chain) this.free.push(index);
    return element;
  }

  /** used_event: notify when the used index passes this value. */
  setUsedEvent(value: number): void {
    this.ram.setU16(this.place.driver + 4 + 2 * this.size, value);
  }

  /** VIRTQ_AVAIL_F_NO_INTERRUPT. */
  setNoInterrupt(on: boolean): void {
    this.ram.setU16(this.place.driver, on ? 1 : 0);
  }

  get usedIndex(): number {
    return this.ram.u16(this.place.device + 2);
  }

  /** The used index that this driver has seen. */
  get seenIndex(): number {
    return this.lastUsed;
  }
}
