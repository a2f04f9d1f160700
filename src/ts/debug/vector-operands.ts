/** SIMD&FP operands of assembler templates: registers, arrangements, lanes and register lists. */
import { bits, integerRegister } from "./fields.ts";
import { floatImmediate } from "./immediates.ts";

const FIELDS: Readonly<Record<string, number>> = { d: 0, t: 0, n: 5, a: 10, t2: 10, m: 16 };

/** Arrangement of `size` (log2 of the element's bytes) in 64 or 128 bits. */
export function arrangement(size: number, full: number): string {
  return `${(full === 1 ? 16 : 8) >> size}${"bhsd"[size]}`;
}

/** log2 of the element size of a load or store of single lanes: opcode<2:1> with size telling S from D. */
function laneScale(word: number): number {
  const scale = bits(word, 14, 2);
  if (scale === 3) return bits(word, 10, 2);
  return scale === 2 && bits(word, 10, 1) === 1 ? 3 : scale;
}

const laneIndex = (word: number): number => (bits(word, 30, 1) * 8 + bits(word, 10, 3)) >> laneScale(word);

/** log2 of the element size that the lowest set bit of imm5 (copies) or the highest of immh (shifts by immediate) tells. */
const copyScale = (word: number): number => 31 - Math.clz32(bits(word, 16, 5) & -bits(word, 16, 5));
const shiftScale = (word: number): number => 31 - Math.clz32(bits(word, 19, 4));

const full = (word: number): number => bits(word, 30, 1);
const size = (word: number): number => bits(word, 22, 2);
/** Size of a floating-point element told by sz. */
const floatSize = (word: number): number => 2 + bits(word, 22, 1);

/**
 * What follows the dot of a vector register, by the name that templates give it: T by size, Tf by sz, Ts by the size field of
 * structure loads, Th by immh, T5 by imm5, TB bytes, T0 to T3 elements of that size; w twice as wide and 128 bits, p twice as
 * wide and as many bits, n and l the narrow and long side of FCVTN and FCVTL.
 */
const ARRANGEMENTS: Readonly<Record<string, (word: number) => string>> = {
  T: (word) => arrangement(size(word), full(word)),
  Tw: (word) => arrangement(size(word) + 1, 1),
  Tp: (word) => arrangement(size(word) + 1, full(word)),
  Tf: (word) => arrangement(floatSize(word), full(word)),
  Tpair: (word) => `2${"bhsd"[floatSize(word)]}`,
  Tn: (word) => arrangement(floatSize(word) - 1, full(word)),
  Tl: (word) => arrangement(floatSize(word), 1),
  Ts: (word) => arrangement(bits(word, 10, 2), full(word)),
  Th: (word) => arrangement(shiftScale(word), full(word)),
  Thw: (word) => arrangement(shiftScale(word) + 1, 1),
  T5: (word) => arrangement(copyScale(word), full(word)),
  TB: (word) => arrangement(0, full(word)),
  T0: (word) => arrangement(0, full(word)),
  T1: (word) => arrangement(1, full(word)),
  T2: (word) => arrangement(2, full(word)),
  T3: (word) => arrangement(3, full(word)),
  lane: (word) => "bhsd"[laneScale(word)] ?? "",
};

/** Scalar registers whose size a field tells: ptype unless the name says otherwise. */
const SCALAR_SCALES: Readonly<Record<string, (word: number) => number>> = {
  F: (word) => [2, 3, 0, 1][bits(word, 22, 2)] ?? 0,
  "F.opc": (word) => [2, 3, 0, 1][bits(word, 15, 2)] ?? 0,
  "F.sz": floatSize,
  E: size,
  "E.shf": shiftScale,
  "E.ins": copyScale,
};

/** `v3.h[5]`: the element of a by-element instruction, whose index bits are H, L and M as far as Vm leaves them. */
function indexedElement(word: number): string {
  const [l, m, h] = [bits(word, 21, 1), bits(word, 20, 1), bits(word, 11, 1)];
  const low = bits(word, 16, 4);
  switch (size(word)) {
    case 1:
      return `v${low}.h[${h * 4 + l * 2 + m}]`;
    case 2:
      return `v${m * 16 + low}.s[${h * 2 + l}]`;
    default:
      return `v${m * 16 + low}.d[${h}]`;
  }
}

const immediate8 = (word: number): number => bits(word, 16, 3) * 32 + bits(word, 5, 5);

/** `#1.25e+00` as C's %.18e writes it. */
function floatText(imm8: number): string {
  const [mantissa, exponent = ""] = floatImmediate(imm8).toExponential(18).split("e");
  return `#${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

/** A byte of ones for every set bit. */
function byteMask(imm8: number): bigint {
  let value = 0n;
  for (let bit = 0; bit < 8; bit += 1) if (((imm8 >> bit) & 1) === 1) value |= 0xffn << BigInt(8 * bit);
  return value;
}

const shiftImmediate = (word: number): number => bits(word, 16, 7);

const FORMATTERS: Readonly<Record<string, (word: number) => string>> = {
  fbits: (word) => `#${64 - bits(word, 10, 6)}`,
  fpimm8: (word) => floatText(bits(word, 13, 8)),
  fpimmabc: (word) => floatText(immediate8(word)),
  immabc: (word) => `0x${immediate8(word).toString(16)}`,
  immbytes: (word) => `0x${byteMask(immediate8(word)).toString(16)}`,
  lsl8: (word) => (bits(word, 13, 2) === 0 ? "" : `, lsl #${8 * bits(word, 13, 2)}`),
  lsl8h: (word) => (bits(word, 13, 1) === 0 ? "" : ", lsl #8"),
  rshift: (word) => `#${(16 << shiftScale(word)) - shiftImmediate(word)}`,
  lshift: (word) => `#${shiftImmediate(word) - (8 << shiftScale(word))}`,
  tblist: (word) => list(bits(word, 5, 5), bits(word, 13, 2) + 1, "16b"),
  "Vm[el]": indexedElement,
  "Vd[imm5]": (word) => `v${bits(word, 0, 5)}${copyIndex(word)}`,
  "Vn[imm5]": (word) => `v${bits(word, 5, 5)}${copyIndex(word)}`,
  "Vn[imm4]": (word) => `v${bits(word, 5, 5)}.${"bhsd"[copyScale(word)]}[${bits(word, 11, 4) >> copyScale(word)}]`,
  "Rn.ins": (word) => integerRegister(copyScale(word) === 3, bits(word, 5, 5)),
};

const copyIndex = (word: number): string =>
  `.${"bhsd"[copyScale(word)]}[${bits(word, 16, 5) >> (copyScale(word) + 1)}]`;

/** `{v1.4h, v2.4h}`, from three registers on `{v1.4h-v3.4h}` unless the numbers wrap. */
function list(first: number, count: number, suffix: string): string {
  const name = (number: number): string => `v${number % 32}.${suffix}`;
  if (count > 2 && first + count <= 32) return `{${name(first)}-${name(first + count - 1)}}`;
  return `{${Array.from({ length: count }, (_, index) => name(first + index)).join(", ")}}`;
}

/** Post-index operand: Xm, or for 31 the number of bytes that were accessed. */
const postIndex = (word: number, bytes: number): string =>
  bits(word, 16, 5) === 31 ? `#${bytes}` : integerRegister(true, bits(word, 16, 5));

/** Text of a SIMD&FP operand, null when the name is none. */
export function vectorOperand(name: string, word: number): string | null {
  const formatter = FORMATTERS[name];
  if (formatter !== undefined) return formatter(word);
  const sized = /^([EF])([dnma])(\.\w+)?(\+)?$/.exec(name);
  if (sized !== null) {
    const scale = (SCALAR_SCALES[`${sized[1]}${sized[3] ?? ""}`]?.(word) ?? 0) + (sized[4] === "+" ? 1 : 0);
    return `${"bhsd"[scale]}${bits(word, FIELDS[sized[2] ?? ""] ?? 0, 5)}`;
  }
  const scalar = /^([BHSDQ])(t2|[dnmat])$/.exec(name);
  if (scalar !== null) return `${scalar[1]?.toLowerCase()}${bits(word, FIELDS[scalar[2] ?? ""] ?? 0, 5)}`;
  const vector = /^V(t2|[dnmat])\.(\w+)$/.exec(name);
  if (vector !== null) return `v${bits(word, FIELDS[vector[1] ?? ""] ?? 0, 5)}.${suffixOf(vector[2] ?? "", word)}`;
  const lists = /^list([1-4])(n?)\.(\w+)$/.exec(name);
  if (lists !== null) {
    const text = list(bits(word, lists[2] === "n" ? 5 : 0, 5), Number(lists[1]), suffixOf(lists[3] ?? "", word));
    return lists[3] === "lane" ? `${text}[${laneIndex(word)}]` : text;
  }
  const post = /^post(lane|dup|)([1-4])$/.exec(name);
  if (post !== null) {
    const count = Number(post[2]);
    return postIndex(word, post[1] === "" ? count * (8 << bits(word, 30, 1)) : count << laneScale(word));
  }
  return null;
}

const suffixOf = (name: string, word: number): string => ARRANGEMENTS[name]?.(word) ?? name;
