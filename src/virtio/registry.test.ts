/** The one door: names, properties, errors that help, and defaults of old machines. */
import { describe, expect, it } from "vitest";
import { DeviceOptionError, editDistance, nearestNames, type PropertyValue } from "./properties.ts";
import {
  COMPAT,
  CHILDREN,
  compatDefaults,
  createDevice,
  DEVICES,
  type DeviceContext,
  deviceNames,
  deviceProperties,
} from "./registry.ts";
import * as B from "./spec/blk.ts";
import { VIRTIO_F_ACCESS_PLATFORM } from "./spec/features.ts";
import { STATUS_FEATURES_OK } from "./spec/status.ts";
import { CharEnd } from "./testing/char-end.ts";
import { loadRingEngine } from "./testing/engine.ts";
import { TestClock, TestLine, TestLog } from "./testing/harness.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { VirtioMmio } from "./transport/mmio.ts";
import { VirtioPci } from "./transport/pci/pci.ts";
import { NAME_SUFFIXES } from "./transports.ts";

function context(slots = 32, changes: Partial<DeviceContext> = {}): DeviceContext & { windows: VirtioMmio[] } {
  const engine = loadRingEngine(0x10000);
  const clock = new TestClock();
  const windows: VirtioMmio[] = [];
  return {
    machineVersion: "1.0",
    defaultTransport: "mmio",
    clock,
    timers: clock,
    created: [],
    windows,
    block: (id) => (id === "hd0" ? new MemoryDisk(1024) : id === "odd" ? new MemoryDisk(1000) : null),
    char: (id) => (id === "term" ? new CharEnd() : null),
    entropy: (id) => (id === "" ? { fill: () => {} } : null),
    net: () => null,
    files: () => null,
    macAddress: (wanted) => wanted ?? new Uint8Array(6),
    transport: (request) => {
      if (request.kind === "pci") return new VirtioPci({ engine, log: new TestLog() }, request.options);
      if (request.kind !== "mmio" || windows.length === slots) return null;
      windows.push(new VirtioMmio({ engine, log: new TestLog(), irq: new TestLine() }, request));
      return windows.at(-1) ?? null;
    },
    ...changes,
  };
}

function refusal(name: string, properties: Record<string, PropertyValue> = {}, where = context()): string {
  const before = where.created.length;
  try {
    createDevice(name, properties, where);
  } catch (error) {
    expect(error).toBeInstanceOf(DeviceOptionError);
    expect(where.created).toHaveLength(before);
    expect(where.windows.every((window) => window.bus.device === null)).toBe(true);
    return (error as Error).message;
  }
  throw new Error(`${name} was made`);
}

describe("names", () => {
  it.each([
    ["virtio-blk-device", 2],
    ["virtio-blk", 2],
    ["virtio-rng-device", 4],
    ["virtio-serial-device", 3],
  ])("%s makes device %i on the machine's mmio", (name, id) => {
    const made = createDevice(name, id === 2 ? { drive: "hd0" } : {}, context());
    expect(made.device.id).toBe(id);
    expect(made.transport.kind).toBe("mmio");
    expect(made.transport.bus.device).toBe(made.device);
  });

  it("every device has every old name, and each name has properties", () => {
    const names = deviceNames();
    expect(names).toHaveLength(DEVICES.length * NAME_SUFFIXES.length + CHILDREN.length);
    for (const name of names) expect(deviceProperties(name, context())).not.toBe(null);
    expect(names).toContain("virtio-blk-pci-non-transitional");
    expect(deviceProperties("virtio-disk", context())).toBe(null);
  });

  it.each(["virtio-rng-ccw", "virtio-serial-ccw"])("%s says that this machine has no such transport", (name) => {
    expect(refusal(name)).toContain("no free virtio-ccw slot is left on this machine");
  });

  it("an unknown name gets the nearest ones and the list", () => {
    const message = refusal("virtio-blk-devcie");
    expect(message).toContain('There is no device "virtio-blk-devcie". Did you mean "virtio-blk-device"');
    expect(message).toContain("virtconsole");
    expect(refusal("e1000")).not.toContain("Did you mean");
  });
});

describe("properties", () => {
  it("an unknown one gets the nearest ones and the list, on the device as on its transport", () => {
    const message = refusal("virtio-blk-device", { drive: "hd0", serail: "A1" });
    expect(message).toContain('virtio-blk-device has no property "serail". Did you mean "serial"?');
    expect(message).toContain("force-legacy");
    expect(refusal("virtio-rng-device", { __proto__x: 1, toString: 1 })).toContain("has no property");
  });

  it.each([
    [{ drive: "hd1" }, 'there is no drive with the id "hd1"'],
    [{}, "virtio-blk-device needs drive=…"],
    [{ drive: "odd" }, 'drive "odd" has 1000 bytes, which is not a multiple of 512'],
    [{ drive: "hd0", serial: "x".repeat(21) }, "has at most 20 bytes"],
    [{ drive: "hd0", discard: "maybe" }, 'virtio-blk-device: discard is on or off, not "maybe"'],
    [{ drive: "hd0", "num-queues": 0 }, "is a number from 1 to 64"],
    [{ drive: "hd0", "queue-size": 100 }, "is a power of two"],
    [{ drive: "hd0", "queue-size": 2048 }, "is a number from 4 to 1024"],
    [{ drive: "hd0", logical_block_size: "4k", physical_block_size: 512 }, "physical_block_size is smaller"],
    [{ drive: "hd0", scsi: "on" }, 'scsi is off here, not "on": SCSI commands go to virtio-scsi.'],
    [{ drive: "hd0", min_io_size: 700 }, "min_io_size is a multiple of the logical block size, 512."],
    [{ drive: "hd0", rerror: "stop" }, 'rerror is auto or report, not "stop"'],
  ] as [Record<string, PropertyValue>, string][])("%j is refused", (properties, message) => {
    expect(refusal("virtio-blk-device", properties)).toContain(message);
  });

  it("text becomes values as QEMU reads it", () => {
    const given = {
      drive: "hd0",
      discard: "off",
      "write-zeroes": "no",
      "num-queues": "0x2",
      physical_block_size: "4K",
    };
    const { transport } = createDevice("virtio-blk-device", given, context());
    const { bus } = transport;
    expect(bus.offers(B.VIRTIO_BLK_F_DISCARD)).toBe(false);
    expect(bus.offers(B.VIRTIO_BLK_F_WRITE_ZEROES)).toBe(false);
    expect(bus.queues).toHaveLength(2);
    expect(bus.readConfig(B.BLK_CONFIG_PHYSICAL_BLOCK_EXP, 1)).toBe(3);
  });

  it("iommu_platform offers VIRTIO_F_ACCESS_PLATFORM, and a driver without it is refused", () => {
    const bit = VIRTIO_F_ACCESS_PLATFORM - 32;
    const made = createDevice("virtio-rng-pci", { iommu_platform: "on", "disable-legacy": "on" }, context());
    const { bus } = made.transport;
    expect(bus.offers(VIRTIO_F_ACCESS_PLATFORM)).toBe(true);
    expect(createDevice("virtio-rng-device", {}, context()).transport.bus.offers(VIRTIO_F_ACCESS_PLATFORM)).toBe(false);
    for (const bits of [1, 1 | (1 << bit)]) {
      bus.writeStatus(0);
      bus.setDriverFeatures(1, bits);
      bus.writeStatus(STATUS_FEATURES_OK);
      expect(bus.status).toBe(bits === 1 ? 0 : STATUS_FEATURES_OK);
    }
    // As QEMU: the legacy interface cannot carry it.
    expect(refusal("virtio-rng-pci", { iommu_platform: "on" })).toContain("needs disable-legacy=on");
    expect(refusal("virtio-rng-pci-transitional", { iommu_platform: "on" })).toContain("needs disable-legacy=on");
  });

  it("what the user says about I/O sizes is what the guest reads", () => {
    const given = { drive: "hd0", min_io_size: "4k", opt_io_size: "64k", discard_granularity: "8192" };
    const limits = { "max-discard-sectors": 64, "max-write-zeroes-sectors": 32 };
    const { bus } = createDevice("virtio-blk-device", { ...given, ...limits }, context()).transport;
    expect(bus.readConfig(B.BLK_CONFIG_MIN_IO_SIZE, 2)).toBe(8);
    expect(bus.readConfig(B.BLK_CONFIG_OPT_IO_SIZE, 4)).toBe(128);
    expect(bus.readConfig(B.BLK_CONFIG_DISCARD_SECTOR_ALIGNMENT, 4)).toBe(16);
    expect(bus.readConfig(B.BLK_CONFIG_MAX_DISCARD_SECTORS, 4)).toBe(64);
    expect(bus.readConfig(B.BLK_CONFIG_MAX_WRITE_ZEROES_SECTORS, 4)).toBe(32);
  });

  it("ring features can be withheld, and force-legacy selects version 1", () => {
    const off = { event_idx: "off", indirect_desc: false, queue_reset: "off" };
    const made = createDevice("virtio-rng-device", off, context());
    expect([28, 29, 40].some((bit) => made.transport.bus.offers(bit))).toBe(false);
    const legacy = createDevice("virtio-rng-device", { "force-legacy": "on" }, context());
    expect((legacy.transport as VirtioMmio).read(4, 4)).toBe(1);
  });

  it("ids are unique, and slots run out with a sentence", () => {
    const where = context(1);
    createDevice("virtio-rng-device", { id: "r0" }, where);
    expect(() => createDevice("virtio-rng-device", { id: "r0" }, where)).toThrow('a device with the id "r0" already');
    expect(() => createDevice("virtio-rng-device", {}, where)).toThrow("no free virtio-mmio slot is left");
  });
});

describe("ports", () => {
  it("go to the last virtio-serial device, or to the one that bus names", () => {
    const where = context();
    createDevice("virtio-serial-device", { id: "a" }, where);
    createDevice("virtio-serial-device", { id: "b" }, where);
    const last = createDevice("virtconsole", { chardev: "term" }, where);
    const named = createDevice("virtserialport", { bus: "a.0", name: "x" }, where);
    expect(last.transport).toBe(where.created[1]?.transport);
    expect(named.transport).toBe(where.created[0]?.transport);
    expect(() => createDevice("virtconsole", { bus: "c" }, where)).toThrow('no virtio-serial device with the id "c"');
  });

  it.each([
    ["virtserialport", { nr: 0 }, "port 0 is kept for a virtconsole"],
    ["virtserialport", { nr: 31 }, "has ports 0 to 30"],
    ["virtconsole", { nr: 1, chardev: "nobody" }, 'no character device with the id "nobody"'],
  ] as [string, Record<string, PropertyValue>, string][])("%s with %j is refused", (name, properties, message) => {
    const where = context();
    createDevice("virtio-serial-device", {}, where);
    expect(() => createDevice(name, properties, where)).toThrow(message);
  });

  it("need a virtio-serial device, and its ports run out", () => {
    expect(refusal("virtconsole")).toContain("needs a virtio-serial device before it");
    const where = context();
    createDevice("virtio-serial-device", { max_ports: 2 }, where);
    createDevice("virtconsole", { nr: 1 }, where);
    expect(() => createDevice("virtserialport", { nr: 1 }, where)).toThrow("port 1 is in use");
    expect(() => createDevice("virtserialport", {}, where)).toThrow("all 2 ports");
  });
});

describe("helpers", () => {
  it.each([
    ["kitten", "sitting", 3],
    ["", "abc", 3],
    ["ab", "ba", 1],
    ["Drive", "drive", 0],
  ])("the distance of %s and %s is %i", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  it("near names come nearest first, at most three", () => {
    expect(nearestNames("seriel", ["serial", "drive", "series", "serif", "aerial"])).toEqual([
      "serial",
      "series",
      "serif",
    ]);
  });

  it("old machine versions have their own defaults; the oldest change wins", () => {
    const rows = [
      { before: "1.10", device: "virtio-blk", property: "queue-size", value: 128 },
      { before: "1.2", device: "virtio-blk", property: "queue-size", value: 64 },
      { before: "1.2", device: "virtio-rng", property: "period", value: 1 },
    ];
    expect(compatDefaults("virtio-blk", "1.0", rows)).toEqual({ "queue-size": 64 });
    expect(compatDefaults("virtio-blk", "1.2", rows)).toEqual({ "queue-size": 128 });
    expect(compatDefaults("virtio-blk", "1.9", rows)).toEqual({ "queue-size": 128 });
    expect(compatDefaults("virtio-blk", "1.10", rows)).toEqual({});
    for (const row of COMPAT) {
      const definition = DEVICES.find(({ name }) => name === row.device);
      expect(Object.hasOwn(definition?.properties ?? {}, row.property)).toBe(true);
    }
  });
});
