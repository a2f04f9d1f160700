import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { HEADER } from "../fdt/format.ts";
import { planBoot } from "./boot-plan.ts";
import { parseDtb, patchDtb } from "./dtb.ts";
import { LoadError } from "./errors.ts";
import { parseKernel } from "./kernel.ts";
import { linuxArguments, qemuBoot } from "./testing/qemu-boot.ts";
import { arm64Image, pattern } from "./testing/samples.ts";

const BASE = 0x4000_0000;
const RAM_MIB = 192;

function compile(source: string): Uint8Array {
  return new Uint8Array(execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb"], { input: source }));
}

function sortedSource(blob: Uint8Array): string {
  return execFileSync("dtc", ["-q", "-s", "-I", "dtb", "-O", "dts"], { input: blob, encoding: "utf8" });
}

const NARROW = `/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; compatible = "x"; soc { }; };`;
const FULL = `/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;
  chosen { bootargs = "old"; stdout-path = "/uart@9000000"; linux,initrd-start = <1>; };
  memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x1000>; };
  memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x1000>; };
  psci { compatible = "arm,psci"; method = "smc"; };
  uart@9000000 { reg = <0 0x9000000 0 0x1000>; memory-region = "kept"; };
  gic: intc@8000000 { interrupt-controller; #interrupt-cells = <3>; reg = <0 0x8000000 0 0x10000>; }; };`;

describe("patchDtb", () => {
  const initrd = pattern(5001, 5);
  const kernel = arm64Image(9000, 0, 9000);
  const cases: [string, string, { initrd?: Uint8Array; append?: string }][] = [
    ["one cell each, everything missing", NARROW, {}],
    ["one cell each, command line and initrd", NARROW, { initrd, append: "console=ttyAMA0 a=b" }],
    ["a full tree, its own command line", FULL, {}],
    ["a full tree, an empty command line", FULL, { append: "" }],
    ["a full tree, everything replaced", FULL, { initrd, append: "new" }],
  ];
  for (const [name, source, given] of cases) {
    it(`${name}: the tree in memory is the one of qemu-system-aarch64 -dtb`, () => {
      const dtb = compile(source);
      const tree = parseDtb(dtb);
      const ram = { base: BASE, sizeBytes: RAM_MIB << 20 };
      const { initrd: ramdisk, append } = given;
      const plan = planBoot({
        kernel: parseKernel(kernel, BASE),
        ram,
        ...(ramdisk === undefined ? {} : { initrd: ramdisk }),
        deviceTree: (range) =>
          patchDtb(tree, {
            ram,
            ...(append === undefined ? {} : { bootargs: append }),
            ...(range === undefined ? {} : { initrd: range }),
          }),
      });
      const theirs = qemuBoot({ ramMib: RAM_MIB, kernel, dtb, ...given }, [
        { gpa: BASE, sizeBytes: 64 },
        { gpa: plan.x0, sizeBytes: 0x1_0000 },
      ]);
      expect(theirs.stderr).toBe("");
      const [startCode = new Uint8Array(64), blob = new Uint8Array(0)] = theirs.memory;
      expect(linuxArguments(startCode).dtb).toBe(plan.x0);
      const ours = plan.segments.find((segment) => segment.gpa === plan.x0)?.bytes ?? new Uint8Array(0);
      const totalsize = new DataView(blob.buffer, blob.byteOffset).getUint32(HEADER.totalsize);
      expect(totalsize).toBeLessThan(blob.length);
      expect(sortedSource(ours)).toBe(sortedSource(blob.subarray(0, totalsize)));
    });
  }

  it("leaves the tree it is given alone", () => {
    const tree = parseDtb(compile(FULL));
    const before = structuredClone(tree);
    patchDtb(tree, { ram: { base: BASE, sizeBytes: 1 << 20 }, bootargs: "x", initrd: { start: 1, end: 2 } });
    expect(tree).toEqual(before);
  });

  it("refuses what is no device tree, and one without cells", () => {
    expect(() => parseDtb(pattern(1000))).toThrow(LoadError);
    expect(() => parseDtb(compile(FULL).slice(0, 200))).toThrow(/truncated/);
    expect(() => parseDtb(compile("/dts-v1/; / { #address-cells = <0>; #size-cells = <1>; };"))).toThrow(
      /#address-cells/,
    );
    expect(() => parseDtb(compile("/dts-v1/; / { #address-cells = <1>; };"))).toThrow(/#size-cells/);
  });
});
