/** Compares results of our CPU with QEMU's and says what differs. */
import {
  CASE_COUNT,
  CASE_FPCR,
  CASE_FPSR,
  CASE_MEM,
  CASE_PSTATE,
  CASE_SIZE,
  CASE_V,
  CASE_WORDS,
  CASE_X,
  RESULT_PC,
  RESULT_SIGNAL,
  WINDOW,
} from "./case-layout.ts";
import type { CaseBuffer } from "./cases.ts";
import { COMPLETED } from "./machine.ts";

/** CASE_WORDS to CASE_V is not state: how the case ended is compared by its meaning. */
const STATE_RANGES: readonly (readonly [number, number])[] = [
  [CASE_X, CASE_WORDS],
  [CASE_V, CASE_SIZE],
];

/** True when case `index` ended in the same state in both result buffers. */
export function equal(ours: Uint32Array, theirs: Uint32Array, index: number): boolean {
  const base = (index * CASE_SIZE) >> 2;
  for (const [from, to] of STATE_RANGES) {
    for (let word = from >> 2; word < to >> 2; word += 1) {
      const difference = ((ours[base + word] as number) ^ (theirs[base + word] as number)) >>> 0;
      if (difference !== 0 && !(word === CASE_PSTATE >> 2 && difference >>> 28 === 0)) return false;
    }
  }
  return endEqual(ours, theirs, base);
}

/**
 * Both stopped at the same address; a completed case has no signal of its own (QEMU's comes from what follows it), any
 * other must have had the same one.
 */
function endEqual(ours: Uint32Array, theirs: Uint32Array, base: number): boolean {
  const field = (results: Uint32Array, offset: number): number => results[base + (offset >> 2)] as number;
  if (field(ours, RESULT_PC) !== field(theirs, RESULT_PC)) return false;
  if (field(ours, RESULT_PC + 4) !== field(theirs, RESULT_PC + 4)) return false;
  const signal = field(ours, RESULT_SIGNAL);
  return signal === COMPLETED || signal === field(theirs, RESULT_SIGNAL);
}

const hex = (value: bigint | number, digits: number): string => value.toString(16).padStart(digits, "0");

/** The words of a case, its inputs that they name, and every register that ended up different. */
export function explain(cases: CaseBuffer, ours: Uint8Array, theirs: Uint8Array, index: number): string {
  const base = index * CASE_SIZE;
  const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset + base, CASE_SIZE);
  const [before, our, their] = [view(cases.bytes), view(ours), view(theirs)];
  const count = before.getUint32(CASE_COUNT, true);
  const words = Array.from({ length: count }, (_, position) => before.getUint32(CASE_WORDS + 4 * position, true));
  const lines = [
    `case ${index}: ${words.map((word) => hex(word, 8)).join(" ")}, FPCR ${hex(before.getUint32(CASE_FPCR, true), 8)}, FPSR ${hex(before.getUint32(CASE_FPSR, true), 8)}, NZCV ${before.getUint32(CASE_PSTATE, true) >>> 28}`,
  ];
  const named = [
    ...new Set(words.flatMap((word) => [word, word >>> 5, word >>> 10, word >>> 16].map((field) => field & 31))),
  ];
  const v = (state: DataView, register: number): string =>
    hex(state.getBigUint64(CASE_V + 16 * register + 8, true), 16) +
    hex(state.getBigUint64(CASE_V + 16 * register, true), 16);
  const x = (state: DataView, register: number): string => hex(state.getBigUint64(CASE_X + 8 * register, true), 16);
  lines.push(
    `  in:  ${named.map((register) => `${register === 31 ? "SP" : `X${register}`}=${x(before, register)}`).join(" ")}`,
  );
  lines.push(`       ${named.map((register) => `V${register}=${v(before, register)}`).join(" ")}`);
  const differ = (name: string, got: string, expected: string): void => {
    if (got !== expected) lines.push(`  ${name}: got ${got}, QEMU has ${expected}`);
  };
  for (let register = 0; register < 32; register += 1) {
    differ(register === 31 ? "SP" : `X${register}`, x(our, register), x(their, register));
    differ(`V${register}`, v(our, register), v(their, register));
  }
  differ("NZCV", hex(our.getUint32(CASE_PSTATE, true) >>> 28, 1), hex(their.getUint32(CASE_PSTATE, true) >>> 28, 1));
  differ("FPCR", hex(our.getUint32(CASE_FPCR, true), 8), hex(their.getUint32(CASE_FPCR, true), 8));
  differ("FPSR", hex(our.getUint32(CASE_FPSR, true), 8), hex(their.getUint32(CASE_FPSR, true), 8));
  differ("PC", hex(our.getBigUint64(RESULT_PC, true), 16), hex(their.getBigUint64(RESULT_PC, true), 16));
  const signal = our.getUint32(RESULT_SIGNAL, true);
  if (signal !== COMPLETED) differ("signal", String(signal), String(their.getUint32(RESULT_SIGNAL, true)));
  for (let offset = CASE_MEM; offset < CASE_SIZE; offset += 8) {
    differ(
      `[${hex(WINDOW + offset - CASE_MEM, 8)}]`,
      hex(our.getBigUint64(offset, true), 16),
      hex(their.getBigUint64(offset, true), 16),
    );
  }
  return lines.join("\n");
}
