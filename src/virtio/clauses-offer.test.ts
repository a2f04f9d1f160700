/** What devices offer: the features that they have and no others, and those that the clause table says they lack. */
import { describe, expect, it } from "vitest";
import { VIRTIO_F_VERSION_1 } from "./spec/features.ts";
import { FEATURE_BITS, notOffered } from "./testing/clause-table.ts";
import { Harness, TRANSPORTS } from "./testing/harness.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { NetEnd } from "./testing/net-end.ts";

/** Everything on that a property turns on, and the feature bits below 24 or above 49 that the device then may have. */
const DEVICES = {
  "virtio-blk": { properties: { drive: "disk", "num-queues": 4 }, bits: [2, 5, 6, 9, 10, 11, 12, 13, 14] },
  "virtio-net": {
    properties: { netdev: "net", host_mtu: 1500 },
    bits: [0, 1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23],
  },
  "virtio-serial": { properties: {}, bits: [0, 1, 2] },
  "virtio-rng": { properties: {}, bits: [] },
  // Never bidirectional commands, nor protection information.
  "virtio-scsi": { properties: {}, bits: [1, 2] },
  "virtio-balloon": {
    properties: { "free-page-hint": true, "free-page-reporting": true, "deflate-on-oom": true },
    bits: [1, 2, 3, 4, 5],
  },
} as const satisfies Record<string, { properties: Record<string, string | number | boolean>; bits: readonly number[] }>;

/** Reserved bits 24 to 49 that are implemented: of the legacy interface, then of every one. */
const RESERVED = [24, 27, 28, 29, 32, 33, 34, 35, 38, 40];

function machine(transport: (typeof TRANSPORTS)[number], device: keyof typeof DEVICES): Harness {
  const backends = { block: new MemoryDisk(2 ** 20), net: new NetEnd(), entropy: { fill: (): void => {} } };
  return new Harness(transport, device, DEVICES[device].properties, { backends });
}

describe.each(TRANSPORTS)("the offer on %s", (transport) => {
  it.each(Object.keys(DEVICES) as (keyof typeof DEVICES)[])("%s offers no feature but those that it has", (device) => {
    const { driver } = machine(transport, device);
    const bits = driver.deviceFeatures().bits();
    const own: readonly number[] = DEVICES[device].bits;
    expect(bits.filter((bit) => !own.includes(bit) && !RESERVED.includes(bit))).toEqual([]);
    if (driver.legacy) expect(bits.every((bit) => bit < 32)).toBe(true);
  });

  it.each(Object.keys(DEVICES) as (keyof typeof DEVICES)[])(
    "%s lacks what the clause table says it lacks",
    (device) => {
      const bits = machine(transport, device).driver.deviceFeatures().bits();
      const chapter = device.slice("virtio-".length);
      const names = notOffered(chapter);
      for (const name of names) {
        const bit = FEATURE_BITS[name];
        expect([name, typeof bit]).toEqual([name, "number"]);
        expect([name, bits.includes(bit as number)]).toEqual([name, false]);
      }
      if (chapter === "net" || chapter === "blk") expect(names.length).toBeGreaterThan(2);
    },
  );

  it.each(Object.keys(DEVICES) as (keyof typeof DEVICES)[])("VIRTIO_F_VERSION_1 is offered: %s", (device) => {
    const { driver } = machine(transport, device);
    expect(driver.deviceFeatures().has(VIRTIO_F_VERSION_1)).toBe(!driver.legacy);
  });

  it.each(Object.keys(DEVICES) as (keyof typeof DEVICES)[])("no device has shared memory regions: %s", (device) => {
    expect(machine(transport, device).created.device.sharedMemory).toEqual([]);
  });
});
