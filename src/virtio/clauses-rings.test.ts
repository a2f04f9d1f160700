/** Clauses about virtqueues that no other test shows by itself (testing/clauses); by the walker's own stores. */
import { beforeAll, describe, expect, it } from "vitest";
import type { RingEngine } from "./ring-engine.ts";
import { VQ_FLAG_EVENT_IDX, VQ_FLAG_PACKED } from "./spec/walker.ts";
import { DriverRing } from "./testing/driver-ring.ts";
import { loadRingEngine } from "./testing/engine.ts";
import { Harness } from "./testing/harness.ts";
import { loadInstrumentedEngine } from "./testing/instrumented.ts";
import { PackedDriverRing } from "./testing/packed-driver-ring.ts";
import { type PoppedChain, RingBench } from "./testing/ring-bench.ts";

/** Stores of the walker, as linear-memory [address, size]. */
const stores: [number, number][] = [];
let engine: RingEngine;

beforeAll(async () => {
  engine = await loadInstrumentedEngine(0x10_0000, {
    read: () => {},
    write: (host, size) => void stores.push([host, size]),
  });
}, 180_000);

interface Split {
  readonly bench: RingBench;
  readonly ring: DriverRing;
  /** Makes a buffer available, lets the device use it; whether the driver is notified. */
  turn(): boolean;
}

function split(eventIdx: boolean): Split {
  const bench = new RingBench(engine);
  const place = bench.place(8);
  expect(bench.enable(8, place, eventIdx ? VQ_FLAG_EVENT_IDX : 0)).toBe(0);
  const ring = new DriverRing(bench.ram, 8, place, false);
  const buffer = { address: bench.ram.alloc(16), length: 4, write: true };
  const turn = (): boolean => {
    ring.add([buffer], "direct");
    take(bench, 3);
    const notified = bench.engine.vq_flush(bench.queue) !== 0;
    ring.take();
    return notified;
  };
  return { bench, ring, turn };
}

/** Takes a chain and returns it. */
function take(bench: RingBench, written: number): PoppedChain {
  const chain = bench.pop();
  if (chain === null || typeof chain === "number") throw new Error(`no chain: ${chain}`);
  bench.engine.vq_push(bench.queue, chain.generation, chain.head, written, chain.packed);
  return chain;
}

describe("used buffer notifications of a split ring", () => {
  it("without EVENT_IDX flags 0 is notified, every time", () => {
    const { turn } = split(false);
    expect([turn(), turn(), turn()]).toEqual([true, true, true]);
  });

  it("without EVENT_IDX flags 1 suppresses notifications", () => {
    const { ring, turn } = split(false);
    ring.setNoInterrupt(true);
    expect([turn(), turn()]).toEqual([false, false]);
    ring.setNoInterrupt(false);
    expect(turn()).toBe(true);
  });

  it("without EVENT_IDX used_event is ignored", () => {
    const { ring, turn } = split(false);
    for (const event of [0, 5, 0x8000, 0xffff]) {
      ring.setUsedEvent(event);
      expect(turn()).toBe(true);
    }
  });

  it("with EVENT_IDX the entry that used_event names is notified, and no other", () => {
    const { ring, turn } = split(true);
    // The first publication after the start is told in any case.
    ring.setUsedEvent(4);
    turn();
    expect([turn(), turn(), turn(), turn(), turn(), turn()]).toEqual([false, false, false, true, false, false]);
  });

  it("with EVENT_IDX the low bit of flags is ignored", () => {
    const { ring, turn } = split(true);
    ring.setNoInterrupt(true);
    ring.setUsedEvent(1);
    turn();
    expect([turn(), turn()]).toEqual([true, false]);
  });
});

describe("what the device tells the driver about its notifications", () => {
  it("without EVENT_IDX the device says 0 or 1 in flags of the used ring", () => {
    const { bench, ring } = split(false);
    const flags = (): number => bench.ram.u16(ring.place.device);
    bench.engine.vq_disarm(bench.queue);
    expect(flags()).toBe(1);
    bench.engine.vq_arm(bench.queue);
    expect(flags()).toBe(0);
  });

  it("with EVENT_IDX flags of the used ring stays 0, and avail_event says where the device is", () => {
    const { bench, ring, turn } = split(true);
    turn();
    bench.engine.vq_disarm(bench.queue);
    expect(bench.ram.u16(ring.place.device)).toBe(0);
    bench.engine.vq_arm(bench.queue);
    expect(bench.ram.u16(ring.place.device)).toBe(0);
    expect(bench.ram.u16(ring.place.device + 4 + 8 * 8)).toBe(1);
  });
});

describe("the order of stores", () => {
  it("the entry is written before the index of the used ring", () => {
    const { bench, ring } = split(false);
    const base = (engine.vq_ram_base() >>> 0) + ring.place.device - 0x4000_0000;
    ring.add([{ address: bench.ram.alloc(16), length: 4, write: true }], "direct");
    stores.length = 0;
    take(bench, 3);
    bench.engine.vq_flush(bench.queue);
    expect(stores).toEqual([
      [base + 4, 8],
      [base + 2, 2],
    ]);
  });

  it("the data is written before the index, by a device", async () => {
    const steps: string[] = [];
    const plain = loadRingEngine(0x40_0000);
    const traced: RingEngine = {
      ...plain,
      memory: plain.memory,
      vq_written: (host, length) => {
        steps.push("data");
        plain.vq_written(host, length);
      },
      vq_flush: (queue) => {
        steps.push("index");
        return plain.vq_flush(queue);
      },
    };
    const entropy = { fill: (into: Uint8Array): void => void into.fill(0x5a) };
    const vm = new Harness("mmio v2", "virtio-rng", {}, { backends: { entropy }, engine: traced });
    vm.start({ style: "direct", eventIdx: false });
    steps.length = 0;
    const [first, second] = [vm.in(5), vm.in(6)];
    const used = await vm.transact([first, second], "direct");
    expect(used.length).toBe(11);
    expect([...vm.content(first), ...vm.content(second)]).toEqual(new Array(11).fill(0x5a));
    expect(steps.lastIndexOf("data")).toBeLessThan(steps.indexOf("index"));
  });
});

describe("a packed ring", () => {
  function packed(): { bench: RingBench; ring: PackedDriverRing } {
    const bench = new RingBench(engine);
    const place = { desc: bench.ram.alloc(16 * 5, 16), driver: bench.ram.alloc(4, 4), device: bench.ram.alloc(4, 4) };
    bench.ram.bytes(place.desc, 16 * 5).fill(0);
    bench.ram.bytes(place.driver, 4).fill(0);
    expect(bench.enable(5, place, VQ_FLAG_PACKED)).toBe(0);
    return { bench, ring: new PackedDriverRing(bench.ram, 5, place, false) };
  }

  it("a packed ring is taken in ring order and answered in the order of completion", () => {
    const { bench, ring } = packed();
    const at = bench.ram.alloc(64);
    const ids = [0, 16, 32].map((offset) => ring.add([{ address: at + offset, length: 4, write: true }], "direct"));
    const chains = [bench.pop(), bench.pop(), bench.pop()] as PoppedChain[];
    expect(chains.map(({ segments }) => segments[0]?.address)).toEqual([at, at + 16, at + 32]);
    for (const index of [2, 0, 1]) {
      const { generation, head, packed: name } = chains[index] as PoppedChain;
      bench.engine.vq_push(bench.queue, generation, head, 1 + index, name);
      bench.engine.vq_flush(bench.queue);
    }
    const used = [ring.take(), ring.take(), ring.take()];
    expect(used).toEqual([2, 0, 1].map((index) => ({ id: ids[index], length: 1 + index })));
  });

  it("a used descriptor is not written again", () => {
    const { bench, ring } = packed();
    const buffer = { address: bench.ram.alloc(16), length: 4, write: true };
    ring.add([buffer], "direct");
    ring.add([buffer], "direct");
    take(bench, 1);
    bench.engine.vq_flush(bench.queue);
    const first = (engine.vq_ram_base() >>> 0) + ring.place.desc - 0x4000_0000;
    stores.length = 0;
    take(bench, 1);
    bench.engine.vq_flush(bench.queue);
    bench.engine.vq_arm(bench.queue);
    expect(stores.some(([address, size]) => address < first + 16 && address + size > first)).toBe(false);
    expect(stores.length).toBeGreaterThan(0);
  });
});

it("nothing of a device-writable buffer is read: a reader ends where the readable part does", async () => {
  const vm = new Harness("mmio v2", "virtio-rng", {}, { backends: { entropy: { fill: () => {} } } });
  vm.start({ style: "direct", eventIdx: false });
  const queue = vm.transport.bus.queue(0);
  vm.ring().add([vm.out([1, 2, 3]), vm.in(100)], "direct");
  const chain = queue?.pop() ?? null;
  const reader = chain?.reader();
  expect(reader?.remaining).toBe(3);
  expect(reader?.take(100)).toEqual(Uint8Array.of(1, 2, 3));
  expect(reader?.take(100)).toEqual(new Uint8Array());
});
