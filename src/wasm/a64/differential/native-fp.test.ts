/**
 * Floating-point instructions in compiled code against the interpreter's handlers, which a64.test.ts compares with QEMU: many
 * operands at the edges of the formats, in a loop that sets FPCR, FPSR and NZCV for each. And that ordinary operands are left to the host.
 *
 * ARMLET_DIFF_SEED   seed (a number)
 * ARMLET_NATIVE_FP   operand triples for each instruction, 16384 unless given
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { beforeAll, describe, expect, test } from "vitest";
import { CPU_BASE, GUEST_RAM_BASE, RAM_BASE } from "../../layout";
import { CPU_PC, CPU_POWER } from "../../cpu/state";
import { loadEngine } from "./engine.ts";
import { NATIVE_FP, OTHER_FP } from "./native-fp-list.ts";
import { createRandom, float, integer64, pick, type Random } from "./random.ts";

const seed = Number(process.env["ARMLET_DIFF_SEED"] ?? 20261121);
const total = Number(process.env["ARMLET_NATIVE_FP"] ?? 16384);
const BATCH = 16384;
/** Of each: V0, V1, V2, X3, and FPCR and NZCV below FPSR; V3, X4, FPSR, NZCV. */
const OPERANDS = 64;
const RESULTS = 48;
const PROGRAMS = GUEST_RAM_BASE;
const PROGRAM_SIZE = 256;
const INPUT = GUEST_RAM_BASE + 0x10_0000;
const OUTPUT = GUEST_RAM_BASE + 0x80_0000;
const FPSR_IXC = 16;
const RAM_SIZE = 16 * 1024 * 1024;
const RUN_WFI = 1;
/** Instructions that are translated another way where the host has a fused multiply-add. */
const NEEDS_FUSED = /^fn?m(add|sub|la|ls)/;
const instructions = [...NATIVE_FP, ...OTHER_FP];

function program(instruction: string): string {
  return `
    mov x9, 3 << 20
    msr cpacr_el1, x9
    isb
1:  ldp q0, q1, [x0], 32
    ldr q2, [x0], 16
    mov v3.16b, v2.16b
    ldp x3, x5, [x0], 16
    mov x4, 0
    msr fpcr, x5
    msr nzcv, x5
    lsr x6, x5, 32
    msr fpsr, x6
    ${instruction}
    mrs x6, fpsr
    mrs x7, nzcv
    str q3, [x1], 16
    stp x4, x6, [x1], 16
    stp x7, xzr, [x1], 16
    subs x2, x2, 1
    b.ne 1b
    wfi
    .balign ${PROGRAM_SIZE}`;
}

function assemblePrograms(): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), "armlet-native-fp-"));
  try {
    const source = join(directory, "programs.s");
    const object = join(directory, "programs.o");
    const flat = join(directory, "programs.bin");
    writeFileSync(source, `${instructions.map(program).join("\n")}\n`);
    execFileSync("aarch64-linux-gnu-as", [source, "-o", object]);
    execFileSync("aarch64-linux-gnu-objcopy", ["-O", "binary", object, flat]);
    return readFileSync(flat);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Runner {
  /** What instruction number `index` makes of `operands`. */
  run(index: number, operands: Uint8Array, count: number): Buffer;
  /** Calls of handlers for instruction words since the start, by word. */
  readonly handled: Map<number, number>;
}

async function createRunner(compiled: boolean, fused: boolean, programs: Uint8Array): Promise<Runner> {
  const handled = new Map<number, number>();
  const host = { counter_low: () => 0, counter_high: () => 0, guest_error: () => 0 };
  const { engine, memory } = await loadEngine(RAM_SIZE, host, compiled, {
    fused,
    onHandler: (insn) => handled.set(insn >>> 0, (handled.get(insn >>> 0) ?? 0) + 1),
  });
  const bytes = new Uint8Array(memory.buffer);
  const data = new DataView(memory.buffer);
  const ram = (gpa: number): number => RAM_BASE + gpa - GUEST_RAM_BASE;
  engine.cpu_reset(0, 1);
  engine.cpu_set_deterministic(true);
  bytes.set(programs, ram(PROGRAMS));
  const setX = (register: number, value: number): void =>
    data.setBigUint64(CPU_BASE + 8 * register, BigInt(value), true);
  return {
    handled,
    run(index, operands, count) {
      bytes.set(operands.subarray(0, count * OPERANDS), ram(INPUT));
      setX(0, INPUT);
      setX(1, OUTPUT);
      setX(2, count);
      data.setBigUint64(CPU_BASE + CPU_PC, BigInt(PROGRAMS + index * PROGRAM_SIZE), true);
      data.setUint32(CPU_BASE + CPU_POWER, 0, true);
      let reason = 0;
      for (let slice = 0; slice < 100 && reason !== RUN_WFI; slice += 1) reason = engine.cpu_run(0, 1_000_000, 0);
      expect(reason).toBe(RUN_WFI);
      return Buffer.from(bytes.slice(ram(OUTPUT), ram(OUTPUT) + count * RESULTS));
    },
  };
}

/** Two values of a precision, or four, each often one of its edges and sometimes of another format. */
function vector(random: Random, pools: Readonly<Record<32 | 64, readonly bigint[]>>, size: 32 | 64): bigint[] {
  const kind = random.chance(5) ? ((96 - size) as 32 | 64) : size;
  const value = (): bigint => pick(random, pools[kind]);
  return kind === 64 ? [value(), value()] : [value() | (value() << 32n), value() | (value() << 32n)];
}

/** Mostly the mode in which the host's arithmetic is taken. */
function mode(random: Random): bigint {
  const nzcv = BigInt(random.below(16)) << 28n;
  if (random.chance(70)) return nzcv | (BigInt(FPSR_IXC) << 32n);
  if (random.chance(40)) return nzcv;
  return nzcv | (BigInt(random.below(32)) << 22n) | (BigInt(pick(random, [0, 16, 16, 159])) << 32n);
}

function writeOperands(random: Random, size: 32 | 64, count: number): Uint8Array {
  const bytes = new Uint8Array(count * OPERANDS);
  const data = new DataView(bytes.buffer);
  const values = (of: 32 | 64): bigint[] => Array.from({ length: 4096 }, () => float(random, of));
  const pools = { 32: values(32), 64: values(64) };
  for (let at = 0; at < bytes.length; at += OPERANDS) {
    for (let register = 0; register < 3; register += 1) {
      vector(random, pools, size).forEach((half, i) => data.setBigUint64(at + 16 * register + 8 * i, half, true));
    }
    // Equal magnitudes cancel, and compare equal.
    if (random.chance(5)) bytes.copyWithin(at + 16, at, at + 16);
    if (random.chance(5)) bytes.copyWithin(at + 32, at, at + 16);
    data.setBigUint64(at + 48, integer64(random), true);
    data.setBigUint64(at + 56, mode(random), true);
  }
  return bytes;
}

/** Numbers between 1 and 4 in the mode in which the host's arithmetic is taken. */
function writeOrdinary(random: Random, size: 32 | 64, count: number): Uint8Array {
  const bytes = new Uint8Array(count * OPERANDS);
  const data = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += OPERANDS) {
    for (let i = 0; i < 48; i += size / 8) {
      const value = 1 + (random.next() / 2 ** 32) * 3;
      if (size === 64) data.setFloat64(at + i, value, true);
      else data.setFloat32(at + i, value, true);
    }
    data.setBigUint64(at + 48, BigInt(random.next()), true);
    data.setBigUint64(at + 56, BigInt(FPSR_IXC) << 32n, true);
  }
  return bytes;
}

let interpreted: Runner;
let compiled: Runner;
/** With relaxed_madd, where the host has it. */
let fused: Runner;
let programs: Uint8Array;
let operands: Record<32 | 64, Uint8Array[]>;

beforeAll(async () => {
  programs = assemblePrograms();
  interpreted = await createRunner(false, false, programs);
  compiled = await createRunner(true, false, programs);
  // Node 20 has relaxed SIMD behind a flag.
  setFlagsFromString("--experimental-wasm-relaxed-simd");
  fused = await createRunner(true, true, programs);
  const batches = (size: 32 | 64): Uint8Array[] =>
    Array.from({ length: Math.ceil(total / BATCH) }, (_, i) =>
      writeOperands(createRandom(seed, `${size} ${i}`), size, BATCH),
    );
  operands = { 32: batches(32), 64: batches(64) };
}, 300_000);

/** Doubles, by the names of the operands that are read. */
const sizeOf = (instruction: string): 32 | 64 =>
  /\b[dq]\d|\.2d|\bd\[/.test(instruction.replace(/^\S+ \S+/, "")) ? 64 : 32;

function firstDifference(ours: Buffer, theirs: Buffer, from: Uint8Array): string {
  if (ours.equals(theirs)) return "";
  let at = 0;
  while (ours[at] === theirs[at]) at += 1;
  const record = Math.floor(at / RESULTS);
  const words = (of: Uint8Array, size: number): string =>
    Array.from({ length: size / 8 }, (_, i) =>
      new DataView(of.buffer, of.byteOffset)
        .getBigUint64(record * size + 8 * i, true)
        .toString(16)
        .padStart(16, "0"),
    ).join(" ");
  return `operands ${words(from, OPERANDS)}\ncompiled ${words(ours, RESULTS)}\nexpected ${words(theirs, RESULTS)}`;
}

describe("compiled floating point equals the interpreter's", () => {
  test.each(instructions.map((instruction, index) => [instruction, index] as const))("%s", (instruction, index) => {
    for (const batch of operands[sizeOf(instruction)]) {
      const expected = interpreted.run(index, batch, BATCH);
      expect(firstDifference(compiled.run(index, batch, BATCH), expected, batch)).toBe("");
      if (NEEDS_FUSED.test(instruction)) {
        expect(firstDifference(fused.run(index, batch, BATCH), expected, batch)).toBe("");
      }
    }
  });
});

describe("ordinary operands need no handler", () => {
  const count = 64;
  test.each(NATIVE_FP.map((instruction, index) => [instruction, index] as const))("%s", (instruction, index) => {
    const word = new DataView(programs.buffer, programs.byteOffset).getUint32(index * PROGRAM_SIZE + 48, true);
    const runner = NEEDS_FUSED.test(instruction) ? fused : compiled;
    runner.handled.clear();
    runner.run(index, writeOrdinary(createRandom(seed, instruction), sizeOf(instruction), count), count);
    // The instructions around it have handlers, so that a count of 0 means something.
    expect(runner.handled.size).toBeGreaterThan(0);
    expect(runner.handled.get(word) ?? 0).toBe(0);
  });
});
