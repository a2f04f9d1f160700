/** What a ring inspector sees, held against what the driver of the test did. */
import { describe, expect, it } from "vitest";
import { inspectDevice } from "./inspect.ts";
import type { DeviceInspection, QueueInspection } from "./inspection.ts";
import { VIRTIO_F_EVENT_IDX, VIRTIO_F_RING_PACKED, VIRTIO_F_VERSION_1 } from "./spec/features.ts";
import { GUEST_RAM_BASE } from "./testing/engine.ts";
import { Harness, MATRIX, type RingConfiguration } from "./testing/harness.ts";

const SPLIT: RingConfiguration = { eventIdx: false, style: "direct", packed: false };
const entropy = { fill: (into: Uint8Array) => into.fill(7) };

/** An entropy device that answers six bytes a second: later requests are in flight until then. */
function slow(transport: (typeof MATRIX)[number]["transport"]): Harness {
  return new Harness(transport, "virtio-rng", { "max-bytes": 6, period: 1000 }, { backends: { entropy } });
}

const look = (vm: Harness): DeviceInspection => inspectDevice(vm.created, GUEST_RAM_BASE);
const queue = (vm: Harness): QueueInspection => look(vm).queues[0] as QueueInspection;

describe.each(MATRIX)("inspectDevice, $transport, $ring", (configuration) => {
  const { style, eventIdx, packed } = configuration;

  it("shows chains in flight with their buffers and age, then what became of them", () => {
    // The balloon keeps the statistics buffer until it asks for new ones.
    const vm = new Harness(configuration.transport, "virtio-balloon", { "guest-stats-polling-interval": 1 });
    vm.start(configuration, [0, 1, 2]);
    const statsq = (): QueueInspection => look(vm).queues[2] as QueueInspection;
    const buffers = [vm.out(new Uint8Array(10)), vm.in(16)];
    const head = vm.send(buffers, style, 2);
    const segments = buffers.map(({ address, length, write }) => ({ address, sizeBytes: length, writable: write }));
    vm.clock.advance(400);
    expect(statsq()).toMatchObject({
      name: "statsq",
      ready: true,
      inFlightCount: 1,
      inFlight: [
        { head, readableBytes: 10, writableBytes: 16, heldMs: 400, usedBytes: null, segmentCount: 2, segments },
      ],
      recent: [],
      ring: { kind: packed === true ? "packed" : "split", pending: 0 },
      counts: { chainsTaken: 1, chainsReturned: 0 },
    });
    vm.clock.advance(600);
    const { counts, latency, recent, inFlightCount } = statsq();
    expect(inFlightCount).toBe(0);
    expect(counts).toMatchObject({
      chainsTaken: 1,
      chainsReturned: 1,
      readBytes: 10,
      writtenBytes: 0,
      interruptsSent: 1,
    });
    expect(latency).toMatchObject({ count: 1, meanMs: 1000, maxMs: 1000, firstMs: 0.125 });
    // 0.125 ms * 2^13 is the first bound above a second.
    expect(latency.buckets.indexOf(1)).toBe(13);
    expect(recent).toMatchObject([{ head, heldMs: 1000, usedBytes: 0, segments }]);
  });

  it("counts what the device read and wrote", async () => {
    const vm = slow(configuration.transport);
    vm.start(configuration);
    await vm.transact([vm.out([1, 2, 3]), vm.in(6)], style);
    const { counts, recent } = queue(vm);
    expect(counts).toMatchObject({
      chainsTaken: 1,
      chainsReturned: 1,
      readBytes: 3,
      writtenBytes: 6,
      interruptsSent: 1,
    });
    expect(recent).toMatchObject([{ usedBytes: 6, heldMs: 0, readableBytes: 3, writableBytes: 6 }]);
  });

  it("changes nothing", async () => {
    const vm = slow(configuration.transport);
    vm.start(configuration);
    await vm.transact([vm.in(6)], style);
    vm.send([vm.in(6)], style);
    const before = vm.ram.bytes(GUEST_RAM_BASE, 0x10_0000).slice();
    const state = JSON.stringify(vm.transport.save());
    expect(look(vm)).toEqual(look(vm));
    expect(Buffer.compare(before, vm.ram.bytes(GUEST_RAM_BASE, 0x10_0000))).toBe(0);
    expect(JSON.stringify(vm.transport.save())).toBe(state);
    expect(vm.driver.takeInterrupts().used).toBe(true);
  });

  it("names the features that were offered and those that hold", () => {
    const vm = slow(configuration.transport);
    vm.start(configuration);
    const { features, mode, status } = look(vm);
    const row = (bit: number) => features.find((feature) => feature.bit === bit);
    expect(mode).toBe(vm.driver.legacy ? "legacy" : "modern");
    expect(status).toBe(vm.driver.legacy ? 7 : 15);
    expect(row(VIRTIO_F_EVENT_IDX)).toEqual({
      bit: VIRTIO_F_EVENT_IDX,
      name: "VIRTIO_F_EVENT_IDX",
      offered: true,
      accepted: eventIdx,
      negotiated: eventIdx,
    });
    expect(row(VIRTIO_F_VERSION_1)?.negotiated).toBe(vm.driver.legacy ? undefined : true);
    expect(row(VIRTIO_F_RING_PACKED)?.negotiated ?? false).toBe(packed === true);
  });
});

describe("inspectDevice", () => {
  it("shows indices and what each side wants to hear of, on a split ring", async () => {
    const vm = slow("mmio v2");
    vm.start(SPLIT);
    await vm.transact([vm.in(6)], "direct");
    vm.ring().setNoInterrupt(true);
    vm.send([vm.in(6)], "direct");
    vm.clock.advance(1000);
    expect(queue(vm).ring).toMatchObject({
      available: { index: 2, wrap: null },
      nextAvailable: { index: 2, wrap: null },
      nextUsed: { index: 2, wrap: null },
      interrupts: { wanted: "never", index: null },
      notifications: { wanted: "always" },
    });
    expect(queue(vm).counts).toMatchObject({ notifications: 2, interruptsSent: 1, interruptsSuppressed: 1 });
    const indexed = slow("mmio v2");
    indexed.start({ ...SPLIT, eventIdx: true });
    await indexed.transact([indexed.in(6)], "direct");
    expect(queue(indexed).ring).toMatchObject({
      interrupts: { wanted: "at", index: 1, wrap: null },
      notifications: { wanted: "at", index: 1, wrap: null },
    });
  });

  it("counts what the guest does wrong, with register and value, and says why a device needs a reset", () => {
    const vm = slow("mmio v2");
    vm.start(SPLIT);
    for (const queueNumber of [3, 4]) vm.transport.bus.notify(queueNumber);
    vm.transport.bus.needsReset("the test says so");
    expect(look(vm)).toMatchObject({
      status: 15 | 64,
      needsReset: "the test says so",
      configInterrupts: 1,
      errors: [
        { side: "guest", place: "virtio-rng: notification ignored", count: 2, detail: "queue 4, status 0xf" },
        { side: "guest", place: "virtio-rng: needs a reset", count: 1, detail: "the test says so" },
      ],
    });
    // Whoever was told before is told still.
    expect(vm.log.guestErrors).toHaveLength(3);
  });

  it("shows the configuration space's fields, also those that are not offered", () => {
    const vm = new Harness("mmio v2", "virtio-balloon", { "page-poison": false });
    expect(look(vm).config).toEqual([
      { name: "num_pages", offset: 0, width: 4, value: 0, bytes: [0, 0, 0, 0], writable: false, exists: true },
      { name: "actual", offset: 4, width: 4, value: 0, bytes: [0, 0, 0, 0], writable: true, exists: true },
      expect.objectContaining({ name: "free_page_hint_cmd_id", offset: 8, exists: false }),
      expect.objectContaining({ name: "poison_val", offset: 12, exists: false, writable: true }),
    ]);
  });

  it("a reset forgets the last chains and keeps the counters", async () => {
    const vm = slow("mmio v2");
    vm.start(SPLIT);
    await vm.transact([vm.in(6)], "direct");
    const { resets } = look(vm);
    vm.driver.reset();
    expect(look(vm).resets).toBe(resets + 1);
    expect(queue(vm)).toMatchObject({ ready: false, ring: null, recent: [], counts: { chainsReturned: 1 } });
  });

  it("of a driver whose ring lies where no memory is, nothing is read", () => {
    const vm = slow("mmio v2");
    vm.start(SPLIT);
    const target = vm.transport.bus.queues[0];
    if (target === undefined) throw new Error("no queue");
    // As a saved state or a bug might leave it: the walker has its own, checked addresses.
    target.driver.high = 0xffff_ffff;
    expect(queue(vm).ring).toMatchObject({ available: null, interrupts: null });
  });
});
