/** The interrupt controller against QEMU's: the same accesses, in the same order, must return the same values. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessList } from "./testing/access-list.ts";
import { firstDifference } from "./testing/difference.ts";
import { compileEngine, runEngine } from "./testing/engine.ts";
import { QemuInterpreter, qemuAvailable } from "./testing/qemu.ts";
import { randomV2, randomV3 } from "./testing/random-accesses.ts";
import { runWholeEngine } from "./testing/whole-engine.ts";

const DISTRIBUTOR_IDS = [0xfd0, 0xfe0, 0xfe4, 0xfe8, 0xfec, 0xff0, 0xff4, 0xff8, 0xffc];

describe.runIf(qemuAvailable())("the interrupt controller equals QEMU's", () => {
  let engine: WebAssembly.Module;
  let qemu: QemuInterpreter;

  beforeAll(async () => {
    engine = await compileEngine();
    qemu = new QemuInterpreter();
  }, 300_000);
  afterAll(() => qemu?.dispose());

  function compare(list: AccessList, version: 2 | 3, cpus: number): void {
    const expected = qemu.run(list.accesses, version, cpus);
    const actual = runEngine(engine, list.accesses, version, cpus);
    expect(firstDifference(list.accesses, expected, actual)).toBeUndefined();
  }

  /** The same program on the whole engine: every answer must be QEMU's, syndromes of exceptions included. */
  function compareWhole(list: AccessList, version: 2 | 3, cpus: number): void {
    const expected = qemu.run(list.accesses, version, cpus);
    const actual = runWholeEngine(qemu.image, list.accesses, version, cpus);
    expect(firstDifference(list.accesses, expected, actual)).toBeUndefined();
  }

  it.each([
    [2, 1, 21],
    [2, 2, 22],
    [3, 1, 31],
    [3, 2, 32],
  ] as const)("GICv%i with the CPU, %i CPUs: random accesses, seed %i", (version, cpus, seed) => {
    compareWhole(version === 2 ? randomV2(seed, cpus, 3000) : randomV3(seed, cpus, 3000), version, cpus);
  });

  it.each([2, 3] as const)("GICv%i with the CPU: system registers and their exceptions", (version) => {
    compareWhole(iccAccesses(), version, 1);
    compareWhole(el0Accesses(), version, 1);
  });

  it.each([1, 2])("GICv2: every word at reset, %i CPUs", (cpus) => {
    const list = new AccessList().on(cpus - 1);
    for (let offset = 0; offset < 0x1000; offset += 4) list.read(0x0800_0000 + offset);
    for (const offset of DISTRIBUTOR_IDS) list.read(0x0800_0000 + offset, 1);
    for (let offset = 0; offset < 0x2000; offset += 4) list.read(0x0801_0000 + offset);
    for (const address of [0x0800_1000, 0x0801_2000, 0x0802_1000, 0x0803_0000, 0x080a_0000]) list.read(address);
    for (let offset = 0; offset < 0x1000; offset += 4) list.read(0x0802_0000 + offset);
    for (const size of [1, 2, 8] as const) list.read(0x0802_0008, size).read(0x0800_0000, size).read(0x0801_0000, size);
    compare(list, 2, cpus);
  });

  it.each([1, 2])("GICv3: every word at reset, %i CPUs", (cpus) => {
    const list = new AccessList().on(cpus - 1);
    for (let offset = 0; offset < 0x1_0000; offset += 4) list.read(0x0800_0000 + offset);
    for (let offset = 0; offset < cpus * 0x2_0000; offset += 4) list.read(0x080a_0000 + offset);
    for (const address of [0x0801_0000, 0x0802_0000, 0x0808_0000, 0x080a_0000 + cpus * 0x2_0000]) list.read(address);
    for (const size of [1, 2, 8] as const) {
      for (const offset of [0, 4, 8, 0x400, 0x420, 0x800, 0x6100, 0xffe0])
        list.read(0x0800_0000 + (offset & -size), size);
      for (const offset of [0, 8, 0x70, 0x78, 0x1_0400, 0x1_0420, 0x1_0080]) list.read(0x080a_0000 + offset, size);
    }
    compare(list, 3, cpus);
  });

  it.each([2, 3] as const)("GICv%i: which system registers exist", (version) => {
    compare(iccAccesses(), version, 1);
  });

  it.each([2, 3] as const)("GICv%i: accesses that are not aligned", (version) => {
    const list = new AccessList();
    const priorities = 0x0800_0440;
    const route = 0x0800_6100;
    for (const base of [priorities, route]) {
      for (let i = 0; i < 32; i += 4) list.write(base + i, 0x0101_0101 * (i + 1));
      for (const size of [2, 4, 8] as const) {
        for (let at = 1; at < 12; at++) list.read(base + at, size);
        for (let at = 13; at < 17; at++) list.write(base + at, 0x8877_6655_4433_2211n, size).read(base + 12, size);
        for (let i = 0; i < 32; i += 4) list.read(base + i);
      }
    }
    compare(list, version, 1);
    compareWhole(list, version, 1);
  });

  it.each([2, 3] as const)("GICv%i: timer registers", (version) => {
    const list = new AccessList();
    for (const name of [
      "CNTFRQ_EL0",
      "CNTKCTL_EL1",
      "CNTP_CTL_EL0",
      "CNTP_CVAL_EL0",
      "CNTV_CTL_EL0",
      "CNTV_CVAL_EL0",
    ]) {
      list.mrs(name).msr(name, 0xffff_ffff_ffff_fffen).mrs(name).msr(name, 0).mrs(name).msr(name, 1).mrs(name);
    }
    list.msr("CNTPCT_EL0", 0).msr("CNTVCT_EL0", 0);
    compare(list, version, 1);
  });

  it("timer registers at EL0, with each value of CNTKCTL_EL1's enables", () => {
    compare(el0Accesses(), 3, 1);
  });

  it("GICv3: LPIs of a pending table", () => {
    const configuration = 0x4030_0000;
    const pending = 0x4032_0000;
    const list = new AccessList().write(0x0800_0000, 3);
    const lpis = [8192, 8193, 8200, 9000, 16383, 16384, 65535];
    const entries = [0xa1, 0x41, 0x41, 0x80, 0x23, 0x05, 0xfd];
    lpis.forEach((intid, i) => {
      list.write(configuration + intid - 8192, entries[i] ?? 0, 1);
      list.read(pending + (intid >> 3), 1).write(pending + (intid >> 3), intid <= 8193 ? 3 : 1 << (intid & 7), 1);
    });
    list.msr("ICC_PMR_EL1", 0xff).msr("ICC_IGRPEN1_EL1", 1).msr("ICC_BPR1_EL1", 7);
    list.write(0x080a_0078, pending, 8);
    for (const idbits of [12, 13, 15, 31]) {
      list.write(0x080a_0070, configuration | idbits, 8).read(0x080a_0070, 8);
      list.write(0x080a_0000, 1).read(0x080a_0000).mrs("ISR_EL1").mrs("ICC_HPPIR1_EL1");
      list
        .mrs("ICC_IAR1_EL1")
        .mrs("ICC_RPR_EL1")
        .mrs("ISR_EL1")
        .mrs("ICC_HPPIR1_EL1")
        .msr("ICC_AP1R0_EL1", 0)
        .mrs("ISR_EL1");
      list.write(0x080a_0000, 0).read(0x080a_0000).mrs("ISR_EL1").mrs("ICC_HPPIR1_EL1");
    }
    for (const intid of lpis) list.read(pending + (intid >> 3), 1);
    compare(list, 3, 1);
  });

  it.each([
    [132, 1],
    [115, 2],
    [4, 8],
  ])("GICv2: random accesses, seed %i, %i CPUs", (seed, cpus) => {
    compare(randomV2(seed, cpus, cpus > 2 ? 1000 : 5000), 2, cpus);
  });

  it.each([
    [1, 1],
    [3, 2],
    [4, 8],
  ])("GICv3: random accesses, seed %i, %i CPUs", (seed, cpus) => {
    compare(randomV3(seed, cpus, cpus > 2 ? 1000 : 5000), 3, cpus);
  });
});

const ICC_NAMES = [
  ..."ICC_PMR ICC_IAR0 ICC_EOIR0 ICC_HPPIR0 ICC_BPR0 ICC_AP0R0 ICC_AP1R0 ICC_DIR ICC_RPR ICC_SGI1R ICC_ASGI1R ICC_SGI0R".split(
    " ",
  ),
  ..."ICC_IAR1 ICC_EOIR1 ICC_HPPIR1 ICC_BPR1 ICC_CTLR ICC_SRE ICC_IGRPEN0 ICC_IGRPEN1 ICC_AP0R1 ICC_AP1R1 ICC_NMIAR1".split(
    " ",
  ),
].map((name) => `${name}_EL1`);

/** Every ICC register read, written, read. */
function iccAccesses(): AccessList {
  const list = new AccessList();
  for (const name of ICC_NAMES) list.mrs(name);
  // 0xff and not more: QEMU 7.2 keeps reserved bits of ICC_PMR_EL1 (later versions do not).
  for (const name of ICC_NAMES) list.msr(name, 0xff).mrs("ISR_EL1");
  for (const name of ICC_NAMES) list.mrs(name);
  return list;
}

/** The timer's registers at EL0, under all values of CNTKCTL_EL1's enables. */
function el0Accesses(): AccessList {
  const names = ["CNTFRQ", "CNTP_CTL", "CNTP_CVAL", "CNTV_CTL", "CNTV_CVAL"].map((name) => `${name}_EL0`);
  // The counter and TVAL are of no use for a comparison, but whether they are there and writable is.
  const clocks = ["CNTPCT_EL0", "CNTVCT_EL0"];
  const list = new AccessList();
  for (const enables of [0, 1, 2, 3, 0x100, 0x200, 0x303, 0xfc, -1]) {
    list.msr("CNTKCTL_EL1", enables);
    for (const name of [...names, "CNTKCTL_EL1"]) list.mrsAtEl0(name);
    for (const name of [...names, ...clocks, "CNTKCTL_EL1"]) list.msrAtEl0(name, 0x100).mrs("ISR_EL1");
    for (const name of names) list.mrs(name);
  }
  list.msr("CNTKCTL_EL1", 0);
  for (const name of [...clocks, "CNTP_TVAL_EL0", "CNTV_TVAL_EL0"]) list.mrsAtEl0(name);
  return list;
}
