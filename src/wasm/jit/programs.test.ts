/**
 * Random programs with branches and loops: the compiler against the interpreter, whose instructions the differential tests compare
 * with QEMU one by one.
 *
 * ARMLET_PROGRAMS_SEED   seed (a number); fixed unless given
 * ARMLET_PROGRAMS        number of programs, 400 unless given
 */
import { beforeAll, expect, test } from "vitest";
import { loadEngine } from "../a64/differential/engine.ts";
import { createRandom, elements64, FLAVOURS, integer64, pick, type Random } from "../a64/differential/random.ts";
import { type CompiledRow, compileTable, randomWord } from "../a64/differential/words.ts";
import { CPU_BASE, RAM_BASE } from "../layout";
import { STAT_REGIONS } from "./limits";
import { CPU_FP_TRAP, CPU_FPSR, CPU_NZCV, CPU_PC, CPU_POWER, CPU_V, CPU_X } from "../cpu/state";

const seed = Number(process.env["ARMLET_PROGRAMS_SEED"] ?? 20261121);
const programs = Number(process.env["ARMLET_PROGRAMS"] ?? 400);

const RAM_SIZE = 1 << 20;
const CODE = 0x1000;
const GPA = 0x4000_0000;
/** Where loads and stores go: WINDOW_SIZE bytes in two pages. */
const WINDOW = 0x7e00;
const WINDOW_SIZE = 0x400;
/** Registers that a program's own instructions leave alone: the window's address, the turns that are left, a place in the window. */
const BASE = 28;
const TURNS = 27;
const PLACE = 26;
const TURN_COUNT = 200;
const WFI = 0xd503_207f;
const RUN_WFI = 1;
/** Cumulative inexact (ARM ARM C5.2.9). */
const FPSR_IXC = 1 << 4;

type Loaded = Awaited<ReturnType<typeof loadEngine>>;

/** Byte offsets of what is compared: X0..X30 and SP, V0..V31. */
const STATE: readonly (readonly [number, number])[] = [
  [Number(CPU_X), 256],
  [Number(CPU_V), 512],
];

let plain: Loaded;
let compiled: Loaded;
/** Data processing with general registers, and with vectors and floating point. */
let integerRows: CompiledRow[];
let vectorRows: CompiledRow[];

beforeAll(async () => {
  let off = 0;
  const host = { counter_low: () => 0, counter_high: () => 0, guest_error: () => 0, system_event: () => (off += 1) };
  [plain, compiled] = await Promise.all([loadEngine(RAM_SIZE, host), loadEngine(RAM_SIZE, host, true)]);
  for (const { engine } of [plain, compiled]) {
    engine.gic_init(2, 1, 0);
    engine.cpu_set_deterministic(true);
    engine.cpu_reset(0, 1);
    engine.cpu_start(0, GPA + CODE, 0, 0, 0);
  }
  const rows = compileTable();
  integerRows = rows.filter(({ file, name }) => /^dp-(imm|reg)$/.test(file) && !/^ADRP?$/.test(name));
  vectorRows = rows.filter(({ file }) => /^(fp-scalar|simd-fp|simd-int|crypto)$/.test(file));
}, 120_000);

/** The registers that an instruction of these groups writes. */
const writes = (word: number): number => word & 31;

function arithmetic(random: Random): number {
  for (;;) {
    const word = randomWord(pick(random, random.chance(60) ? integerRows : vectorRows), random);
    if (writes(word) !== BASE && writes(word) !== TURNS) return word;
  }
}

/** LDR, STR, LDP, STP of general and vector registers at the window, some over the end of a page. */
function memory(random: Random): number {
  const rt = random.below(27);
  if (random.chance(30)) {
    const pair = pick(
      random,
      [0x2900_0000, 0x2940_0000, 0xa900_0000, 0xa940_0000, 0x6940_0000, 0x6d00_0000, 0x6d40_0000],
    );
    return (pair | (random.below(64) << 15) | (random.below(27) << 10) | (BASE << 5) | rt) >>> 0;
  }
  const size = random.below(4);
  const opc = size === 3 ? random.below(2) : size === 2 ? random.below(3) : random.below(4);
  const vector = size === 3 && random.chance(20) ? 1 << 26 : 0;
  // Unscaled: offsets 0 to 255.
  return ((size << 30) | 0x3800_0000 | vector | (opc << 22) | (random.below(256) << 12) | (BASE << 5) | rt) >>> 0;
}

/** STP and LDP post-indexed of W, X, W as LDPSW, D, Q; 1 << 23 behind it makes them signed offset, 3 << 23 pre-indexed. */
const PAIRS = [
  0x2880_0000, 0x28c0_0000, 0xa880_0000, 0xa8c0_0000, 0x68c0_0000, 0x6c80_0000, 0x6cc0_0000, 0xac80_0000, 0xacc0_0000,
];

/** One access at PLACE, or a step of PLACE. */
function nearby(random: Random): number {
  const rt = random.below(PLACE);
  const what = random.below(10);
  if (what < 2)
    return (pick(random, [0x9100_0000, 0xd100_0000]) | (random.below(64) << 10) | (PLACE << 5) | PLACE) >>> 0;
  if (what < 5) {
    // Signed offset is the same encoding with bit 24 and without bit 23.
    const mode = pick(random, [0, 0x0080_0000, 0x0100_0000]);
    const pair = mode === 0x0080_0000 ? pick(random, PAIRS) ^ 0x0180_0000 : pick(random, PAIRS) | mode;
    return (pair | ((random.below(12) & 0x7f) << 15) | (((rt + 1) % PLACE) << 10) | (PLACE << 5) | rt) >>> 0;
  }
  const size = random.below(4);
  const opc = size === 3 ? random.below(2) : size === 2 ? random.below(3) : random.below(4);
  // Unscaled, post-indexed, pre-indexed.
  const mode = pick(random, [0, 0, 1, 3]);
  const offset = mode === 0 ? random.below(192) - 64 : random.below(64) - 32;
  return ((size << 30) | 0x3800_0000 | (opc << 22) | ((offset & 0x1ff) << 12) | (mode << 10) | (PLACE << 5) | rt) >>> 0;
}
/** Accesses that have a base register in common, which moves: add PLACE, BASE, #n, and then some of them, with other work between. */
function neighbours(random: Random): number[] {
  const words = [(0x9100_0000 | (random.below(0x1c0) << 10) | (BASE << 5) | PLACE) >>> 0];
  for (let count = 2 + random.below(6); count > 0; count -= 1) {
    const other = random.chance(25) ? arithmetic(random) : 0;
    if (other !== 0 && writes(other) !== PLACE) words.push(other);
    words.push(nearby(random));
  }
  return words;
}

function conditional(random: Random, distance: number): number {
  const imm19 = (distance & 0x7_ffff) << 5;
  switch (random.below(4)) {
    case 0:
      return (
        (0x3400_0000 | (random.below(4) >= 2 ? 1 << 31 : 0) | (random.below(2) << 24) | imm19 | random.below(27)) >>> 0
      );
    case 1:
      return (
        (0x3600_0000 |
          (random.below(2) << 24) |
          (random.below(32) << 19) |
          ((distance & 0x3fff) << 5) |
          random.below(27)) >>>
        0
      );
    default:
      return (0x5400_0000 | imm19 | random.below(16)) >>> 0;
  }
}

/** Words of a program: straight pieces, branches forward, and branches back that a counter ends. */
function makeProgram(random: Random): number[] {
  const length = 10 + random.below(70);
  const words: number[] = [];
  /** Branches to be: where they stand and where they go. */
  const branches: [number, number][] = [];
  /** The places behind a loop's test of the counter, where no branch may go. */
  const guarded = new Set<number>();
  while (words.length < length) {
    const what = random.below(100);
    if (what < 70) words.push(arithmetic(random));
    else if (what < 79) words.push(memory(random));
    else if (what < 82) {
      // No branch goes to where PLACE is not what it should be.
      const first = words.length;
      words.push(...neighbours(random));
      for (let word = first + 1; word < words.length; word += 1) guarded.add(word);
    } else if (what < 94) {
      branches.push([words.length, words.length + 1 + random.below(12)]);
      words.push(0);
    } else {
      // cbz TURNS, behind; sub TURNS, TURNS, #1; a branch back.
      words.push((0xb400_0000 | (3 << 5) | TURNS) >>> 0, (0xd100_0400 | (TURNS << 5) | TURNS) >>> 0, 0);
      guarded.add(words.length - 2).add(words.length - 1);
      branches.push([words.length - 1, random.below(words.length)]);
    }
  }
  for (const [place, target] of branches) {
    let to = target;
    while (guarded.has(to)) to -= 1;
    // A branch forward that would become one to itself, or back.
    if (target > place && to <= place) to = place + 1;
    words[place] =
      random.chance(10) && to > place ? (0x1400_0000 | (to - place)) >>> 0 : conditional(random, to - place);
  }
  return [...words, ...Array.from({ length: 16 }, () => WFI)];
}

interface Input {
  readonly words: readonly number[];
  readonly state: Uint8Array;
  readonly nzcv: number;
  readonly fpsr: number;
}

/** Everything that the program leaves behind, as text. */
function outcome({ engine, memory }: Loaded, { words, state, nzcv, fpsr }: Input): string {
  const bytes = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  const ram = Number(RAM_BASE);
  const at = (offset: number): number => Number(CPU_BASE) + offset;
  let from = 0;
  for (const [offset, size] of STATE) {
    bytes.set(state.subarray(from, from + size), at(offset));
    from += size;
  }
  view.setBigUint64(at(Number(CPU_X) + 8 * BASE), BigInt(GPA + WINDOW), true);
  view.setBigUint64(at(Number(CPU_X) + 8 * TURNS), BigInt(TURN_COUNT), true);
  bytes.set(state.subarray(0, WINDOW_SIZE), ram + WINDOW);
  words.forEach((word, index) => {
    view.setUint32(ram + CODE + 4 * index, word, true);
  });
  engine.mem_invalidate_code(ram + CODE, 0x1000);
  view.setUint32(at(Number(CPU_NZCV)), nzcv, true);
  view.setUint32(at(Number(CPU_FPSR)), fpsr, true);
  view.setUint32(at(Number(CPU_POWER)), 0, true);
  view.setUint32(at(Number(CPU_FP_TRAP)), 0, true);
  view.setBigUint64(at(Number(CPU_PC)), BigInt(GPA + CODE), true);
  const before = engine.cpu_instructions(0);
  const reason = engine.cpu_run(0, 100_000, 0);
  const lines = [`reason ${reason}, ${engine.cpu_instructions(0) - before} instructions`];
  lines.push(
    `pc ${view.getBigUint64(at(Number(CPU_PC)), true).toString(16)}, nzcv ${view.getUint32(at(Number(CPU_NZCV)), true)}`,
    `fpsr ${view.getUint32(at(Number(CPU_FPSR)), true).toString(16)}`,
  );
  for (const [offset, size] of STATE) {
    for (let i = 0; i < size; i += 8)
      lines.push(`${offset + i}: ${view.getBigUint64(at(offset + i), true).toString(16)}`);
  }
  for (let i = 0; i < WINDOW_SIZE; i += 8)
    lines.push(`memory ${i}: ${view.getBigUint64(ram + WINDOW + i, true).toString(16)}`);
  expect(reason).toBe(RUN_WFI);
  return lines.join("\n");
}

test("compiled programs do what interpreted ones do", { timeout: 3_600_000 }, () => {
  let instructions = 0;
  for (let number = 0; number < programs; number += 1) {
    const random = createRandom(seed, `program ${number}`);
    const state = new Uint8Array(WINDOW_SIZE);
    const view = new DataView(state.buffer);
    // General registers, then those of vectors; what is behind is memory's alone.
    for (let i = 0; i < WINDOW_SIZE; i += 8) {
      const value = i < 256 ? integer64(random) : elements64(random, pick(random, FLAVOURS));
      view.setBigUint64(i, BigInt.asUintN(64, value), true);
    }
    // Compiled floating point is the host's where FPSR says that results have been inexact already.
    const fpsr = random.chance(70) ? FPSR_IXC : 0;
    const input: Input = { words: makeProgram(random), state, nzcv: random.below(16), fpsr };
    const expected = outcome(plain, input);
    const got = outcome(compiled, input);
    instructions += Number(/, (\d+) instructions/.exec(got)?.[1]);
    const listing = input.words.map((word) => `.word 0x${word.toString(16).padStart(8, "0")}`).join("\n");
    if (got !== expected)
      expect(`${got}\n${listing}`, `program ${number} of seed ${seed}`).toBe(`${expected}\n${listing}`);
  }
  // Each program has at least the region that it begins with.
  expect(compiled.engine.jit_stat(STAT_REGIONS)).toBeGreaterThanOrEqual(programs);
  console.log(`${programs} programs, ${instructions} instructions, seed ${seed}: no difference`);
});

test("a region full of the longest translations keeps its place", { timeout: 120_000 }, () => {
  const random = createRandom(seed, "long");
  const state = new Uint8Array(WINDOW_SIZE).map(() => random.below(256));
  // LD4 and ST4 of 16 bytes each, TBX with four registers, FMLA of four singles.
  const longest = [0x4c40_0380, 0x4c00_0380, 0x4e08_7009, 0x4e21_cc02];
  const words = Array.from({ length: 600 }, (_, index) => longest[index % longest.length] as number);
  const input: Input = { words: [...words, WFI], state, nzcv: 0, fpsr: 0 };
  expect(outcome(compiled, input)).toBe(outcome(plain, input));
});

test("a handler finds the register of an element of 16 bits, whose number has four bits", () => {
  const state = new Uint8Array(WINDOW_SIZE).map((_, index) => (index * 37 + 11) & 255);
  // movi d3, #0xff0000000000ff00; sqrdmulh h21, h7, v3.h[7]; the same of a vector; bit 20 is the index's.
  const words = [0x2f04_e443, 0x5f73_d8f5, 0x2f04_e443, 0x4f73_d8f6, WFI];
  const input: Input = { words, state, nzcv: 0, fpsr: 0 };
  expect(outcome(compiled, input)).toBe(outcome(plain, input));
});
