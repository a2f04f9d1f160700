/** The registers of virtio over MMIO, version 2 and version 1, one by one. */
import { describe, expect, it } from "vitest";
import { VirtioDevice } from "../device.ts";
import { ConfigSpace } from "../layout.ts";
import { VIRTIO_F_EVENT_IDX, VIRTIO_F_VERSION_1 } from "../spec/features.ts";
import * as R from "../spec/mmio.ts";
import { DriverRing } from "../testing/driver-ring.ts";
import { GUEST_RAM_BASE, loadRingEngine } from "../testing/engine.ts";
import { Harness, TestLine, TestLog } from "../testing/harness.ts";
import { MemoryDisk } from "../testing/memory-disk.ts";
import type { MmioDriver } from "../testing/mmio-driver.ts";
import { VirtioMmio } from "./mmio.ts";

const PLAIN = { eventIdx: false, style: "direct" } as const;

function disk(legacy: boolean, properties = {}): { vm: Harness; driver: MmioDriver } {
  const backends = { block: new MemoryDisk(2 ** 20, { sync: true }) };
  const vm = new Harness(legacy ? "mmio v1" : "mmio v2", "virtio-blk", { drive: "disk", ...properties }, { backends });
  return { vm, driver: vm.driver as MmioDriver };
}

describe("an empty window", () => {
  it.each([
    [false, 2],
    [true, 1],
  ])("legacy %s reads DeviceID 0, keeps quiet about the rest and ignores writes", (forceLegacy, version) => {
    const log = new TestLog();
    const line = new TestLine();
    const window = new VirtioMmio({ engine: loadRingEngine(0x10000), log, irq: line }, { forceLegacy });
    for (let offset = 0; offset < 0x200; offset += 4) window.write(offset, 4, 0xffff_ffff);
    const values = new Map<number, number>();
    for (let offset = 0; offset < 0x200; offset += 4) values.set(offset, window.read(offset, 4));
    expect([...values].filter(([, value]) => value !== 0)).toEqual([
      [R.MMIO_MAGIC_VALUE, 0x74726976],
      [R.MMIO_VERSION, version],
      [R.MMIO_VENDOR_ID, 0x554d4551],
    ]);
    expect(line.level).toBe(false);
    expect(log.guestErrors).toEqual([]);
  });
});

describe("registers of both versions", () => {
  it.each([false, true])("legacy %s: identification and selectors", (legacy) => {
    const { driver } = disk(legacy);
    expect(driver.read(R.MMIO_DEVICE_ID)).toBe(2);
    driver.write(R.MMIO_DEVICE_FEATURES_SEL, 1);
    expect((driver.read(R.MMIO_DEVICE_FEATURES) & 1) === 1).toBe(!legacy);
    for (const selector of [2, 4, 0x100, 0xffff_ffff]) {
      driver.write(R.MMIO_DEVICE_FEATURES_SEL, selector);
      expect(driver.read(R.MMIO_DEVICE_FEATURES)).toBe(0);
    }
  });

  it.each([false, true])(
    "legacy %s: accesses that are not 32 bits wide and aligned read 0 and write nothing",
    (legacy) => {
      const { vm, driver } = disk(legacy);
      for (const size of [1, 2] as const) expect(driver.window.read(R.MMIO_MAGIC_VALUE, size)).toBe(0);
      expect(driver.window.read(2, 4)).toBe(0);
      driver.window.write(R.MMIO_STATUS, 1, 1);
      driver.window.write(R.MMIO_STATUS + 1, 4, 1);
      expect(driver.status()).toBe(0);
      expect(vm.log.guestErrors.join()).toContain("not 32 bits wide");
    },
  );

  it.each([false, true])("legacy %s, qtest:virtio-blk/nxvirtq: a queue that does not exist", (legacy) => {
    const { vm, driver } = disk(legacy);
    for (const index of [1, 0x8000, 0xffff_ffff]) {
      driver.write(R.MMIO_QUEUE_SEL, index);
      for (let offset = 0; offset < 0x100; offset += 4) {
        // Everything but the selectors and the status: those are not of a queue.
        const others = [
          R.MMIO_DEVICE_FEATURES_SEL,
          R.MMIO_DRIVER_FEATURES_SEL,
          R.MMIO_DRIVER_FEATURES,
          R.MMIO_QUEUE_SEL,
        ];
        if (!others.includes(offset) && offset !== R.MMIO_STATUS && offset !== R.MMIO_GUEST_PAGE_SIZE)
          driver.write(offset, 1);
      }
      expect(driver.read(R.MMIO_QUEUE_SIZE_MAX)).toBe(0);
      expect(driver.read(legacy ? R.MMIO_QUEUE_PFN : R.MMIO_QUEUE_READY)).toBe(0);
      driver.notify(index);
    }
    expect(driver.status()).toBe(0);
    vm.start(PLAIN);
    expect(vm.transport.bus.live).toBe(true);
  });

  it.each([false, true])("legacy %s: registers of the other version read 0 and are ignored", (legacy) => {
    const { vm, driver } = disk(legacy);
    const foreign = legacy
      ? [R.MMIO_QUEUE_READY, R.MMIO_QUEUE_DESC_LOW, R.MMIO_SHM_SEL, R.MMIO_QUEUE_RESET, R.MMIO_CONFIG_GENERATION]
      : [R.MMIO_GUEST_PAGE_SIZE, R.MMIO_QUEUE_ALIGN, R.MMIO_QUEUE_PFN];
    for (const offset of foreign) {
      const before = vm.log.guestErrors.length;
      driver.write(offset, 1);
      expect(driver.read(offset)).toBe(0);
      expect(vm.log.guestErrors.length).toBeGreaterThan(before);
    }
  });

  it.each([false, true])(
    "legacy %s: the line follows InterruptStatus, and an event between read and acknowledge is kept",
    async (legacy) => {
      const { vm, driver } = disk(legacy);
      vm.start(PLAIN);
      vm.send([vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)], "direct");
      expect(vm.line.level).toBe(true);
      expect(driver.read(R.MMIO_INTERRUPT_STATUS)).toBe(R.MMIO_INT_USED_BUFFER);
      // A configuration change comes in before the driver acknowledges what it has seen.
      const edges = vm.line.edges;
      vm.transport.bus.configChanged();
      expect(driver.read(R.MMIO_INTERRUPT_STATUS)).toBe(3);
      driver.write(R.MMIO_INTERRUPT_ACK, R.MMIO_INT_USED_BUFFER);
      expect(driver.read(R.MMIO_INTERRUPT_STATUS)).toBe(R.MMIO_INT_CONFIG_CHANGE);
      expect(vm.line.level).toBe(true);
      expect(vm.line.edges).toBe(edges + 1);
      driver.write(R.MMIO_INTERRUPT_ACK, 0xffff_fffc);
      expect(vm.line.level).toBe(true);
      driver.write(R.MMIO_INTERRUPT_ACK, R.MMIO_INT_CONFIG_CHANGE);
      expect(vm.line.level).toBe(false);
      await vm.receive();
    },
  );
});

describe("version 2", () => {
  it("SHMLen and SHMBase tell where the selected region is, and all ones for one that has no place", () => {
    const region = (id: number, sizeBytes: number) => ({ id, sizeBytes, read: () => 0, write: () => {} });
    class WithMemory extends VirtioDevice {
      readonly id = 26;
      readonly name = "virtio-fs";
      readonly legacy = false;
      readonly features = [];
      readonly config = new ConfigSpace({});
      readonly queues = [];
      override get sharedMemory() {
        return [region(0, 0x1_2345_6000), region(7, 0x1000), region(200, 0x1000)];
      }
      onQueue(): void {}
      save(): null {
        return null;
      }
      load(): void {}
      serveRestored(): void {}
    }
    const window = new VirtioMmio({
      engine: loadRingEngine(0x10000),
      log: new TestLog(),
      irq: new TestLine(),
      placeSharedMemory: ({ id }) => (id === 0 ? 0x80_1234_5000 : id === 7 ? 0x5000_0000 : null),
    });
    window.bus.plug((bus) => new WithMemory(bus));
    const read = (id: number): number[] => {
      window.write(R.MMIO_SHM_SEL, 4, id);
      const registers = [R.MMIO_SHM_LEN_LOW, R.MMIO_SHM_LEN_HIGH, R.MMIO_SHM_BASE_LOW, R.MMIO_SHM_BASE_HIGH];
      return registers.map((offset) => window.read(offset, 4));
    };
    expect(read(0)).toEqual([0x2345_6000, 1, 0x1234_5000, 0x80]);
    expect(read(7)).toEqual([0x1000, 0, 0x5000_0000, 0]);
    const absent = [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff];
    for (const id of [1, 200, 256, 0xffff_ffff]) expect(read(id)).toEqual(absent);
    window.write(R.MMIO_STATUS, 4, 0);
    expect(window.read(R.MMIO_SHM_LEN_HIGH, 4)).toBe(1);
  });

  /** 4.2.2, table of registers: the direction of each. */
  const READ_ONLY = [
    R.MMIO_MAGIC_VALUE,
    R.MMIO_VERSION,
    R.MMIO_DEVICE_ID,
    R.MMIO_VENDOR_ID,
    R.MMIO_DEVICE_FEATURES,
    R.MMIO_QUEUE_SIZE_MAX,
    R.MMIO_INTERRUPT_STATUS,
    R.MMIO_SHM_LEN_LOW,
    R.MMIO_SHM_LEN_HIGH,
    R.MMIO_SHM_BASE_LOW,
    R.MMIO_SHM_BASE_HIGH,
    R.MMIO_CONFIG_GENERATION,
  ];
  const WRITE_ONLY = [
    R.MMIO_DEVICE_FEATURES_SEL,
    R.MMIO_DRIVER_FEATURES,
    R.MMIO_DRIVER_FEATURES_SEL,
    R.MMIO_QUEUE_SEL,
    R.MMIO_QUEUE_SIZE,
    R.MMIO_QUEUE_NOTIFY,
    R.MMIO_INTERRUPT_ACK,
    R.MMIO_QUEUE_DESC_LOW,
    R.MMIO_QUEUE_DESC_HIGH,
    R.MMIO_QUEUE_DRIVER_LOW,
    R.MMIO_QUEUE_DRIVER_HIGH,
    R.MMIO_QUEUE_DEVICE_LOW,
    R.MMIO_QUEUE_DEVICE_HIGH,
    R.MMIO_SHM_SEL,
  ];
  const BOTH = [R.MMIO_QUEUE_READY, R.MMIO_STATUS, R.MMIO_QUEUE_RESET];

  it("4.2.2: reading what is written only gives 0, writing what is read only changes nothing; both are noted", () => {
    const { vm, driver } = disk(false);
    for (let offset = 0; offset < R.MMIO_CONFIG; offset += 4) {
      const before = vm.log.guestErrors.length;
      const value = driver.read(offset);
      const noted = vm.log.guestErrors.length > before;
      expect([offset, noted]).toEqual([offset, !READ_ONLY.includes(offset) && !BOTH.includes(offset)]);
      if (noted) expect([offset, value]).toEqual([offset, 0]);
      if (WRITE_ONLY.includes(offset) || BOTH.includes(offset)) continue;
      const old = vm.log.guestErrors.length;
      driver.write(offset, 0x5a5a_5a5a);
      expect([offset, driver.read(offset)]).toEqual([offset, value]);
      expect([offset, vm.log.guestErrors.length > old]).toEqual([offset, true]);
    }
  });

  it("SHM registers of a region that does not exist read all ones", () => {
    const { driver } = disk(false);
    driver.write(R.MMIO_SHM_SEL, 5);
    for (const offset of [R.MMIO_SHM_LEN_LOW, R.MMIO_SHM_LEN_HIGH, R.MMIO_SHM_BASE_LOW, R.MMIO_SHM_BASE_HIGH]) {
      expect(driver.read(offset)).toBe(0xffff_ffff);
    }
  });

  it("queue registers are ignored while the queue is ready, and QueueReady 0 frees it", () => {
    const { vm, driver } = disk(false);
    vm.start(PLAIN);
    driver.write(R.MMIO_QUEUE_SEL, 0);
    driver.write(R.MMIO_QUEUE_SIZE, 4);
    driver.write(R.MMIO_QUEUE_DESC_LOW, 0);
    expect(vm.transport.bus.queue(0)?.size).toBe(32);
    expect(vm.log.guestErrors.join()).toContain("queue register ignored");
    driver.write(R.MMIO_QUEUE_READY, 0);
    expect(driver.read(R.MMIO_QUEUE_READY)).toBe(0);
    expect(driver.setupQueue(0, 4)?.size).toBe(4);
  });

  it.each([0, 3, 512, 0x1_0000, 0xffff_ffff])("QueueReady reads back 0 for a queue size of %i", (size) => {
    const { vm, driver } = disk(false);
    driver.write(R.MMIO_QUEUE_SEL, 0);
    driver.write(R.MMIO_QUEUE_SIZE, size);
    driver.setAddresses(vm.ram.alloc(0x4000, 4096), vm.ram.alloc(0x4000), vm.ram.alloc(0x4000));
    driver.write(R.MMIO_QUEUE_READY, 1);
    expect(driver.read(R.MMIO_QUEUE_READY)).toBe(0);
    expect(vm.log.guestErrors.join()).toContain("queue refused");
    // DRIVER_OK and a notification after that are harmless.
    driver.setDriverFeatures(driver.deviceFeatures());
    driver.setStatus(15);
    driver.notify(0);
    expect(driver.status()).toBe(15);
  });

  it("the high address words count", () => {
    const { vm, driver } = disk(false);
    driver.write(R.MMIO_QUEUE_SEL, 0);
    driver.write(R.MMIO_QUEUE_SIZE, 8);
    driver.setAddresses(vm.ram.alloc(128), vm.ram.alloc(64), vm.ram.alloc(128));
    driver.write(R.MMIO_QUEUE_DRIVER_HIGH, 1);
    driver.write(R.MMIO_QUEUE_READY, 1);
    expect(driver.read(R.MMIO_QUEUE_READY)).toBe(0);
    driver.write(R.MMIO_QUEUE_DRIVER_HIGH, 0);
    driver.write(R.MMIO_QUEUE_READY, 1);
    expect(driver.read(R.MMIO_QUEUE_READY)).toBe(1);
  });

  it("2.6.1: QueueReset brings one queue back to where it began, with RING_RESET only", async () => {
    const { vm, driver } = disk(false);
    vm.start(PLAIN);
    const request = (): ReturnType<Harness["in"]>[] => [vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)];
    await vm.transact(request(), "direct");
    driver.write(R.MMIO_QUEUE_SEL, 0);
    driver.write(R.MMIO_QUEUE_RESET, 1);
    expect(driver.read(R.MMIO_QUEUE_RESET)).toBe(0);
    expect(driver.read(R.MMIO_QUEUE_READY)).toBe(0);
    expect(vm.transport.bus.queue(0)?.size).toBe(256);
    vm.setup(0, PLAIN, 16);
    await vm.transact(request(), "direct");

    vm.start(PLAIN, [0], { without: [40] });
    driver.write(R.MMIO_QUEUE_RESET, 1);
    expect(driver.read(R.MMIO_QUEUE_READY)).toBe(1);
    expect(vm.log.guestErrors.join()).toContain("without VIRTIO_F_RING_RESET");
  });

  it("selectors are kept as written and cleared by a reset", () => {
    const { driver } = disk(false);
    driver.write(R.MMIO_DEVICE_FEATURES_SEL, 1);
    driver.reset();
    expect(driver.read(R.MMIO_DEVICE_FEATURES) & 0x2000_0000).not.toBe(0);
    driver.write(R.MMIO_DRIVER_FEATURES_SEL, 7);
    driver.write(R.MMIO_DRIVER_FEATURES, 0xffff_ffff);
    driver.setDriverFeatures(driver.deviceFeatures());
    driver.setStatus(11);
    expect(driver.status()).toBe(11);
    expect(driver.deviceFeatures().has(VIRTIO_F_VERSION_1)).toBe(true);
  });
});

describe("version 1", () => {
  it("a driver that never writes status or features is served at its kick", () => {
    const { vm, driver } = disk(true);
    const base = vm.ram.alloc(3 * 4096, 4096);
    driver.write(R.MMIO_GUEST_PAGE_SIZE, 4096);
    driver.write(R.MMIO_QUEUE_SEL, 0);
    expect(driver.read(R.MMIO_QUEUE_PFN)).toBe(0);
    driver.write(R.MMIO_QUEUE_SIZE, 16);
    driver.write(R.MMIO_QUEUE_ALIGN, 4096);
    driver.write(R.MMIO_QUEUE_PFN, base / 4096);
    const ring = new DriverRing(vm.ram, 16, { desc: base, driver: base + 256, device: base + 4096 }, false);
    ring.add([vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)], "direct");
    driver.notify(0);
    expect(ring.take()?.length).toBe(513);
    expect(driver.status()).toBe(0);
    expect(vm.log.guestErrors).toEqual([]);
  });

  it("QueueAlign moves the used ring, and QueuePFN counts in GuestPageSize", () => {
    const { vm, driver } = disk(true);
    const base = vm.ram.alloc(4096, 256);
    driver.write(R.MMIO_GUEST_PAGE_SIZE, 256);
    driver.write(R.MMIO_QUEUE_SEL, 0);
    driver.write(R.MMIO_QUEUE_SIZE, 4);
    driver.write(R.MMIO_QUEUE_ALIGN, 64);
    driver.write(R.MMIO_QUEUE_PFN, base / 256);
    expect(driver.read(R.MMIO_QUEUE_PFN)).toBe(base / 256);
    const ring = new DriverRing(vm.ram, 4, { desc: base, driver: base + 64, device: base + 128 }, false);
    ring.add([vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)], "direct");
    driver.notify(0);
    expect(ring.take()?.length).toBe(513);
  });

  it("the page size survives the reset that Linux makes after writing it", () => {
    const { vm, driver } = disk(true);
    driver.write(R.MMIO_GUEST_PAGE_SIZE, 4096);
    driver.reset();
    expect(driver.setupQueue(0, 16)).not.toBe(null);
    vm.transport.reset();
    driver.write(R.MMIO_QUEUE_SEL, 0);
    driver.write(R.MMIO_QUEUE_PFN, GUEST_RAM_BASE / 4096 + 64);
    expect(driver.read(R.MMIO_QUEUE_PFN)).toBe(0);
    expect(vm.log.guestErrors.join()).toContain("QueuePFN refused: page size 0");
  });

  it("QueuePFN 0 stops that queue and nothing else", () => {
    const { vm, driver } = disk(true, { "num-queues": 2 });
    vm.start(PLAIN, [0, 1]);
    driver.write(R.MMIO_QUEUE_SEL, 0);
    driver.write(R.MMIO_QUEUE_PFN, 0);
    expect(vm.transport.bus.queue(0)?.ready).toBe(false);
    expect(vm.transport.bus.queue(1)?.ready).toBe(true);
    expect(driver.status()).not.toBe(0);
  });

  it.each([1, 0xffff_ffff, 0x3_ffff])("QueuePFN 0x%s outside of RAM is refused", (pfn) => {
    const { vm, driver } = disk(true);
    driver.write(R.MMIO_QUEUE_SEL, 0);
    driver.write(R.MMIO_QUEUE_PFN, pfn);
    expect(driver.read(R.MMIO_QUEUE_PFN)).toBe(0);
    expect(vm.log.guestErrors.join()).toContain("a ring area is not in RAM");
  });

  it.each([0, 3])("QueueAlign %i is refused", (align) => {
    const { vm, driver } = disk(true);
    driver.write(R.MMIO_QUEUE_SEL, 0);
    driver.write(R.MMIO_QUEUE_ALIGN, align);
    driver.write(R.MMIO_QUEUE_PFN, GUEST_RAM_BASE / 4096 + 64);
    expect(driver.read(R.MMIO_QUEUE_PFN)).toBe(0);
    expect(vm.log.guestErrors.join()).toContain(`alignment ${align}`);
  });

  it("features take effect when they are written, also for a queue that runs", () => {
    const { vm, driver } = disk(true);
    vm.setup(0, { eventIdx: false });
    const features = vm.chooseFeatures({ eventIdx: true, style: "indirect" });
    driver.setDriverFeatures(features);
    const ring = vm.splitRing();
    ring.eventIdx = true;
    ring.setUsedEvent(5);
    vm.send([vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)], "direct");
    // The first notification after the feature appears is always given; from then on used_event decides.
    driver.takeInterrupts();
    vm.send([vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)], "direct");
    expect(driver.takeInterrupts().used).toBe(false);
    expect(features.has(VIRTIO_F_EVENT_IDX)).toBe(true);
  });
});
