/**
 * Random lists that look like what software does, so that interrupts get through often: enables, priorities, targets,
 * pending bits, SGIs, lines going up and down, acknowledges, ends of interrupt, in any order and with any mistakes.
 */
import { AccessList, type Size } from "./access-list.ts";

const GICD = 0x0800_0000;
const GICC = 0x0801_0000;
const GICV2M = 0x0802_0000;
const GICR = 0x080a_0000;
const PL011 = 0x0900_0000;

/** Mulberry32: small, seeded. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  below(limit: number): number {
    return this.word() % limit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** A mask with few, half or most of its bits. */
  mask(): number {
    return this.pick([
      () => (1 << this.below(32)) >>> 0,
      () => this.word(),
      () => 0xffff_ffff,
      () => (this.word() | this.word()) >>> 0,
    ])();
  }

  size(): Size {
    return this.pick([1, 2, 4, 4, 4, 4]);
  }
}

/** Distributor arrays of a bit an interrupt. */
const BITMAPS = [0x080, 0x100, 0x100, 0x180, 0x200, 0x200, 0x280, 0x300, 0x380, 0x380];
/** Few INTIDs, so that they meet: SGIs, PPIs, the PL011, MSIs, the last ones. */
const INTIDS = [0, 1, 7, 15, 16, 27, 30, 31, 33, 40, 63, 64, 80, 100, 143, 200, 255, 286, 287];

/** A step that the given number of CPUs takes part in; `list.on` was called. */
type Step = (list: AccessList, random: Random) => void;

/** The PL011's transmit interrupt is there once something was sent; then its mask drives INTID 33. */
function start(): AccessList {
  return new AccessList().write(PL011, 0x41).write(PL011 + 0x38, 0);
}

function lineStep(list: AccessList, random: Random): void {
  list.write(PL011 + 0x38, random.pick([0, 0x20]));
}

/** The physical timer drives PPI 30: its compare value is 0, so that it is due whenever it is enabled. */
function timerStep(list: AccessList, random: Random): void {
  list.msr("CNTP_CTL_EL0", random.pick([0, 1, 1, 3])).mrs("CNTP_CTL_EL0");
}

/** Some register of the distributor read back, or its neighbour that does not exist. */
function readDistributor(list: AccessList, random: Random): void {
  const size = random.size();
  const offset = random.pick([
    () => random.pick(BITMAPS) + random.below(44),
    () => 0x400 + random.below(292),
    () => 0x800 + random.below(292),
    () => 0xc00 + random.below(76),
    () => 0xf10 + random.below(32),
    () => random.below(0x1000),
  ])();
  list.read(GICD + (offset & -size), size);
}

function bitmapStep(list: AccessList, random: Random): void {
  const size = random.size();
  const offset = random.pick(BITMAPS) + random.below(40);
  list.write(GICD + (offset & -size), random.mask(), size);
}

/** Makes one interrupt ready: group, priority, enable, target, sometimes pending. */
function prepareStep(list: AccessList, random: Random, cpus: number): void {
  const intid = random.pick(INTIDS);
  const bit = (1 << (intid & 31)) >>> 0;
  const word = (intid >> 5) * 4;
  list.write(GICD + 0x400 + intid, random.pick([0, 8, 0x10, 0x40, 0x7f, 0x80, 0xa0, 0xf0, 0xff]), 1);
  list.write(GICD + 0x100 + word, bit);
  if (cpus > 1) list.write(GICD + 0x800 + intid, random.pick([1, 2, 3, 7, 0xff]), 1);
  if (random.below(2) === 0) list.write(GICD + 0x200 + word, bit);
}

function v2Steps(cpus: number): Step[] {
  const acknowledge: Step = (list, random) => {
    list
      .read(GICC + 0x18)
      .read(GICC + 0x0c)
      .read(GICC + 0x14);
    if (random.below(3) === 0) list.write(GICC + 0x10, random.pick(INTIDS));
  };
  return [
    readDistributor,
    bitmapStep,
    lineStep,
    timerStep,
    acknowledge,
    acknowledge,
    (list, random) => prepareStep(list, random, cpus),
    (list, random) => prepareStep(list, random, cpus),
    (list, random) => list.write(GICC + 0x10, random.pick([...INTIDS, 0x401, 1023, 1020, 300])),
    (list, random) => list.write(GICC + 0x10, random.pick(INTIDS)),
    (list, random) => list.write(GICC + 0x1000, random.pick([...INTIDS, 1023])),
    (list, random) => list.write(GICD, random.pick([0, 1, 2, 3, 3, 3, 3]), random.size()),
    (list, random) => list.write(GICC, random.pick([0, 1, 3, 7, 7, 0xf, 0x17, 0x207, 0x20f, 0xffff_ffff])),
    (list, random) => list.write(GICC + 4, random.pick([0, 0x40, 0x81, 0xf0, 0xff, 0xff, 0xff, 0x1f0])),
    (list, random) => list.write(GICC + random.pick([8, 0x1c]), random.below(16)),
    (list, random) =>
      list.read(GICC + random.pick([0, 4, 8, 0x1c, 0xd0, 0xd4, 0xd8, 0xdc, 0xe0, 0xe4, 0xe8, 0xec, 0xfc])),
    (list, random) => list.write(GICC + random.pick([0xd0, 0xd4, 0xe0, 0xec]), random.pick([0, 1 << random.below(31)])),
    (list, random) => list.write(GICD + 0xf00, random.word() & 0x03ff_800f),
    (list, random) => list.write(GICD + 0xf10 + random.below(16), random.below(256), 1),
    (list, random) => list.write(GICD + 0xf20 + random.below(16), 1 + random.below(255), 1),
    (list, random) => list.write(GICD + 0xc00 + random.below(18) * 4, random.word()),
    (list, random) => list.write(GICD + 0x400 + random.below(72) * 4, random.word()),
    (list, random) => list.write(GICD + 0x800 + random.below(72) * 4, random.word()),
    (list, random) => list.write(GICV2M + 0x40, random.pick([79, 80, 100, 143, 144, 0x450]), random.pick([1, 2, 4])),
  ];
}

/** The group enables, the mask open, both timers' compare values known, on every CPU. */
function prologue(list: AccessList, cpus: number, perCpu: (list: AccessList) => void): void {
  for (let cpu = 0; cpu < cpus; cpu++) {
    list.on(cpu).msr("CNTP_CVAL_EL0", 0);
    perCpu(list);
  }
}

function mix(list: AccessList, random: Random, cpus: number, steps: Step[], length: number): AccessList {
  let cpu = 0;
  while (list.accesses.length < length) {
    if (random.below(12) === 0) cpu = random.below(cpus);
    list.on(cpu);
    random.pick(steps)(list, random);
    list.mrs("ISR_EL1");
  }
  return list;
}

/** About `length` accesses to a GICv2. */
export function randomV2(seed: number, cpus: number, length: number): AccessList {
  const list = start().write(GICD, 3);
  prologue(list, cpus, () => list.write(GICC, 7).write(GICC + 4, 0xff));
  return mix(list, new Random(seed), cpus, v2Steps(cpus), length);
}

/** Distributor or redistributor address of a register of `intid` that both have, with `perIntid` bits an interrupt. */
function frame(random: Random, cpus: number, intid: number): number {
  return intid < 32 ? GICR + random.below(cpus) * 0x2_0000 + 0x1_0000 : GICD;
}

function prepareV3(list: AccessList, random: Random, cpus: number): void {
  const intid = random.pick(INTIDS);
  const base = frame(random, cpus, intid);
  const bit = (1 << (intid & 31)) >>> 0;
  const word = (intid >> 5) * 4;
  list.write(base + 0x400 + intid, random.pick([0, 8, 0x13, 0x40, 0x7f, 0x80, 0xa0, 0xf0, 0xf8, 0xff]), 1);
  list.write(base + 0x100 + word, bit);
  if (intid >= 32 && random.below(2) === 0)
    list.write(GICD + 0x6000 + intid * 8, random.pick([0, 0, 1, 2, 5, 0x100]), random.pick([4, 8]));
  if (random.below(2) === 0) list.write(base + 0x200 + word, bit);
}

function v3Steps(cpus: number): Step[] {
  const acknowledge: Step = (list, random) => {
    list
      .mrs("ICC_HPPIR0_EL1")
      .mrs("ICC_HPPIR1_EL1")
      .mrs(random.pick(["ICC_IAR0_EL1", "ICC_IAR1_EL1"]))
      .mrs("ICC_RPR_EL1");
    if (random.below(3) === 0) list.msr(random.pick(["ICC_EOIR0_EL1", "ICC_EOIR1_EL1"]), random.pick(INTIDS));
  };
  const redistributorWord: Step = (list, random) => {
    const base = GICR + random.below(cpus) * 0x2_0000;
    const offset = random.pick([
      0, 4, 8, 0xc, 0x10, 0x14, 0x70, 0x74, 0x78, 0x7c, 0x1_0c00, 0x1_0c04, 0x1_0d00, 0x1_0e00, 0xffe0,
    ]);
    if (random.below(2) === 0) list.write(base + offset, random.word());
    list.read(base + offset);
  };
  const redistributorBitmap: Step = (list, random) => {
    const base = GICR + random.below(cpus) * 0x2_0000 + 0x1_0000;
    const offset = random.pick(BITMAPS);
    if (random.below(2) === 0) list.write(base + offset, random.mask());
    list.read(base + offset);
  };
  const sgi: Step = (list, random) => {
    const targets = random.pick([1, 2, 3, 0xffff, 0]);
    const others = random.below(4) === 0 ? 1n << 40n : 0n;
    const affinity = random.below(8) === 0 ? random.pick([1n << 16n, 1n << 32n, 1n << 48n, 1n << 44n]) : 0n;
    const value = (BigInt(random.below(16)) << 24n) | BigInt(targets) | others | affinity;
    list.msr(random.pick(["ICC_SGI0R_EL1", "ICC_SGI1R_EL1", "ICC_SGI1R_EL1", "ICC_ASGI1R_EL1"]), value);
  };
  // QEMU looks at a changed trigger mode only when something else changes too: GICD_CTLR written back is that.
  const triggerMode: Step = (list, random) =>
    list.write(GICD + 0xc00 + random.below(19) * 4, random.word()).write(GICD, 3);
  return [
    readDistributor,
    bitmapStep,
    lineStep,
    timerStep,
    acknowledge,
    acknowledge,
    acknowledge,
    (list, random) => prepareV3(list, random, cpus),
    (list, random) => prepareV3(list, random, cpus),
    (list, random) => prepareV3(list, random, cpus),
    redistributorWord,
    redistributorBitmap,
    sgi,
    sgi,
    triggerMode,
    (list, random) =>
      list.msr(random.pick(["ICC_EOIR0_EL1", "ICC_EOIR1_EL1"]), random.pick([...INTIDS, 288, 1020, 1023])),
    (list, random) => list.msr(random.pick(["ICC_EOIR0_EL1", "ICC_EOIR1_EL1"]), random.pick(INTIDS)),
    (list, random) => list.msr("ICC_DIR_EL1", random.pick([...INTIDS, 1023])),
    (list, random) => list.write(GICD, random.pick([0, 1, 2, 3, 3, 3, 0xffff_ffff])).read(GICD),
    (list, random) => list.msr("ICC_PMR_EL1", random.pick([0, 0x40, 0x87, 0xf0, 0xff, 0xff, 0xff])).mrs("ICC_PMR_EL1"),
    (list, random) => list.msr("ICC_CTLR_EL1", random.pick([0, 0, 1, 2, 3, 0xffff_ffff])).mrs("ICC_CTLR_EL1"),
    (list, random) =>
      list
        .msr(random.pick(["ICC_BPR0_EL1", "ICC_BPR1_EL1"]), random.below(8))
        .mrs("ICC_BPR0_EL1")
        .mrs("ICC_BPR1_EL1"),
    (list, random) => list.msr(random.pick(["ICC_IGRPEN0_EL1", "ICC_IGRPEN1_EL1"]), random.pick([0, 1, 1, 1])),
    (list, random) =>
      list.msr(random.pick(["ICC_AP0R0_EL1", "ICC_AP1R0_EL1"]), random.pick([0, 0, (1 << random.below(31)) >>> 0])),
    (list) => list.mrs("ICC_AP0R0_EL1").mrs("ICC_AP1R0_EL1"),
    (list, random) => list.write(GICD + 0x400 + random.below(74) * 4, random.word()),
    (list, random) => list.write(GICR + 0x1_0400 + random.below(8) * 4, random.word()),
    (list, random) => list.read(GICD + 0x6000 + random.below(292) * 8, random.pick([4, 8])),
  ];
}

/** About `length` accesses to a GICv3. */
export function randomV3(seed: number, cpus: number, length: number): AccessList {
  const list = start().write(GICD, 3);
  prologue(list, cpus, () => list.msr("ICC_PMR_EL1", 0xff).msr("ICC_IGRPEN0_EL1", 1).msr("ICC_IGRPEN1_EL1", 1));
  return mix(list, new Random(seed), cpus, v3Steps(cpus), length);
}
