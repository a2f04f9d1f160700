/** Cases of the system instructions for bare-metal.ts: every encoding of MRS, MSR, SYS, SYSL, hints and exception generation. */
import { assemble, type BareMetalCase, type BareMetalResult, END, SCTLR_OFF } from "./bare-metal.ts";
import { createRandom, integer64, type Random } from "./random.ts";

/** op0:op1:CRn:CRm:op2 of op0 2 and 3 as bits 20:5 of the word. */
const REGISTER_KEYS = Array.from({ length: 0x8000 }, (_, key) => key | 0x8000);
/** Of op0 0 (hints, barriers, PSTATE) and op0 1 (SYS). */
const keysOf = (op0: number): number[] => Array.from({ length: 0x4000 }, (_, key) => key | (op0 << 14));

const mrs = (key: number, rt: number): number => (0xd520_0000 | (key << 5) | rt) >>> 0;
const msr = (key: number, rt: number): number => (0xd500_0000 | (key << 5) | rt) >>> 0;
const name = (key: number): string =>
  `s${key >> 14}_${(key >> 11) & 7}_c${(key >> 7) & 15}_c${(key >> 3) & 15}_${key & 7}`;

/** Registers that count time: their values are never equal. */
const TIME = new Set([0xdf01, 0xdf02, 0xdf10, 0xdf12, 0xdf18, 0xdf1a, 0xdce8]);
/** MDCCINT_EL1: QEMU leaves the destination of a read as it was; ours reads zero, as the ARM ARM says. */
const MDCCINT_EL1 = 0x8010;
const ignoreOf = (key: number): BareMetalCase["ignore"] =>
  TIME.has(key) ? ["x0", "x1", "x2"] : key === MDCCINT_EL1 ? ["x0", "x1", "x2"] : [];

/** SCTLR_EL1 with UCI, UCT, DZE, UMA, nTWI and nTWE: what EL1 can allow EL0. */
const SCTLR_OPEN = SCTLR_OFF | (1n << 26n) | (1n << 18n) | (1n << 16n) | (1n << 15n) | (1n << 14n) | (1n << 9n);
const EL0 = 0x3c0;

/** Opens timers and performance monitors to EL0, then goes there: X1 and X2 are what the two registers get. */
const OPEN_TO_EL0 = [
  "msr cntkctl_el1, x1",
  "msr pmuserenr_el0, x2",
  "adr x3, . + 20",
  "msr elr_el1, x3",
  "mov x3, 0x3c0",
  "msr spsr_el1, x3",
  "eret",
];

export function readCases(): BareMetalCase[] {
  return REGISTER_KEYS.map((key) => ({
    label: `mrs x0, ${name(key)} at EL1`,
    words: [mrs(key, 0)],
    x: [0x1111n],
    ignore: ignoreOf(key),
  }));
}

export function userReadCases(open: boolean): BareMetalCase[] {
  const opening = open ? assemble(OPEN_TO_EL0) : [];
  return REGISTER_KEYS.map((key) => ({
    label: `mrs x0, ${name(key)} at EL0${open ? ", all allowed" : ""}`,
    words: [...opening, mrs(key, 0)],
    pstate: open ? 0x3c5 : EL0,
    sctlr: open ? SCTLR_OPEN : SCTLR_OFF,
    x: [0x1111n, 0x303n, 0xfn],
    ignore: ignoreOf(key),
  }));
}

/** An SVC through another vector base never comes back: not written unless it is put back. */
const VBAR_EL1 = 0xc600;
/** With EE the program's own tables would be big-endian. */
const SCTLR_EL1 = 0xc080;
const SCTLR_EE = 1n << 25n;

/**
 * Writes of `value`: what can be read is read before and after, and put back.
 * @param readable results of readCases(), in its order
 */
export function writeCases(value: bigint, readable: readonly BareMetalResult[]): BareMetalCase[] {
  return REGISTER_KEYS.flatMap((key, index) => {
    const canRead = readable[index]?.esr === 0x5600_ffffn;
    if (!canRead && key === VBAR_EL1) return [];
    return {
      label: `msr ${name(key)}, ${value.toString(16)} at EL1`,
      words: canRead ? [mrs(key, 2), msr(key, 0), mrs(key, 1), msr(key, 2)] : [msr(key, 0)],
      x: [key === SCTLR_EL1 ? value & ~SCTLR_EE : value],
      ignore: ignoreOf(key),
    };
  });
}

export function userWriteCases(open: boolean): BareMetalCase[] {
  const opening = open ? assemble(OPEN_TO_EL0) : [];
  return REGISTER_KEYS.map((key) => ({
    label: `msr ${name(key)}, x0 at EL0${open ? ", all allowed" : ""}`,
    words: [...opening, msr(key, 0)],
    pstate: open ? 0x3c5 : EL0,
    sctlr: open ? SCTLR_OPEN : SCTLR_OFF,
    x: [0n, 0x303n, 0xfn],
  }));
}

/** SYS and SYSL with an address of RAM. */
export function sysCases(): BareMetalCase[] {
  return keysOf(1).flatMap((key) => {
    const at = (label: string, words: number[], rest: Partial<BareMetalCase>): BareMetalCase => ({
      label: `${label} ${name(key)}`,
      words,
      x: [0x4180_0123n],
      ...rest,
    });
    return [
      at("sys at EL1", [msr(key, 0)], {}),
      at("sys at EL0", [msr(key, 0)], { pstate: EL0 }),
      at("sys at EL0, all allowed", [msr(key, 0)], { pstate: EL0, sctlr: SCTLR_OPEN }),
    ];
  });
}

export function syslCases(): BareMetalCase[] {
  return keysOf(1).map((key) => ({ label: `sysl ${name(key)}`, words: [mrs(key, 0)] }));
}

const WFI = 0xd503_207f;
/** MSR DAIFSet and DAIFClr: QEMU swaps op1 and op2 in the syndrome of their trap, ours has them as the ARM ARM says. */
const isDaifImmediate = (key: number): boolean => (key & 0x3f87) === 0x1a06 || (key & 0x3f87) === 0x1a07;

/** The op0 0 space: hints, barriers, CLREX, PSTATE and what is unallocated in it. */
export function hintCases(): BareMetalCase[] {
  return keysOf(0).flatMap((key) => {
    const word = msr(key, 31);
    const at = (label: string, rest: Partial<BareMetalCase>): BareMetalCase => ({
      label: `${word.toString(16)} ${label}`,
      words: [word],
      ignore: isDaifImmediate(key) && label === "at EL0" ? ["esr"] : [],
      ...rest,
    });
    // At EL1 nothing would ever end a WFI.
    const user = [at("at EL0", { pstate: EL0 })];
    if (word !== WFI) user.push(at("at EL0, all allowed", { pstate: EL0, sctlr: SCTLR_OPEN }), at("at EL1", {}));
    return user;
  });
}

const HVC = 2;

/** The exception generation space by opc, op2 and LL; what looks like an HVC does not look like a PSCI call. */
export function exceptionCases(seed: number): BareMetalCase[] {
  const random = createRandom(seed, "exception generation");
  const cases: BareMetalCase[] = [];
  for (let opc = 0; opc < 8; opc += 1) {
    for (let low = 0; low < 32; low += 1) {
      const allocated = (opc === 0 && low >= 1 && low <= 3) || ((opc === 1 || opc === 2) && low === 0);
      for (let repeat = allocated ? 80 : 3; repeat > 0; repeat -= 1) {
        const word = (0xd400_0000 | (opc << 21) | (random.below(0x1_0000) << 5) | low) >>> 0;
        // SVC #0xffff is the end of a case, at EL1 as at EL0.
        if (word === END) continue;
        for (const pstate of [0x3c5, 0x3c4, EL0]) {
          cases.push({
            label: `${word.toString(16)}, PSTATE ${pstate.toString(16)}`,
            words: [word],
            pstate,
            x: [0x1234_5678n],
          });
        }
      }
    }
  }
  return cases;
}

/** PSCI functions that neither stop the CPU nor the machine. */
export function psciCases(): BareMetalCase[] {
  const hvc = (0xd400_0000 | HVC) >>> 0;
  const ids = [0, 3, 4, 5, 6, 7, 10, 11, 12, 13, 15, 16, 19, 20].flatMap((id) => [0x8400_0000 + id, 0xc400_0000 + id]);
  const safe = ids.filter((id) => id !== 0x8400_0003 && id !== 0xc400_0003);
  return [
    ...safe.map((id) => ({ label: `PSCI ${id.toString(16)}`, words: [hvc], x: [BigInt(id), 0n, 0n, 0n] })),
    ...safe.map((id) => ({ label: `PSCI ${id.toString(16)} of CPU 5`, words: [hvc], x: [BigInt(id), 5n, 0n, 0n] })),
    ...[...ids, 0x8400_0001, 0x8400_0002, 0x8400_0008, 0x8400_0009, 0x8400_1234, 0x9400_0000].map((id) => ({
      label: `PSCI_FEATURES ${id.toString(16)}`,
      words: [hvc],
      x: [0x8400_000an, BigInt(id)],
    })),
    ...[0x8400_0003n, 0xc400_0003n].flatMap((id) =>
      [0n, 1n, 0x100n].map((target) => ({
        label: `PSCI CPU_ON of CPU ${target}`,
        words: [hvc],
        x: [id, target, 0x4000_0000n, 0n],
      })),
    ),
  ];
}

/** ERET with many SPSR values; AArch32 is not among them. */
export function eretCases(seed: number): BareMetalCase[] {
  const random = createRandom(seed, "eret");
  const words = assemble(["adr x1, . + 16", "msr elr_el1, x1", "msr spsr_el1, x0", "eret"]);
  const values: bigint[] = [];
  for (let mode = 0; mode < 16; mode += 1) {
    for (const rest of [0n, 0x3c0n, 0xf000_0000n, 1n << 20n, 1n << 21n, 1n << 22n, 1n << 23n, 1n << 24n, 1n << 9n]) {
      values.push(rest | 0x1c0n | BigInt(mode));
    }
  }
  for (let extra = 0; extra < 200; extra += 1) values.push((integer64(random) & ~0x10n) | 0x1c0n);
  return [
    ...values.map((value) => ({ label: `eret to SPSR ${value.toString(16)}`, words, x: [BigInt.asUintN(64, value)] })),
    { label: "eret at EL0", words: assemble(["eret"]), pstate: EL0 },
    ...[1n, 2n, 3n].flatMap((odd) =>
      [0x3c0n, 0x3c5n].map((spsr) => ({
        label: `eret to address + ${odd}, SPSR ${spsr.toString(16)}`,
        words: assemble([`adr x1, . + ${16n + odd}`, "msr elr_el1, x1", "msr spsr_el1, x0", "eret"]),
        x: [spsr],
      })),
    ),
  ];
}

/** FP, SIMD and their control registers under every CPACR_EL1.FPEN. */
export function fpTrapCases(): BareMetalCase[] {
  const lines = [
    ...[
      "fadd d0, d1, d2",
      "fmov x0, d0",
      "ldr q0, [x1]",
      "str d0, [x1]",
      "ldp s0, s1, [x1]",
      "add v0.4s, v1.4s, v2.4s",
    ],
    ...["ld1 {v0.4s}, [x1]", "st4 {v0.b, v1.b, v2.b, v3.b}[3], [x1]", "aese v0.16b, v1.16b", "fcvtzs w0, s0"],
    ...["mrs x0, fpcr", "msr fpsr, x0", "crc32b w0, w1, w2", "ldr d0, . + 0", "fcsel s0, s1, s2, eq", "sha1h s0, s1"],
    ...["fccmp d0, d1, 3, ne", "stnp q0, q1, [x1]", "prfm pldl1keep, [x1]", "cnt v0.8b, v1.8b"],
  ];
  const words = assemble(lines);
  return lines.flatMap((line, index) =>
    [0n, 1n, 2n, 3n].flatMap((fpen) =>
      [0x3c5, EL0].map((pstate) => ({
        label: `${line}, FPEN ${fpen}, PSTATE ${pstate.toString(16)}`,
        words: [words[index] ?? 0],
        cpacr: fpen << 20n,
        pstate,
        x: [0n, 0x4180_0100n],
      })),
    ),
  );
}

/** MMU off: branches to odd addresses, and accesses and fetches where neither RAM nor a device answers. */
export function flatCases(seed: number): BareMetalCase[] {
  const random = createRandom(seed, "flat");
  const accesses = [
    ...["ldr x0, [x1]", "ldrb w0, [x1]", "ldrh w0, [x1, 1]", "str w0, [x1]", "strb w0, [x1]", "ldp x2, x3, [x1]"],
    ...["stp x2, x3, [x1, -16]!", "ldxr x0, [x1]", "ldaxrb w0, [x1]", "stlr x0, [x1]", "ldr q0, [x1]", "str q0, [x1]"],
    ...[
      "ldp q0, q1, [x1]",
      "st1 {v0.16b}, [x1]",
      "ld4 {v0.4s-v3.4s}, [x1]",
      "dc zva, x1",
      "dc cvac, x1",
      "ic ivau, x1",
    ],
    ...["ldtr x0, [x1]", "sttrb w0, [x1]", "ldrsw x0, [x1], 8", "br x1", "prfm pldl1keep, [x1]", "ldxp x2, x3, [x1]"],
  ];
  const words = assemble(accesses);
  const addresses = [
    0x5000_0000n,
    0x7fff_fff8n,
    0x1_4000_0000n,
    1n << 44n,
    (1n << 44n) - 8n,
    1n << 52n,
    -8n,
    -4096n,
    0x4400_0000n - 8n,
  ];
  const cases = accesses.flatMap((line, index) =>
    addresses.flatMap((address) =>
      [0x3c5, EL0].map((pstate) => ({
        label: `${line} at ${BigInt.asUintN(64, address).toString(16)}, PSTATE ${pstate.toString(16)}`,
        words: [words[index] ?? 0],
        pstate,
        sctlr: SCTLR_OPEN,
        x: [0n, address],
      })),
    ),
  );
  const branch = assemble(["br x1", "blr x1", "ret x1"]);
  for (let repeat = 0; repeat < 60; repeat += 1) {
    const target = 0x4180_0000n + BigInt(random.below(0x1000) | (1 + random.below(3)));
    cases.push({
      label: `branch to ${target.toString(16)}`,
      words: [branch[repeat % 3] ?? 0],
      pstate: repeat % 2 === 0 ? 0x3c5 : EL0,
      sctlr: SCTLR_OFF,
      x: [0n, target],
    });
  }
  return cases;
}

/** Software step of one instruction at EL0 and EL1: MDSCR_EL1.SS with KDE, SPSR.SS as the case has it. */
export function softwareStepCases(): BareMetalCase[] {
  const stepped = [
    ...[
      "nop",
      "mov x5, 7",
      "b . + 8",
      "ldr x5, [x4]",
      "ldr x5, [x6]",
      "ldxr x5, [x4]",
      "ldaxrb w5, [x4]",
      "ldxp x5, x7, [x4]",
    ],
    ...[
      "stxr w5, x7, [x4]",
      "svc 5",
      "brk 6",
      ".inst 0",
      "mrs x5, ctr_el0",
      "mrs x5, midr_el1",
      "fadd d0, d1, d2",
      "isb",
    ],
    ...["msr nzcv, x4", "yield", "msr daifset, 15", "cbz xzr, . + 8", "msr daifclr, 8", "eret"],
  ];
  const enter = assemble([
    "msr oslar_el1, xzr",
    "msr mdscr_el1, x1",
    "adr x3, . + 16",
    "msr elr_el1, x3",
    "msr spsr_el1, x0",
    "eret",
  ]);
  const words = assemble(stepped);
  const leave = assemble(["mov x8, 1", "mov x9, 1"]);
  const SS = 1n << 21n;
  return stepped.flatMap((line, index) =>
    // An ERET at EL1 would return to itself for ever.
    (line === "eret" ? [0x3c0n, 0x1c0n] : [0x3c0n, 0x1c0n, 0x3c5n, 0x1c5n]).flatMap((mode) =>
      [0n, SS].flatMap((active) =>
        [1n, 0x2001n, 0x2000n].map((mdscr) => ({
          label: `${line} stepped, SPSR ${(mode | active).toString(16)}, MDSCR_EL1 ${mdscr.toString(16)}`,
          words: [...enter, words[index] ?? 0, ...leave],
          x: [mode | active, mdscr, 0n, 0n, 0x4180_0000n, 0n, 0x5000_0000n],
          sctlr: SCTLR_OPEN,
        })),
      ),
    ),
  );
}

/** Stack pointers by SPSel, SP_EL0 as a register. */
export function stackCases(): BareMetalCase[] {
  const lines: string[][] = [
    ["mrs x0, sp_el0"],
    ["msr sp_el0, x1", "mrs x0, sp_el0"],
    ["msr spsel, 0", "mov x0, sp", "msr spsel, 1"],
    ["msr spsel, 0", "mrs x0, sp_el0"],
    ["msr spsel, 0", "mov sp, x1", "msr spsel, 1", "mrs x0, sp_el0"],
    ["mov sp, x1", "msr spsel, 0", "mov x0, sp", "msr spsel, 1", "mov x2, sp"],
    ["mrs x0, spsel", "mrs x2, currentel", "mrs x3, daif", "mrs x4, nzcv"],
    ["msr daifclr, 8", "mrs x0, daif"],
    ["msr daifset, 15", "mrs x0, daif"],
    ["msr nzcv, x1", "mrs x0, nzcv"],
    ["msr fpcr, x1", "mrs x0, fpcr"],
    ["msr fpsr, x1", "mrs x0, fpsr"],
    ["ldr x0, [sp]"],
    ["str x0, [sp, 8]!"],
  ];
  return lines.flatMap((text) => {
    const words = assemble(text);
    return [0x3c5, 0x3c4, EL0].flatMap((pstate) =>
      [0x4180_0000n, 0x4180_0008n, 0xffff_ffff_ffff_ffffn].map(
        (value): BareMetalCase => ({
          label: `${text.join("; ")}, PSTATE ${pstate.toString(16)}, x1 ${value.toString(16)}`,
          words,
          pstate,
          x: [0n, value],
          ignore: pstate === EL0 && /daif(set|clr)/.test(text[0] ?? "") ? ["esr"] : [],
          spEl0: 0x4180_0010n,
        }),
      ),
    );
  });
}

export const RANDOM_VALUES = (random: Random, count: number): bigint[] =>
  Array.from({ length: count }, () => BigInt.asUintN(64, integer64(random)));
