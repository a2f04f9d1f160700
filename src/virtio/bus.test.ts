/** The status state machine, features, configuration space and reset (3.1) on every transport through one driver. */
import { describe, expect, it } from "vitest";
import { VirtioDevice } from "./device.ts";
import { Features } from "./features.ts";
import * as B from "./spec/blk.ts";
import { VIRTIO_F_RING_RESET, VIRTIO_F_VERSION_1 } from "./spec/features.ts";
import {
  STATUS_ACKNOWLEDGE,
  STATUS_DEVICE_NEEDS_RESET,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FAILED,
  STATUS_FEATURES_OK,
} from "./spec/status.ts";
import { Harness, TRANSPORTS, type TransportName } from "./testing/harness.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";

const PLAIN = { eventIdx: false, style: "direct" } as const;
const BEGUN = STATUS_ACKNOWLEDGE | STATUS_DRIVER;

function machine(transport: TransportName): { vm: Harness; disk: MemoryDisk } {
  const disk = new MemoryDisk(2 ** 20);
  return { vm: new Harness(transport, "virtio-blk", { drive: "disk" }, { backends: { block: disk } }), disk };
}

/** A chain that reads one sector into fresh memory. */
function readSector(vm: Harness): ReturnType<Harness["in"]>[] {
  return [vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)];
}

describe.each(TRANSPORTS)("status and reset on %s", (transport) => {
  it("3.1.1: bits are added in any order, and none goes without a reset", () => {
    const { vm } = machine(transport);
    vm.driver.reset();
    expect(vm.driver.status()).toBe(0);
    vm.driver.setStatus(STATUS_ACKNOWLEDGE);
    expect(vm.driver.status()).toBe(STATUS_ACKNOWLEDGE);
    vm.driver.setStatus(BEGUN);
    expect(vm.driver.status()).toBe(BEGUN);
    vm.driver.setStatus(STATUS_DRIVER);
    expect(vm.transport.bus.status).toBe(BEGUN);
    expect(vm.log.guestErrors.join()).toContain("cleared without a reset");
    vm.driver.reset();
    expect(vm.driver.status()).toBe(0);
    expect(vm.transport.bus.status).toBe(0);
  });

  it("3.1.1: the driver cannot set DEVICE_NEEDS_RESET", () => {
    const { vm } = machine(transport);
    vm.driver.setStatus(BEGUN | STATUS_DEVICE_NEEDS_RESET);
    // Over channel I/O a status that cannot be is refused as a whole (4.3.2.3.2).
    expect(vm.transport.bus.status).toBe(transport.startsWith("ccw") ? 0 : BEGUN);
    expect(vm.transport.bus.brokenBy).toBe(null);
  });

  it("3.1.1: FAILED stops the queues until the next reset", async () => {
    const { vm } = machine(transport);
    vm.start(PLAIN);
    vm.driver.setStatus(vm.driver.status() | STATUS_FAILED);
    vm.ring().add(readSector(vm), "direct");
    vm.driver.notify(0);
    expect(vm.log.guestErrors.join()).toContain("notification ignored");
    expect(vm.ring().take()).toBe(null);
    vm.start(PLAIN);
    await vm.transact(readSector(vm), "direct");
  });

  it("3.1.1: buffers that were there before DRIVER_OK are served at DRIVER_OK, or at the kick of a legacy driver", async () => {
    const { vm } = machine(transport);
    vm.start(PLAIN);
    await vm.transact(readSector(vm), "direct");
    vm.driver.reset();
    vm.driver.setStatus(BEGUN);
    vm.driver.setDriverFeatures(vm.chooseFeatures(PLAIN));
    if (!vm.driver.legacy) vm.driver.setStatus(BEGUN | STATUS_FEATURES_OK);
    const ring = vm.setup(0, PLAIN);
    ring.add(readSector(vm), "direct");
    if (!vm.driver.legacy) {
      vm.driver.notify(0);
      expect(vm.log.guestErrors.join()).toContain("notification ignored");
      expect(ring.take()).toBe(null);
    }
    vm.driver.setStatus(vm.driver.status() | STATUS_DRIVER_OK);
    expect((await vm.receive()).length).toBe(513);
  });

  it("3.1.2: reset clears what the driver made, and the device works again with other features", async () => {
    const { vm } = machine(transport);
    vm.start({ eventIdx: true, style: "indirect" });
    await vm.transact(readSector(vm), "indirect");
    // Without an interrupt register, an interrupt that was delivered cannot be taken back.
    if (vm.driver.messages) vm.driver.takeInterrupts();
    vm.driver.reset();
    const { bus } = vm.transport;
    expect(bus.status).toBe(0);
    expect(bus.has(B.VIRTIO_BLK_F_FLUSH)).toBe(false);
    expect(vm.driver.takeInterrupts()).toEqual({ used: false, config: false });
    if (transport !== "s390 pages") expect(bus.queue(0)?.ready).toBe(false);
    vm.start(PLAIN, [0], { without: [B.VIRTIO_BLK_F_FLUSH] });
    expect(bus.has(B.VIRTIO_BLK_F_FLUSH)).toBe(false);
    expect(bus.has(B.VIRTIO_BLK_F_SEG_MAX)).toBe(true);
    expect((await vm.transact(readSector(vm), "direct")).length).toBe(513);
  });

  it("3.1.2: a completion after the reset writes nothing, and the new life is not disturbed", async () => {
    const { vm, disk } = machine(transport);
    disk.bytes.fill(0x77);
    disk.manual = true;
    vm.start(PLAIN);
    const old = readSector(vm);
    vm.send(old, "direct");
    expect(disk.pending).toBe(1);
    vm.start(PLAIN);
    const ring = vm.splitRing();
    const fresh = readSector(vm);
    vm.send(fresh, "direct");
    expect(disk.pending).toBe(2);
    const usedBefore = vm.ram.bytes(ring.place.device, 100).slice();
    await disk.release(1);
    expect(vm.content(old[1] as (typeof old)[1])).toEqual(new Uint8Array(512).fill(0xee));
    expect(vm.ram.bytes(ring.place.device, 100)).toEqual(usedBefore);
    expect(vm.driver.takeInterrupts().used).toBe(false);
    await disk.release(1);
    expect((await vm.receive()).length).toBe(513);
    expect(vm.content(fresh[1] as (typeof fresh)[1])).toEqual(new Uint8Array(512).fill(0x77));
  });

  it("3.1.4: configuration reads as bytes and as wider values; past the end it is 0 and writes change nothing", () => {
    const { vm } = machine(transport);
    const sectors = 2 ** 20 / 512;
    expect(vm.driver.readConfig(0, 4)).toBe(sectors);
    expect(vm.driver.readConfig(4, 4)).toBe(0);
    expect(vm.driver.readConfig(1, 1)).toBe(sectors >> 8);
    expect(vm.driver.readConfig(0, 2)).toBe(sectors);
    expect(vm.driver.readConfig(21, 2)).toBe(512 >> 8);
    expect(vm.driver.readConfig(0xf0, 4)).toBe(0);
    vm.driver.setStatus(BEGUN);
    vm.driver.writeConfig(0, 4, 1);
    expect(vm.driver.readConfig(0, 4)).toBe(sectors);
    expect(vm.log.guestErrors.join()).toContain("read-only configuration written");
  });

  it("3.1.4: a change of the configuration is announced, also when it came before DRIVER_OK", () => {
    const { vm, disk } = machine(transport);
    const device = vm.created.device as unknown as { resized(): void };
    vm.driver.reset();
    disk.sizeBytes = 2 ** 19;
    device.resized();
    vm.start(PLAIN);
    expect(vm.driver.takeInterrupts().config).toBe(false);
    vm.driver.reset();
    vm.driver.setStatus(STATUS_ACKNOWLEDGE);
    disk.sizeBytes = 2 ** 20;
    device.resized();
    expect(vm.driver.takeInterrupts().config).toBe(false);
    vm.driver.setStatus(BEGUN);
    vm.driver.setDriverFeatures(vm.chooseFeatures(PLAIN));
    if (!vm.driver.legacy) vm.driver.setStatus(BEGUN | STATUS_FEATURES_OK);
    vm.driver.setStatus(vm.driver.status() | STATUS_DRIVER_OK);
    expect(vm.driver.takeInterrupts()).toEqual({ used: false, config: true });
    disk.sizeBytes = 2 ** 18;
    device.resized();
    expect(vm.driver.takeInterrupts()).toEqual({ used: false, config: true });
    expect(vm.driver.readConfig(0, 4)).toBe(2 ** 18 / 512);
  });

  it("2.1.2: a ring violation makes the device need a reset; it touches nothing and recovers by the reset", async () => {
    const { vm, disk } = machine(transport);
    disk.manual = true;
    vm.start(PLAIN);
    const pending = readSector(vm);
    vm.send(pending, "direct");
    vm.splitRing().offer(0x7000);
    vm.driver.notify(0);
    const { bus } = vm.transport;
    expect(bus.brokenBy).toContain("outside the table");
    if (vm.driver.legacy) expect(bus.status & STATUS_DEVICE_NEEDS_RESET).toBe(0);
    else {
      expect(vm.driver.status() & STATUS_DEVICE_NEEDS_RESET).toBe(STATUS_DEVICE_NEEDS_RESET);
      expect(vm.driver.takeInterrupts().config).toBe(true);
    }
    const before = vm.ram.bytes(vm.splitRing().place.device, 100).slice();
    await disk.release();
    vm.driver.notify(0);
    expect(vm.ram.bytes(vm.splitRing().place.device, 100)).toEqual(before);
    expect(vm.content(pending[2] as (typeof pending)[2])[0]).toBe(0xee);
    disk.manual = false;
    vm.start(PLAIN);
    expect(bus.brokenBy).toBe(null);
    await vm.transact(readSector(vm), "direct");
  });

  it("a reset from inside the backend, while a queue is being drained, ends the drain", async () => {
    const disk = new MemoryDisk(2 ** 20, { sync: true });
    const vm = new Harness(transport, "virtio-blk", { drive: "disk" }, { backends: { block: disk } });
    vm.start(PLAIN);
    const read = disk.read.bind(disk);
    disk.read = (offset, into) => {
      vm.driver.reset();
      return read(offset, into);
    };
    vm.ring().add(readSector(vm), "direct");
    vm.ring().add(readSector(vm), "direct");
    vm.driver.notify(0);
    expect(disk.calls).toHaveLength(1);
    disk.read = read;
    vm.start(PLAIN);
    await vm.transact(readSector(vm), "direct");
  });
});

describe("features on the modern interface", () => {
  function begun(): Harness {
    const { vm } = machine("mmio v2");
    vm.driver.reset();
    vm.driver.setStatus(BEGUN);
    return vm;
  }

  it("3.1.1: FEATURES_OK stays 0 for bits that were never offered", () => {
    const vm = begun();
    for (const bit of [0, 31, 33, 63, 127]) {
      const features = vm.driver.deviceFeatures();
      features.add(bit);
      vm.driver.setDriverFeatures(features);
      vm.driver.setStatus(BEGUN | STATUS_FEATURES_OK);
      expect(vm.driver.status()).toBe(BEGUN);
    }
    vm.driver.setDriverFeatures(vm.driver.deviceFeatures());
    vm.driver.setStatus(BEGUN | STATUS_FEATURES_OK);
    expect(vm.driver.status()).toBe(BEGUN | STATUS_FEATURES_OK);
  });

  it("6.1: FEATURES_OK stays 0 without VIRTIO_F_VERSION_1", () => {
    const vm = begun();
    const features = vm.driver.deviceFeatures();
    features.remove(VIRTIO_F_VERSION_1);
    vm.driver.setDriverFeatures(features);
    vm.driver.setStatus(BEGUN | STATUS_FEATURES_OK);
    expect(vm.driver.status()).toBe(BEGUN);
  });

  it("3.1.1: DRIVER_OK without FEATURES_OK does not bring the device to life", () => {
    const vm = begun();
    vm.driver.setStatus(BEGUN | STATUS_DRIVER_OK);
    expect(vm.driver.status()).toBe(BEGUN | STATUS_DRIVER_OK | STATUS_DEVICE_NEEDS_RESET);
    expect(vm.transport.bus.live).toBe(false);
    expect(vm.driver.takeInterrupts().config).toBe(true);
  });

  it("3.1.3: features are frozen by FEATURES_OK", () => {
    const vm = begun();
    vm.driver.setDriverFeatures(Features.of(VIRTIO_F_VERSION_1));
    vm.driver.setStatus(BEGUN | STATUS_FEATURES_OK);
    vm.driver.setDriverFeatures(vm.driver.deviceFeatures());
    vm.driver.setStatus(BEGUN | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
    expect(vm.transport.bus.has(B.VIRTIO_BLK_F_FLUSH)).toBe(false);
    expect(vm.log.guestErrors.join()).toContain("features written after FEATURES_OK");
  });

  it("all four bits in one write work", async () => {
    const vm = begun();
    vm.driver.reset();
    vm.driver.setDriverFeatures(Features.of(VIRTIO_F_VERSION_1));
    vm.setup(0, PLAIN);
    vm.driver.setStatus(BEGUN | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
    await vm.transact(readSector(vm), "direct");
  });

  it("2.5.3: the generation changes once for each change that the driver could have half seen", () => {
    const vm = begun();
    const device = vm.created.device as unknown as { resized(): void };
    const generation = (): number => vm.transport.bus.configGeneration;
    const first = generation();
    device.resized();
    expect(generation()).toBe(first);
    vm.driver.readConfig(0, 4);
    device.resized();
    device.resized();
    expect(generation()).toBe(first + 1);
    vm.driver.reset();
    expect(generation()).toBe(first + 1);
  });

  it("RING_RESET is offered to modern drivers only, and legacy ones see 32 bits", () => {
    expect(machine("mmio v2").vm.driver.deviceFeatures().has(VIRTIO_F_RING_RESET)).toBe(true);
    for (const transport of ["mmio v1", "s390 pages"] as const) {
      const features = machine(transport).vm.driver.deviceFeatures();
      expect(features.bits().every((bit) => bit < 32)).toBe(true);
      expect(features.bits()).toContain(24);
    }
    expect(machine("mmio v2").vm.driver.deviceFeatures().has(24)).toBe(false);
  });
});

describe("the slot", () => {
  it("holds one device, and a device cannot be made outside of it", () => {
    const { vm } = machine("mmio v2");
    const { bus } = vm.transport;
    const make = (): VirtioDevice => {
      throw new Error("must not be called");
    };
    expect(() => bus.plug(make)).toThrow("has a device already: virtio-blk");
    const constructor = vm.created.device.constructor as new (...values: unknown[]) => VirtioDevice;
    expect(() => new constructor(bus, new MemoryDisk(512), {})).toThrow("plugging");
  });

  it("refuses a modern-only device on the legacy interface", () => {
    const { vm } = machine("mmio v1");
    const { bus } = vm.transport;
    bus.unplug();
    expect(bus.deviceId).toBe(0);
    class Modern extends VirtioDevice {
      readonly id = 99;
      readonly name = "virtio-modern";
      readonly legacy = false;
      readonly features = [];
      readonly queues = [];
      readonly config = {
        sizeBytes: 0,
        read: () => 0,
        write: () => ({ writes: [], refused: true }),
        save: () => [],
        load: () => {},
        inspect: () => [],
      };
      onQueue(): void {}
      save(): null {
        return null;
      }
      load(): void {}
      serveRestored(): void {}
    }
    expect(() => bus.plug((slot) => new Modern(slot))).toThrow("no legacy interface");
    expect(bus.device).toBe(null);
  });

  it("gives the walker's slots back when the device goes", () => {
    const { vm } = machine("mmio v2");
    const next = vm.engine.vq_open();
    vm.transport.bus.unplug();
    expect(vm.engine.vq_open()).toBeLessThan(next);
  });
});
