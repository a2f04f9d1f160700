/**
 * The write-shadow oracle: knows at every moment which bytes of guest RAM the device may write (its part of each
 * running ring, and the writable segments of chains in flight) and checks every store against that.
 */
import type { RingEngine } from "../ring-engine.ts";
import { DESC_SIZE, EVENT_SUPPRESS_SIZE, USED_ELEM_SIZE, USED_OVERHEAD } from "../spec/ring.ts";
import { CHAIN_SEGMENTS, VQ_AREA_DESC, VQ_AREA_DEVICE, VQ_FLAG_PACKED } from "../spec/walker.ts";
import type { Probe } from "./instrumented.ts";
import { readRecord } from "./ring-bench.ts";
import { GUEST_RAM_BASE } from "./engine.ts";

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Of a packed ring's descriptor the device writes length, id and flags, never the address. */
const USED_DESCRIPTOR = { from: 8, to: DESC_SIZE };

export class WriteShadow implements Probe {
  /** Stores that were not allowed. */
  readonly violations: string[] = [];
  /** Stores that were looked at. */
  stores = 0;
  private base = 0;
  private readonly areas = new Map<string, number>();
  private readonly rings = new Map<number, readonly Range[]>();
  private readonly chains = new Map<number, Map<number, Range[]>>();

  private readonly always: { readonly gpa: number; readonly length: number }[] = [];

  /** Guest physical memory that the device side may always write. */
  allow(gpa: number, length: number): void {
    this.always.push({ gpa, length });
  }

  read(): void {}

  /** The walker's own stores: only to the device's part of a running queue. */
  write(host: number, size: number): void {
    this.check("ring", host, size, [...this.rings.values()].flat());
  }

  /** The device's part of a ring that starts, by its format. */
  private parts(queue: number, size: number, packed: boolean): readonly Range[] {
    const at = (area: number): number => (this.areas.get(`${queue} ${area}`) ?? 0) - GUEST_RAM_BASE + this.base;
    const device = at(VQ_AREA_DEVICE);
    if (!packed) return [{ from: device, to: device + USED_OVERHEAD + USED_ELEM_SIZE * size }];
    const desc = at(VQ_AREA_DESC);
    const descriptors = Array.from({ length: size }, (_, index) => ({
      from: desc + DESC_SIZE * index + USED_DESCRIPTOR.from,
      to: desc + DESC_SIZE * index + USED_DESCRIPTOR.to,
    }));
    return [...descriptors, { from: device, to: device + EVENT_SUPPRESS_SIZE }];
  }

  private check(what: string, host: number, size: number, allowed: readonly Range[]): void {
    this.stores += 1;
    const gpa = host - this.base + GUEST_RAM_BASE;
    if (this.always.some((area) => gpa >= area.gpa && gpa + size <= area.gpa + area.length)) return;
    if (size === 0 || allowed.some(({ from, to }) => host >= from && host + size <= to)) return;
    this.violations.push(`${what}: ${size} bytes at 0x${gpa.toString(16)}`);
  }

  /** Stands between the devices and the engine. */
  wrap(engine: RingEngine): RingEngine {
    this.base = engine.vq_ram_base() >>> 0;
    const forget = (queue: number): void => {
      this.rings.delete(queue);
      this.chains.delete(queue);
    };
    return {
      ...engine,
      memory: engine.memory,
      vq_set_area: (queue, area, low, high) => {
        this.areas.set(`${queue} ${area}`, low);
        engine.vq_set_area(queue, area, low, high);
      },
      vq_enable: (queue, size, flags) => {
        const error = engine.vq_enable(queue, size, flags);
        forget(queue);
        if (error === 0) this.rings.set(queue, this.parts(queue, size, (flags & VQ_FLAG_PACKED) !== 0));
        return error;
      },
      vq_disable: (queue) => {
        forget(queue);
        engine.vq_disable(queue);
      },
      vq_stop: (queue) => {
        forget(queue);
        engine.vq_stop(queue);
      },
      vq_pop: (queue) => {
        const record = engine.vq_pop(queue);
        if (record > 0) this.take(engine, queue, record);
        else if (record < 0) forget(queue);
        return record;
      },
      vq_push: (queue, generation, head, written, packed) => {
        const done = engine.vq_push(queue, generation, head, written, packed);
        if (done !== 0) this.chains.get(queue)?.delete(head);
        return done;
      },
      vq_unpop: (queue, generation, head, packed) => {
        this.chains.get(queue)?.delete(head);
        return engine.vq_unpop(queue, generation, head, packed);
      },
      vq_written: (host, length) => {
        const segments = [...this.chains.values()].flatMap((chains) => [...chains.values()].flat());
        this.check("buffer", host >>> 0, length, segments);
        engine.vq_written(host, length);
      },
    };
  }

  private take(engine: RingEngine, queue: number, record: number): void {
    const chain = readRecord(engine, record);
    const words = new Uint32Array(engine.memory.buffer, record + CHAIN_SEGMENTS, chain.segments.length * 2);
    const ranges: Range[] = [];
    for (let index = chain.readable; index < chain.segments.length; ++index) {
      const from = words[2 * index] as number;
      ranges.push({ from, to: from + (words[2 * index + 1] as number) });
    }
    const chains = this.chains.get(queue) ?? new Map<number, Range[]>();
    chains.set(chain.head, ranges);
    this.chains.set(queue, chains);
  }
}
