/**
 * What a hostile or broken driver can do to registers: the transport cases T1 to T28 of docs/robustness.md that every
 * transport has. What only one has is tested beside it (transport/).
 */
import { describe, expect, it } from "vitest";
import { Features } from "./features.ts";
import * as B from "./spec/blk.ts";
import {
  STATUS_ACKNOWLEDGE,
  STATUS_DEVICE_NEEDS_RESET,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FAILED,
  STATUS_FEATURES_OK,
} from "./spec/status.ts";
import { GUEST_RAM_BASE } from "./testing/engine.ts";
import { Harness, TRANSPORTS, type TransportName } from "./testing/harness.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { PciDriver } from "./testing/pci-driver.ts";

const PLAIN = { eventIdx: false, style: "direct" } as const;
const BEGUN = STATUS_ACKNOWLEDGE | STATUS_DRIVER;

function machine(transport: TransportName): { vm: Harness; disk: MemoryDisk } {
  const disk = new MemoryDisk(2 ** 18);
  const properties = { drive: "disk", "num-queues": 2 };
  return { vm: new Harness(transport, "virtio-blk", properties, { backends: { block: disk } }), disk };
}

const readSector = (vm: Harness): ReturnType<Harness["in"]>[] => [vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)];

/** The device works, after a reset where `restart` says so. */
async function expectAlive(vm: Harness, disk: MemoryDisk, restart = true): Promise<void> {
  disk.manual = false;
  await disk.release();
  if (restart) vm.start(PLAIN, [0, 1]);
  expect((await vm.transact(readSector(vm), "direct")).length).toBe(513);
  expect(vm.log.hostErrors).toEqual([]);
}

/** All of guest RAM but what the driver's test itself touches. */
const snapshot = (vm: Harness): Buffer => Buffer.from(vm.ram.bytes(GUEST_RAM_BASE, vm.ram.sizeBytes));

describe.each(TRANSPORTS)("hostile registers on %s", (transport) => {
  /** A notification as a driver makes it that does not ask whether the queue is there. */
  const kick = (vm: Harness, index: number): void => {
    // On the pages a queue is named by where its ring is; there is no other name.
    if (transport === "s390 pages" && index > 1) return;
    vm.driver.notify(index);
  };

  it("T1: notifications of queues that do not exist", async () => {
    const { vm, disk } = machine(transport);
    vm.start(PLAIN, [0, 1]);
    const before = snapshot(vm);
    for (const index of [2, 63, 64, 0x7fff, 0xffff]) kick(vm, index);
    expect(Buffer.compare(snapshot(vm), before)).toBe(0);
    await expectAlive(vm, disk, false);
  });

  it("T2: notifications of a queue that is not set up", async () => {
    const { vm, disk } = machine(transport);
    vm.start(PLAIN, [0]);
    kick(vm, 1);
    await expectAlive(vm, disk, false);
  });

  it("T3, T4: notifications before DRIVER_OK, and while the device needs a reset", async () => {
    const { vm, disk } = machine(transport);
    vm.driver.reset();
    vm.driver.setStatus(BEGUN);
    kick(vm, 0);
    vm.start(PLAIN, [0, 1]);
    vm.splitRing().offer(0xffff);
    vm.driver.notify(0);
    expect(vm.transport.bus.brokenBy).not.toBe(null);
    vm.ring(1).add(readSector(vm), "direct");
    const before = snapshot(vm);
    for (let count = 0; count < 10; ++count) for (const index of [0, 1]) kick(vm, index);
    expect(Buffer.compare(snapshot(vm), before)).toBe(0);
    expect(vm.ring(1).take()).toBe(null);
    await expectAlive(vm, disk);
  });

  it("T5: a storm of notifications serves each buffer once", async () => {
    const { vm, disk } = machine(transport);
    disk.manual = true;
    vm.start(PLAIN, [0, 1]);
    vm.ring().add(readSector(vm), "direct");
    for (let count = 0; count < 1000; ++count) vm.driver.notify(0);
    expect(disk.pending).toBe(1);
    await disk.release();
    expect(vm.ring().take()?.length).toBe(513);
    expect(vm.ring().take()).toBe(null);
    await expectAlive(vm, disk, false);
  });

  it("T6, T7: status bits in any order, cleared bits, and NEEDS_RESET from the driver", async () => {
    const { vm, disk } = machine(transport);
    for (const first of [STATUS_DRIVER_OK, STATUS_FAILED, STATUS_FEATURES_OK, 0x30, 0xff]) {
      for (const second of [1, STATUS_DRIVER, STATUS_DEVICE_NEEDS_RESET, 0x8f]) {
        vm.driver.reset();
        vm.driver.setStatus(first);
        const status = vm.driver.status();
        vm.driver.setStatus(second);
        // The pages hold what the driver wrote there; what the device thinks is the bus's.
        const now = vm.transport.bus.status;
        if (transport !== "s390 pages") expect(now & status).toBe(status);
        if (vm.transport.bus.brokenBy === null) expect(now & STATUS_DEVICE_NEEDS_RESET).toBe(0);
      }
    }
    await expectAlive(vm, disk);
  });

  it("T8, T9: DRIVER_OK without FEATURES_OK, and FEATURES_OK twice", async () => {
    const { vm, disk } = machine(transport);
    vm.driver.reset();
    vm.driver.setStatus(BEGUN | STATUS_DRIVER_OK);
    kick(vm, 0);
    vm.start(PLAIN, [0, 1]);
    const features = [0, 1, 2, 3].map((word) => vm.transport.bus.driverFeatures(word));
    vm.driver.setStatus(vm.driver.status() | STATUS_FEATURES_OK);
    expect([0, 1, 2, 3].map((word) => vm.transport.bus.driverFeatures(word))).toEqual(features);
    await expectAlive(vm, disk, false);
  });

  it("T10, T11: features written after FEATURES_OK, and another set after a reset", async () => {
    const { vm, disk } = machine(transport);
    vm.start(PLAIN, [0, 1]);
    const flush = vm.transport.bus.has(B.VIRTIO_BLK_F_FLUSH);
    if (!vm.driver.legacy) {
      vm.driver.setDriverFeatures(Features.of(0, 31, 32, 99));
      expect(vm.transport.bus.has(B.VIRTIO_BLK_F_FLUSH)).toBe(flush);
    }
    await expectAlive(vm, disk, false);
    vm.start(PLAIN, [0, 1], { without: [B.VIRTIO_BLK_F_FLUSH] });
    expect(vm.transport.bus.has(B.VIRTIO_BLK_F_FLUSH)).toBe(false);
    await expectAlive(vm, disk, false);
  });

  it("T12, T14: resets with requests in flight, again and again, from inside the interrupt too", async () => {
    const { vm, disk } = machine(transport);
    disk.manual = true;
    for (let count = 0; count < 20; ++count) {
      vm.ram.rewind();
      vm.start(PLAIN, [0, 1]);
      for (let request = 0; request < 4; ++request) vm.send(readSector(vm), "direct", request & 1);
      vm.driver.takeInterrupts();
      vm.driver.reset();
    }
    await expectAlive(vm, disk);
  });

  it("T17: selectors out of range, and every queue register behind them", async () => {
    const { vm, disk } = machine(transport);
    vm.start(PLAIN, [0, 1]);
    for (const index of [2, 0x7fff, 0xffff]) {
      expect(vm.driver.queueSizeMax(index)).toBe(0);
      expect(vm.driver.setupQueue(index, 8)).toBe(null);
    }
    await expectAlive(vm, disk, false);
  });

  it("T19: configuration writes to read-only fields and past the end", async () => {
    const { vm, disk } = machine(transport);
    vm.start(PLAIN, [0, 1]);
    const capacity = vm.driver.readConfig(B.BLK_CONFIG_CAPACITY, 4);
    for (const size of [1, 2, 4] as const) {
      for (let offset = 0; offset < 56; offset += size) {
        // The write cache may be switched.
        if (offset <= B.BLK_CONFIG_WRITEBACK && offset + size > B.BLK_CONFIG_WRITEBACK) continue;
        vm.driver.writeConfig(offset, size, 0xffff_ffff);
      }
    }
    expect(vm.driver.readConfig(B.BLK_CONFIG_CAPACITY, 4)).toBe(capacity);
    await expectAlive(vm, disk, false);
  });

  it("T26: the device is taken away with requests in flight: their answers go nowhere", async () => {
    const { vm, disk } = machine(transport);
    disk.manual = true;
    disk.bytes.fill(0x77);
    vm.start(PLAIN, [0, 1]);
    for (let request = 0; request < 4; ++request) vm.send(readSector(vm), "direct", request & 1);
    vm.transport.bus.unplug();
    const before = snapshot(vm);
    await disk.release();
    expect(Buffer.compare(snapshot(vm), before)).toBe(0);
    expect(vm.transport.bus.deviceId).toBe(0);
    expect(vm.log.hostErrors).toEqual([]);
  });
});

describe("T22, T24: addresses that PCI functions are given", () => {
  it("an MSI-X table with any address sends a message there, and writes no RAM", () => {
    const { vm } = machine("pci modern");
    const driver = vm.driver as PciDriver;
    vm.start(PLAIN, [0, 1]);
    const { bar, offset } = driver.msixTable();
    for (const address of [GUEST_RAM_BASE, 0, 0xffff_fffc, GUEST_RAM_BASE + 0x1000]) {
      driver.barWrite(bar, offset + 16, 4, address);
      driver.pci.messages.length = 0;
      const chain = readSector(vm);
      const head = vm.ring().add(chain, "direct");
      const before = snapshot(vm);
      driver.notify(0);
      // What the interrupt would have written, had it gone to memory.
      if (address >= GUEST_RAM_BASE && address < vm.ram.end) {
        expect(vm.ram.u32(address)).toBe(before.readUInt32LE(address - GUEST_RAM_BASE));
      }
      expect(head).toBeGreaterThanOrEqual(0);
    }
  });

  it("base addresses over RAM take nothing from it", async () => {
    const { vm, disk } = machine("pci modern");
    const driver = vm.driver as PciDriver;
    const at = vm.ram.alloc(4096, 4096);
    vm.ram.bytes(at, 4096).fill(0x5a);
    for (let register = 0; register < 6; ++register) driver.configWrite(0x10 + 4 * register, 4, GUEST_RAM_BASE);
    expect(vm.ram.bytes(at, 4096).every((byte) => byte === 0x5a)).toBe(true);
    vm.transport.reset();
    vm.driver = new PciDriver(driver.pci, vm.line, vm.ram, driver.options);
    driver.pci.messages.length = 0;
    await expectAlive(vm, disk);
  });
});
