/**
 * The smallest drivers of a split and of a packed ring whose whole state is a plain object, so that a search can go
 * back to any moment. One step of a driver is one access that others may come between.
 */
import type { GuestRam } from "./guest-ram.ts";
import type { RingPlace } from "./driver-ring.ts";

/** Everything a driver remembers. */
export interface DriverMemory {
  /** Index, or position, of the next descriptor to make available, modulo 2^16; packed: wrap counter as bit 15. */
  next: number;
  /** The same for the next used element to look at. */
  used: number;
  /** Descriptors that are free; split: as a bit set. */
  free: number;
  /** Made available since the last question whether to notify: entries, or descriptors. */
  fresh: number;
  /** Descriptors of the chains that are out, by id; a split chain is its set of descriptors. */
  chains: Record<number, number>;
}

export interface SmallDriver {
  /** Descriptors that a new chain may take. */
  room(memory: DriverMemory): number;
  /** Makes a chain of `count` descriptors available. */
  add(memory: DriverMemory, count: number): void;
  mustKick(memory: DriverMemory): boolean;
  hasUsed(memory: DriverMemory): boolean;
  take(memory: DriverMemory): void;
  /** Asks for an interrupt when the next buffer is used. */
  askForInterrupts(memory: DriverMemory): void;
  /** Says that interrupts are not wanted, as far as the ring can say it. */
  refuseInterrupts(memory: DriverMemory): void;
}

const BUFFER_BYTES = 4;
const NEXT = 1;
const AVAIL = 1 << 7;
const USED = 1 << 15;

export class SmallSplitDriver implements SmallDriver {
  private readonly ram: GuestRam;
  private readonly size: number;
  private readonly place: RingPlace;
  private readonly eventIdx: boolean;

  constructor(ram: GuestRam, size: number, place: RingPlace, eventIdx: boolean) {
    this.ram = ram;
    this.size = size;
    this.place = place;
    this.eventIdx = eventIdx;
  }

  /** A driver whose indices are at `index`. */
  start(index: number): DriverMemory {
    this.ram.setU16(this.place.driver + 2, index);
    this.ram.setU16(this.place.device + 2, index);
    if (this.eventIdx) {
      this.ram.setU16(this.place.driver + 4 + 2 * this.size, index);
      this.ram.setU16(this.place.device + 4 + 8 * this.size, index);
    }
    return { next: index, used: index, free: (1 << this.size) - 1, fresh: 0, chains: {} };
  }

  room({ free }: DriverMemory): number {
    return free.toString(2).replaceAll("0", "").length;
  }

  add(memory: DriverMemory, count: number): void {
    const chosen = Array.from({ length: this.size }, (_, index) => index)
      .filter((index) => (memory.free & (1 << index)) !== 0)
      .slice(0, count);
    chosen.forEach((index, position) => {
      const at = this.place.desc + 16 * index;
      const next = chosen[position + 1];
      this.ram.setU64(at, this.place.desc);
      this.ram.setU32(at + 8, BUFFER_BYTES);
      this.ram.setU16(at + 12, next === undefined ? 0 : NEXT);
      this.ram.setU16(at + 14, next ?? 0);
      memory.free &= ~(1 << index);
    });
    const head = chosen[0] as number;
    memory.chains[head] = chosen.reduce((set, index) => set | (1 << index), 0);
    this.ram.setU16(this.place.driver + 4 + 2 * (memory.next % this.size), head);
    memory.next = (memory.next + 1) & 0xffff;
    memory.fresh += 1;
    this.ram.setU16(this.place.driver + 2, memory.next);
  }

  mustKick(memory: DriverMemory): boolean {
    const added = memory.fresh;
    memory.fresh = 0;
    if (!this.eventIdx) return (this.ram.u16(this.place.device) & 1) === 0;
    const event = this.ram.u16(this.place.device + 4 + 8 * this.size);
    for (let back = 1; back <= added; ++back) if (((memory.next - back) & 0xffff) === event) return true;
    return false;
  }

  hasUsed(memory: DriverMemory): boolean {
    return this.ram.u16(this.place.device + 2) !== memory.used;
  }

  take(memory: DriverMemory): void {
    const id = this.ram.u32(this.place.device + 4 + 8 * (memory.used % this.size));
    const set = memory.chains[id];
    if (set === undefined) throw new Error(`chain ${id} came back, which is not out`);
    delete memory.chains[id];
    memory.free |= set;
    memory.used = (memory.used + 1) & 0xffff;
  }

  askForInterrupts(memory: DriverMemory): void {
    if (this.eventIdx) this.ram.setU16(this.place.driver + 4 + 2 * this.size, memory.used);
    else this.ram.setU16(this.place.driver, 0);
  }

  refuseInterrupts(): void {
    if (!this.eventIdx) this.ram.setU16(this.place.driver, 1);
  }
}

export class SmallPackedDriver implements SmallDriver {
  private readonly ram: GuestRam;
  private readonly size: number;
  private readonly place: RingPlace;
  private readonly eventIdx: boolean;

  constructor(ram: GuestRam, size: number, place: RingPlace, eventIdx: boolean) {
    this.ram = ram;
    this.size = size;
    this.place = place;
    this.eventIdx = eventIdx;
  }

  start(): DriverMemory {
    const memory = { next: 0x8000, used: 0x8000, free: this.size, fresh: 0, chains: {} };
    this.askForInterrupts(memory);
    return memory;
  }

  private move(position: number, count: number): number {
    const at = (position & 0x7fff) + count;
    return at < this.size ? at | (position & 0x8000) : (at - this.size) | (~position & 0x8000);
  }

  private at(position: number): number {
    return this.place.desc + 16 * (position & 0x7fff);
  }

  room({ free }: DriverMemory): number {
    return free;
  }

  add(memory: DriverMemory, count: number): void {
    let id = 0;
    while (memory.chains[id] !== undefined) id += 1;
    const flags = (index: number): number => {
      const wrap = (this.move(memory.next, index) & 0x8000) !== 0;
      return (index < count - 1 ? NEXT : 0) | (wrap ? AVAIL : USED);
    };
    for (let index = count - 1; index >= 0; --index) {
      const at = this.at(this.move(memory.next, index));
      this.ram.setU64(at, this.place.desc);
      this.ram.setU32(at + 8, BUFFER_BYTES);
      this.ram.setU16(at + 12, id);
      this.ram.setU16(at + 14, flags(index));
    }
    memory.chains[id] = count;
    memory.next = this.move(memory.next, count);
    memory.free -= count;
    memory.fresh += count;
  }

  mustKick(memory: DriverMemory): boolean {
    const added = memory.fresh;
    memory.fresh = 0;
    const flags = this.ram.u16(this.place.device + 2);
    if (flags !== 2) return flags === 0;
    const event = this.ram.u16(this.place.device);
    // `added` descriptors before the next one, each with the wrap counter it had.
    for (let back = 1; back <= added; ++back) {
      if (this.move(event, back) === memory.next) return true;
    }
    return false;
  }

  hasUsed(memory: DriverMemory): boolean {
    const flags = this.ram.u16(this.at(memory.used) + 14);
    const wrap = (memory.used & 0x8000) !== 0;
    return ((flags & AVAIL) !== 0) === wrap && ((flags & USED) !== 0) === wrap;
  }

  take(memory: DriverMemory): void {
    const id = this.ram.u16(this.at(memory.used) + 12);
    const count = memory.chains[id];
    if (count === undefined) throw new Error(`buffer ${id} came back, which is not out`);
    delete memory.chains[id];
    memory.free += count;
    memory.used = this.move(memory.used, count);
  }

  askForInterrupts(memory: DriverMemory): void {
    if (this.eventIdx) this.ram.setU16(this.place.driver, memory.used);
    this.ram.setU16(this.place.driver + 2, this.eventIdx ? 2 : 0);
  }

  refuseInterrupts(): void {
    this.ram.setU16(this.place.driver + 2, 1);
  }
}
