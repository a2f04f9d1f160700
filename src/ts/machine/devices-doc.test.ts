/** docs/devices.md against what is built: the registry of virtio devices, their features, the memory and interrupt maps. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ninePFeatures } from "../../virtio/devices/9p/config.ts";
import { balloonFeatures } from "../../virtio/devices/balloon/features.ts";
import { blkFeatures } from "../../virtio/devices/blk/config.ts";
import { consoleFeatures } from "../../virtio/devices/console/config.ts";
import { NET_SWITCHES, netFeatures, type NetSwitch } from "../../virtio/devices/net/features.ts";
import { scsiFeatures } from "../../virtio/devices/scsi/config.ts";
import { type FeatureRow, RING_FEATURES } from "../../virtio/features.ts";
import type { PropertySpec, PropertyTable } from "../../virtio/properties.ts";
import { CHILDREN, DEVICES, deviceProperties } from "../../virtio/registry.ts";
import { MATRIX, RING_KINDS, ringKinds, TRANSPORTS as MATRIX_TRANSPORTS } from "../../virtio/testing/matrix.ts";
import { NAME_SUFFIXES } from "../../virtio/transports.ts";
import { virtioMmioSpi, NUM_GICV2M_SPIS, NUM_PCI_PINS, SPI_MAP } from "./irq-map.ts";
import { MEMORY_MAP, type MemoryRange, VIRTIO_MMIO_SLOTS, virtioMmioSlot } from "./memory-map.ts";

const page = readFileSync(new URL("../../../docs/devices.md", import.meta.url), "utf8");

/** The text under a heading, up to the next one of its level or above. */
function section(heading: string): string {
  const lines = page.split("\n");
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`docs/devices.md has no heading "${heading}"`);
  const level = heading.indexOf(" ");
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(" ") <= level);
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join("\n");
}

/** Cells of every table in `text` whose first column is called `first`, without headings. */
function rows(text: string, first: string): string[][] {
  const found: string[][] = [];
  let inside = false;
  for (const line of text.split("\n")) {
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (cells.length === 0) inside = false;
    else if (cells[0] === first) inside = true;
    else if (inside && !/^-+$/.test(cells[0] ?? "")) found.push(cells);
  }
  return found;
}

function valuesOf(spec: PropertySpec): string {
  switch (spec.type) {
    case "bool":
      return "on, off";
    case "int":
      return `${spec.min} to ${spec.max}`;
    case "pow2":
      return `power of two, ${spec.min} to ${spec.max}`;
    case "string":
      return `text, at most ${spec.maxBytes} bytes`;
    case "choice":
      return spec.values.join(", ");
    case "fixed":
      return spec.default === "" ? "none" : spec.default;
    case "id":
      return "id";
  }
}

function defaultOf(spec: PropertySpec): string {
  if (spec.type === "id") return spec.required ? "needed" : "none";
  if (spec.type === "bool") return spec.default ? "on" : "off";
  return spec.default === "" ? "none" : String(spec.default);
}

const asRows = (table: PropertyTable): string[][] =>
  Object.entries(table).map(([name, spec]) => [`\`${name}\``, valuesOf(spec), defaultOf(spec), spec.doc]);

/** What a name takes besides `without`. */
function propertiesOf(name: string, without: PropertyTable): PropertyTable {
  const table = deviceProperties(name, { defaultTransport: "mmio" });
  if (table === null) throw new Error(`there is no device ${name}`);
  return Object.fromEntries(Object.entries(table).filter(([property]) => !Object.hasOwn(without, property)));
}

const featureRows = (features: readonly FeatureRow[]): string[][] =>
  features.map(({ bit, name }) => [String(bit), `\`${name}\``]);

describe("docs/devices.md: virtio devices", () => {
  const virtio = section("## virtio devices");

  it("has a section for every device and port, and for no other", () => {
    const headings = [...virtio.matchAll(/^### ((?:virt|scsi-).*)$/gm)].map((match) => match[1]);
    expect(headings.sort()).toEqual([...DEVICES, ...CHILDREN].map(({ name }) => name).sort());
  });

  it("has every ending of a name, with its transport", () => {
    const written = rows(section("## virtio transports"), "A device's name ends in");
    expect(written.map(([suffix, transport]) => [suffix, transport])).toEqual(
      NAME_SUFFIXES.map(({ suffix, transport }) =>
        transport === null ? ["nothing", "that of the machine: mmio"] : [`\`${suffix}\``, transport],
      ),
    );
  });

  for (const { name, properties } of DEVICES) {
    it(`${name}: its properties, and those of every device and of the transports`, () => {
      const common = propertiesOf(`${name}-s390`, properties);
      expect(rows(section(`### ${name}`), "Property")).toEqual(asRows(properties));
      expect(rows(section("### Every device"), "Property")).toEqual(asRows(common));
      const onMmio = propertiesOf(`${name}-device`, { ...properties, ...common });
      expect(rows(section("### On virtio-mmio"), "Property")).toEqual(asRows(onMmio));
      const onCcw = propertiesOf(`${name}-ccw`, { ...properties, ...common });
      expect(rows(section("### On virtio-ccw"), "Property")).toEqual(asRows(onCcw));
      const onPci = propertiesOf(`${name}-pci`, { ...properties, ...common });
      expect(rows(section("### On virtio-pci"), "Property")).toEqual(asRows(onPci));
    });
  }

  it.each(CHILDREN.map(({ name }) => name))("%s: its properties", (name) => {
    expect(rows(section(`### ${name}`), "Property")).toEqual(asRows(propertiesOf(name, {})));
  });

  it("has the features that devices and rings offer, by number and name", () => {
    const disk = {
      serial: "",
      queueSize: 256,
      numQueues: 2,
      logicalBlockSize: 512,
      physicalBlockSize: 512,
      discard: true,
      writeZeroes: true,
      configWce: true,
      minIoSize: 0,
      optIoSize: 0,
      discardGranularity: 512,
      maxDiscardSectors: 1,
      maxWriteZeroesSectors: 1,
    };
    const all = new Map([...blkFeatures(disk, false), ...blkFeatures(disk, true)].map((row) => [row.bit, row]));
    const blk = [...all.values()].sort((a, b) => a.bit - b.bit);
    const written = (heading: string): string[][] => rows(section(heading), "Bit").map((cells) => cells.slice(0, 2));
    expect(written("### virtio-blk")).toEqual(featureRows(blk));
    expect(written("### virtio-serial")).toEqual(featureRows(consoleFeatures({ maxPorts: 31, emergencyWrite: true })));
    const balloon = { deflateOnOom: true, freePageHint: true, freePageReporting: true, pagePoison: true };
    expect(written("### virtio-balloon")).toEqual(featureRows(balloonFeatures(balloon)));
    const switches = Object.fromEntries(NET_SWITCHES.map((name) => [name, true]));
    const net = { switches: switches as Record<NetSwitch, boolean>, mtu: 1500 };
    expect(written("### virtio-net")).toEqual(featureRows(netFeatures(net)));
    const scsi = { numQueues: 1, queueSize: 256, segMaxAdjust: true, maxSectors: 1, cmdPerLun: 1 };
    const scsiRows = scsiFeatures({ ...scsi, hotplug: true, paramChange: true });
    expect(written("### virtio-scsi")).toEqual(featureRows(scsiRows));
    expect(written("### virtio-rng")).toEqual([]);
    expect(written("### virtio-9p")).toEqual(featureRows(ninePFeatures()));
    const ring = rows(section("## virtio transports"), "Bit");
    expect(ring).toEqual(RING_FEATURES.map(({ bit, name, only }) => [String(bit), `\`${name}\``, only ?? "both"]));
  });
});

describe("docs/devices.md: where the devices are tested", () => {
  const tests = section("## Where the devices are tested");
  const headings = (first: string): string[] =>
    (tests.split("\n").find((line) => line.startsWith(`| ${first} |`)) ?? "")
      .split("|")
      .slice(2, -1)
      .map((cell) => cell.trim());
  /** What was counted is the day's; that there is something in every cell is not. */
  const counts = (first: string): number[][] =>
    rows(tests, first).map((cells) => cells.slice(1).map((cell) => Number.parseInt(cell, 10)));

  it.each([
    ["Tests", MATRIX_TRANSPORTS],
    ["Rings", RING_KINDS],
  ] as const)("%s: every device in every column; npm run matrix makes the table", (first, columns) => {
    expect([...headings(first)].sort()).toEqual([...columns].sort());
    expect(
      rows(tests, first)
        .map((cells) => cells[0])
        .sort(),
    ).toEqual(DEVICES.map(({ name }) => name).sort());
    for (const line of counts(first)) for (const count of line) expect(count).toBeGreaterThan(0);
  });

  it("rings of every kind are on two transports at least", () => {
    for (const cells of rows(tests, "Rings")) {
      for (const cell of cells.slice(1)) expect(Number(/on (\d+)$/.exec(cell)?.[1])).toBeGreaterThanOrEqual(2);
    }
    for (const kind of RING_KINDS) {
      const on = MATRIX.filter((configuration) => ringKinds(configuration).includes(kind));
      expect(new Set(on.map(({ transport }) => transport)).size).toBeGreaterThanOrEqual(2);
    }
  });
});

describe("docs/devices.md: adding a device", () => {
  const text = section("## Adding a device");
  const FILES = ["spec/echo.ts", "devices/echo/device.ts", "devices/echo/definition.ts", "devices/echo/device.test.ts"];

  it.each(FILES)("%s is the file that the tests drive over the matrix", (name) => {
    const example = readFileSync(new URL(`../../virtio/testing/example/${name}`, import.meta.url), "utf8");
    // The example lies two folders deeper than a device of the product would.
    const moved = example.replaceAll("../../../../", "../../").replaceAll("../../../", "../../testing/");
    expect(text).toContain(`\`\`\`ts\n${moved.trimEnd()}\n\`\`\``);
  });

  it("the line of the registry is the registry's, with one more", () => {
    const registry = readFileSync(new URL("../../virtio/registry.ts", import.meta.url), "utf8");
    const line = /^export const DEVICES: .* = \[BLK, /m.exec(registry)?.[0] ?? "no such line";
    expect(text).toContain(`${line}/* … */ ECHO];`);
  });
});

describe("docs/devices.md: the board", () => {
  const hex = (value: number): string => `\`0x${value.toString(16).padStart(8, "0")}\``;
  const spis: Readonly<Record<string, string>> = {
    VIRT_GIC_V2M: `SPI ${SPI_MAP.VIRT_GIC_V2M} to ${SPI_MAP.VIRT_GIC_V2M + NUM_GICV2M_SPIS - 1}`,
    VIRT_UART: `SPI ${SPI_MAP.VIRT_UART}`,
    VIRT_RTC: `SPI ${SPI_MAP.VIRT_RTC}`,
    VIRT_GPIO: `SPI ${SPI_MAP.VIRT_GPIO}`,
    VIRT_HIGH_PCIE_ECAM: `SPI ${SPI_MAP.VIRT_PCIE} to ${SPI_MAP.VIRT_PCIE + NUM_PCI_PINS - 1}`,
    VIRT_MMIO: `SPI ${virtioMmioSpi(0)} to ${virtioMmioSpi(VIRTIO_MMIO_SLOTS - 1)}`,
  };
  const written = rows(section("## The board"), "Device");

  it("has every place once", () => {
    expect(new Set(written.map((cells) => cells[1])).size).toBe(16);
  });

  it.each(written)("%s in %s", (_device, place = "", base, size = "", interrupt) => {
    const name = place.replaceAll("`", "");
    const range = (MEMORY_MAP as Readonly<Record<string, MemoryRange>>)[name];
    if (range === undefined) throw new Error(`the memory map has no ${name}`);
    expect(base).toBe(hex(range.base));
    expect(interrupt).toBe(spis[name] ?? "");
    const sizes = [...size.matchAll(/0x[0-9a-f]+/g)].map(([text]) => Number(text));
    // A GIC has less than its windows: how much, the tests of the interrupt controller compare with QEMU.
    if (/GIC/.test(name)) for (const sizeBytes of sizes) expect(sizeBytes).toBeLessThanOrEqual(range.sizeBytes);
    else if (name !== "VIRT_MEM") expect(sizes).toEqual([range.sizeBytes]);
  });

  it("tells the slot of the first virtio device", () => {
    const last = VIRTIO_MMIO_SLOTS - 1;
    expect(page).toContain(`${last} at ${hex(virtioMmioSlot(last).base)} with SPI ${virtioMmioSpi(last)}`);
  });
});
