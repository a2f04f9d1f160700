/** R20: descriptors that change while they are walked. No byte is loaded twice, so every answer is one of the two states. */
import { describe, expect, it } from "vitest";
import * as W from "./spec/walker.ts";
import type { DriverRing } from "./testing/driver-ring.ts";
import { GUEST_RAM_BASE } from "./testing/engine.ts";
import { loadInstrumentedEngine, type Probe } from "./testing/instrumented.ts";
import { type PoppedChain, RingBench } from "./testing/ring-bench.ts";

class Watch implements Probe {
  /** Accesses since the last reset, as guest physical [address, size]. */
  readonly reads: [number, number][] = [];
  readonly writes: [number, number][] = [];
  /** Called with the number of loads made so far. */
  onRead: (count: number) => void = () => {};
  base = 0;

  read(host: number, size: number): void {
    this.onRead(this.reads.length);
    this.reads.push([host - this.base + GUEST_RAM_BASE, size]);
  }

  write(host: number, size: number): void {
    this.writes.push([host - this.base + GUEST_RAM_BASE, size]);
  }
}

async function bench(): Promise<{ bench: RingBench; watch: Watch }> {
  const watch = new Watch();
  const engine = await loadInstrumentedEngine(0x10_0000, watch);
  watch.base = engine.vq_ram_base() >>> 0;
  return { bench: new RingBench(engine), watch };
}

/** Two direct descriptors, then an indirect table of three. */
function offerMixed(made: RingBench, ring: DriverRing): { descriptors: number[]; buffers: number[] } {
  const buffers = [0, 1, 2, 3, 4].map(() => made.ram.alloc(256));
  const at = buffers.map((address, index) => ({ address, length: 10 + index, write: index >= 3 }));
  const table = made.ram.alloc(48);
  const write = (where: number, buffer: (typeof at)[number], flags: number, next: number): void =>
    ring.writeDescriptor(where, 0, buffer, flags, next);
  const [a, b, c, d, e] = at as [(typeof at)[0], (typeof at)[0], (typeof at)[0], (typeof at)[0], (typeof at)[0]];
  const desc = ring.place.desc;
  write(desc, a, 1, 1);
  write(desc + 16, b, 1, 2);
  write(desc + 32, { address: table, length: 48, write: false }, 4, 0);
  write(table, c, 1, 1);
  write(table + 16, d, 1, 2);
  write(table + 32, e, 0, 0);
  ring.offer(0);
  return { descriptors: [desc, desc + 16, desc + 32, table, table + 16, table + 32], buffers };
}

describe("single fetch", () => {
  it("R20: a walk loads no byte twice and nothing but the ring and its tables", { timeout: 180_000 }, async () => {
    const { bench: made, watch } = await bench();
    const ring = made.ring(8);
    const { descriptors } = offerMixed(made, ring);
    watch.reads.length = 0;
    expect(made.pop()).toMatchObject({ readable: 3, writableBytes: 27 });
    const seen = new Set<number>();
    for (const [address, size] of watch.reads) {
      for (let byte = address; byte < address + size; ++byte) {
        expect(seen.has(byte)).toBe(false);
        seen.add(byte);
      }
    }
    const allowed = new Set<number>([2, 3, 4, 5].map((byte) => ring.place.driver + byte));
    for (const at of descriptors) for (let byte = at; byte < at + 16; ++byte) allowed.add(byte);
    expect([...seen].filter((byte) => !allowed.has(byte))).toEqual([]);
    expect(seen.size).toBe(allowed.size);
    expect(watch.writes).toEqual([]);
  });

  it("R20: a field that changes after any load is seen in its old or in its new state, and nothing else changes", {
    timeout: 180_000,
  }, async () => {
    const { bench: made, watch } = await bench();
    const outcome = (spoil: (at: number[], count: number) => void): PoppedChain | null | number => {
      const ring = made.ring(8);
      const { descriptors } = offerMixed(made, ring);
      watch.reads.length = 0;
      watch.onRead = (count) => spoil(descriptors, count);
      const popped = made.pop();
      watch.onRead = () => {};
      return popped;
    };
    const plain = outcome(() => {}) as PoppedChain;
    const loads = watch.reads.length;
    const lengths = plain.segments.map(({ length }) => length);
    // Every descriptor, every field, changed before every load there is.
    for (let index = 0; index < 6; ++index) {
      for (const [field, change] of [
        ["addr", (at: number): void => made.ram.setU64(at, GUEST_RAM_BASE + 0x40)],
        ["len", (at: number): void => made.ram.setU32(at + 8, 32)],
        ["flags", (at: number): void => made.ram.setU16(at + 12, 0)],
        ["next", (at: number): void => made.ram.setU16(at + 14, 7)],
      ] as const) {
        for (let when = 0; when < loads; ++when) {
          const popped = outcome((at, count) => {
            if (count === when) change(at[index] as number);
          });
          if (popped === null) throw new Error("the chain is gone");
          if (typeof popped === "number") {
            // What the new state alone would give: a next outside the table, a changed indirect descriptor, an order.
            expect([W.VQ_ERROR_NEXT, W.VQ_ERROR_INDIRECT_SIZE, W.VQ_ERROR_ORDER]).toContain(popped);
            continue;
          }
          const segment = index < 2 ? index : index - 1;
          popped.segments.forEach(({ address, length }, position) => {
            const isSpoilt = index !== 2 && position === segment;
            if (isSpoilt && field === "addr")
              expect(address === GUEST_RAM_BASE + 0x40 || address > GUEST_RAM_BASE + 0x1000).toBe(true);
            if (isSpoilt && field === "len") expect([lengths[position], 32]).toContain(length);
            else if (index !== 2 && field !== "flags") expect(length).toBe(lengths[position]);
          });
        }
      }
    }
  });
});
