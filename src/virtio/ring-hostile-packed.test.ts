/** What a hostile or broken driver can do to a packed ring: the cases by their numbers in the robustness list. */
import { describe, expect, it } from "vitest";
import * as W from "./spec/walker.ts";
import { GUEST_RAM_BASE, loadRingEngine } from "./testing/engine.ts";
import { PackedDriverRing } from "./testing/packed-driver-ring.ts";
import { type PoppedChain, RingBench } from "./testing/ring-bench.ts";

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
const AVAIL = 1 << 7;
const USED = 1 << 15;
const PACKED = W.VQ_FLAG_PACKED;
const ALL = PACKED | W.VQ_FLAG_INDIRECT;

type Fields = [address: number | bigint, length: number, flags: number, id?: number];

/** A packed ring whose descriptors the test writes itself. */
class Bench extends RingBench {
  readonly size: number;
  readonly areas: Readonly<Record<"desc" | "driver" | "device", number>>;

  constructor(size = 8, flags = ALL, engine = loadRingEngine(0x10_0000)) {
    super(engine);
    this.size = size;
    this.areas = this.packedPlace(size);
    expect(this.enable(size, this.areas, flags)).toBe(0);
  }

  /** Fresh areas for `size` descriptors. */
  packedPlace(size: number): Record<"desc" | "driver" | "device", number> {
    return { desc: this.ram.alloc(16 * size, 16), driver: this.ram.alloc(4, 4), device: this.ram.alloc(4, 4) };
  }

  /** Writes a descriptor with raw flags at guest physical `at`. */
  writeAt(at: number, ...[address, length, flags, id = 0]: Fields): void {
    this.ram.setU64(at, address);
    this.ram.setU32(at + 8, length);
    this.ram.setU16(at + 12, id);
    this.ram.setU16(at + 14, flags);
  }

  /** Makes the descriptor of that position available in the first round. */
  write(position: number, ...[address, length, flags, id = 0]: Fields): void {
    this.writeAt(this.areas.desc + 16 * position, address, length, flags | AVAIL, id);
  }

  flags(position: number): number {
    return this.ram.u16(this.areas.desc + 16 * position + 14);
  }

  chain(): PoppedChain {
    const popped = this.pop();
    if (popped === null || typeof popped === "number") throw new Error(`no chain: ${popped}`);
    return popped;
  }

  push({ generation, head, packed }: PoppedChain, written = 0): number {
    return this.engine.vq_push(this.queue, generation, head, written, packed);
  }

  /** The queue reports the violation, is dead, touches nothing any more, and works after it was enabled again. */
  expectViolation(error: number): void {
    expect(this.pop()).toBe(error);
    const before = this.ram.bytes(GUEST_RAM_BASE, this.ram.sizeBytes).slice();
    expect(this.pop()).toBe(error);
    expect(this.engine.vq_flush(this.queue)).toBe(0);
    expect(this.engine.vq_arm(this.queue)).toBe(0);
    this.engine.vq_disarm(this.queue);
    expect(Buffer.compare(this.ram.bytes(GUEST_RAM_BASE, this.ram.sizeBytes), before)).toBe(0);
    expect(this.enable(this.size, this.packedPlace(this.size), ALL)).toBe(0);
    expect(this.pop()).toBe(null);
  }
}

describe("violations of a packed ring", () => {
  it("R1: more is available than the ring has descriptors", () => {
    const bench = new Bench(4);
    const buffer = bench.ram.alloc(16);
    for (let position = 0; position < 4; ++position) bench.write(position, buffer, 4, 0, position);
    for (let count = 0; count < 4; ++count) bench.chain();
    // The next round, although nothing came back.
    bench.ram.setU16(bench.areas.desc + 14, USED);
    bench.expectViolation(W.VQ_ERROR_AVAIL_IDX);
  });

  it("R1: a list that takes descriptors that the device still has", () => {
    const bench = new Bench(4);
    const buffer = bench.ram.alloc(16);
    for (let position = 0; position < 3; ++position) bench.write(position, buffer, 4, 0);
    for (let count = 0; count < 3; ++count) bench.chain();
    bench.write(3, buffer, 4, NEXT);
    bench.ram.setU16(bench.areas.desc + 14, USED);
    bench.expectViolation(W.VQ_ERROR_AVAIL_IDX);
  });

  it.each([0x8, 0xffff])(
    "R2: buffer ids are opaque: %i, also above the queue size and twice at once, comes back",
    (id) => {
      const bench = new Bench(4);
      const buffer = bench.ram.alloc(16);
      bench.write(0, buffer, 4, 0, id);
      bench.write(1, buffer, 4, WRITE, id);
      const chains = [bench.chain(), bench.chain()];
      expect(chains.map(({ head }) => head)).toEqual([0, 1]);
      for (const chain of chains.reverse()) expect(bench.push(chain, 0)).toBe(1);
      bench.engine.vq_flush(bench.queue);
      for (const position of [0, 1]) {
        expect(bench.flags(position)).toBe(AVAIL | USED);
        expect(bench.ram.u16(bench.areas.desc + 16 * position + 12)).toBe(id);
      }
    },
  );

  it("R3: a next descriptor that is not available", () => {
    const bench = new Bench();
    bench.write(0, bench.ram.alloc(16), 4, NEXT);
    bench.expectViolation(W.VQ_ERROR_UNAVAILABLE);
  });

  it.each([1, 3, 8])("R4, R5: a list of all %i descriptors that goes on", (size) => {
    const bench = new Bench(size);
    const buffer = bench.ram.alloc(16);
    for (let position = 0; position < size; ++position) bench.write(position, buffer, 1, NEXT);
    bench.expectViolation(W.VQ_ERROR_LOOP);
  });

  it("R5: a list may be as long as the ring", () => {
    const bench = new Bench(5);
    const buffer = bench.ram.alloc(16);
    for (let position = 4; position >= 0; --position) bench.write(position, buffer, 1, position < 4 ? NEXT : 0, 7);
    expect(bench.chain().segments).toHaveLength(5);
    expect(bench.pop()).toBe(null);
  });

  it("R6: an indirect descriptor without the feature", () => {
    const bench = new Bench(8, PACKED);
    bench.write(0, bench.ram.alloc(64), 16, INDIRECT);
    bench.expectViolation(W.VQ_ERROR_INDIRECT_FEATURE);
  });

  it("R7: flags inside an indirect table but WRITE mean nothing, so no table is entered from a table", () => {
    const bench = new Bench();
    const table = bench.ram.alloc(64);
    bench.writeAt(table, table, 16, INDIRECT | NEXT);
    bench.writeAt(table + 16, table + 32, 5, WRITE | INDIRECT | AVAIL | USED, 99);
    bench.write(0, table, 32, INDIRECT);
    expect(bench.chain().segments).toEqual([
      { address: table, length: 16 },
      { address: table + 32, length: 5 },
    ]);
  });

  it("R8: an indirect descriptor with a next one", () => {
    const bench = new Bench();
    bench.write(0, bench.ram.alloc(64), 16, INDIRECT | NEXT);
    bench.expectViolation(W.VQ_ERROR_INDIRECT_NEXT);
  });

  it("R9: direct descriptors followed by an indirect one work", () => {
    const bench = new Bench();
    const table = bench.ram.alloc(64);
    bench.writeAt(table, table + 32, 3, WRITE);
    bench.write(1, table, 16, INDIRECT, 5);
    bench.write(0, table + 48, 7, NEXT);
    expect(bench.chain()).toMatchObject({ readable: 1, readableBytes: 7, writableBytes: 3, packed: 5 + 2 * 0x1_0000 });
  });

  it.each([0, 8, 17, 16 * 1025])("R10: an indirect table of %i bytes", (length) => {
    const bench = new Bench();
    bench.write(0, bench.ram.alloc(64), length, INDIRECT);
    bench.expectViolation(W.VQ_ERROR_INDIRECT_SIZE);
  });

  it("R11: an indirect table need not be aligned, but has to be RAM", () => {
    const bench = new Bench();
    const table = bench.ram.alloc(64) + 3;
    bench.writeAt(table, table + 16, 5, 0);
    bench.write(0, table, 16, INDIRECT);
    expect(bench.chain().segments).toEqual([{ address: table + 16, length: 5 }]);
    for (const address of [0, 0x0a00_0000, bench.ram.end - 8, 2 ** 40]) {
      const bad = new Bench();
      bad.write(0, address, 16, INDIRECT);
      bad.expectViolation(W.VQ_ERROR_INDIRECT_TABLE);
    }
  });

  it("R12: the write flag on the indirect descriptor itself is ignored", () => {
    const bench = new Bench();
    const table = bench.ram.alloc(64);
    bench.writeAt(table, table + 16, 5, 0);
    bench.write(0, table, 16, INDIRECT | WRITE);
    expect(bench.chain()).toMatchObject({ readable: 1, readableBytes: 5, writableBytes: 0 });
  });

  it.each([
    ["R13: wraps at 2^64", 0xffff_ffff_ffff_fff0n, 32],
    ["R13: begins before RAM", BigInt(GUEST_RAM_BASE) - 1n, 2],
    ["R13: ends after RAM", BigInt(GUEST_RAM_BASE) + 0x10_0000n - 1n, 2],
    ["R13: has RAM's address in its low word only", BigInt(GUEST_RAM_BASE) + (1n << 32n), 16],
    ["R13: is 4 GiB long", BigInt(GUEST_RAM_BASE), 0xffff_ffff],
    ["R14: is a device", 0x0a00_0000n, 16],
    ["R14: is flash", 0x0400_0000n, 16],
  ])("a buffer that, %s", (_what, address, length) => {
    const bench = new Bench();
    bench.write(0, address, length, WRITE);
    bench.expectViolation(W.VQ_ERROR_BUFFER);
  });

  it("R15: empty descriptors are accepted and contribute nothing, wherever they point", () => {
    const bench = new Bench();
    const buffer = bench.ram.alloc(64);
    bench.write(2, 0xffff_ffff_ffff_ffffn, 0, WRITE, 3);
    bench.write(1, buffer, 4, NEXT);
    bench.write(0, 0, 0, NEXT);
    expect(bench.chain()).toMatchObject({ readable: 1, segments: [{ address: buffer, length: 4 }] });
  });

  it("R16: a chain of 2^32 bytes", () => {
    const bench = new Bench(8, ALL, loadRingEngine(0x40_0000));
    const table = bench.ram.alloc(16 * 1024);
    for (let index = 0; index < 1024; ++index) bench.writeAt(table + 16 * index, GUEST_RAM_BASE, 0x40_0000, WRITE);
    bench.write(0, table, 16 * 1024, INDIRECT);
    bench.expectViolation(W.VQ_ERROR_TOTAL);
  });

  it("R17: a readable descriptor after a writable one, also across the border of an indirect table", () => {
    const bench = new Bench();
    const buffer = bench.ram.alloc(64);
    bench.write(1, buffer, 4, 0);
    bench.write(0, buffer, 4, WRITE | NEXT);
    bench.expectViolation(W.VQ_ERROR_ORDER);
    const mixed = new Bench();
    const table = mixed.ram.alloc(64);
    mixed.writeAt(table, table, 4, 0);
    mixed.write(1, table, 16, INDIRECT);
    mixed.write(0, table, 4, WRITE | NEXT);
    mixed.expectViolation(W.VQ_ERROR_ORDER);
  });

  it("R19: buffers may overlap the ring and each other", () => {
    const bench = new Bench();
    bench.write(1, bench.areas.driver, 8, WRITE);
    bench.write(0, bench.areas.desc, 128, NEXT);
    expect(bench.chain()).toMatchObject({ readableBytes: 128, writableBytes: 8 });
  });

  it("R21: a chain is returned once", () => {
    const bench = new Bench();
    bench.write(0, bench.ram.alloc(16), 4, 0, 3);
    const chain = bench.chain();
    expect(bench.push(chain)).toBe(1);
    expect(bench.push(chain)).toBe(0);
    expect(bench.engine.vq_flush(bench.queue)).toBe(1);
    expect(bench.flags(0)).toBe(AVAIL | USED);
    expect(bench.flags(1)).toBe(0);
  });
});

describe("packed rings that are refused", () => {
  const bench = new Bench();
  const good = bench.packedPlace(8);
  const end = bench.ram.end;
  const cases: [string, number, number, Record<"desc" | "driver" | "device", number | bigint>][] = [
    ["R22: descriptors not on 16 bytes", W.VQ_ERROR_ALIGNMENT, 8, { ...good, desc: good.desc + 8 }],
    ["R22: driver area not on 4 bytes", W.VQ_ERROR_ALIGNMENT, 8, { ...good, driver: good.driver + 2 }],
    ["R22: device area not on 4 bytes", W.VQ_ERROR_ALIGNMENT, 8, { ...good, device: good.device + 2 }],
    ["R22: descriptors beyond RAM", W.VQ_ERROR_NOT_RAM, 8, { ...good, desc: end - 112 }],
    ["R22: an area after RAM", W.VQ_ERROR_NOT_RAM, 8, { ...good, device: end }],
    ["R22: an area that wraps at 2^64", W.VQ_ERROR_NOT_RAM, 8, { ...good, desc: 0xffff_ffff_ffff_ffc0n }],
    ["R22: an area in another 4 GiB", W.VQ_ERROR_NOT_RAM, 8, { ...good, device: BigInt(good.device) + (1n << 32n) }],
    ["R27: an area in flash", W.VQ_ERROR_NOT_RAM, 8, { ...good, device: 0x0400_0000 }],
    ["R14: an area in a device", W.VQ_ERROR_NOT_RAM, 8, { ...good, driver: 0x0a00_0000 }],
    ["R22: the driver area in the ring", W.VQ_ERROR_OVERLAP, 8, { ...good, driver: good.desc + 64 }],
    ["R22: the device area in the ring", W.VQ_ERROR_OVERLAP, 8, { ...good, device: good.desc + 124 }],
    ["R22: one event area for both", W.VQ_ERROR_OVERLAP, 8, { ...good, device: good.driver }],
    ["R23: size 0", W.VQ_ERROR_SIZE, 0, good],
    ["R23: size 1025", W.VQ_ERROR_SIZE, 1025, good],
    ["R23: size 2^31", W.VQ_ERROR_SIZE, 2 ** 31, good],
  ];
  it.each(cases)("%s", (_name, error, size, place) => {
    expect(bench.enable(size, place, ALL)).toBe(error);
    expect(bench.pop()).toBe(null);
    expect(bench.enable(8, good, ALL)).toBe(0);
  });

  it.each([1, 3, 5, 1000])("R23: a size of %i, which is no power of two, is accepted", (size) => {
    expect(bench.enable(size, bench.packedPlace(size), ALL)).toBe(0);
  });
});

describe("R24: wrap counters, ids and events", () => {
  it("neither a cleared ring, nor both bits, nor those of the other round make a descriptor available", () => {
    const bench = new Bench();
    const buffer = bench.ram.alloc(16);
    for (const flags of [0, USED, AVAIL | USED]) {
      bench.writeAt(bench.areas.desc, buffer, 4, flags);
      expect(bench.pop()).toBe(null);
      expect(bench.engine.vq_pending(bench.queue)).toBe(0);
    }
    bench.writeAt(bench.areas.desc, buffer, 4, AVAIL);
    expect(bench.engine.vq_pending(bench.queue)).toBe(1);
    expect(bench.chain().readableBytes).toBe(4);
  });

  it("a list over the end of the ring goes on at its beginning, in the next round", () => {
    const bench = new Bench(3);
    const buffer = bench.ram.alloc(16);
    for (let position = 0; position < 2; ++position) bench.write(position, buffer, 1, 0);
    const done = [bench.chain(), bench.chain()];
    for (const chain of done) bench.push(chain);
    bench.engine.vq_flush(bench.queue);
    bench.writeAt(bench.areas.desc, buffer + 1, 2, WRITE | USED, 77);
    bench.write(2, buffer, 1, NEXT);
    const chain = bench.chain();
    expect(chain.segments).toEqual([
      { address: buffer, length: 1 },
      { address: buffer + 1, length: 2 },
    ]);
    expect(chain.packed & 0xffff).toBe(77);
    bench.push(chain, 2);
    bench.engine.vq_flush(bench.queue);
    // One used descriptor for the list, at its first place; the next goes to place 1, where the device is now.
    expect(bench.flags(2)).toBe(AVAIL | USED | WRITE);
    expect(bench.ram.u32(bench.areas.desc + 32 + 8)).toBe(2);
    expect(bench.engine.vq_get(bench.queue, W.VQ_FIELD_USED_IDX)).toBe(1);
  });

  it.each([
    ["ENABLE", 0, 0, 1],
    ["DISABLE", 1, 0, 0],
    ["the reserved value 3", 3, 0, 1],
    ["DESC of the descriptor that was used", 2, 0x8000, 1],
    ["DESC of the next one", 2, 0x8001, 0],
    ["DESC of the same place in the other round", 2, 0x0000, 0],
    ["DESC outside the ring", 2, 0x8008, 1],
    ["DESC far outside the ring", 2, 0x7fff, 1],
  ])("driver event %s", (_name, flags, event, notified) => {
    const bench = new Bench(8, ALL | W.VQ_FLAG_EVENT_IDX);
    bench.ram.setU16(bench.areas.driver, event);
    bench.ram.setU16(bench.areas.driver + 2, flags);
    bench.write(0, bench.ram.alloc(16), 4, 0);
    bench.push(bench.chain());
    expect(bench.engine.vq_flush(bench.queue)).toBe(notified);
  });

  it("DESC without VIRTIO_F_EVENT_IDX is no reason to stay silent", () => {
    const bench = new Bench(8, ALL);
    bench.ram.setU32(bench.areas.driver, 0x0002_8005);
    bench.write(0, bench.ram.alloc(16), 4, 0);
    bench.push(bench.chain());
    expect(bench.engine.vq_flush(bench.queue)).toBe(1);
  });
});

describe("positions and notifications of a packed ring", () => {
  it("R25: insane event places cost at most an interrupt", () => {
    const bench = new Bench(8, ALL | W.VQ_FLAG_EVENT_IDX);
    const ring = new PackedDriverRing(bench.ram, 8, bench.areas, true);
    const buffer = { address: bench.ram.alloc(16), length: 4, write: true };
    for (const event of [0, 0xffff, 0x8000, 0x7fff, 5, 0x8005, 1]) {
      ring.setUsedEvent(event);
      ring.add([buffer], "direct");
      bench.push(bench.chain(), 1);
      expect([0, 1]).toContain(bench.engine.vq_flush(bench.queue));
      expect(ring.take()?.length).toBe(1);
    }
  });

  it("R26: 70000 chains through a ring of 7, every one told once", () => {
    const bench = new Bench(7, ALL | W.VQ_FLAG_EVENT_IDX);
    const ring = new PackedDriverRing(bench.ram, 7, bench.areas, true);
    ring.setUsedEvent(0x8000);
    const buffer = { address: bench.ram.alloc(16), length: 4, write: true };
    for (let turn = 0; turn < 70_000; ++turn) {
      const id = ring.add([buffer, buffer], "direct");
      const chain = bench.chain();
      bench.push(chain, turn & 3);
      if (bench.engine.vq_flush(bench.queue) !== 1) throw new Error(`turn ${turn}: no notification`);
      const used = ring.take();
      if (used?.id !== id || used.length !== (turn & 3)) throw new Error(`turn ${turn}: wrong used element`);
    }
  });

  it("R28: a driver that wants no interrupts gets none, and the ring goes on", () => {
    const bench = new Bench(2, ALL);
    const ring = new PackedDriverRing(bench.ram, 2, bench.areas, false);
    ring.setNoInterrupt(true);
    for (let turn = 0; turn < 100; ++turn) {
      ring.add([{ address: GUEST_RAM_BASE, length: 1, write: false }], "direct");
      bench.push(bench.chain());
      expect(bench.engine.vq_flush(bench.queue)).toBe(0);
      ring.take();
    }
  });

  it("a batch is seen whole or not at all: the first used descriptor is marked last", () => {
    const bench = new Bench(4);
    const buffer = bench.ram.alloc(16);
    for (let position = 0; position < 3; ++position) bench.write(position, buffer, 4, 0, position);
    const chains = [bench.chain(), bench.chain(), bench.chain()];
    for (const chain of chains) bench.push(chain);
    expect([0, 1, 2].map((position) => bench.flags(position))).toEqual([AVAIL, AVAIL | USED, AVAIL | USED]);
    bench.engine.vq_flush(bench.queue);
    expect(bench.flags(0)).toBe(AVAIL | USED);
  });

  it("a late completion after the queue was reset and started again writes nothing", () => {
    const bench = new Bench();
    bench.write(0, bench.ram.alloc(16), 4, WRITE);
    const old = bench.chain();
    bench.engine.vq_disable(bench.queue);
    expect(bench.enable(8, bench.areas, ALL)).toBe(0);
    const before = bench.ram.bytes(bench.areas.desc, 128).slice();
    expect(bench.push(old, 1)).toBe(0);
    expect(bench.engine.vq_flush(bench.queue)).toBe(0);
    expect(bench.ram.bytes(bench.areas.desc, 128)).toEqual(before);
    // The same name may be in flight again in the new life: the old completion still does not count.
    expect(bench.chain().head).toBe(old.head);
    expect(bench.push(old, 1)).toBe(0);
  });
});
