/** SIMD&FP operands of assembler templates: registers, arrangements, lanes and register lists. */
import { bits, integerRegister } from "./operands.ts";

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

/** What follows the dot of a vector register, by the name that templates give it. */
const ARRANGEMENTS: Readonly<Record<string, (word: number) => string>> = {
  T: (word) => arrangement(bits(word, 22, 2), bits(word, 30, 1)),
  Ts: (word) => arrangement(bits(word, 10, 2), bits(word, 30, 1)),
  lane: (word) => "bhsd"[laneScale(word)] ?? "",
};

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
