/** R20 on the packed ring: descriptors that change while they are walked. No byte is loaded twice. */
import { describe, expect, it } from "vitest";
import * as W from "./spec/walker.ts";
import { GUEST_RAM_BASE } from "./testing/engine.ts";
import { loadInstrumentedEngine } from "./testing/instrumented.ts";
import { type PoppedChain, RingBench } from "./testing/ring-bench.ts";

const AVAIL = 1 << 7;
const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
const SIZE = 3;

/** Loads and stores as guest physical [address, size]. */
interface Accesses {
  readonly reads: [number, number][];
  readonly writes: [number, number][];
  onRead: (count: number) => void;
}

async function bench(): Promise<{ made: RingBench; seen: Accesses }> {
  const seen: Accesses = { reads: [], writes: [], onRead: () => {} };
  let base = 0;
  const engine = await loadInstrumentedEngine(0x10_0000, {
    read: (host, size) => {
      seen.onRead(seen.reads.length);
      seen.reads.push([host - base + GUEST_RAM_BASE, size]);
    },
    write: (host, size) => void seen.writes.push([host - base + GUEST_RAM_BASE, size]),
  });
  base = engine.vq_ram_base() >>> 0;
  return { made: new RingBench(engine), seen };
}

/** A ring of three: two direct descriptors and a table of two; the list fills it, so that what follows is its first one. */
function offer(made: RingBench): { descriptors: number[]; place: Record<"desc" | "driver" | "device", number> } {
  const { ram } = made;
  const place = { desc: ram.alloc(16 * SIZE, 16), driver: ram.alloc(4, 4), device: ram.alloc(4, 4) };
  expect(made.enable(SIZE, place, W.VQ_FLAG_PACKED | W.VQ_FLAG_INDIRECT)).toBe(0);
  const table = ram.alloc(32);
  const buffers = ram.alloc(256);
  const write = (at: number, address: number, length: number, flags: number): void => {
    ram.setU64(at, address);
    ram.setU32(at + 8, length);
    ram.setU16(at + 12, 9);
    ram.setU16(at + 14, flags);
  };
  write(table, buffers + 64, 12, 0);
  write(table + 16, buffers + 96, 13, WRITE);
  write(place.desc + 32, table, 32, INDIRECT | AVAIL);
  write(place.desc + 16, buffers + 32, 11, NEXT | AVAIL);
  write(place.desc, buffers, 10, NEXT | AVAIL);
  return { descriptors: [0, 16, 32].map((at) => place.desc + at).concat(table, table + 16), place };
}

/** Whether no byte is in two of these loads. */
function isSingleFetch(reads: readonly [number, number][]): boolean {
  const seen = new Set<number>();
  return reads.every(([address, size]) => {
    const bytes = Array.from({ length: size }, (_, index) => address + index);
    const fresh = bytes.every((byte) => !seen.has(byte));
    for (const byte of bytes) seen.add(byte);
    return fresh;
  });
}

describe("single fetch on a packed ring", () => {
  it("R20: a walk loads no byte twice and nothing but descriptors", { timeout: 180_000 }, async () => {
    const { made, seen } = await bench();
    const { descriptors } = offer(made);
    seen.reads.length = 0;
    expect(made.pop()).toMatchObject({ readable: 3, readableBytes: 33, writableBytes: 13 });
    expect(isSingleFetch(seen.reads)).toBe(true);
    const allowed = descriptors.flatMap((at) => Array.from({ length: 16 }, (_, index) => at + index));
    const loaded = seen.reads.flatMap(([at, size]) => Array.from({ length: size }, (_, index) => at + index));
    expect(loaded.filter((byte) => !allowed.includes(byte))).toEqual([]);
    expect(seen.writes).toEqual([]);
  });

  it("R20: a list that fills the ring and goes on does not come to its first descriptor again", async () => {
    const { made, seen } = await bench();
    const { place } = offer(made);
    made.ram.setU16(place.desc + 32 + 14, NEXT | AVAIL);
    seen.reads.length = 0;
    expect(made.pop()).toBe(W.VQ_ERROR_LOOP);
    expect(isSingleFetch(seen.reads)).toBe(true);
  });

  it("R20: a field that changes after any load is seen in its old or in its new state", {
    timeout: 180_000,
  }, async () => {
    const { made, seen } = await bench();
    const outcome = (spoil: (descriptors: number[], count: number) => void): PoppedChain | null | number => {
      made.ram.rewind();
      const { descriptors } = offer(made);
      seen.reads.length = 0;
      seen.onRead = (count) => spoil(descriptors, count);
      const popped = made.pop();
      seen.onRead = () => {};
      expect(isSingleFetch(seen.reads)).toBe(true);
      return popped;
    };
    outcome(() => {});
    const loads = seen.reads.length;
    const changes = [
      (at: number): void => made.ram.setU64(at, GUEST_RAM_BASE + 0x40),
      (at: number): void => made.ram.setU32(at + 8, 16),
      (at: number): void => made.ram.setU16(at + 12, 7),
      (at: number): void => made.ram.setU16(at + 14, 0),
      (at: number): void => made.ram.setU16(at + 14, WRITE | AVAIL),
    ];
    const text = (popped: PoppedChain | null | number): string =>
      JSON.stringify(popped !== null && typeof popped === "object" ? { ...popped, generation: 0 } : popped);
    for (const change of changes) {
      for (let index = 0; index < 5; ++index) {
        // Both states of the field, from the beginning on.
        const before = text(outcome(() => {}));
        const after = text(outcome((at, count) => count === 0 && change(at[index] as number)));
        for (let when = 0; when < loads; ++when) {
          const popped = text(outcome((at, count) => count === when && change(at[index] as number)));
          expect([before, after]).toContain(popped);
        }
      }
    }
  });
});
