import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readFdt } from "../fdt/reader.ts";
import { type FdtNode, type FdtTree, findNode, readCells } from "../fdt/tree.ts";
import { writeFdt } from "../fdt/writer.ts";
import { type MachineTreeDescription, machineTree } from "./machine-tree.ts";

const MIB = 1024 * 1024;

/** QEMU's own tree for the board: -M virt,gic-version=…,dumpdtb=… */
function qemuTree(description: MachineTreeDescription): { tree: FdtTree; blob: Uint8Array } {
  const { gicVersion, cpuCount, ramSizeBytes, hasIts = false, pci = { highmem: true } } = description;
  const its = gicVersion === 3 ? `,its=${hasIts ? "on" : "off"}` : "";
  const highmem = `,highmem=${pci.highmem ? "on" : "off"}`;
  const directory = mkdtempSync(join(tmpdir(), "armlet-dtb-"));
  try {
    const file = join(directory, "qemu.dtb");
    const machine = `virt,gic-version=${gicVersion}${its}${highmem},dumpdtb=${file}`;
    const args = ["-M", machine, "-cpu", "cortex-a57", "-smp", `${cpuCount}`];
    execFileSync("qemu-system-aarch64", [...args, "-m", `${ramSizeBytes / MIB}`, "-display", "none"], {
      stdio: "ignore",
    });
    const blob = new Uint8Array(readFileSync(file));
    return { tree: readFdt(blob), blob };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What dtc prints on standard error for a blob, by line. */
function dtcWarnings(blob: Uint8Array): string[] {
  const { stderr, status } = spawnSync("dtc", ["-I", "dtb", "-O", "dtb", "-o", "/dev/null"], {
    input: blob,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  return stderr.split("\n").filter((line) => line !== "");
}

/** Kinds of warning ("unit_address_vs_reg", …) in dtc's output. */
function warningKinds(warnings: string[]): Set<string> {
  return new Set(warnings.map((line) => /\(([a-z_]+)\)/.exec(line)?.[1] ?? line));
}

/** Every path of the tree with its properties as hexadecimal; phandle numbers are replaced by the path they stand for. */
function flatten(tree: FdtTree): Map<string, Record<string, string>> {
  const paths = new Map<number, string>();
  const walk = (node: FdtNode, path: string, visit: (node: FdtNode, path: string) => void): void => {
    visit(node, path === "" ? "/" : path);
    for (const child of node.children) walk(child, `${path}/${child.name}`, visit);
  };
  walk(tree.root, "", (node, path) => {
    const phandle = readCells(node.properties.get("phandle"))?.[0];
    if (phandle !== undefined) paths.set(phandle, path);
  });
  const flat = new Map<string, Record<string, string>>();
  walk(tree.root, "", (node, path) => {
    const properties: Record<string, string> = {};
    for (const [name, value] of node.properties) {
      const values = readCells(value) ?? [];
      const references = name === "gpios" ? values.slice(0, 1) : values;
      if (name === "phandle") properties[name] = "own";
      else if (["interrupt-parent", "clocks", "cpu", "gpios"].includes(name)) {
        properties[name] =
          `${references.map((phandle) => paths.get(phandle) ?? "dangling")} ${values.slice(references.length)}`;
      } else properties[name] = Buffer.from(value).toString("hex");
    }
    flat.set(path, properties);
  });
  return flat;
}

const seeds = { rngSeed: new Uint8Array(32).fill(7), kaslrSeed: new Uint8Array(8).fill(9) };
/** Nodes QEMU writes for devices that the description does not have. */
const ABSENT = [/^\/platform-bus@/, /^\/pmu$/, /^\/flash@/];

const cases: { name: string; description: MachineTreeDescription }[] = [
  {
    name: "GICv2, one CPU, all virtio-mmio slots",
    description: {
      ramSizeBytes: 256 * MIB,
      cpuCount: 1,
      gicVersion: 2,
      cpuCompatible: "arm,cortex-a57",
      virtioMmioSlots: Array.from({ length: 32 }, (_, slot) => 31 - slot),
      hasPowerKey: true,
      ...seeds,
    },
  },
  {
    name: "GICv2, four CPUs, two slots",
    description: {
      ramSizeBytes: 1024 * MIB,
      cpuCount: 4,
      gicVersion: 2,
      cpuCompatible: "arm,cortex-a57",
      virtioMmioSlots: [0, 31],
      hasPowerKey: true,
      pci: { highmem: true },
      ...seeds,
    },
  },
  {
    name: "GICv3 with ITS, two CPUs, no slot",
    description: {
      ramSizeBytes: 3072 * MIB,
      cpuCount: 2,
      gicVersion: 3,
      cpuCompatible: "arm,cortex-a57",
      virtioMmioSlots: [],
      hasPowerKey: true,
      hasIts: true,
      pci: { highmem: true },
      ...seeds,
    },
  },
  {
    name: "GICv3 without ITS, no power key, PCI below 4 GiB",
    description: {
      ramSizeBytes: 128 * MIB,
      cpuCount: 1,
      gicVersion: 3,
      cpuCompatible: "arm,cortex-a57",
      virtioMmioSlots: [4],
      hasPowerKey: false,
      pci: { highmem: false },
      ...seeds,
    },
  },
];

describe("machineTree against QEMU's virt", () => {
  for (const { name, description } of cases) {
    it(`${name}: the same nodes and properties, no more`, () => {
      const { tree, blob } = qemuTree(description);
      const written = writeFdt(machineTree(description));
      const ours = flatten(readFdt(written));
      const theirs = flatten(tree);
      const missing: string[] = [];
      for (const [path, properties] of theirs) {
        const own = ours.get(path);
        if (own === undefined) {
          missing.push(path);
          continue;
        }
        if (path === "/chosen") {
          for (const seed of ["rng-seed", "kaslr-seed"]) {
            expect(own[seed]?.length, seed).toBe(properties[seed]?.length);
            delete own[seed];
            delete properties[seed];
          }
        }
        expect(own, path).toEqual(properties);
      }
      for (const path of ours.keys()) expect(theirs.has(path), `${path} is not in QEMU's tree`).toBe(true);
      const expectedMissing = [...theirs.keys()].filter(
        (path) =>
          ABSENT.some((pattern) => pattern.test(path)) ||
          (/^\/virtio_mmio@/.test(path) &&
            !description.virtioMmioSlots.includes(
              (Number.parseInt(path.split("@")[1] ?? "", 16) - 0x0a00_0000) / 0x200,
            )) ||
          (description.pci === undefined && /^\/pcie@/.test(path)) ||
          (!description.hasPowerKey && /^\/(pl061@|gpio-keys)/.test(path)) ||
          (description.hasIts !== true && /\/its@/.test(path)),
      );
      expect(missing.sort()).toEqual(expectedMissing.sort());

      const extraKinds = [...warningKinds(dtcWarnings(written))].filter(
        (kind) => !warningKinds(dtcWarnings(blob)).has(kind),
      );
      expect(extraKinds).toEqual([]);
    });
  }

  it("places command line and initrd in /chosen as QEMU does", () => {
    const description = cases[0]?.description;
    if (description === undefined) throw new Error("no case");
    const tree = machineTree({ ...description, bootargs: "foo bar", initrd: { start: 0x4400_0000, end: 0x4400_1388 } });
    const chosen = findNode(tree, "/chosen")?.properties;
    // dtc's view of: qemu-system-aarch64 -M virt,dumpdtb=… -m 128 -kernel k.bin -initrd i.bin (5000 bytes) -append "foo bar"
    expect(Buffer.from(chosen?.get("bootargs") ?? []).toString("hex")).toBe("666f6f2062617200");
    expect(readCells(chosen?.get("linux,initrd-start"))).toEqual([0x4400_0000]);
    expect(readCells(chosen?.get("linux,initrd-end"))).toEqual([0x4400_1388]);
  });
});
