/**
 * A slow split ring in plain TypeScript, written for being obviously right: the other half of the differential fuzz.
 * Addresses are BigInt; nothing is remembered that can be computed again.
 */
import { VIRTQ_DESC_F_INDIRECT, VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE } from "../spec/ring.ts";
import * as W from "../spec/walker.ts";
import { GUEST_RAM_BASE } from "./engine.ts";
import type { PoppedChain } from "./ring-bench.ts";

/** Guest physical addresses of the areas. */
export interface ReferencePlace {
  readonly desc: bigint;
  readonly driver: bigint;
  readonly device: bigint;
}

interface Segment {
  readonly address: number;
  readonly length: number;
  readonly write: boolean;
}

const u16 = (value: number): number => value & 0xffff;

export class ReferenceRing {
  private readonly ram: DataView;
  private place: ReferencePlace = { desc: 0n, driver: 0n, device: 0n };
  private size = 0;
  private flags = 0;
  private live = false;
  private error = 0;
  private generation = 0;
  lastAvail = 0;
  usedIdx = 0;
  private staged = 0;
  private signalled: number | null = null;
  private readonly inFlight = new Map<number, number>();

  constructor(ram: Uint8Array) {
    this.ram = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  }

  private isRam(address: bigint, length: number): boolean {
    const start = address - BigInt(GUEST_RAM_BASE);
    return start >= 0n && start < BigInt(this.ram.byteLength) && start + BigInt(length) <= BigInt(this.ram.byteLength);
  }

  private at(address: bigint): number {
    return Number(address - BigInt(GUEST_RAM_BASE));
  }

  private get16(address: bigint): number {
    return this.ram.getUint16(this.at(address), true);
  }

  private set16(address: bigint, value: number): void {
    this.ram.setUint16(this.at(address), value, true);
  }

  enable(size: number, place: ReferencePlace, flags: number): number {
    this.disable();
    if (![1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].includes(size)) return W.VQ_ERROR_SIZE;
    const areas = [
      { address: place.desc, length: 16 * size, align: 16n },
      { address: place.driver, length: 6 + 2 * size, align: 2n },
      { address: place.device, length: 6 + 8 * size, align: 4n },
    ];
    if (areas.some(({ address, align }) => address % align !== 0n)) return W.VQ_ERROR_ALIGNMENT;
    if (areas.some(({ address, length }) => !this.isRam(address, length))) return W.VQ_ERROR_NOT_RAM;
    const sorted = [...areas].sort((a, b) => (a.address < b.address ? -1 : 1));
    for (let index = 0; index + 1 < sorted.length; ++index) {
      const [low, high] = [sorted[index], sorted[index + 1]];
      if (low !== undefined && high !== undefined && low.address + BigInt(low.length) > high.address)
        return W.VQ_ERROR_OVERLAP;
    }
    this.size = size;
    this.place = place;
    this.flags = flags;
    this.live = true;
    return 0;
  }

  disable(): void {
    this.live = false;
    this.generation += 1;
    this.error = 0;
    this.lastAvail = 0;
    this.usedIdx = 0;
    this.staged = 0;
    this.signalled = null;
    this.inFlight.clear();
  }

  private die(error: number): number {
    this.live = false;
    this.generation += 1;
    this.error = error;
    return error;
  }

  private pending(): number {
    return u16(this.get16(this.place.driver + 2n) - this.lastAvail);
  }

  pop(): PoppedChain | null | number {
    if (!this.live) return this.error === 0 ? null : this.error;
    if (this.pending() === 0) return null;
    if (this.pending() > this.size) return this.die(W.VQ_ERROR_AVAIL_IDX);
    const head = this.get16(this.place.driver + 4n + 2n * BigInt(this.lastAvail % this.size));
    if (head >= this.size) return this.die(W.VQ_ERROR_HEAD);
    if (this.inFlight.has(head)) return this.die(W.VQ_ERROR_DUPLICATE);
    const segments: Segment[] = [];
    const error = this.collect(this.place.desc, this.size, head, false, segments);
    if (error !== 0) return this.die(error);
    this.inFlight.set(head, this.generation);
    this.lastAvail = u16(this.lastAvail + 1);
    const visible = segments.filter(({ length }) => length > 0);
    const total = (write: boolean): number =>
      visible.filter((segment) => segment.write === write).reduce((sum, { length }) => sum + length, 0);
    return {
      generation: this.generation,
      head,
      readable: visible.filter(({ write }) => !write).length,
      readableBytes: total(false),
      writableBytes: total(true),
      segments: visible.map(({ address, length }) => ({ address, length })),
    };
  }

  /** Follows one table; checks each descriptor against everything before it. */
  private collect(table: bigint, entries: number, head: number, nested: boolean, segments: Segment[]): number {
    let visited = 0;
    for (let index = head; ; ) {
      if (visited++ === entries) return W.VQ_ERROR_LOOP;
      const at = this.at(table) + 16 * index;
      const address = this.ram.getBigUint64(at, true);
      const length = this.ram.getUint32(at + 8, true);
      const flags = this.ram.getUint16(at + 12, true);
      const next = this.ram.getUint16(at + 14, true);
      if ((flags & VIRTQ_DESC_F_INDIRECT) !== 0) {
        if (nested) return W.VQ_ERROR_INDIRECT_NESTED;
        if ((this.flags & W.VQ_FLAG_INDIRECT) === 0) return W.VQ_ERROR_INDIRECT_FEATURE;
        if ((flags & VIRTQ_DESC_F_NEXT) !== 0) return W.VQ_ERROR_INDIRECT_NEXT;
        if (length === 0 || length % 16 !== 0 || length / 16 > 1024) return W.VQ_ERROR_INDIRECT_SIZE;
        if (!this.isRam(address, length)) return W.VQ_ERROR_INDIRECT_TABLE;
        return this.collect(address, length / 16, 0, true, segments);
      }
      const write = (flags & VIRTQ_DESC_F_WRITE) !== 0;
      if (!write && segments.some((segment) => segment.write)) return W.VQ_ERROR_ORDER;
      if (length > 0) {
        if (!this.isRam(address, length)) return W.VQ_ERROR_BUFFER;
        const sum = segments.reduce((bytes, segment) => bytes + segment.length, length);
        if (sum >= 2 ** 32) return W.VQ_ERROR_TOTAL;
      }
      segments.push({ address: Number(BigInt.asUintN(53, address)), length, write });
      if ((flags & VIRTQ_DESC_F_NEXT) === 0) return 0;
      if (next >= entries) return W.VQ_ERROR_NEXT;
      index = next;
    }
  }

  private holds(head: number, generation: number): boolean {
    return this.live && generation === this.generation && this.inFlight.get(head) === generation;
  }

  push(head: number, generation: number, written: number): number {
    if (!this.holds(head, generation)) return 0;
    this.inFlight.delete(head);
    const at = this.at(this.place.device) + 4 + 8 * (this.usedIdx % this.size);
    this.ram.setUint32(at, head, true);
    this.ram.setUint32(at + 4, written, true);
    this.usedIdx = u16(this.usedIdx + 1);
    this.staged += 1;
    return 1;
  }

  unpop(head: number, generation: number): number {
    if (!this.holds(head, generation)) return 0;
    this.inFlight.delete(head);
    this.lastAvail = u16(this.lastAvail - 1);
    return 1;
  }

  flush(): number {
    if (!this.live || this.staged === 0) return 0;
    this.staged = 0;
    this.set16(this.place.device + 2n, this.usedIdx);
    const old = this.signalled;
    this.signalled = this.usedIdx;
    const isEmpty = this.inFlight.size === 0 && this.pending() === 0;
    if ((this.flags & W.VQ_FLAG_NOTIFY_ON_EMPTY) !== 0 && isEmpty) return 1;
    if ((this.flags & W.VQ_FLAG_EVENT_IDX) === 0) return (this.get16(this.place.driver) & 1) === 0 ? 1 : 0;
    if (old === null) return 1;
    // The driver asks for a notification when the index goes past this value: walk there step by step.
    const event = this.get16(this.place.driver + 4n + 2n * BigInt(this.size));
    for (let index = old; index !== this.usedIdx; index = u16(index + 1)) if (index === event) return 1;
    return 0;
  }

  arm(): number {
    if (!this.live) return 0;
    if ((this.flags & W.VQ_FLAG_EVENT_IDX) !== 0) {
      this.set16(this.place.device + 4n + 8n * BigInt(this.size), this.lastAvail);
    } else this.set16(this.place.device, 0);
    return this.pending() === 0 ? 0 : 1;
  }

  disarm(): void {
    if (this.live && (this.flags & W.VQ_FLAG_EVENT_IDX) === 0) this.set16(this.place.device, 1);
  }

  get isLive(): boolean {
    return this.live;
  }

  get currentSize(): number {
    return this.size;
  }

  get currentFlags(): number {
    return this.flags;
  }

  /** Counts the lives of the queue. */
  get currentGeneration(): number {
    return this.generation;
  }

  /** Heads that the device holds, oldest first. */
  get held(): readonly number[] {
    return [...this.inFlight.keys()];
  }
}
