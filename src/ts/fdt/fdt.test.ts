import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { HEADER } from "./format.ts";
import { isFdt, readFdt } from "./reader.ts";
import {
  cells,
  cells64,
  empty,
  FdtError,
  type FdtTree,
  fdtNode,
  findNode,
  readCells,
  readStrings,
  strings,
} from "./tree.ts";
import { writeFdt } from "./writer.ts";

const SOURCE = `/dts-v1/;
/memreserve/ 0x0000000048000000 0x0000000000001000;
/ {
	#address-cells = <2>;
	#size-cells = <2>;
	compatible = "one", "two";
	flag;
	odd = [01 02 03];
	memory@40000000 {
		device_type = "memory";
		reg = <0x40 0x10000000 0x0 0x1234>;
	};
	soc {
		deep { deeper { text = "ä"; }; };
	};
};
`;

function sampleTree(): FdtTree {
  return {
    root: fdtNode(
      "",
      {
        "#address-cells": cells(2),
        "#size-cells": cells(2),
        compatible: strings("one", "two"),
        flag: empty(),
        odd: new Uint8Array([1, 2, 3]),
      },
      [
        fdtNode("memory@40000000", { device_type: strings("memory"), reg: cells64(0x40_1000_0000, 0x1234) }),
        fdtNode("soc", {}, [fdtNode("deep", {}, [fdtNode("deeper", { text: strings("ä") })])]),
      ],
    ),
    reservations: [{ address: 0x4800_0000n, sizeBytes: 0x1000n }],
    bootCpuid: 0,
  };
}

/** dtc's canonical source of a blob: the check that both describe the same. */
function sortedSource(blob: Uint8Array): string {
  return execFileSync("dtc", ["-q", "-s", "-I", "dtb", "-O", "dts"], { input: blob, encoding: "utf8" });
}

describe("writeFdt", () => {
  it("writes what dtc compiles from the same source", () => {
    const theirs = execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb"], { input: SOURCE });
    expect(sortedSource(writeFdt(sampleTree()))).toBe(sortedSource(new Uint8Array(theirs)));
  });

  it("is accepted by dtc without a complaint about the format, and is no larger than dtc's", () => {
    const blob = writeFdt(sampleTree());
    const theirs = execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb"], { input: SOURCE });
    expect(new DataView(blob.buffer).getUint32(HEADER.totalsize)).toBe(blob.length);
    expect(blob.length).toBeLessThanOrEqual(theirs.length);
    const { stderr, status } = spawnSync("dtc", ["-I", "dtb", "-O", "dtb", "-o", "/dev/null"], {
      input: blob,
      encoding: "utf8",
    });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  });

  it("refuses names the specification does not allow, and values that do not fit", () => {
    const withChild = (name: string): FdtTree => ({ ...sampleTree(), root: fdtNode("", {}, [fdtNode(name, {})]) });
    expect(() => writeFdt(withChild("a/b"))).toThrow(FdtError);
    expect(() => writeFdt(withChild(""))).toThrow(FdtError);
    expect(() => writeFdt({ ...sampleTree(), root: fdtNode("", { "sp ace": empty() }) })).toThrow(/property name/);
    expect(() => writeFdt({ ...sampleTree(), root: fdtNode("", {}, [fdtNode("a", {}), fdtNode("a", {})]) })).toThrow(
      /called a/,
    );
    expect(() => cells(2 ** 32)).toThrow(FdtError);
    expect(() => strings("a\0b")).toThrow(FdtError);
  });
});

describe("readFdt", () => {
  it("reads dtc's blob, version 17 and version 16", () => {
    for (const version of ["17", "16"]) {
      const blob = new Uint8Array(
        execFileSync("dtc", ["-q", "-V", version, "-I", "dts", "-O", "dtb"], { input: SOURCE }),
      );
      expect(isFdt(blob)).toBe(true);
      const tree = readFdt(blob);
      expect(tree.reservations).toEqual([{ address: 0x4800_0000n, sizeBytes: 0x1000n }]);
      expect(readStrings(tree.root.properties.get("compatible"))).toEqual(["one", "two"]);
      expect(tree.root.properties.get("flag")).toEqual(new Uint8Array(0));
      expect(readCells(findNode(tree, "/memory")?.properties.get("reg"))).toEqual([0x40, 0x1000_0000, 0, 0x1234]);
      expect(readStrings(findNode(tree, "/soc/deep/deeper")?.properties.get("text"))).toEqual(["ä"]);
      expect(sortedSource(writeFdt(tree))).toBe(sortedSource(blob));
    }
  });

  it("returns what was written", () => {
    expect(readFdt(writeFdt(sampleTree()))).toEqual(sampleTree());
  });

  it("names what is wrong with a blob cut off anywhere, and never reads past it", () => {
    const blob = writeFdt(sampleTree());
    for (let length = 0; length < blob.length; length++) {
      expect(() => readFdt(blob.slice(0, length)), `${length} bytes`).toThrow(FdtError);
    }
  });

  it("survives every byte being something else: a tree or an FdtError", () => {
    const blob = writeFdt(sampleTree());
    for (let at = 0; at < blob.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const broken = blob.slice();
        broken[at] = value;
        try {
          readFdt(broken);
        } catch (error) {
          expect(error, `byte ${at} = ${value}`).toBeInstanceOf(FdtError);
        }
      }
    }
  });

  it("limits nesting", () => {
    let node = fdtNode("leaf", {});
    for (let depth = 0; depth < 100; depth++) node = fdtNode("n", {}, [node]);
    const blob = writeFdt({ root: fdtNode("", {}, [node]), reservations: [], bootCpuid: 0 });
    expect(() => readFdt(blob)).toThrow(/nested deeper/);
  });
});
