/** What the differential fuzz compares with the reference rings: the bare walker, or the handle that devices use. */
import type { Chain } from "../chain.ts";
import { GuestMemory } from "../guest-memory.ts";
import type { RingEngine } from "../ring-engine.ts";
import * as W from "../spec/walker.ts";
import { StateReader } from "../state.ts";
import { Virtqueue } from "../virtqueue.ts";
import { GUEST_RAM_BASE } from "./engine.ts";
import { type PoppedChain, readRecord } from "./ring-bench.ts";

/** Guest physical addresses of the areas. */
export interface SubjectPlace {
  readonly desc: number;
  readonly driver: number;
  readonly device: number;
}

/** One queue. Chains are named by what `pop` returned. */
export interface Subject {
  /** Buffers are returned in the order in which they came. */
  readonly inOrder: boolean;
  /** A chain that was returned is not mistaken for a later one of the same name. */
  readonly knowsChains: boolean;
  enable(size: number, place: SubjectPlace, flags: number): number;
  pop(): PoppedChain | null | number;
  /** Returns a chain; false when it was dead. */
  push(chain: PoppedChain, written: number): boolean;
  unpop(chain: PoppedChain): boolean;
  /** Whether the driver is notified. */
  flush(): boolean;
  arm(): boolean;
  disarm(): void;
  /** What vq_get calls LAST_AVAIL and USED_IDX, and the number of chains in flight. */
  readonly positions: readonly [number, number, number];
  /** Saves and restores; for each of these chains that are in flight, its new name. */
  moveOn(inFlight: readonly PoppedChain[], size: number, flags: number): readonly PoppedChain[];
}

/** The vq_* functions, as they are. */
export class WalkerSubject implements Subject {
  readonly inOrder = false;
  readonly knowsChains = false;
  private readonly engine: RingEngine;
  private readonly queue: number;

  constructor(engine: RingEngine) {
    this.engine = engine;
    this.queue = engine.vq_open();
  }

  enable(size: number, { desc, driver, device }: SubjectPlace, flags: number): number {
    this.engine.vq_set_area(this.queue, W.VQ_AREA_DESC, desc, 0);
    this.engine.vq_set_area(this.queue, W.VQ_AREA_DRIVER, driver, 0);
    this.engine.vq_set_area(this.queue, W.VQ_AREA_DEVICE, device, 0);
    return this.engine.vq_enable(this.queue, size, flags);
  }

  pop(): PoppedChain | null | number {
    const record = this.engine.vq_pop(this.queue);
    return record === 0 ? null : record < 0 ? record : readRecord(this.engine, record);
  }

  push({ generation, head, packed }: PoppedChain, written: number): boolean {
    return this.engine.vq_push(this.queue, generation, head, written, packed) !== 0;
  }

  unpop({ generation, head, packed }: PoppedChain): boolean {
    return this.engine.vq_unpop(this.queue, generation, head, packed) !== 0;
  }

  flush(): boolean {
    return this.engine.vq_flush(this.queue) !== 0;
  }

  arm(): boolean {
    return this.engine.vq_arm(this.queue) !== 0;
  }

  disarm(): void {
    this.engine.vq_disarm(this.queue);
  }

  private field(field: number): number {
    return this.engine.vq_get(this.queue, field);
  }

  get positions(): readonly [number, number, number] {
    const fields = [W.VQ_FIELD_LAST_AVAIL, W.VQ_FIELD_USED_IDX, W.VQ_FIELD_IN_FLIGHT] as const;
    return [this.field(fields[0]), this.field(fields[1]), this.field(fields[2])];
  }

  moveOn(inFlight: readonly PoppedChain[], size: number, flags: number): readonly PoppedChain[] {
    const { engine, queue } = this;
    const saved = [0, 1, 2, 3].map((field) => this.field(field)) as [number, number, number, number];
    if (engine.vq_enable(queue, size, flags) !== 0) throw new Error("a running queue was refused");
    if (engine.vq_restore(queue, ...saved) === 0) throw new Error("saved positions were refused");
    const generation = engine.vq_generation(queue) >>> 0;
    return inFlight.map((chain) => {
      if (engine.vq_hold(queue, chain.head, chain.packed) !== 0) throw new Error("a saved chain was refused");
      return { ...chain, generation };
    });
  }
}

/** The handle: it keeps the order of VIRTIO_F_IN_ORDER, and its whole state is saved and restored. */
export class HandleSubject implements Subject {
  readonly inOrder: boolean;
  readonly knowsChains = true;
  private readonly engine: RingEngine;
  private readonly queue: Virtqueue;
  private readonly chains = new Map<PoppedChain, Chain>();
  private flags = 0;
  private violation = 0;
  private notified = false;

  constructor(engine: RingEngine, inOrder: boolean) {
    this.engine = engine;
    this.inOrder = inOrder;
    const host = {
      engine,
      memory: new GuestMemory(engine),
      live: true,
      inOrder,
      nowMs: () => 0,
      ringFlags: () => this.flags,
      usedBuffer: () => void (this.notified = true),
      ringViolation: (_queue: Virtqueue, error: number) => void (this.violation = error),
    };
    this.queue = new Virtqueue(host, 0, { name: "requestq", sizeMax: W.VQ_SIZE_MAX });
  }

  enable(size: number, place: SubjectPlace, flags: number): number {
    // As a queue reset does it.
    this.queue.reset();
    this.flags = flags;
    this.queue.size = size;
    for (const area of ["desc", "driver", "device"] as const) this.queue[area].low = place[area];
    return this.queue.enable();
  }

  private popped(chain: Chain): PoppedChain {
    const count = chain.segments.length / 2;
    const popped = {
      generation: chain.generation,
      head: chain.head,
      packed: chain.packed,
      readable: chain.readableSegments,
      readableBytes: chain.readableBytes,
      writableBytes: chain.writableBytes,
      segments: Array.from({ length: count }, (_, index) => ({
        address: (chain.segments[2 * index] as number) - chain.memory.base + GUEST_RAM_BASE,
        length: chain.segments[2 * index + 1] as number,
      })),
    };
    this.chains.set(popped, chain);
    return popped;
  }

  pop(): PoppedChain | null | number {
    this.violation = 0;
    const chain = this.queue.pop();
    if (chain !== null) return this.popped(chain);
    return this.violation === 0 ? null : this.violation;
  }

  push(chain: PoppedChain, written: number): boolean {
    const known = this.chains.get(chain);
    return known !== undefined && this.queue.push(known, written);
  }

  unpop(chain: PoppedChain): boolean {
    const known = this.chains.get(chain);
    return known !== undefined && this.queue.unpop(known);
  }

  flush(): boolean {
    this.notified = false;
    this.queue.flush();
    return this.notified;
  }

  arm(): boolean {
    return this.queue.arm();
  }

  disarm(): void {
    this.queue.disarm();
  }

  get positions(): readonly [number, number, number] {
    const { lastAvail, usedIdx, inFlight } = this.queue.save();
    return [lastAvail, usedIdx, inFlight.length];
  }

  moveOn(inFlight: readonly PoppedChain[]): readonly PoppedChain[] {
    this.queue.load(new StateReader(JSON.parse(JSON.stringify(this.queue.save())), "queue"));
    const restored = new Map(Array.from(this.queue.inFlight, (chain) => [chain.head, chain]));
    if (restored.size !== inFlight.length) throw new Error(`${restored.size} chains in flight, not ${inFlight.length}`);
    return inFlight.map((old) => {
      const chain = restored.get(old.head);
      if (chain === undefined) throw new Error(`chain ${old.head} is lost`);
      return this.popped(chain);
    });
  }
}
