/** One queue of the bare ring walker, and a driver that may do anything to it. */
import type { RingEngine } from "../ring-engine.ts";
import {
  CHAIN_GENERATION,
  CHAIN_HEAD,
  CHAIN_PACKED,
  CHAIN_READABLE,
  CHAIN_READABLE_BYTES,
  CHAIN_SEGMENTS,
  CHAIN_WRITABLE,
  CHAIN_WRITABLE_BYTES,
  VQ_AREA_DESC,
  VQ_AREA_DEVICE,
  VQ_AREA_DRIVER,
  VQ_FLAG_INDIRECT,
} from "../spec/walker.ts";
import { DriverRing, type RingPlace } from "./driver-ring.ts";
import { ringBytes } from "./driver-transport.ts";
import { GUEST_RAM_BASE, loadRingEngine } from "./engine.ts";
import { GuestRam } from "./guest-ram.ts";

/** A chain as vq_pop tells it, with guest physical addresses. */
export interface PoppedChain {
  readonly generation: number;
  readonly head: number;
  /** CHAIN_PACKED of the record; 0 on a split ring. */
  readonly packed: number;
  readonly readable: number;
  readonly readableBytes: number;
  readonly writableBytes: number;
  readonly segments: readonly { readonly address: number; readonly length: number }[];
}

/** Reads the chain record at `record`. */
export function readRecord(engine: RingEngine, record: number): PoppedChain {
  const view = new DataView(engine.memory.buffer as ArrayBuffer, record);
  const field = (offset: number): number => view.getUint32(offset, true);
  const count = field(CHAIN_READABLE) + field(CHAIN_WRITABLE);
  const base = (engine.vq_ram_base() >>> 0) - GUEST_RAM_BASE;
  return {
    generation: field(CHAIN_GENERATION),
    head: field(CHAIN_HEAD),
    packed: field(CHAIN_PACKED),
    readable: field(CHAIN_READABLE),
    readableBytes: field(CHAIN_READABLE_BYTES),
    writableBytes: field(CHAIN_WRITABLE_BYTES),
    segments: Array.from({ length: count }, (_, index) => ({
      address: field(CHAIN_SEGMENTS + 8 * index) - base,
      length: field(CHAIN_SEGMENTS + 8 * index + 4),
    })),
  };
}

export class RingBench {
  readonly engine: RingEngine;
  readonly ram: GuestRam;
  readonly queue: number;

  constructor(engine: RingEngine = loadRingEngine(0x10_0000)) {
    this.engine = engine;
    this.ram = new GuestRam(engine);
    this.queue = engine.vq_open();
  }

  /** Fresh areas for `size` descriptors. */
  place(size: number): RingPlace {
    return {
      desc: this.ram.alloc(ringBytes.desc(size), 16),
      driver: this.ram.alloc(ringBytes.driver(size), 2),
      device: this.ram.alloc(ringBytes.device(size), 4),
    };
  }

  /** Enables the queue on these areas; returns what vq_enable says. Addresses may be larger than 2^53. */
  enable(size: number, place: Readonly<Record<keyof RingPlace, number | bigint>>, flags = VQ_FLAG_INDIRECT): number {
    const { engine, queue } = this;
    for (const [area, name] of [
      [VQ_AREA_DESC, "desc"],
      [VQ_AREA_DRIVER, "driver"],
      [VQ_AREA_DEVICE, "device"],
    ] as const) {
      const address = BigInt(place[name]);
      engine.vq_set_area(queue, area, Number(address & 0xffff_ffffn), Number(address >> 32n));
    }
    return engine.vq_enable(queue, size, flags);
  }

  /** An enabled ring with its driver's side. */
  ring(size = 8, flags = VQ_FLAG_INDIRECT): DriverRing {
    const place = this.place(size);
    const error = this.enable(size, place, flags);
    if (error !== 0) throw new Error(`refused: ${error}`);
    return new DriverRing(this.ram, size, place, (flags & 1) !== 0);
  }

  /** The next chain, null for none, or the error code. */
  pop(): PoppedChain | null | number {
    const record = this.engine.vq_pop(this.queue);
    if (record === 0) return null;
    return record < 0 ? record : readRecord(this.engine, record);
  }
}
