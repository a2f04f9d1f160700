/**
 * The operands that assembler templates name (`<Xn|SP>`, `<lsl12>`, …): functions from an instruction word to text, as
 * `objdump -d -M no-aliases` writes it. Register fields have the same place in every A64 instruction.
 */
import { bits, integerRegister, signedBits } from "./fields.ts";
import { decodeBitMask } from "./immediates.ts";
import { SYSTEM_REGISTERS } from "./system-registers.ts";
import { vectorOperand } from "./vector-operands.ts";

/** Least significant bit of the register fields. */
const REGISTER_FIELDS: Readonly<Record<string, number>> = { d: 0, t: 0, n: 5, a: 10, t2: 10, m: 16, s: 16 };

type Formatter = (word: number, pc: bigint) => string;

const hexAddress = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16)}`;
const pcRelative =
  (lsb: number, width: number): Formatter =>
  (word, pc) =>
    hexAddress(pc + 4n * BigInt(signedBits(word, lsb, width)));

const SHIFTS = ["lsl", "lsr", "asr", "ror"];
const EXTENSIONS = ["uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx"];
export const CONDITIONS = [
  "eq",
  "ne",
  "cs",
  "cc",
  "mi",
  "pl",
  "vs",
  "vc",
  "hi",
  "ls",
  "ge",
  "lt",
  "gt",
  "le",
  "al",
  "nv",
];
const BARRIERS: Readonly<Record<number, string>> = {
  1: "oshld",
  2: "oshst",
  3: "osh",
  5: "nshld",
  6: "nshst",
  7: "nsh",
  9: "ishld",
  10: "ishst",
  11: "ish",
  13: "ld",
  14: "st",
  15: "sy",
};

/** Address with an immediate: `[x1]`, `[x1, #8]`; a zero offset is not written, except before writeback. */
function address(word: number, offset: number, writeback: "" | "!" = ""): string {
  const base = integerRegister(true, bits(word, 5, 5), true);
  return offset === 0 && writeback === "" ? `[${base}]` : `[${base}, #${offset}]${writeback}`;
}

/** log2 of the size that a load or store of one register accesses (ARM ARM C4.1.88). */
const accessScale = (word: number): number =>
  bits(word, 26, 1) === 1 && bits(word, 23, 1) === 1 ? 4 : bits(word, 30, 2);
/** The same for each register of a pair. */
const pairScale = (word: number): number => (bits(word, 26, 1) === 1 ? bits(word, 30, 2) + 2 : bits(word, 31, 1) + 2);
const pairOffset = (word: number): number => signedBits(word, 15, 7) * 2 ** pairScale(word);

function prefetchOperation(word: number): string {
  const [type, level] = [bits(word, 3, 2), bits(word, 1, 2)];
  const name = ["pld", "pli", "pst"][type];
  if (name === undefined || level === 3) return `#0x${bits(word, 0, 5).toString(16).padStart(2, "0")}`;
  return `${name}l${level + 1}${bits(word, 0, 1) === 1 ? "strm" : "keep"}`;
}

function registerOffset(word: number): string {
  const option = bits(word, 13, 3);
  const scaled = bits(word, 12, 1) === 1;
  const base = integerRegister(true, bits(word, 5, 5), true);
  const index = integerRegister((option & 1) === 1, bits(word, 16, 5));
  const extension = option === 3 ? "lsl" : EXTENSIONS[option];
  if (option === 3 && !scaled) return `[${base}, ${index}]`;
  return `[${base}, ${index}, ${extension}${scaled ? ` #${accessScale(word)}` : ""}]`;
}

/** `, uxtw #2` of add and subtract (extended register): the width's own extension is LSL beside SP. */
function extension(word: number): string {
  const option = bits(word, 13, 3);
  const amount = bits(word, 10, 3);
  const setsFlags = bits(word, 29, 1) === 1;
  const besideSp = bits(word, 5, 5) === 31 || (!setsFlags && bits(word, 0, 5) === 31);
  const own = option === (bits(word, 31, 1) === 1 ? 3 : 2);
  if (besideSp && own) return amount === 0 ? "" : `, lsl #${amount}`;
  return `, ${EXTENSIONS[option]}${amount === 0 ? "" : ` #${amount}`}`;
}

function systemRegister(word: number): string {
  const known = SYSTEM_REGISTERS.get(bits(word, 5, 16));
  if (known !== undefined) return known;
  const [op0, op1, crn, crm, op2] = [
    bits(word, 19, 2),
    bits(word, 16, 3),
    bits(word, 12, 4),
    bits(word, 8, 4),
    bits(word, 5, 3),
  ];
  return `s${op0}_${op1}_c${crn}_c${crm}_${op2}`;
}

const FORMATTERS: Readonly<Record<string, Formatter>> = {
  cond: (word) => CONDITIONS[bits(word, 12, 4)] ?? "",
  "cond:b": (word) => CONDITIONS[bits(word, 0, 4)] ?? "",
  adr: (word, pc) => hexAddress(pc + BigInt(signedBits(word, 5, 19) * 4 + bits(word, 29, 2))),
  adrp: (word, pc) => hexAddress((pc & ~0xfffn) + 4096n * BigInt(signedBits(word, 5, 19) * 4 + bits(word, 29, 2))),
  label26: pcRelative(0, 26),
  label19: pcRelative(5, 19),
  label14: pcRelative(5, 14),
  bit: (word) => `#${bits(word, 31, 1) * 32 + bits(word, 19, 5)}`,
  lsl12: (word) => (bits(word, 22, 1) === 1 ? ", lsl #12" : ""),
  lsl16: (word) => (bits(word, 21, 2) === 0 ? "" : `, lsl #${16 * bits(word, 21, 2)}`),
  bitmask: (word) => {
    const width = bits(word, 31, 1) === 1 ? 64 : 32;
    return `#${hexAddress(decodeBitMask(bits(word, 22, 1), bits(word, 10, 6), bits(word, 16, 6), width))}`;
  },
  shift: (word) => {
    const [kind, amount] = [bits(word, 22, 2), bits(word, 10, 6)];
    return kind === 0 && amount === 0 ? "" : `, ${SHIFTS[kind]} #${amount}`;
  },
  "Rm.ext": (word) => integerRegister(bits(word, 31, 1) === 1 && (bits(word, 13, 3) & 3) === 3, bits(word, 16, 5)),
  extend: extension,
  "Rt.ldst": (word) => integerRegister(bits(word, 30, 2) === 3 || bits(word, 22, 2) === 2, bits(word, 0, 5)),
  "Rt.size": (word) => integerRegister(bits(word, 30, 2) === 3, bits(word, 0, 5)),
  "Rt2.size": (word) => integerRegister(bits(word, 30, 2) === 3, bits(word, 10, 5)),
  "Rm.size": (word) => integerRegister(bits(word, 10, 2) === 3, bits(word, 16, 5)),
  "Xn?": (word) => (bits(word, 5, 5) === 30 ? "" : ` ${integerRegister(true, bits(word, 5, 5))}`),
  "Rt.b5": (word) => integerRegister(bits(word, 31, 1) === 1, bits(word, 0, 5)),
  "Rt2.opc": (word) => integerRegister(bits(word, 30, 1) === 1, bits(word, 10, 5)),
  "Rt.opc": (word) => integerRegister(bits(word, 30, 1) === 1, bits(word, 0, 5)),
  base: (word) => address(word, 0),
  "base+imm9": (word) => address(word, signedBits(word, 12, 9)),
  "base+imm9!": (word) => address(word, signedBits(word, 12, 9), "!"),
  "base,imm9": (word) => `${address(word, 0)}, #${signedBits(word, 12, 9)}`,
  "base+imm12": (word) => address(word, bits(word, 10, 12) * 2 ** accessScale(word)),
  "base+imm7": (word) => address(word, pairOffset(word)),
  "base+imm7!": (word) => address(word, pairOffset(word), "!"),
  "base,imm7": (word) => `${address(word, 0)}, #${pairOffset(word)}`,
  "base+reg": registerOffset,
  prfop: prefetchOperation,
  barrier: (word) => BARRIERS[bits(word, 8, 4)] ?? `#0x${bits(word, 8, 4).toString(16).padStart(2, "0")}`,
  "crm?": (word) => (bits(word, 8, 4) === 15 ? "" : ` #0x${bits(word, 8, 4).toString(16)}`),
  hint: (word) => `0x${bits(word, 5, 7).toString(16)}`,
  "Xt?": (word) => (bits(word, 0, 5) === 31 ? "" : `, ${integerRegister(true, bits(word, 0, 5))}`),
  sysreg: systemRegister,
  "pstate,imm": (word) => {
    const value = bits(word, 8, 4);
    // SPSel takes one bit; with more, the word reads as a write of a register that has no name.
    if (bits(word, 16, 3) === 0) return value < 2 ? `spsel, #0x${value}` : `s0_0_c4_c${value}_5, xzr`;
    return `${bits(word, 5, 3) === 6 ? "daifset" : "daifclr"}, #0x${value.toString(16)}`;
  },
};

const REGISTER = /^([WXR])(t2|[dnmats])(\|SP)?$/;

/** Text of the operand `name` of an instruction word. @throws Error when a template names an operand that does not exist */
export function operand(name: string, word: number, pc: bigint): string {
  const formatter = FORMATTERS[name];
  if (formatter !== undefined) return formatter(word, pc);
  const register = REGISTER.exec(name);
  if (register !== null) {
    const [, width, field = "", sp] = register;
    const wide = width === "X" || (width === "R" && bits(word, 31, 1) === 1);
    return integerRegister(wide, bits(word, REGISTER_FIELDS[field] ?? 0, 5), sp !== undefined);
  }
  const text = vectorOperand(name, word);
  if (text === null) throw new Error(`no operand <${name}>`);
  return text;
}
