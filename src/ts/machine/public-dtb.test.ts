import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readFdt } from "../fdt/reader.ts";
import { writeFdt } from "../fdt/writer.ts";
import { machineTree } from "./machine-tree.ts";

const folder = join(import.meta.dirname, "../../../public/dtb");
const source = join(folder, "virt.dts");

/** dtc's canonical source: properties and nodes in one order, so that two trees with the same content are the same text. */
function sortedSource(input: Uint8Array): string {
  return execFileSync("dtc", ["-q", "-s", "-I", "dtb", "-O", "dts"], { input, encoding: "utf8" });
}

const machine = writeFdt(
  machineTree({
    ramSizeBytes: 256 * 1024 * 1024,
    cpuCount: 1,
    gicVersion: 2,
    cpuCompatible: "arm,cortex-a57",
    virtioMmioSlots: [28, 29, 30, 31],
    hasPowerKey: true,
  }),
);

describe("public/dtb", () => {
  it("virt.dts describes the machine as it describes itself", () => {
    const compiled = execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb", source]);
    expect(sortedSource(compiled)).toBe(sortedSource(machine));
  });

  it("virt.dtb is what dtc makes of virt.dts (node scripts/dtb.mjs)", () => {
    const committed = readFileSync(join(folder, "virt.dtb"));
    const compiled = execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb", source]);
    expect(sortedSource(committed)).toBe(sortedSource(compiled));
  });

  it("the machine's own blob has the same nodes in the same order, and is no larger", () => {
    const committed = readFileSync(join(folder, "virt.dtb"));
    const names = (blob: Uint8Array): string[] => readFdt(blob).root.children.map((node) => node.name);
    expect(names(machine)).toEqual(names(committed));
    expect(machine.length).toBeLessThanOrEqual(committed.length);
  });
});
