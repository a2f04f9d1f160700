/** Virtio over PCI, register by register (virtio 1.4, 4.1): what the tests that run on every transport do not see. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SharedMemory, VirtioDevice } from "../../device.ts";
import { ConfigSpace } from "../../layout.ts";
import {
  VIRTIO_F_NOTIFICATION_DATA,
  VIRTIO_F_NOTIFY_ON_EMPTY,
  VIRTIO_F_RING_RESET,
  VIRTIO_F_VERSION_1,
} from "../../spec/features.ts";
import * as P from "../../spec/pci.ts";
import { Harness, type TransportName } from "../../testing/harness.ts";
import { MemoryDisk } from "../../testing/memory-disk.ts";
import { PciDriver } from "../../testing/pci-driver.ts";
import { type PciOptions, VirtioPci } from "./pci.ts";

const PLAIN = { eventIdx: false, style: "direct" } as const;
const MODERN: TransportName = "pci modern";
const TRANSITIONAL: TransportName = "pci transitional, modern";

function disk(transport: TransportName, properties = {}) {
  const backends = { block: new MemoryDisk(2 ** 20, { sync: true }) };
  const vm = new Harness(transport, "virtio-blk", { drive: "disk", ...properties }, { backends });
  return { vm, driver: vm.driver as PciDriver, transport: vm.transport as VirtioPci };
}

/** A chain that reads one sector. */
const readSector = (vm: Harness): ReturnType<Harness["in"]>[] => [vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)];

/** The same function as a driver of the other interface sees it. */
function other(vm: Harness, driver: PciDriver, legacy: boolean): PciDriver {
  return new PciDriver(driver.pci, vm.line, vm.ram, { legacy, msix: false, configOnly: false });
}

describe("the common configuration structure", () => {
  it("4.1.4.3: registers hold what is written, in 64-bit halves, and queue_size 0 says that there is no queue", () => {
    const { driver } = disk(MODERN);
    driver.setCommon(P.COMMON_QUEUE_DESC, 4, 0x1234_5670);
    driver.setCommon(P.COMMON_QUEUE_DESC + 4, 4, 0x89ab_cdef);
    expect(driver.common(P.COMMON_QUEUE_DESC, 4)).toBe(0x1234_5670);
    expect(driver.common(P.COMMON_QUEUE_DESC + 4, 4)).toBe(0x89ab_cdef);
    expect(driver.common(P.COMMON_NUM_QUEUES, 2)).toBe(1);
    driver.setCommon(P.COMMON_DRIVER_FEATURE_SELECT, 4, 1);
    driver.setCommon(P.COMMON_DRIVER_FEATURE, 4, 1);
    expect(driver.common(P.COMMON_DRIVER_FEATURE, 4)).toBe(1);
    for (const index of [1, 0x8000, 0xffff]) {
      driver.selectQueue(index);
      expect(driver.common(P.COMMON_QUEUE_SELECT, 2)).toBe(index);
      for (let at = P.COMMON_QUEUE_SIZE; at < P.COMMON_SIZE; at += 2) {
        driver.setCommon(at, 2, 1);
        driver.setCommon(at, 4, 1);
        expect(driver.common(at, 2)).toBe(at === P.COMMON_QUEUE_MSIX_VECTOR ? P.VIRTIO_MSI_NO_VECTOR : 0);
      }
    }
  });

  it("4.1.3.1: narrower reads give bytes of the register; stores of another width are ignored and counted", () => {
    const { vm, driver } = disk(MODERN);
    driver.setCommon(P.COMMON_DEVICE_FEATURE_SELECT, 4, 1);
    expect(driver.common(P.COMMON_DEVICE_FEATURE, 1)).toBe(driver.common(P.COMMON_DEVICE_FEATURE, 4) & 0xff);
    expect(driver.common(P.COMMON_DEVICE_STATUS, 4) & 0xff).toBe(0);
    expect(driver.common(P.COMMON_QUEUE_SELECT, 4)).toBe(256 * 0x1_0000);
    const before = vm.log.guestErrors.length;
    driver.setCommon(P.COMMON_DEVICE_STATUS, 4, 1);
    driver.setCommon(P.COMMON_QUEUE_SIZE, 1, 8);
    expect(driver.status()).toBe(0);
    expect(driver.queueSizeMax(0)).toBe(256);
    expect(vm.log.guestErrors.length).toBe(before + 2);
  });

  it("4.1.4.3.2: queue_enable takes no 0, a refused queue reads back 0", () => {
    const { vm, driver } = disk(MODERN);
    vm.start(PLAIN);
    driver.selectQueue(0);
    driver.setCommon(P.COMMON_QUEUE_ENABLE, 2, 0);
    expect(driver.common(P.COMMON_QUEUE_ENABLE, 2)).toBe(1);
    driver.setCommon(P.COMMON_QUEUE_SIZE, 2, 4);
    expect(driver.common(P.COMMON_QUEUE_SIZE, 2)).toBe(32);
    driver.reset();
    driver.selectQueue(0);
    driver.setAddresses(8, 8, 8);
    driver.setCommon(P.COMMON_QUEUE_ENABLE, 2, 1);
    expect(driver.common(P.COMMON_QUEUE_ENABLE, 2)).toBe(0);
  });

  it("2.6.1: queue_reset brings one queue back, its vector too, and needs the feature", async () => {
    const { vm, driver, transport } = disk(MODERN);
    vm.start(PLAIN);
    await vm.transact(readSector(vm), "direct");
    driver.selectQueue(0);
    driver.setCommon(P.COMMON_QUEUE_RESET, 2, 1);
    expect(driver.common(P.COMMON_QUEUE_RESET, 2)).toBe(0);
    expect(driver.common(P.COMMON_QUEUE_ENABLE, 2)).toBe(0);
    expect(driver.common(P.COMMON_QUEUE_MSIX_VECTOR, 2)).toBe(P.VIRTIO_MSI_NO_VECTOR);
    vm.setup(0, PLAIN, 16);
    await vm.transact(readSector(vm), "direct");
    vm.start(PLAIN, [0], { without: [VIRTIO_F_RING_RESET] });
    driver.setCommon(P.COMMON_QUEUE_RESET, 2, 1);
    expect(transport.bus.queue(0)?.ready).toBe(true);
  });
});

describe("notifications", () => {
  it.each([
    [MODERN, 4],
    ["pci through PCI_CFG" as const, 4096],
  ])("on %s each queue has an address %i bytes further", async (name, multiplier) => {
    const { vm, driver } = disk(name, { "num-queues": 3 });
    vm.start(PLAIN, [0, 1, 2]);
    const { bar, offset } = driver.structure(P.VIRTIO_PCI_CAP_NOTIFY_CFG);
    vm.ring(2).add(readSector(vm), "direct");
    // The address counts, whatever is written.
    driver.barWrite(bar, offset + 2 * multiplier, 2, 0);
    expect((await vm.receive(2)).length).toBe(513);
    driver.barWrite(bar, offset + 1023 * multiplier, 4, 0);
    expect(vm.log.guestErrors.join()).toContain("notification ignored: queue 1023");
  });

  it("modern-pio-notify adds an address in I/O space, where the value says which queue", async () => {
    const { vm, driver } = disk(TRANSITIONAL, { "num-queues": 2 });
    vm.start(PLAIN, [0, 1]);
    vm.ring(1).add(readSector(vm), "direct");
    driver.barWrite(2, 0, 2, 1);
    expect((await vm.receive(1)).length).toBe(513);
    expect(driver.barRead(2, 0, 2)).toBe(0);
  });

  it("VIRTIO_F_NOTIFICATION_DATA: offered when asked for; the driver's offset in the value changes nothing", async () => {
    const { vm, driver } = disk(MODERN, { notification_data: "on" });
    expect(driver.deviceFeatures().has(VIRTIO_F_NOTIFICATION_DATA)).toBe(true);
    expect(disk(MODERN, { notification_data: "off" }).driver.deviceFeatures().has(VIRTIO_F_NOTIFICATION_DATA)).toBe(
      false,
    );
    vm.start(PLAIN);
    const { bar, offset } = driver.structure(P.VIRTIO_PCI_CAP_NOTIFY_CFG);
    vm.ring(0).add(readSector(vm), "direct");
    driver.barWrite(bar, offset, 4, 0x8001_0000);
    expect((await vm.receive()).length).toBe(513);
  });
});

describe("interrupts", () => {
  it("4.1.5.1.2: a vector that does not exist reads back as none, and nothing is sent", () => {
    const { vm, driver } = disk(MODERN, { vectors: 2 });
    vm.start(PLAIN);
    driver.selectQueue(0);
    for (const vector of [2, 3, 0x7fff, 0xffff]) {
      driver.setCommon(P.COMMON_QUEUE_MSIX_VECTOR, 2, vector);
      expect(driver.common(P.COMMON_QUEUE_MSIX_VECTOR, 2)).toBe(P.VIRTIO_MSI_NO_VECTOR);
      driver.setCommon(P.COMMON_CONFIG_MSIX_VECTOR, 2, vector);
      expect(driver.common(P.COMMON_CONFIG_MSIX_VECTOR, 2)).toBe(P.VIRTIO_MSI_NO_VECTOR);
    }
    vm.send(readSector(vm), "direct");
    vm.transport.bus.configChanged();
    expect(driver.pci.messages).toEqual([]);
    expect(vm.line.level).toBe(false);
    expect(vm.ring().take()?.length).toBe(513);
  });

  it("each queue has the vector that it was given, and may share it with the configuration", () => {
    const { vm, driver } = disk(MODERN, { "num-queues": 2 });
    vm.start(PLAIN, [0, 1]);
    driver.selectQueue(1);
    driver.setCommon(P.COMMON_QUEUE_MSIX_VECTOR, 2, 0);
    vm.send(readSector(vm), "direct", 1);
    expect(driver.takeInterrupts()).toEqual({ used: false, config: true });
    vm.send(readSector(vm), "direct", 0);
    expect(driver.takeInterrupts()).toEqual({ used: true, config: false });
  });

  it("a masked vector waits in the pending bits", () => {
    const { vm, driver } = disk(MODERN);
    vm.start(PLAIN);
    const { bar, offset } = driver.msixTable();
    driver.barWrite(bar, offset + 16 + 12, 4, 1);
    vm.send(readSector(vm), "direct");
    expect(driver.takeInterrupts().used).toBe(false);
    driver.barWrite(bar, offset + 16 + 12, 4, 0);
    expect(driver.takeInterrupts().used).toBe(true);
  });

  it("4.1.4.5.1: with MSI-X the ISR shows configuration changes only; reading clears it", () => {
    const { vm, driver } = disk(MODERN);
    vm.start(PLAIN);
    const { bar, offset } = driver.structure(P.VIRTIO_PCI_CAP_ISR_CFG);
    vm.send(readSector(vm), "direct");
    expect(driver.barRead(bar, offset, 1)).toBe(0);
    vm.transport.bus.configChanged();
    expect(driver.barRead(bar, offset, 1)).toBe(P.PCI_ISR_CONFIG);
    expect(driver.barRead(bar, offset, 1)).toBe(0);
    driver.barWrite(bar, offset, 1, 0xff);
    expect(driver.barRead(bar, offset, 1)).toBe(0);
  });

  it("4.1.4.10: the legacy configuration moves when MSI-X goes on and off", () => {
    const { driver } = disk("pci legacy");
    const sectors = 2 ** 20 / 512;
    expect(driver.port(P.LEGACY_CONFIG_MSIX, 4)).toBe(sectors);
    expect(driver.port(P.LEGACY_QUEUE_MSIX_VECTOR, 2)).toBe(P.VIRTIO_MSI_NO_VECTOR);
    driver.setMsixControl(0);
    expect(driver.port(P.LEGACY_CONFIG, 4)).toBe(sectors);
  });
});

describe("a transitional function", () => {
  it("speaks the interface that its driver used last while the status was 0", async () => {
    const { vm, driver, transport } = disk(TRANSITIONAL);
    expect(driver.deviceFeatures().has(VIRTIO_F_VERSION_1)).toBe(true);
    const legacy = other(vm, driver, true);
    expect(legacy.deviceFeatures().has(VIRTIO_F_NOTIFY_ON_EMPTY)).toBe(true);
    expect(transport.bus.mode).toBe("legacy");
    expect(driver.deviceFeatures().has(VIRTIO_F_NOTIFY_ON_EMPTY)).toBe(false);
    vm.start(PLAIN);
    await vm.transact(readSector(vm), "direct");
    expect(transport.bus.mode).toBe("modern");
  });

  it("does not mix them: after the first status only a reset gets through the other one", async () => {
    const { vm, driver, transport } = disk(TRANSITIONAL);
    vm.start(PLAIN);
    const legacy = other(vm, driver, true);
    const before = driver.status();
    legacy.setPort(P.LEGACY_DRIVER_FEATURES, 4, 0);
    legacy.setPort(P.LEGACY_QUEUE_ADDRESS, 4, 0);
    legacy.setPort(P.LEGACY_DEVICE_STATUS, 1, 0x80);
    expect(legacy.port(P.LEGACY_DEVICE_STATUS, 1)).toBe(0);
    expect(driver.status()).toBe(before);
    expect(vm.log.guestErrors.join()).toContain("both interfaces used");
    await vm.transact(readSector(vm), "direct");
    legacy.reset();
    expect(transport.bus.status).toBe(0);
    legacy.setStatus(1);
    driver.setCommon(P.COMMON_DEVICE_STATUS, 1, 4);
    expect(transport.bus.status).toBe(1);
    driver.reset();
    expect(transport.bus.status).toBe(0);
  });
});

describe("bus mastering", () => {
  it("the device touches no ring without it, and a device that loses it while it runs has to be reset", async () => {
    const { vm, driver, transport } = disk(MODERN);
    vm.start(PLAIN);
    driver.configWrite(4, 2, 3);
    expect(driver.status() & 4).toBe(0);
    vm.ring().add(readSector(vm), "direct");
    driver.notify(0);
    expect(vm.ring().take()).toBe(null);
    driver.configWrite(4, 2, 7);
    driver.notify(0);
    expect(vm.ring().take()).toBe(null);
    vm.start(PLAIN);
    await vm.transact(readSector(vm), "direct");
    expect(transport.bus.brokenBy).toBe(null);
  });

  it("what was made available before it is served when it comes", async () => {
    const { vm, driver } = disk(MODERN);
    driver.configWrite(4, 2, 3);
    vm.start(PLAIN);
    vm.ring().add(readSector(vm), "direct");
    driver.notify(0);
    expect(vm.ring().take()).toBe(null);
    driver.configWrite(4, 2, 7);
    expect((await vm.receive()).length).toBe(513);
  });

  it("an old legacy driver that never asks for it gets it, as from QEMU", async () => {
    const { vm, driver } = disk("pci transitional, legacy");
    driver.configWrite(4, 2, 3);
    vm.start(PLAIN);
    expect(driver.configRead(4, 2)).toBe(7);
    await vm.transact(readSector(vm), "direct");
  });
});

describe("VIRTIO_PCI_CAP_PCI_CFG", () => {
  it.each([
    [0, 0, 3],
    [0, 0, 8],
    [4, 2, 4],
    [4, 1, 2],
    [4, 0x80_0000, 4],
    [4, 0xffff_fffc, 4],
    [3, 0, 4],
    [6, 0, 4],
    [255, 0, 4],
  ])("4.1.4.9: bar %i, offset %i, length %i is no access", (bar, offset, length) => {
    const { driver, transport } = disk("pci through PCI_CFG");
    driver.pciCfg(4, P.COMMON_DEVICE_STATUS, 1);
    const before = transport.bus.save();
    driver.pciCfg(bar, offset, length, 0x55);
    driver.pciCfg(bar, offset, length);
    expect(transport.bus.save()).toEqual(before);
  });

  it("reaches the legacy registers and the MSI-X table too, all of them switched off", () => {
    const { driver } = disk("pci through PCI_CFG");
    driver.pciCfg(1, 8, 4, 0x1234);
    expect(driver.pciCfg(1, 8, 4)).toBe(0x1234);
    expect(driver.pciCfg(0, P.LEGACY_QUEUE_SIZE, 2)).toBe(256);
  });
});

describe("shared memory", () => {
  const bytes = [new Uint8Array(0x3000), new Uint8Array(0x100)];

  class WithMemory extends VirtioDevice {
    readonly id = 26;
    readonly name = "virtio-test";
    readonly legacy = false;
    readonly features = [];
    readonly queues = [];
    readonly config = new ConfigSpace({});
    override get sharedMemory(): readonly SharedMemory[] {
      const region = (id: number, memory: Uint8Array): SharedMemory => ({
        id,
        sizeBytes: memory.length,
        read: (offset) => memory[offset] as number,
        write: (offset, _size, value) => {
          memory[offset] = value;
        },
      });
      return [region(7, bytes[0] as Uint8Array), region(0, bytes[1] as Uint8Array)];
    }
    onQueue(): void {}
    save(): null {
      return null;
    }
    load(): void {}
    serveRestored(): void {}
  }

  function plugged(options: Partial<PciOptions> = {}) {
    const { vm, driver, transport } = disk(MODERN);
    const common = { ...transport.options, legacy: "auto" as const, vectors: 0, ...options };
    const made = new VirtioPci({ engine: vm.engine, log: vm.log }, common);
    made.bus.plug((bus) => new WithMemory(bus));
    driver.pci.bridge.bus.attach(made.function, { slot: 9, fn: 0 });
    return { made, ecam: driver.pci.bridge.ecam, high: driver.pci.highMemory };
  }

  it("4.1.4.7: each region has a capability with its shmid, and lies where that says", () => {
    const { ecam, high } = plugged();
    const read = (offset: number, size: 1 | 2 | 4): number => ecam.read((9 << 15) + offset, size);
    const found = new Map<number, { bar: number; offset: number; length: number }>();
    for (let at = read(0x34, 1); at !== 0; at = read(at + 1, 1)) {
      if (read(at + 3, 1) !== P.VIRTIO_PCI_CAP_SHARED_MEMORY_CFG) continue;
      expect([read(at + 2, 1), read(at + P.PCI_CAP_OFFSET_HIGH, 4), read(at + P.PCI_CAP_LENGTH_HIGH, 4)]).toEqual([
        24, 0, 0,
      ]);
      found.set(read(at + P.PCI_CAP_ID, 1), {
        bar: read(at + 4, 1),
        offset: read(at + 8, 4),
        length: read(at + 12, 4),
      });
    }
    expect([...found.keys()].sort()).toEqual([0, 7]);
    expect(read(2, 2)).toBe(0x1040 + 26);
    for (const [offset, value] of [
      [0x18, 0x10_0000],
      [0x1c, 0x80],
      [4, 2],
    ] as const)
      ecam.write((9 << 15) + offset, 4, value);
    for (const [id, memory] of [
      [7, bytes[0]],
      [0, bytes[1]],
    ] as const) {
      const { bar, offset, length } = found.get(id) ?? { bar: -1, offset: 0, length: 0 };
      expect([bar, length]).toEqual([2, memory?.length]);
      high.write(0x10_0000 + offset + length - 1, 1, 0x40 + id);
      expect(memory?.at(-1)).toBe(0x40 + id);
      expect(high.read(0x10_0000 + offset + length - 1, 1)).toBe(0x40 + id);
      // Over its end there is nothing.
      high.write(0x10_0000 + offset + length - 1, 4, 0);
      expect(high.read(0x10_0000 + offset + length, 4)).toBe(0);
      expect(memory?.at(-1)).toBe(0x40 + id);
    }
  });

  it("and modern-pio-notify would be in the same place", () => {
    expect(() => plugged({ modernPioNotify: true })).toThrow("virtio-test has shared memory where");
    expect(() => plugged({ legacy: "on" })).toThrow("virtio-test has no legacy interface");
  });
});

it("a machine reset brings everything back", () => {
  const { vm, driver, transport } = disk(TRANSITIONAL);
  vm.start(PLAIN);
  driver.configWrite(0x3c, 1, 0x55);
  transport.reset();
  expect(driver.configRead(4, 2)).toBe(0);
  expect(driver.configRead(0x10, 4)).toBe(1);
  expect(driver.configRead(0x3c, 1)).toBe(0);
  expect(transport.bus.status).toBe(0);
});

it("a state of another function, or of an interface that is not there, is refused", () => {
  const legacy = disk("pci legacy").transport.save();
  const modern = disk(MODERN);
  expect(() => modern.transport.load(legacy)).toThrow("an interface that this function does not have");
  const state = modern.transport.save() as unknown as { config: number[]; queueVectors: number[] };
  state.config[0x2c] = 1;
  expect(() => modern.transport.load(state)).toThrow("another PCI function");
  state.config = modern.transport.save().config as number[];
  state.queueVectors = [];
  expect(() => modern.transport.load(state)).toThrow("queueVectors is not a list");
});

it("a saved function keeps its vectors, and what is pending behind a mask", () => {
  const { vm, driver, transport } = disk(MODERN);
  vm.start(PLAIN);
  const { bar, offset } = driver.msixTable();
  driver.barWrite(bar, offset + 16 + 12, 4, 1);
  vm.send(readSector(vm), "direct");
  const young = disk(MODERN);
  young.vm.ram.bytes(0x4000_0000, vm.ram.sizeBytes).set(vm.ram.bytes(0x4000_0000, vm.ram.sizeBytes));
  young.transport.load(JSON.parse(JSON.stringify(transport.save())));
  expect(young.transport.save()).toEqual(transport.save());
  young.driver.selectQueue(0);
  expect(young.driver.common(P.COMMON_QUEUE_MSIX_VECTOR, 2)).toBe(1);
  expect(young.driver.takeInterrupts().used).toBe(false);
  young.driver.barWrite(bar, offset + 16 + 12, 4, 0);
  expect(young.driver.takeInterrupts().used).toBe(true);
});

describe("hostile accesses", () => {
  const SIZES = [1, 2, 4] as const;
  const access = fc.record({
    target: fc.integer({ min: 0, max: 6 }),
    offset: fc.oneof(fc.nat(0x100), fc.nat(0x4000)),
    size: fc.constantFrom(...SIZES),
    value: fc.oneof(fc.nat(255), fc.nat(0xffff_ffff)),
    write: fc.boolean(),
  });

  it.each([MODERN, TRANSITIONAL, "pci legacy", "pci through PCI_CFG"] as const)(
    "%s: any access anywhere leaves a device that works after a reset",
    { timeout: 60_000 },
    async (name) => {
      await fc.assert(
        fc.asyncProperty(fc.array(access, { maxLength: 150 }), async (accesses) => {
          const { vm, driver, transport } = disk(name, { "num-queues": 2 });
          vm.start(PLAIN);
          for (const { target, offset, size, value, write } of accesses) {
            const config = target === 6 || transport.function.bar(target) === null;
            const region = config ? driver.pci.bridge.ecam : transport.function.bar(target)?.region;
            const at = config ? (1 << 15) + (offset % 0x110) : offset;
            if (write) region?.write(at, size, value);
            const read = region?.read(at, size) ?? 0;
            expect(Number.isInteger(read) && Math.abs(read) <= 0xffff_ffff).toBe(true);
          }
          transport.reset();
          const again = new PciDriver(driver.pci, vm.line, vm.ram, driver.options);
          driver.pci.messages.length = 0;
          again.reset();
          vm.driver = again;
          vm.start(PLAIN);
          expect((await vm.transact(readSector(vm), "direct")).length).toBe(513);
        }),
        { numRuns: 60 },
      );
    },
  );
});
