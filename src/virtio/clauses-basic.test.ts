/** Clauses of the basic facilities that no other test shows by itself (testing/clauses), on every transport. */
import { describe, expect, it } from "vitest";
import { Features } from "./features.ts";
import * as B from "./spec/blk.ts";
import { VIRTIO_F_IN_ORDER, VIRTIO_F_RING_RESET, VIRTIO_F_VERSION_1 } from "./spec/features.ts";
import * as R from "./spec/mmio.ts";
import * as P from "./spec/pci.ts";
import { STATUS_ACKNOWLEDGE, STATUS_DEVICE_NEEDS_RESET, STATUS_DRIVER, STATUS_FEATURES_OK } from "./spec/status.ts";
import { Harness, TRANSPORTS, type TransportName } from "./testing/harness.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { MmioDriver } from "./testing/mmio-driver.ts";
import { PciDriver } from "./testing/pci-driver.ts";

const PLAIN = { eventIdx: false, style: "direct" } as const;

function machine(transport: TransportName, properties = {}): { vm: Harness; disk: MemoryDisk } {
  const disk = new MemoryDisk(2 ** 20);
  const vm = new Harness(transport, "virtio-blk", { drive: "disk", ...properties }, { backends: { block: disk } });
  return { vm, disk };
}

const readSector = (vm: Harness): ReturnType<Harness["in"]>[] => [vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)];

/** Brings the device to FEATURES_OK with these features; whether it took them. */
function negotiate(vm: Harness, features: Features): boolean {
  vm.driver.reset();
  vm.driver.setStatus(STATUS_ACKNOWLEDGE);
  vm.driver.setStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
  vm.driver.setDriverFeatures(features);
  vm.driver.setStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
  return (vm.driver.status() & STATUS_FEATURES_OK) !== 0;
}

describe.each(TRANSPORTS)("clauses on %s", (transport) => {
  it("DEVICE_NEEDS_RESET comes with a configuration change notification", () => {
    const { vm } = machine(transport);
    vm.start(PLAIN);
    vm.driver.takeInterrupts();
    // An available entry outside the table.
    vm.splitRing().offer(0xffff);
    vm.driver.notify(0);
    expect(vm.transport.bus.brokenBy).toContain("outside the table");
    if (vm.driver.legacy) return;
    expect(vm.driver.status() & STATUS_DEVICE_NEEDS_RESET).toBe(STATUS_DEVICE_NEEDS_RESET);
    expect(vm.driver.takeInterrupts().config).toBe(true);
  });

  it("every subset of the offer that is closed is accepted, one feature less at a time", () => {
    const { vm } = machine(transport, { "num-queues": 2 });
    if (vm.driver.legacy) return;
    const offered = vm.driver.deviceFeatures();
    expect(negotiate(vm, offered)).toBe(true);
    for (const bit of offered.bits()) {
      if (bit === VIRTIO_F_VERSION_1) continue;
      const fewer = new Features();
      fewer.assign(offered);
      fewer.remove(bit);
      expect([bit, negotiate(vm, fewer)]).toEqual([bit, true]);
    }
    expect(negotiate(vm, Features.of(VIRTIO_F_VERSION_1))).toBe(true);
  });

  it("takes the same features again after a reset, as often as a driver likes", async () => {
    const { vm } = machine(transport);
    for (let count = 0; count < 5; ++count) {
      vm.start(PLAIN);
      expect((await vm.transact(readSector(vm), "direct")).length).toBe(513);
    }
  });

  it("configuration can be read before FEATURES_OK, of every feature that is offered", () => {
    const { vm } = machine(transport, { "num-queues": 2, logical_block_size: 4096, physical_block_size: 4096 });
    vm.driver.reset();
    expect(vm.driver.readConfig(B.BLK_CONFIG_CAPACITY, 4)).toBe(2 ** 20 / 512);
    expect(vm.driver.readConfig(B.BLK_CONFIG_BLK_SIZE, 4)).toBe(4096);
    expect(vm.driver.readConfig(B.BLK_CONFIG_NUM_QUEUES, 2)).toBe(2);
    expect(vm.driver.readConfig(B.BLK_CONFIG_MAX_DISCARD_SECTORS, 4)).toBeGreaterThan(0);
  });

  it("notifications for nothing are harmless", async () => {
    const { vm } = machine(transport);
    vm.start(PLAIN);
    for (let count = 0; count < 10; ++count) vm.driver.notify(0);
    expect(vm.driver.takeInterrupts().used).toBe(false);
    expect((await vm.transact(readSector(vm), "direct")).length).toBe(513);
    vm.driver.notify(0);
    expect(vm.ring().take()).toBe(null);
  });
});

/** Resets the first queue by the register of the transport. */
function resetQueue(vm: Harness): void {
  const { driver } = vm;
  if (driver instanceof MmioDriver) {
    driver.write(R.MMIO_QUEUE_SEL, 0);
    driver.write(R.MMIO_QUEUE_RESET, 1);
  } else if (driver instanceof PciDriver) {
    driver.selectQueue(0);
    driver.setCommon(P.COMMON_QUEUE_RESET, 2, 1);
  } else throw new Error(`${driver.name} has no queue reset`);
}

describe.each(["mmio v2", "pci modern"] as const)("queue reset on %s", (transport) => {
  it.each([false, true])("a queue that was reset is silent, packed %s", async (packed) => {
    const { vm, disk } = machine(transport);
    disk.manual = true;
    vm.start({ ...PLAIN, packed });
    expect(vm.transport.bus.has(VIRTIO_F_RING_RESET)).toBe(true);
    const chain = readSector(vm);
    vm.send(chain, "direct");
    const place = vm.ring().place;
    resetQueue(vm);
    vm.driver.takeInterrupts();
    const before = [place.desc, place.device].map((at) => vm.ram.bytes(at, 256).slice());
    await disk.release();
    vm.driver.notify(0);
    expect([place.desc, place.device].map((at) => vm.ram.bytes(at, 256).slice())).toEqual(before);
    expect(vm.content(chain[1] as never)).toEqual(new Uint8Array(512).fill(0xee));
    expect(vm.driver.takeInterrupts()).toEqual({ used: false, config: false });
  });

  it("a queue that was reset is taken with another size and other areas", async () => {
    const { vm } = machine(transport);
    vm.start(PLAIN, [0], { size: 32 });
    await vm.transact(readSector(vm), "direct");
    const old = vm.ring().place;
    resetQueue(vm);
    const ring = vm.setup(0, PLAIN, 4);
    expect(ring.place.desc).not.toBe(old.desc);
    expect(vm.transport.bus.queue(0)?.size).toBe(4);
    for (let count = 0; count < 9; ++count) expect((await vm.transact(readSector(vm), "direct")).length).toBe(513);
  });
});

describe.each(["mmio v2", "pci modern"] as const)("VIRTIO_F_IN_ORDER on %s", (transport) => {
  it.each([false, true])(
    "with IN_ORDER buffers come back as they went, whatever finishes first, packed %s",
    async (packed) => {
      const { vm, disk } = machine(transport, { in_order: true });
      disk.manual = true;
      vm.start({ ...PLAIN, packed, inOrder: true });
      expect(vm.transport.bus.has(VIRTIO_F_IN_ORDER)).toBe(true);
      const slow = vm.send(readSector(vm), "direct");
      // Answered at once, and still second.
      const bad = new Uint8Array(16).fill(99);
      const fast = vm.send([vm.out(bad), vm.in(1)], "direct");
      expect(vm.ring().take()).toBe(null);
      await disk.release();
      expect([vm.ring().take()?.id, vm.ring().take()?.id]).toEqual([slow, fast]);
    },
  );
});
