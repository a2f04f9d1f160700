/** The configuration spaces of bridge and functions against QEMU's, register by register, before and after writing all ones. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allOnes } from "../../../pci/address-space.ts";
import type { PciRegion } from "../../../pci/function.ts";
import { parsePciAddress } from "../../../pci/bus.ts";
import { Qtest } from "../../../ts/platform/testing/qtest.ts";
import { createDevice } from "../../registry.ts";
import { Harness, TestLine } from "../../testing/harness.ts";
import { MemoryDisk } from "../../testing/memory-disk.ts";
import { TestPci } from "../../testing/pci-driver.ts";
import { VirtioPci } from "./pci.ts";

/** Where QEMU's virt has the configuration spaces. */
const ECAM = 0x40_1000_0000;
const BLOCK = { drive: "disk" };

/** Slot by slot from 1 on; in slot 3 are two functions. */
const FUNCTIONS: readonly (readonly [string, Readonly<Record<string, string | number>>])[] = [
  ["virtio-rng-pci", {}],
  ["virtio-rng-pci-transitional", {}],
  ["virtio-rng-pci", { addr: "3.0", multifunction: "on" }],
  ["virtio-rng-pci-non-transitional", { addr: "3.1" }],
  ["virtio-rng-pci", { addr: "0x4", "disable-modern": "on" }],
  ["virtio-rng-pci", { addr: "05", "disable-legacy": "on" }],
  ["virtio-rng-pci", { addr: "6", vectors: 0 }],
  ["virtio-rng-pci", { addr: "7", vectors: 200 }],
  ["virtio-rng-pci", { addr: "8", vectors: 2048 }],
  ["virtio-rng-pci", { addr: "9", "page-per-vq": "on" }],
  ["virtio-rng-pci", { addr: "a", "modern-pio-notify": "on" }],
  ["virtio-blk-pci", { addr: "b", ...BLOCK, class: 0x0180, "disable-legacy": "off" }],
  ["virtio-serial-pci", { addr: "c" }],
  ["virtio-serial-pci-non-transitional", { addr: "d", max_ports: 4 }],
  ["virtio-serial-pci", { addr: "e", class: 0x0780, "disable-modern": "on", vectors: 0 }],
  ["virtio-balloon-pci", { addr: "13" }],
  ["virtio-blk-pci", { addr: "f", ...BLOCK }],
  ["virtio-blk-pci-transitional", { addr: "10", ...BLOCK, "num-queues": 3 }],
  ["virtio-blk-pci-non-transitional", { addr: "1f.0", ...BLOCK, vectors: 5 }],
];

/** Device and function number of a row. */
function devfnOf(index: number): number {
  const addr = FUNCTIONS[index]?.[1]["addr"];
  const { slot, fn } = parsePciAddress(String(addr ?? index + 1)) ?? { slot: -1, fn: -1 };
  return (slot << 3) | fn;
}

function qemuArguments(): string[] {
  const rows = FUNCTIONS.map(([name, properties], index) => {
    const pairs = Object.entries(properties).map(([key, value]) => `,${key}=${key === "drive" ? `n${index}` : value}`);
    return ["-device", name + pairs.join("")];
  });
  const disks = FUNCTIONS.flatMap(([, properties], index) =>
    "drive" in properties ? ["-blockdev", `null-co,size=1048576,node-name=n${index}`] : [],
  );
  return [...disks, ...rows.flat()];
}

let qemu: Qtest;
let pci: TestPci;

beforeAll(async () => {
  qemu = await Qtest.start(...qemuArguments());
  pci = new TestPci(new TestLine());
  const { context, engine, log } = new Harness("mmio v2", "virtio-serial", {});
  const made = {
    ...context,
    block: () => new MemoryDisk(2 ** 20),
    entropy: () => ({ fill: () => undefined }),
    transport: (request: Parameters<typeof context.transport>[0]) => {
      if (request.kind !== "pci") return null;
      const transport = new VirtioPci({ engine, log }, request.options);
      transport.function.multiFunction = request.multiFunction;
      pci.bridge.bus.attach(transport.function, request.address);
      return transport;
    },
  };
  for (const [name, properties] of FUNCTIONS) createDevice(name, properties, made);
}, 60_000);

afterAll(async () => {
  await qemu.stop();
});

const ours = (): PciRegion => pci.bridge.ecam;

async function both(devfn: number, offset: number): Promise<[string, string]> {
  const theirs = await qemu.read(ECAM + (devfn << 12) + offset, 4);
  const own = ours().read((devfn << 12) + offset, 4);
  return [`${offset.toString(16)}: ${own.toString(16)}`, `${offset.toString(16)}: ${theirs.toString(16)}`];
}

/** End of the last capability: what is behind it QEMU lets a guest use as memory, and here it reads as zero. */
function capabilitiesEnd(devfn: number): number {
  const read = (offset: number, size: 1 | 2): number => ours().read((devfn << 12) + offset, size);
  let end = 0x40;
  for (let at = read(0x34, 1); at !== 0; at = read(at + 1, 1)) {
    end = Math.max(end, at + (read(at, 1) === 0x11 ? 12 : read(at + 2, 1)));
  }
  return end;
}

const rows = [
  ["the host bridge", 0] as const,
  ...FUNCTIONS.map(([name, properties], index) => [`${name} ${JSON.stringify(properties)}`, devfnOf(index)] as const),
];

describe.each(rows)("%s", (_, devfn) => {
  it("has QEMU's configuration space, and changes as QEMU's does when all ones are written", async () => {
    const lengths = 64;
    const before = await Promise.all(Array.from({ length: lengths }, (__, index) => both(devfn, 4 * index)));
    expect(before.map(([own]) => own)).toEqual(before.map(([, theirs]) => theirs));
    const end = capabilitiesEnd(devfn);
    for (let offset = 0; offset < end; offset += 4) {
      await qemu.write(ECAM + (devfn << 12) + offset, 4, 0xffff_ffff);
      ours().write((devfn << 12) + offset, 4, 0xffff_ffff);
    }
    const after = await Promise.all(Array.from({ length: end / 4 }, (__, index) => both(devfn, 4 * index)));
    expect(after.map(([own]) => own)).toEqual(after.map(([, theirs]) => theirs));
  });
});

describe("where no function is", () => {
  it.each([
    ["an empty slot", 0x12 << 15],
    ["a function that does not exist", (1 << 15) | (1 << 12)],
    ["a bus that does not exist", 0x10_0000],
    ["beyond a function's 256 bytes", (1 << 15) + 0x100],
    ["the last bus", 0xfff_fffc],
  ])("%s reads as all ones and ignores writes, as in QEMU", async (_, offset) => {
    for (const size of [1, 2, 4] as const) {
      ours().write(offset, size, 0);
      await qemu.write(ECAM + offset, size, 0);
      expect(ours().read(offset, size)).toBe(allOnes(size));
      expect(await qemu.read(ECAM + offset, size)).toBe(allOnes(size));
    }
  });
});
