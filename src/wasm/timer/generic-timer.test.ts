/**
 * The timers against the ARM ARM's definitions (D11.2): what a comparison with a running QEMU cannot show, since there
 * the counter moves. Register access and permissions are compared with QEMU in gic/gic-qemu.test.ts.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { CPU_BUDGET, CPU_CNT_BASE, CPU_CNT_BUDGET, CPU_CNT_SCALE, EXIT_LEAVE, IRQ_LINE } from "../cpu/state.ts";
import { compileEngine, Engine } from "../gic/testing/engine.ts";
import * as keys from "./timer-keys.ts";

const GICD = 0x0800_0000n;
const GICC = 0x0801_0000n;
const NO_DEADLINE = (1n << 64n) - 1n;

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileEngine();
}, 300_000);

/** A machine whose counter stands at `now`, with both timer PPIs enabled. */
function machine(now: bigint): {
  engine: Engine;
  base: number;
  read(key: unknown): bigint;
  write(key: unknown, value: bigint): void;
} {
  const engine = new Engine(module, 2, 1);
  const { exports } = engine;
  const base = exports.cpuBase(0);
  exports.gicWrite(0, GICD + 0x100n, 4, (1n << 27n) | (1n << 30n));
  exports.gicWrite(0, GICD, 4, 1n);
  exports.gicWrite(0, GICC, 4, 1n);
  exports.gicWrite(0, GICC + 4n, 4, 0xffn);
  engine.setCounter(0, now);
  engine.takeExit(0);
  return {
    engine,
    base,
    read: (key) => BigInt.asUintN(64, exports.timerRead(base, Number(key))),
    write: (key, value) => exports.timerWrite(base, Number(key), value),
  };
}

const TIMERS = [
  {
    name: "virtual",
    ctl: keys.KEY_CNTV_CTL_EL0,
    cval: keys.KEY_CNTV_CVAL_EL0,
    tval: keys.KEY_CNTV_TVAL_EL0,
    intid: 27n,
  },
  {
    name: "physical",
    ctl: keys.KEY_CNTP_CTL_EL0,
    cval: keys.KEY_CNTP_CVAL_EL0,
    tval: keys.KEY_CNTP_TVAL_EL0,
    intid: 30n,
  },
];

describe.each(TIMERS)("the $name timer", ({ ctl, cval, tval, intid }) => {
  it("has its condition met from the moment the counter equals CVAL", () => {
    const { engine, base, read, write } = machine(1000n);
    write(cval, 1500n);
    write(ctl, 1n);
    expect(read(ctl)).toBe(1n);
    expect(BigInt.asUintN(64, engine.exports.timerDeadline(base))).toBe(1500n);
    engine.setCounter(0, 1499n);
    engine.exports.timerUpdate(base);
    expect(engine.lines(0)).toBe(0);
    engine.setCounter(0, 1500n);
    engine.exports.timerUpdate(base);
    expect(read(ctl)).toBe(5n);
    expect(engine.lines(0)).toBe(Number(IRQ_LINE));
    expect(engine.exports.gicRead(0, GICC + 0xcn, 4)).toBe(intid);
    expect(BigInt.asUintN(64, engine.exports.timerDeadline(base))).toBe(NO_DEADLINE);
  });

  it("drives no line when masked or off, and shows ISTATUS only when on", () => {
    const { engine, base, read, write } = machine(1000n);
    write(cval, 10n);
    expect(read(ctl)).toBe(0n);
    write(ctl, 3n);
    expect(read(ctl)).toBe(7n);
    expect(engine.lines(0)).toBe(0);
    write(ctl, 1n);
    expect(engine.lines(0)).toBe(Number(IRQ_LINE));
    write(ctl, 0n);
    expect(engine.lines(0)).toBe(0);
    expect(read(ctl)).toBe(0n);
    write(cval, 2000n);
    write(ctl, 3n);
    expect(BigInt.asUintN(64, engine.exports.timerDeadline(base))).toBe(NO_DEADLINE);
  });

  it("takes TVAL as a signed 32-bit distance from now", () => {
    const now = 0x1_2345_6789_abcdn;
    const { read, write } = machine(now);
    write(tval, 0x1000n);
    expect(read(cval)).toBe(now + 0x1000n);
    write(tval, 0xffff_ffffn);
    expect(read(cval)).toBe(now - 1n);
    expect(read(tval)).toBe(0xffff_ffffn);
    write(tval, 0xdead_beef_7fff_ffffn);
    expect(read(cval)).toBe(now + 0x7fff_ffffn);
    write(cval, now + 0x5_0000_0003n);
    expect(read(tval)).toBe(3n);
  });

  it("ends the slice when it is written", () => {
    for (const [key, value] of [
      [cval, 5000n],
      [tval, 5n],
      [ctl, 1n],
    ] as const) {
      const { engine, write } = machine(1000n);
      write(key, value);
      expect(engine.takeExit(0) & Number(EXIT_LEAVE)).not.toBe(0);
    }
  });
});

describe("the counter", () => {
  it("advances by the instructions of the slice times the scale", () => {
    const { engine, base, read } = machine(1_000_000n);
    engine.view.setInt32(base + Number(CPU_CNT_BUDGET), 10_000, true);
    engine.view.setUint32(base + Number(CPU_CNT_SCALE), 0x4000, true);
    engine.view.setInt32(base + Number(CPU_BUDGET), 10_000 - 4000, true);
    expect(read(keys.KEY_CNTVCT_EL0)).toBe(1_001_000n);
    expect(read(keys.KEY_CNTPCT_EL0)).toBe(1_001_000n);
    // The budget is negative at the end of a slice.
    engine.view.setInt32(base + Number(CPU_BUDGET), -2000, true);
    expect(read(keys.KEY_CNTVCT_EL0)).toBe(1_003_000n);
  });

  it("never goes backwards when a slice begins with an earlier time", () => {
    const { engine, base, read } = machine(1_000_000n);
    expect(read(keys.KEY_CNTVCT_EL0)).toBe(1_000_000n);
    engine.view.setBigUint64(base + Number(CPU_CNT_BASE), 999_000n, true);
    expect(read(keys.KEY_CNTVCT_EL0)).toBe(1_000_000n);
    engine.view.setBigUint64(base + Number(CPU_CNT_BASE), 1_000_500n, true);
    expect(read(keys.KEY_CNTVCT_EL0)).toBe(1_000_500n);
  });

  it("starts with the frequency of QEMU's virt in CNTFRQ_EL0", () => {
    expect(machine(0n).read(keys.KEY_CNTFRQ_EL0)).toBe(62_500_000n);
  });
});
