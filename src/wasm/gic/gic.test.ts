/** What the machine around the interrupt controller relies on; the registers are compared with QEMU in gic-qemu.test.ts. */
import { beforeAll, describe, expect, it } from "vitest";
import { EXIT_LEAVE, IRQ_LINE } from "../cpu/state.ts";
import { GIC_BASE, GIC_SIZE } from "../layout.ts";
import { ICC_SIZE, GIC_STATE_SIZE } from "./layout.ts";
import { registerIndex, SYSTEM_REGISTERS } from "./testing/access-list.ts";
import { compileEngine, Engine } from "./testing/engine.ts";

const GICD = 0x0800_0000n;
const GICC = 0x0801_0000n;
const GICR = 0x080a_0000n;
const IRQ = Number(IRQ_LINE);

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileEngine();
}, 300_000);

function key(name: string): number {
  return SYSTEM_REGISTERS[registerIndex(name)]?.key ?? 0;
}

/** A controller that lets every Group 1 (GICv3) or Group 0 (GICv2) interrupt through to CPU 0. */
function open(version: 2 | 3): Engine {
  const engine = new Engine(module, version, 1);
  const { exports } = engine;
  exports.gicWrite(0, GICD, 4, 3n);
  if (version === 2) {
    exports.gicWrite(0, GICC, 4, 1n);
    exports.gicWrite(0, GICC + 4n, 4, 0xffn);
  } else {
    const base = exports.cpuBase(0);
    for (let word = 1n; word < 9n; word++) exports.gicWrite(0, GICD + 0x80n + word * 4n, 4, 0xffff_ffffn);
    exports.iccWrite(base, key("ICC_PMR_EL1"), 0xf8n);
    exports.iccWrite(base, key("ICC_IGRPEN1_EL1"), 1n);
  }
  engine.takeExit(0);
  return engine;
}

function enable(engine: Engine, intid: number): void {
  engine.exports.gicWrite(0, GICD + 0x100n + BigInt((intid >> 5) * 4), 4, 1n << BigInt(intid & 31));
}

function acknowledge(engine: Engine, version: 2 | 3): number {
  const { exports } = engine;
  return Number(
    version === 2 ? exports.gicRead(0, GICC + 0xcn, 4) : exports.iccRead(exports.cpuBase(0), key("ICC_IAR1_EL1")),
  );
}

describe.each([2, 3] as const)("GICv%i", (version) => {
  it("raises the IRQ line and ends the slice once, when the line of an enabled SPI goes up", () => {
    const engine = open(version);
    enable(engine, 33);
    expect(engine.lines(0)).toBe(0);
    engine.exports.gic_set_level(33, 1);
    expect(engine.lines(0)).toBe(IRQ);
    expect(engine.takeExit(0)).toBe(Number(EXIT_LEAVE));
    engine.exports.gic_set_level(33, 1);
    expect(engine.takeExit(0)).toBe(0);
    engine.exports.gic_set_level(33, 0);
    expect(engine.lines(0)).toBe(0);
    expect(engine.takeExit(0)).toBe(0);
  });

  it("latches the rising edge of an edge-triggered SPI", () => {
    const engine = open(version);
    engine.exports.gicWrite(0, GICD + 0xc00n + 12n, 4, 2n);
    enable(engine, 48);
    engine.exports.gic_set_level(48, 1);
    engine.exports.gic_set_level(48, 0);
    expect(engine.lines(0)).toBe(IRQ);
    expect(acknowledge(engine, version)).toBe(48);
    expect(engine.lines(0)).toBe(0);
    expect(acknowledge(engine, version)).toBe(1023);
  });

  it("ignores lines that do not exist", () => {
    const engine = open(version);
    const before = new Uint8Array(engine.view.buffer.slice(Number(GIC_BASE), Number(GIC_BASE) + Number(GIC_SIZE)));
    for (const intid of [0, 15, 31, 288, 1023, 8192, 0xffff_ffff]) engine.exports.gic_set_level(intid, 1);
    for (const intid of [0, 15, 32, 288, 0xffff_ffff]) engine.exports.gicSetPpi(0, intid, 1);
    const after = new Uint8Array(engine.view.buffer.slice(Number(GIC_BASE), Number(GIC_BASE) + Number(GIC_SIZE)));
    expect(Buffer.compare(before, after)).toBe(0);
  });

  it("counts accesses to registers that do not exist as guest errors, and answers zero", () => {
    const engine = open(version);
    expect(engine.exports.gicRead(0, GICD + 0xf40n, 4)).toBe(0n);
    engine.exports.gicWrite(0, GICD + 0xf40n, 4, 1n);
    expect(engine.guestErrors).toHaveLength(2);
  });

  it("has all its state in the area that the layout says", () => {
    const engine = open(version);
    enable(engine, 40);
    enable(engine, 41);
    engine.exports.gic_set_level(41, 1);
    expect(acknowledge(engine, version)).toBe(41);
    engine.exports.gic_set_level(40, 1);

    const copy = new Engine(module, version, 1);
    const ranges = [
      [Number(GIC_BASE), Number(GIC_STATE_SIZE)],
      [engine.exports.cpuBase(0) + 0x300, Number(ICC_SIZE)],
    ] as const;
    for (const [at, size] of ranges) {
      new Uint8Array(copy.view.buffer, at, size).set(new Uint8Array(engine.view.buffer, at, size));
    }
    for (const each of [engine, copy]) {
      if (version === 2) each.exports.gicWrite(0, GICC + 0x10n, 4, 41n);
      else each.exports.iccWrite(each.exports.cpuBase(0), key("ICC_EOIR1_EL1"), 41n);
      each.exports.gic_set_level(41, 0);
      expect(each.lines(0)).toBe(IRQ);
      expect(acknowledge(each, version)).toBe(40);
    }
  });

  it("is reset by gic_init, whatever was before", () => {
    const engine = open(version);
    enable(engine, 33);
    engine.exports.gic_set_level(33, 1);
    engine.exports.gic_init(version, 1, 0);
    expect(engine.lines(0)).toBe(0);
    const fresh = new Engine(module, version, 1);
    const size = Number(GIC_STATE_SIZE);
    const state = Buffer.from(engine.view.buffer, Number(GIC_BASE), size);
    expect(state.equals(Buffer.from(fresh.view.buffer, Number(GIC_BASE), size))).toBe(true);
  });
});

describe("a CPU's reset", () => {
  it("puts the GICv3 CPU interface into its reset state and takes the line down", () => {
    const engine = open(3);
    const { exports } = engine;
    const base = exports.cpuBase(0);
    const names = ["CTLR", "PMR", "BPR0", "BPR1", "RPR", "IGRPEN0", "IGRPEN1"].map((name) => key(`ICC_${name}_EL1`));
    const state = (of: Engine): bigint[] => names.map((each) => of.exports.iccRead(base, each));
    enable(engine, 33);
    exports.gic_set_level(33, 1);
    exports.iccWrite(base, key("ICC_BPR1_EL1"), 7n);
    expect(engine.lines(0)).toBe(IRQ);
    exports.cpu_reset(0, 1);
    expect(engine.lines(0)).toBe(0);
    expect(state(engine)).toEqual(state(new Engine(module, 3, 1)));
  });

  it("leaves a GICv2's line as it is", () => {
    const engine = open(2);
    enable(engine, 33);
    engine.exports.gic_set_level(33, 1);
    engine.exports.cpu_reset(0, 1);
    expect(engine.lines(0)).toBe(IRQ);
  });
});

describe("the frames", () => {
  it("are those of QEMU's virt and nothing beside them", () => {
    const v2 = new Engine(module, 2, 2).exports;
    const v3 = new Engine(module, 3, 2).exports;
    const inside = (exports: typeof v2, ranges: bigint[][]): void => {
      for (const [first = 0n, size = 0n] of ranges) {
        expect(exports.gicContains(first)).toBe(1);
        expect(exports.gicContains(first + size - 1n)).toBe(1);
        expect(exports.gicContains(first + size)).toBe(first + size === GICC && exports === v2 ? 1 : 0);
      }
      for (const pa of [0n, GICD - 1n, 0x0900_0000n, 0x4000_0000n, GICD + (1n << 32n)])
        expect(exports.gicContains(pa)).toBe(0);
    };
    inside(v2, [
      [GICD, 0x1000n],
      [GICC, 0x2000n],
      [0x0802_0000n, 0x1000n],
    ]);
    inside(v3, [
      [GICD, 0x1_0000n],
      [GICR, 0x4_0000n],
    ]);
  });
});
