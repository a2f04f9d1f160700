/** A virtqueue: the typed handle over the ring walker. */
import { Chain, type ChainState } from "./chain.ts";
import { CompletionOrder } from "./completion-order.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { QueueCounters } from "./queue-counters.ts";
import type { RingEngine } from "./ring-engine.ts";
import {
  CHAIN_GENERATION,
  CHAIN_HEAD,
  CHAIN_PACKED,
  CHAIN_READABLE,
  CHAIN_SEGMENTS,
  CHAIN_WRITABLE,
  VQ_AREA_DESC,
  VQ_AREA_DEVICE,
  VQ_AREA_DRIVER,
  VQ_ERROR_DUPLICATE,
  VQ_ERROR_ENDLESS,
  VQ_ERROR_SIZE,
  VQ_FIELD_LAST_AVAIL,
  VQ_FIELD_SIGNALLED_USED,
  VQ_FIELD_SIGNALLED_VALID,
  VQ_FIELD_USED_IDX,
  VQ_SIZE_MAX,
} from "./spec/walker.ts";
import type { StateReader } from "./state.ts";

/** A queue as a device declares it. */
export interface QueueSpec {
  /** The specification's name, "requestq" for example. */
  readonly name: string;
  /** Largest queue size in descriptors, a power of two up to VQ_SIZE_MAX. */
  readonly sizeMax: number;
}

/** What a queue needs from its bus. */
export interface QueueHost {
  readonly engine: RingEngine;
  readonly memory: GuestMemory;
  /** Whether rings may be touched: the driver is ready and nothing is broken. */
  readonly live: boolean;
  /** VQ_FLAG_* bits of the negotiated features. */
  ringFlags(): number;
  /** Chains go back in the order in which they came (VIRTIO_F_IN_ORDER). */
  readonly inOrder: boolean;
  /** Monotonic milliseconds; NaN without a clock. */
  nowMs(): number;
  /** A used buffer notification is due. */
  usedBuffer(queue: Virtqueue): void;
  /** The driver has broken the rules of the ring. */
  ringViolation(queue: Virtqueue, error: number): void;
}

/** A 64-bit guest physical address in two halves, as registers have it. */
export interface Address {
  low: number;
  high: number;
}

/** A saved queue: configuration as in the specification's VQ_CFG device part, then the ring's own run-time state. */
export interface VirtqueueState {
  readonly size: number;
  readonly ready: boolean;
  readonly desc: Address;
  readonly driver: Address;
  readonly device: Address;
  readonly lastAvail: number;
  readonly usedIdx: number;
  readonly signalledUsed: number;
  readonly signalledValid: number;
  readonly inFlight: readonly ChainState[];
}

export class Virtqueue {
  readonly index: number;
  readonly name: string;
  readonly sizeMax: number;
  /** Size that the driver chose; checked when the queue is enabled. */
  size: number;
  /** Where the driver put the areas; looked at when the queue is enabled. */
  readonly desc: Address = { low: 0, high: 0 };
  readonly driver: Address = { low: 0, high: 0 };
  readonly device: Address = { low: 0, high: 0 };
  readonly counters = new QueueCounters();
  private readonly host: QueueHost;
  private readonly slot: number;
  private isReady = false;
  private readonly held = new Map<number, Chain>();
  private readonly order = new CompletionOrder();

  constructor(host: QueueHost, index: number, spec: QueueSpec) {
    if (spec.sizeMax > VQ_SIZE_MAX) throw new RangeError(`${spec.name}: queue size above ${VQ_SIZE_MAX}`);
    this.host = host;
    this.index = index;
    this.name = spec.name;
    this.sizeMax = spec.sizeMax;
    this.size = spec.sizeMax;
    this.slot = host.engine.vq_open();
    if (this.slot < 0) throw new Error("the machine has more virtqueues than the ring walker has slots for");
  }

  /** Whether the driver has enabled the queue and the rings were accepted. Stays when a violation has stopped it. */
  get ready(): boolean {
    return this.isReady;
  }

  /** The chains that were taken and that the driver does not have back yet, in the order in which they came. */
  get inFlight(): Iterable<Chain> {
    return this.host.inOrder ? this.order.chains : this.held.values();
  }

  /** Chains waiting, as the driver claims. */
  get pending(): number {
    return this.host.engine.vq_pending(this.slot) >>> 0;
  }

  /** Checks size and areas (2.7, and that all of it is RAM) and starts the queue. Returns 0 or the refusal. */
  enable(): number {
    const { engine } = this.host;
    this.disable();
    if (this.size > this.sizeMax) return VQ_ERROR_SIZE;
    engine.vq_set_area(this.slot, VQ_AREA_DESC, this.desc.low, this.desc.high);
    engine.vq_set_area(this.slot, VQ_AREA_DRIVER, this.driver.low, this.driver.high);
    engine.vq_set_area(this.slot, VQ_AREA_DEVICE, this.device.low, this.device.high);
    const error = engine.vq_enable(this.slot, this.size, this.host.ringFlags());
    this.isReady = error === 0;
    return error;
  }

  /** Stops the queue: its chains are dead, the ring is touched no more. */
  disable(): void {
    this.isReady = false;
    this.forget();
    this.host.engine.vq_disable(this.slot);
  }

  /** Back to the state after a device reset. */
  reset(): void {
    this.disable();
    this.size = this.sizeMax;
    for (const area of [this.desc, this.driver, this.device]) {
      area.low = 0;
      area.high = 0;
    }
  }

  /** As `disable`, but the driver still sees the queue as it was: the device needs a reset. */
  stop(): void {
    this.forget();
    this.host.engine.vq_stop(this.slot);
  }

  /** Gives the walker's slot back; the queue is not used any more. */
  dispose(): void {
    this.disable();
    this.host.engine.vq_close(this.slot);
  }

  /** The negotiated features have changed while the queue runs (legacy drivers only). */
  refreshFlags(): void {
    this.host.engine.vq_set_flags(this.slot, this.host.ringFlags());
  }

  /** Takes the next available chain, or null. After a violation the bus knows and the answer is null. */
  pop(): Chain | null {
    const { engine, memory } = this.host;
    if (!this.host.live) return null;
    const record = engine.vq_pop(this.slot);
    if (record === 0) return null;
    if (record < 0) {
      this.forget();
      this.host.ringViolation(this, record);
      return null;
    }
    const header = new Uint32Array(engine.memory.buffer, record, CHAIN_SEGMENTS >> 2);
    const readable = header[CHAIN_READABLE >> 2] as number;
    const count = readable + (header[CHAIN_WRITABLE >> 2] as number);
    const segments = new Uint32Array(engine.memory.buffer, record + CHAIN_SEGMENTS, count * 2).slice();
    const name = {
      generation: header[CHAIN_GENERATION >> 2] as number,
      head: header[CHAIN_HEAD >> 2] as number,
      packed: header[CHAIN_PACKED >> 2] as number,
    };
    const chain = new Chain(this, memory, name, readable, segments);
    this.counters.take(chain, this.host.nowMs());
    return this.hold(chain);
  }

  private hold(chain: Chain): Chain {
    this.held.set(chain.head, chain);
    if (this.host.inOrder) this.order.take(chain);
    return chain;
  }

  private forget(): void {
    this.held.clear();
    this.order.clear();
    this.counters.forget();
  }

  /** Whether `chain` is still the device's to answer. */
  owns(chain: Chain): boolean {
    return chain.generation === this.host.engine.vq_generation(this.slot) >>> 0 && this.held.get(chain.head) === chain;
  }

  /**
   * Returns a chain with `written` bytes written from the start of its writable part. The driver sees it after
   * `flush`; with VIRTIO_F_IN_ORDER not before all that were taken before it. False, and nothing written, when the
   * chain is dead.
   */
  push(chain: Chain, written: number): boolean {
    if (!this.owns(chain)) return false;
    this.held.delete(chain.head);
    if (!this.host.inOrder) return this.give(chain, written);
    for (const [next, bytes] of this.order.finish(chain, written)) this.give(next, bytes);
    return true;
  }

  private give(chain: Chain, written: number): boolean {
    const { generation, head, packed } = chain;
    if (this.host.engine.vq_push(this.slot, generation, head, written, packed) === 0) return false;
    this.counters.give(chain, written, this.host.nowMs());
    return true;
  }

  /** Puts back the chain that was taken last, untouched. */
  unpop(chain: Chain): boolean {
    if (!this.owns(chain)) return false;
    this.held.delete(chain.head);
    this.order.untake(chain);
    this.counters.untake();
    return this.host.engine.vq_unpop(this.slot, chain.generation, chain.head, chain.packed) !== 0;
  }

  /** Shows the driver what was pushed, and notifies it if it asked for that. */
  flush(): void {
    const isDue = this.host.engine.vq_flush(this.slot) !== 0;
    this.counters.flush(isDue);
    if (isDue) this.host.usedBuffer(this);
  }

  /** A VQ_FIELD_* of the ring walker. */
  field(field: number): number {
    return this.host.engine.vq_get(this.slot, field);
  }

  /** Asks the driver for notifications. True when chains are there already: take them, no notification will come. */
  arm(): boolean {
    return this.host.live && this.host.engine.vq_arm(this.slot) !== 0;
  }

  /** Tells the driver that notifications are not needed now. */
  disarm(): void {
    this.host.engine.vq_disarm(this.slot);
  }

  /**
   * Hands every available chain to `take` until it answers false (it has no room for another after this one) or
   * none is left, then asks for notifications in the latter case only. Pushed chains are flushed at the end.
   *
   * The driver does not run meanwhile, so there are no more chains than the ring has entries. A driver whose buffers
   * overlap the ring can make the device offer itself new ones for ever; that ends here.
   */
  drain(take: (chain: Chain) => boolean): void {
    let more = true;
    for (let left = this.size; more; --left) {
      const chain = this.pop();
      if (chain === null) more = this.arm();
      else if (left <= 0) {
        this.host.ringViolation(this, VQ_ERROR_ENDLESS);
        return;
      } else more = take(chain);
    }
    this.flush();
  }

  save(): VirtqueueState {
    const { engine } = this.host;
    return {
      size: this.size,
      ready: this.isReady,
      desc: { ...this.desc },
      driver: { ...this.driver },
      device: { ...this.device },
      lastAvail: engine.vq_get(this.slot, VQ_FIELD_LAST_AVAIL),
      usedIdx: engine.vq_get(this.slot, VQ_FIELD_USED_IDX),
      signalledUsed: engine.vq_get(this.slot, VQ_FIELD_SIGNALLED_USED),
      signalledValid: engine.vq_get(this.slot, VQ_FIELD_SIGNALLED_VALID),
      inFlight: Array.from(this.inFlight, (chain) => chain.save()),
    };
  }

  /** Restores a saved queue; throws a StateError when it does not fit this machine. */
  load(state: StateReader): void {
    this.reset();
    this.size = state.integer("size", 0, 0xffff_ffff);
    for (const name of ["desc", "driver", "device"] as const) {
      const area = state.section(name);
      this[name].low = area.integer("low", 0, 0xffff_ffff);
      this[name].high = area.integer("high", 0, 0xffff_ffff);
    }
    const lastAvail = state.integer("lastAvail", 0, 0xffff);
    const usedIdx = state.integer("usedIdx", 0, 0xffff);
    const signalledUsed = state.integer("signalledUsed", 0, 0xffff);
    const signalledValid = state.integer("signalledValid", 0, 1);
    const inFlight = state.list("inFlight");
    if (!state.boolean("ready")) {
      if (inFlight.length > 0) throw state.error("chains in flight on a queue that is not ready");
      return;
    }
    const refusal = this.enable();
    if (refusal !== 0) throw state.error(`the rings are refused (${refusal})`);
    if (this.host.engine.vq_restore(this.slot, lastAvail, usedIdx, signalledUsed, signalledValid) === 0) {
      throw state.error("the positions lie outside the ring");
    }
    for (const chain of inFlight) this.loadChain(chain);
  }

  private loadChain(state: StateReader): void {
    const { engine, memory } = this.host;
    const head = state.integer("head", 0, this.size - 1);
    const packed = state.raw("packed") === undefined ? 0 : state.integer("packed", 0, 0xffff_ffff);
    const saved = state.list("segments");
    const readable = state.integer("readable", 0, saved.length);
    const segments = new Uint32Array(saved.length * 2);
    saved.forEach((segment, index) => {
      const offset = segment.integer("offset", 0, memory.sizeBytes);
      segments[index * 2] = memory.base + offset;
      segments[index * 2 + 1] = segment.integer("length", 1, memory.sizeBytes - offset);
    });
    const refusal = engine.vq_hold(this.slot, head, packed);
    if (refusal === VQ_ERROR_DUPLICATE) throw state.error(`chain ${head} is in flight twice`);
    if (refusal !== 0) throw state.error(`chain ${head} has no place in the ring`);
    const generation = engine.vq_generation(this.slot) >>> 0;
    this.hold(new Chain(this, memory, { generation, head, packed }, readable, segments));
  }
}
