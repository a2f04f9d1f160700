/** What a hostile or broken driver can do to a split ring: the cases by their numbers in the robustness list. */
import { describe, expect, it } from "vitest";
import * as W from "./spec/walker.ts";
import type { DriverRing } from "./testing/driver-ring.ts";
import { GUEST_RAM_BASE, loadRingEngine } from "./testing/engine.ts";
import { type PoppedChain, RingBench } from "./testing/ring-bench.ts";

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;

/** Writes a descriptor with raw flags at guest physical `at`. */
function descriptorAt(
  ring: DriverRing,
  at: number,
  address: number | bigint,
  length: number,
  flags: number,
  next = 0,
): void {
  ring.ram.setU64(at, address);
  ring.ram.setU32(at + 8, length);
  ring.ram.setU16(at + 12, flags);
  ring.ram.setU16(at + 14, next);
}

/** Writes a descriptor of the queue's own table; `fields` as for descriptorAt. */
function descriptor(
  ring: DriverRing,
  index: number,
  ...fields: [address: number | bigint, length: number, flags: number, next?: number]
): void {
  descriptorAt(ring, ring.place.desc + 16 * index, ...fields);
}

function chain(popped: PoppedChain | null | number): PoppedChain {
  if (popped === null || typeof popped === "number") throw new Error(`no chain: ${popped}`);
  return popped;
}

/** The queue is dead: it gives nothing, takes nothing and touches nothing, until it is enabled again. */
function expectDead(bench: RingBench, ring: DriverRing, error: number): void {
  const before = bench.ram.bytes(GUEST_RAM_BASE, bench.ram.sizeBytes).slice();
  expect(bench.pop()).toBe(error);
  expect(bench.engine.vq_flush(bench.queue)).toBe(0);
  expect(bench.engine.vq_arm(bench.queue)).toBe(0);
  bench.engine.vq_disarm(bench.queue);
  expect(Buffer.compare(bench.ram.bytes(GUEST_RAM_BASE, bench.ram.sizeBytes), before)).toBe(0);
  expect(bench.enable(ring.size, bench.place(ring.size))).toBe(0);
  expect(bench.pop()).toBe(null);
}

/** Builds a ring, lets `spoil` do its worst with fresh memory at `buffer`, and expects the violation. */
function violation(
  error: number,
  spoil: (ring: DriverRing, buffer: number, bench: RingBench) => void,
  flags?: number,
): void {
  const bench = new RingBench();
  const ring = bench.ring(8, flags);
  spoil(ring, bench.ram.alloc(4096), bench);
  expect(bench.pop()).toBe(error);
  expectDead(bench, ring, error);
}

describe("ring violations", () => {
  it.each([9, 0x7fff, 0xffff])("R1: the available index jumps by %i", (jump) => {
    violation(W.VQ_ERROR_AVAIL_IDX, (ring) => ring.setAvailIdx(jump));
  });

  it("R1: the available index goes back", () => {
    const bench = new RingBench();
    const ring = bench.ring();
    descriptor(ring, 0, bench.ram.alloc(16), 16, 0);
    ring.offer(0);
    expect(chain(bench.pop()).head).toBe(0);
    ring.setAvailIdx(0);
    expect(bench.pop()).toBe(W.VQ_ERROR_AVAIL_IDX);
  });

  it.each([8, 0xffff])("R2: head %i is outside the table", (head) => {
    violation(W.VQ_ERROR_HEAD, (ring) => ring.offer(head));
  });

  it.each([8, 0xffff])("R3: next %i is outside the table", (next) => {
    violation(W.VQ_ERROR_NEXT, (ring, buffer) => {
      descriptor(ring, 0, buffer, 16, NEXT, next);
      ring.offer(0);
    });
  });

  it("R3: next is outside an indirect table", () => {
    violation(W.VQ_ERROR_NEXT, (ring, buffer) => {
      descriptorAt(ring, buffer, buffer + 64, 16, NEXT, 2);
      descriptor(ring, 0, buffer, 32, INDIRECT);
      ring.offer(0);
    });
  });

  it.each([1, 2, 5, 8])("R4: a loop of %i descriptors ends", (length) => {
    violation(W.VQ_ERROR_LOOP, (ring, buffer) => {
      for (let index = 0; index < length; ++index) descriptor(ring, index, buffer, 1, NEXT, (index + 1) % length);
      ring.offer(0);
    });
  });

  it.each([1, 3, 1024])("R4: a loop of %i descriptors in an indirect table ends", (length) => {
    violation(W.VQ_ERROR_LOOP, (ring, _buffer, bench) => {
      const table = bench.ram.alloc(16 * 1024);
      for (let index = 0; index < length; ++index)
        descriptorAt(ring, table + 16 * index, table, 1, NEXT, (index + 1) % length);
      descriptor(ring, 0, table, 16 * 1024, INDIRECT);
      ring.offer(0);
    });
  });

  it("R5: a direct chain may be as long as the queue, and no longer", () => {
    const bench = new RingBench();
    const ring = bench.ring();
    const buffer = bench.ram.alloc(64);
    for (let index = 0; index < 8; ++index) descriptor(ring, index, buffer, 1, index < 7 ? NEXT : 0, index + 1);
    ring.offer(0);
    expect(chain(bench.pop()).segments).toHaveLength(8);
  });

  it("R6: an indirect descriptor without the feature", () => {
    violation(
      W.VQ_ERROR_INDIRECT_FEATURE,
      (ring, buffer) => {
        descriptorAt(ring, buffer, buffer + 64, 16, 0);
        descriptor(ring, 0, buffer, 16, INDIRECT);
        ring.offer(0);
      },
      0,
    );
  });

  it("R7: an indirect descriptor inside an indirect table, also one that names its own table", () => {
    for (const offset of [0, 64]) {
      violation(W.VQ_ERROR_INDIRECT_NESTED, (ring, buffer) => {
        descriptorAt(ring, buffer, buffer + offset, 16, INDIRECT);
        descriptor(ring, 0, buffer, 16, INDIRECT);
        ring.offer(0);
      });
    }
  });

  it("R8: an indirect descriptor with a next one", () => {
    violation(W.VQ_ERROR_INDIRECT_NEXT, (ring, buffer) => {
      descriptorAt(ring, buffer, buffer + 64, 16, 0);
      descriptor(ring, 0, buffer, 16, INDIRECT | NEXT, 1);
      descriptor(ring, 1, buffer, 16, 0);
      ring.offer(0);
    });
  });

  it("R9: direct descriptors followed by an indirect one work", () => {
    const bench = new RingBench();
    const ring = bench.ring();
    const buffer = bench.ram.alloc(4096);
    descriptorAt(ring, buffer, buffer + 64, 16, NEXT, 1);
    descriptorAt(ring, buffer + 16 * 1, buffer + 128, 32, WRITE);
    descriptor(ring, 3, buffer + 256, 7, NEXT, 5);
    descriptor(ring, 5, buffer, 32, INDIRECT);
    ring.offer(3);
    expect(chain(bench.pop())).toMatchObject({
      head: 3,
      readable: 2,
      readableBytes: 23,
      writableBytes: 32,
      segments: [
        { address: buffer + 256, length: 7 },
        { address: buffer + 64, length: 16 },
        { address: buffer + 128, length: 32 },
      ],
    });
  });

  it.each([0, 8, 17, 16 * 1025])("R10: an indirect table of %i bytes", (length) => {
    violation(W.VQ_ERROR_INDIRECT_SIZE, (ring, buffer) => {
      descriptor(ring, 0, buffer, length, INDIRECT);
      ring.offer(0);
    });
  });

  it("R10: an indirect table may be longer than the queue, up to its own limit", () => {
    const bench = new RingBench();
    const ring = bench.ring(2);
    const table = bench.ram.alloc(16 * 1024);
    for (let index = 0; index < 1024; ++index)
      descriptorAt(ring, table + 16 * index, table + index, 1, index < 1023 ? NEXT : 0, index + 1);
    descriptor(ring, 1, table, 16 * 1024, INDIRECT);
    ring.offer(1);
    expect(chain(bench.pop()).segments).toHaveLength(1024);
  });

  it("R11: an indirect table need not be aligned, but has to be RAM", () => {
    const bench = new RingBench();
    const ring = bench.ring();
    const table = bench.ram.alloc(64) + 3;
    descriptorAt(ring, table, table + 16, 5, 0);
    descriptor(ring, 0, table, 16, INDIRECT);
    ring.offer(0);
    expect(chain(bench.pop()).segments).toEqual([{ address: table + 16, length: 5 }]);
    for (const address of [0, 0x0a00_0000, bench.ram.end - 8, 2 ** 40]) {
      violation(W.VQ_ERROR_INDIRECT_TABLE, (bad) => {
        descriptor(bad, 0, address, 16, INDIRECT);
        bad.offer(0);
      });
    }
  });

  it("R12: the write flag on the indirect descriptor itself is ignored", () => {
    const bench = new RingBench();
    const ring = bench.ring();
    const table = bench.ram.alloc(64);
    descriptorAt(ring, table, table + 16, 5, 0);
    descriptor(ring, 0, table, 16, INDIRECT | WRITE);
    ring.offer(0);
    expect(chain(bench.pop())).toMatchObject({ readable: 1, readableBytes: 5, writableBytes: 0 });
  });

  it.each([
    ["wraps at 2^64", 0xffff_ffff_ffff_fff0n, 32],
    ["begins before RAM", BigInt(GUEST_RAM_BASE) - 1n, 2],
    ["ends after RAM", BigInt(GUEST_RAM_BASE) + 0x10_0000n - 1n, 2],
    ["lies after RAM", BigInt(GUEST_RAM_BASE) + 0x10_0000n, 1],
    ["has RAM's address in its low word only", BigInt(GUEST_RAM_BASE) + (1n << 32n), 16],
    ["is 4 GiB long", BigInt(GUEST_RAM_BASE), 0xffff_ffff],
  ])("R13: a buffer that %s", (_what, address, length) => {
    violation(W.VQ_ERROR_BUFFER, (ring) => {
      descriptor(ring, 0, address, length, WRITE);
      ring.offer(0);
    });
  });

  it.each([0x0800_0000, 0x0900_0000, 0x0a00_0000, 0x0000_0000])(
    "R14: a buffer at %i, which is a device or flash",
    (address) => {
      violation(W.VQ_ERROR_BUFFER, (ring) => {
        descriptor(ring, 0, address, 16, WRITE);
        ring.offer(0);
      });
    },
  );

  it("R15: empty descriptors are accepted and contribute nothing, wherever they point", () => {
    const bench = new RingBench();
    const ring = bench.ring();
    const buffer = bench.ram.alloc(64);
    descriptor(ring, 0, 0, 0, NEXT, 1);
    descriptor(ring, 1, buffer, 4, NEXT, 2);
    descriptor(ring, 2, 0xffff_ffff_ffff_ffffn, 0, WRITE);
    ring.offer(0);
    expect(chain(bench.pop())).toMatchObject({ readable: 1, segments: [{ address: buffer, length: 4 }] });
    expect(bench.engine.vq_push(bench.queue, bench.engine.vq_generation(bench.queue), 0, 0, 0)).toBe(1);
  });

  it("R16: a chain of 2^32 bytes", () => {
    const bench = new RingBench(loadRingEngine(0x40_0000));
    const ring = bench.ring();
    const table = bench.ram.alloc(16 * 1024);
    for (let index = 0; index < 1024; ++index) {
      descriptorAt(ring, table + 16 * index, GUEST_RAM_BASE, 0x40_0000, index < 1023 ? NEXT : 0, index + 1);
    }
    descriptor(ring, 0, table, 16 * 1024, INDIRECT);
    ring.offer(0);
    expect(bench.pop()).toBe(W.VQ_ERROR_TOTAL);
    expectDead(bench, ring, W.VQ_ERROR_TOTAL);
  });

  it("R16: a chain of 2^32 - 1 bytes is counted right", () => {
    const bench = new RingBench(loadRingEngine(0x40_0000));
    const ring = bench.ring();
    const table = bench.ram.alloc(16 * 1024);
    for (let index = 0; index < 1024; ++index) {
      const length = 0x40_0000 - (index === 1023 ? 1 : 0);
      descriptorAt(ring, table + 16 * index, GUEST_RAM_BASE, length, WRITE | (index < 1023 ? NEXT : 0), index + 1);
    }
    descriptor(ring, 0, table, 16 * 1024, INDIRECT);
    ring.offer(0);
    expect(chain(bench.pop()).writableBytes).toBe(2 ** 32 - 1);
  });

  it("R17: a readable descriptor after a writable one, also across the border of an indirect table", () => {
    violation(W.VQ_ERROR_ORDER, (ring, buffer) => {
      descriptor(ring, 0, buffer, 4, WRITE | NEXT, 1);
      descriptor(ring, 1, buffer, 4, 0);
      ring.offer(0);
    });
    violation(W.VQ_ERROR_ORDER, (ring, buffer) => {
      descriptorAt(ring, buffer, buffer + 64, 4, 0);
      descriptor(ring, 0, buffer, 4, WRITE | NEXT, 1);
      descriptor(ring, 1, buffer, 16, INDIRECT);
      ring.offer(0);
    });
  });

  it("R19: buffers may overlap the ring and each other", () => {
    const bench = new RingBench();
    const ring = bench.ring();
    descriptor(ring, 0, ring.place.desc, 128, NEXT, 1);
    descriptor(ring, 1, ring.place.device, 70, WRITE);
    ring.offer(0);
    expect(chain(bench.pop()).writableBytes).toBe(70);
  });

  it("R21: a head that the device still has", () => {
    violation(W.VQ_ERROR_DUPLICATE, (ring, buffer, bench) => {
      descriptor(ring, 3, buffer, 4, 0);
      ring.offer(3);
      expect(chain(bench.pop()).head).toBe(3);
      ring.offer(3);
    });
  });

  it("R21: a head may be used again once it was returned", () => {
    const bench = new RingBench();
    const ring = bench.ring();
    descriptor(ring, 3, bench.ram.alloc(16), 4, 0);
    for (let turn = 0; turn < 3; ++turn) {
      ring.offer(3);
      const popped = chain(bench.pop());
      expect(bench.engine.vq_push(bench.queue, popped.generation, 3, 0, 0)).toBe(1);
      // A second return of the same chain writes nothing.
      expect(bench.engine.vq_push(bench.queue, popped.generation, 3, 0, 0)).toBe(0);
    }
    bench.engine.vq_flush(bench.queue);
    expect(ring.usedIndex).toBe(3);
  });
});

describe("queues that are refused", () => {
  const bench = new RingBench();
  const good = bench.place(8);
  const cases: [string, number, number, Record<"desc" | "driver" | "device", number | bigint>][] = [
    ["R22: descriptors not on 16 bytes", W.VQ_ERROR_ALIGNMENT, 8, { ...good, desc: good.desc + 8 }],
    ["R22: available ring not on 2 bytes", W.VQ_ERROR_ALIGNMENT, 8, { ...good, driver: good.driver + 1 }],
    ["R22: used ring not on 4 bytes", W.VQ_ERROR_ALIGNMENT, 8, { ...good, device: good.device + 2 }],
    ["R22: descriptors beyond RAM", W.VQ_ERROR_NOT_RAM, 8, { ...good, desc: bench.ram.end - 112 }],
    ["R22: available ring beyond RAM", W.VQ_ERROR_NOT_RAM, 8, { ...good, driver: bench.ram.end - 20 }],
    ["R22: used ring beyond RAM", W.VQ_ERROR_NOT_RAM, 8, { ...good, device: bench.ram.end - 68 }],
    ["R22: an area at 0", W.VQ_ERROR_NOT_RAM, 8, { ...good, desc: 0 }],
    ["R22: an area that wraps at 2^64", W.VQ_ERROR_NOT_RAM, 8, { ...good, desc: 0xffff_ffff_ffff_ffc0n }],
    ["R22: an area in another 4 GiB", W.VQ_ERROR_NOT_RAM, 8, { ...good, device: BigInt(good.device) + (1n << 32n) }],
    ["R27: an area in flash", W.VQ_ERROR_NOT_RAM, 8, { ...good, device: 0x0400_0000 }],
    ["R14: an area in a device", W.VQ_ERROR_NOT_RAM, 8, { ...good, driver: 0x0a00_0000 }],
    ["R22: descriptors over the available ring", W.VQ_ERROR_OVERLAP, 8, { ...good, driver: good.desc + 64 }],
    ["R22: descriptors over the used ring", W.VQ_ERROR_OVERLAP, 8, { ...good, device: good.desc }],
    ["R22: used ring over the available ring", W.VQ_ERROR_OVERLAP, 8, { ...good, device: (good.driver + 16) & ~3 }],
    ["R23: size 0", W.VQ_ERROR_SIZE, 0, good],
    ["R23: size 3", W.VQ_ERROR_SIZE, 3, good],
    ["R23: size 2048", W.VQ_ERROR_SIZE, 2048, good],
    ["R23: size 2^31", W.VQ_ERROR_SIZE, 2 ** 31, good],
  ];
  it.each(cases)("%s", (_name, error, size, place) => {
    expect(bench.enable(size, place)).toBe(error);
    expect(bench.pop()).toBe(null);
    expect(bench.enable(8, good)).toBe(0);
  });

  it("areas that touch but do not overlap are accepted, up to the last byte of RAM", () => {
    const end = bench.ram.end;
    expect(bench.enable(4, { desc: end - 64 - 48, driver: end - 48, device: end - 64 - 48 - 40 })).toBe(0);
    expect(bench.enable(2, { desc: GUEST_RAM_BASE, driver: GUEST_RAM_BASE + 32, device: end - 24 })).toBe(0);
  });
});

describe("indices and notifications", () => {
  it("R25: an insane used_event costs at most an interrupt", () => {
    const bench = new RingBench();
    const ring = bench.ring(8, W.VQ_FLAG_EVENT_IDX);
    const buffer = bench.ram.alloc(16);
    for (const event of [0, 0xffff, 0x8000, 5, 1]) {
      ring.setUsedEvent(event);
      descriptor(ring, 0, buffer, 4, 0);
      ring.offer(0);
      const popped = chain(bench.pop());
      expect(bench.engine.vq_push(bench.queue, popped.generation, 0, 0, 0)).toBe(1);
      expect([0, 1]).toContain(bench.engine.vq_flush(bench.queue));
    }
    expect(ring.usedIndex).toBe(5);
  });

  it("R26: indices wrap at 65536, and every chain is told once", () => {
    const bench = new RingBench();
    const ring = bench.ring(4, W.VQ_FLAG_EVENT_IDX);
    const buffer = { address: bench.ram.alloc(16), length: 4, write: true };
    for (let turn = 0; turn < 70_000; ++turn) {
      const head = ring.add([buffer], "direct");
      const record = bench.engine.vq_pop(bench.queue);
      if (record <= 0) throw new Error(`turn ${turn}: ${record}`);
      bench.engine.vq_push(bench.queue, bench.engine.vq_generation(bench.queue), head, turn & 3, 0);
      // The driver asked for the next used entry, so every one is told.
      if (bench.engine.vq_flush(bench.queue) !== 1) throw new Error(`turn ${turn}: no notification`);
      const used = ring.take();
      if (used?.id !== head || used.length !== (turn & 3)) throw new Error(`turn ${turn}: wrong used element`);
    }
    expect(ring.usedIndex).toBe(70_000 & 0xffff);
  });

  it("R28: a driver that wants no interrupts gets none, and the ring goes on", () => {
    const bench = new RingBench();
    const ring = bench.ring(2, 0);
    ring.setNoInterrupt(true);
    for (let turn = 0; turn < 100; ++turn) {
      const head = ring.add([{ address: GUEST_RAM_BASE, length: 1, write: false }], "direct");
      expect(chain(bench.pop()).head).toBe(head);
      bench.engine.vq_push(bench.queue, bench.engine.vq_generation(bench.queue), head, 0, 0);
      expect(bench.engine.vq_flush(bench.queue)).toBe(0);
      ring.take();
    }
  });

  it("a late completion after the queue was reset and started again writes nothing", () => {
    const bench = new RingBench();
    const ring = bench.ring(8);
    ring.add([{ address: GUEST_RAM_BASE, length: 1, write: true }], "direct");
    const old = chain(bench.pop());
    bench.engine.vq_disable(bench.queue);
    expect(bench.enable(8, ring.place)).toBe(0);
    const before = bench.ram.bytes(ring.place.device, 70).slice();
    expect(bench.engine.vq_push(bench.queue, old.generation, old.head, 1, 0)).toBe(0);
    expect(bench.engine.vq_flush(bench.queue)).toBe(0);
    expect(bench.ram.bytes(ring.place.device, 70)).toEqual(before);
    // The same head may be in flight again in the new life: the old completion still does not count.
    expect(chain(bench.pop()).head).toBe(old.head);
    expect(bench.engine.vq_push(bench.queue, old.generation, old.head, 1, 0)).toBe(0);
  });

  it("slots are given out until none is left, and again when given back", () => {
    const { engine } = new RingBench();
    const taken: number[] = [];
    for (let slot = engine.vq_open(); slot >= 0; slot = engine.vq_open()) taken.push(slot);
    expect(taken).toHaveLength(W.VQ_SLOTS - 1);
    engine.vq_close(taken[7] as number);
    expect(engine.vq_open()).toBe(taken[7]);
  });
});
