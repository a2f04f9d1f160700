/**
 * What the slow reference rings have in common: memory, the checks of their areas, their lives, and the rules for
 * buffers. Written from the specification for being obviously right; addresses are BigInt, and nothing is remembered
 * that can be computed again.
 */
import { VIRTQ_DESC_F_NEXT } from "../spec/ring.ts";
import * as W from "../spec/walker.ts";
import { GUEST_RAM_BASE } from "./engine.ts";
import type { PoppedChain } from "./ring-bench.ts";

/** Guest physical addresses of the areas. */
export interface ReferencePlace {
  readonly desc: bigint;
  readonly driver: bigint;
  readonly device: bigint;
}

/** One area of a queue that is to be enabled. */
export interface ReferenceArea {
  readonly address: bigint;
  readonly length: number;
  readonly align: bigint;
}

interface Segment {
  readonly address: number;
  readonly length: number;
  readonly write: boolean;
}

/** Collects the buffers of a chain and says when one breaks a rule. */
export class ReferenceChain {
  private readonly segments: Segment[] = [];
  private readonly isRam: (address: bigint, length: number) => boolean;

  constructor(isRam: (address: bigint, length: number) => boolean) {
    this.isRam = isRam;
  }

  /** Adds a buffer. Returns 0 or the violation. */
  add(address: bigint, length: number, write: boolean): number {
    if (!write && this.segments.some((segment) => segment.write)) return W.VQ_ERROR_ORDER;
    if (length > 0) {
      if (!this.isRam(address, length)) return W.VQ_ERROR_BUFFER;
      const sum = this.segments.reduce((bytes, segment) => bytes + segment.length, length);
      if (sum >= 2 ** 32) return W.VQ_ERROR_TOTAL;
    }
    this.segments.push({ address: Number(BigInt.asUintN(53, address)), length, write });
    return 0;
  }

  popped(generation: number, head: number, packed: number): PoppedChain {
    const visible = this.segments.filter(({ length }) => length > 0);
    const total = (write: boolean): number =>
      visible.filter((segment) => segment.write === write).reduce((sum, { length }) => sum + length, 0);
    return {
      generation,
      head,
      packed,
      readable: visible.filter(({ write }) => !write).length,
      readableBytes: total(false),
      writableBytes: total(true),
      segments: visible.map(({ address, length }) => ({ address, length })),
    };
  }
}

export abstract class ReferenceQueue {
  protected readonly ram: DataView;
  protected place: ReferencePlace = { desc: 0n, driver: 0n, device: 0n };
  protected size = 0;
  protected flags = 0;
  protected live = false;
  protected error = 0;
  protected generation = 0;
  /** For each chain that the device has: the ring descriptors that it takes up. */
  protected readonly inFlight = new Map<number, number>();

  constructor(ram: Uint8Array) {
    this.ram = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  }

  /** The areas that a queue of this size and format needs, or the refusal of the size. */
  protected abstract areas(size: number, place: ReferencePlace): readonly ReferenceArea[] | number;
  /** Both indices, or positions, and what is staged, as at the start. */
  protected abstract restart(): void;
  /** What vq_get calls LAST_AVAIL and USED_IDX. */
  abstract get positions(): readonly [number, number];
  abstract pop(): PoppedChain | null | number;
  abstract push(head: number, generation: number, written: number): number;
  abstract unpop(head: number, generation: number): number;
  abstract flush(): number;
  abstract arm(): number;
  abstract disarm(): void;

  enable(size: number, place: ReferencePlace, flags: number): number {
    this.disable();
    const areas = this.areas(size, place);
    if (typeof areas === "number") return areas;
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
    this.inFlight.clear();
    this.restart();
  }

  protected die(error: number): number {
    this.live = false;
    this.generation += 1;
    this.error = error;
    return error;
  }

  protected readonly isRam = (address: bigint, length: number): boolean => {
    const start = address - BigInt(GUEST_RAM_BASE);
    return start >= 0n && start < BigInt(this.ram.byteLength) && start + BigInt(length) <= BigInt(this.ram.byteLength);
  };

  protected at(address: bigint): number {
    return Number(address - BigInt(GUEST_RAM_BASE));
  }

  protected get16(address: bigint): number {
    return this.ram.getUint16(this.at(address), true);
  }

  protected set16(address: bigint, value: number): void {
    this.ram.setUint16(this.at(address), value, true);
  }

  /** Why a descriptor must not point to an indirect table, or 0. */
  protected refuseTable(address: bigint, length: number, flags: number): number {
    if ((this.flags & W.VQ_FLAG_INDIRECT) === 0) return W.VQ_ERROR_INDIRECT_FEATURE;
    if ((flags & VIRTQ_DESC_F_NEXT) !== 0) return W.VQ_ERROR_INDIRECT_NEXT;
    if (length === 0 || length % 16 !== 0 || length / 16 > 1024) return W.VQ_ERROR_INDIRECT_SIZE;
    return this.isRam(address, length) ? 0 : W.VQ_ERROR_INDIRECT_TABLE;
  }

  /** Whether `head` is a chain of this life that the device has. */
  holds(head: number, generation: number): boolean {
    return this.live && generation === this.generation && this.inFlight.has(head);
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
