/** What is compiled, and what goes on without the interpreter: counts of instructions, which no host's speed changes. */
import { beforeEach, expect, test } from "vitest";
import { loadEngine } from "../a64/differential/engine.ts";
import * as state from "../cpu/state";
import { CPU_BASE, RAM_BASE } from "../layout";
import {
  CPU_STAT_CALLS,
  CPU_STAT_COMPILED,
  CPU_STAT_HANDLED,
  CPU_STAT_STOPS,
  CPU_STAT_STRETCHES,
  CPU_STAT_TLB_MISSES,
  STAT_INSTRUCTIONS,
  STAT_REGIONS,
} from "./limits";

const RAM_SIZE = 1 << 20;
const GPA = 0x4000_0000;
const CODE = 0x1000;
const DATA = 0x8000;
const RUN_BUDGET = 0;
/** What the engine has when it is turned on: instructions of a sample, weight of what is hot. */
const PERIOD = 1000;
const THRESHOLD = 64;

let loaded: Awaited<ReturnType<typeof loadEngine>>;
let view: DataView;
const ram = Number(RAM_BASE);
const at = (offset: number): number => Number(CPU_BASE) + Number(offset);

beforeEach(async () => {
  const host = {
    counter_low: () => 0,
    counter_high: () => 0,
    guest_error: () => 0,
    bus_read: () => 0,
    bus_read_high: () => 0,
    bus_write: () => 0,
  };
  loaded = await loadEngine(RAM_SIZE, host, true);
  const { engine, memory } = loaded;
  engine.jit_configure(PERIOD, THRESHOLD);
  view = new DataView(memory.buffer);
  engine.gic_init(2, 1, 0);
  engine.cpu_reset(0, 1);
  engine.cpu_start(0, GPA + CODE, 0, 0, 0);
  view.setUint32(at(state.CPU_FP_TRAP), 0, true);
  view.setBigUint64(at(state.CPU_VBAR_EL1), BigInt(GPA + CODE + 0x1000), true);
});

function place(offset: number, words: readonly number[]): void {
  words.forEach((word, index) => {
    view.setUint32(ram + offset + 4 * index, word, true);
  });
  loaded.engine.mem_invalidate_code(ram + (offset & ~0xfff), 0x1000);
}

/** Runs for a million instructions in slices; the shares of those that were compiled and of stops of regions in the second half. */
function secondHalf(): { compiled: number; stops: number } {
  const stat = (which: number): number => loaded.engine.cpu_statistic(0, which);
  const run = (): void => {
    for (let slice = 0; slice < 20; slice += 1) expect(loaded.engine.cpu_run(0, 25_000, 1)).toBe(RUN_BUDGET);
  };
  run();
  const before = [stat(0), stat(CPU_STAT_COMPILED), stat(CPU_STAT_STOPS)] as const;
  run();
  const instructions = stat(0) - before[0];
  return {
    compiled: (stat(CPU_STAT_COMPILED) - before[1]) / instructions,
    stops: (stat(CPU_STAT_STOPS) - before[2]) / instructions,
  };
}

test("a loop whose loads cross pages is compiled, and none of them stops it", () => {
  view.setBigUint64(at(Number(state.CPU_X) + 8), BigInt(GPA + DATA + 8), true);
  // ldr q0, [x1], #16; tbz x1, #16, begin; sub x1, x1, #0x8000; b begin
  place(CODE, [0x3cc1_0420, 0x3687_ffe1, 0xd140_2021, 0x17ff_fffd]);
  const { compiled, stops } = secondHalf();
  expect(compiled).toBeGreaterThan(0.99);
  expect(stops).toBe(0);
});

test("regions wait for each other, but not while their code is executed", () => {
  // add x0, x0, #1; b begin
  place(CODE, [0x9100_0400, 0x17ff_ffff]);
  // The first sample of a weight of 16 makes it hot, and 64 more are what a module costs.
  loaded.engine.jit_configure(PERIOD, 16);
  expect(loaded.engine.cpu_run(0, 50 * PERIOD, 1)).toBe(RUN_BUDGET);
  expect(loaded.engine.jit_stat(STAT_REGIONS)).toBe(1);
  expect(loaded.engine.cpu_statistic(0, CPU_STAT_COMPILED)).toBe(0);
  expect(loaded.engine.cpu_run(0, 50 * PERIOD, 1)).toBe(RUN_BUDGET);
  expect(loaded.engine.cpu_statistic(0, CPU_STAT_COMPILED)).toBeGreaterThan(30 * PERIOD);
});

test("code that has never been executed is no part of a region", () => {
  // begin: cbz x9, behind the nops; 50 nops; add x0, x0, #1; b begin
  const nops = Array.from({ length: 50 }, () => 0xd503_201f);
  place(CODE, [0xb400_0669, ...nops, 0x9100_0400, 0x17ff_ffcc]);
  expect(secondHalf().compiled).toBeGreaterThan(0.99);
  expect(loaded.engine.jit_stat(STAT_INSTRUCTIONS)).toBe(3);
});

test("code before and behind calls is one region", () => {
  // begin: six times add x0, x0, #1; bl function; then b begin
  const calls = Array.from({ length: 6 }, (_, i) => [0x9100_0400, 0x9400_0000 | (0x40 - 2 * i - 1)]);
  place(CODE, [...calls.flat(), 0x17ff_fff4]);
  // function: add x2, x2, #1; ret
  place(CODE + 0x100, [0x9100_0442, 0xd65f_03c0]);
  expect(secondHalf().compiled).toBeGreaterThan(0.99);
  // That, the function, and one of code that was sampled while the first waited for its module.
  expect(loaded.engine.jit_stat(STAT_REGIONS)).toBeLessThanOrEqual(3);
});

test("a region goes on at an entry of its own behind a jump by a register", () => {
  // b begin; begin: add x0, x0, #1; adr x1, target; br x1; target: add x2, x2, #1; b begin
  place(CODE, [0x1400_0001, 0x9100_0400, 0x1000_0041, 0xd61f_0020, 0x9100_0442, 0x17ff_fffc]);
  expect(secondHalf().compiled).toBeGreaterThan(0.99);
  // One for each slice, and a few before it was there.
  expect(loaded.engine.cpu_statistic(0, CPU_STAT_CALLS)).toBeLessThan(100);
});

test("a loop that is come into behind a call in it does what it did before", () => {
  // begin: add x0, x0, #1; tbz x0, #0, skip; bl function; skip: add x1, x1, #1; b begin
  place(CODE, [0x9100_0400, 0x3600_0040, 0x9400_000e, 0x9100_0421, 0x17ff_fffc]);
  // function: add x2, x2, #1; ret
  place(CODE + 0x40, [0x9100_0442, 0xd65f_03c0]);
  expect(secondHalf().compiled).toBeGreaterThan(0.99);
  const x = (n: number): bigint => view.getBigUint64(at(Number(state.CPU_X) + 8 * n), true);
  expect(x(0)).toBeGreaterThan(100_000n);
  expect(x(0) - x(1)).toBeLessThanOrEqual(1n);
  // Each odd one calls.
  expect((x(0) + 1n) / 2n - x(2)).toBeLessThanOrEqual(1n);
});

test("a loop whose stores cross pages is compiled again behind each of them", () => {
  view.setBigUint64(at(Number(state.CPU_X) + 8), BigInt(GPA + DATA + 8), true);
  // str q0, [x1], #16; …
  place(CODE, [0x3c81_0420, 0x3687_ffe1, 0xd140_2021, 0x17ff_fffd]);
  const { compiled, stops } = secondHalf();
  expect(compiled).toBeGreaterThan(0.99);
  expect(stops).toBeGreaterThan(0);
  expect(stops).toBeLessThan(0.005);
});

test("what stands between a system call and its return is compiled, and the call itself does not end a run", () => {
  // svc #0; add x0, x0, #1; b begin
  place(CODE, [0xd400_0001, 0x9100_0400, 0x17ff_fffe]);
  // Vector of a synchronous exception at the same level: 40 times add x2, x2, #1; eret.
  place(CODE + 0x1200, [...Array.from({ length: 40 }, () => 0x9100_0442), 0xd69f_03e0]);
  const { compiled } = secondHalf();
  // 42 of 45: neither SVC nor ERET is a region's, and the exception counts as one.
  expect(compiled).toBeGreaterThan(0.93);
  const calls = view.getBigUint64(at(Number(state.CPU_X)), true);
  const steps = view.getBigUint64(at(Number(state.CPU_X) + 16), true);
  expect(steps / 40n - calls).toBeLessThan(2n);
});

test("why calls of regions end is counted, and what the TLB did not have", () => {
  view.setBigUint64(at(Number(state.CPU_X) + 8), BigInt(GPA + DATA), true);
  // ldr x2, [x1]; svc #0; b begin, and the exception returns.
  place(CODE, [0xf940_0022, 0xd400_0001, 0x17ff_fffe]);
  place(CODE + 0x1200, [0xd69f_03e0]);
  secondHalf();
  const stat = (which: number): number => loaded.engine.cpu_statistic(0, which);
  const reasons = [CPU_STAT_STOPS, CPU_STAT_HANDLED, CPU_STAT_STRETCHES].map(stat);
  // Every SVC and every ERET is an instruction for the interpreter; few calls end for another reason.
  expect(reasons[0]).toBeGreaterThan(100_000);
  expect(reasons[0]).toBeLessThanOrEqual(stat(CPU_STAT_CALLS));
  expect((reasons[1] ?? 0) + (reasons[2] ?? 0)).toBeLessThan(1000);
  // One page: one miss, or one more for each time that the TLB was emptied.
  expect(stat(CPU_STAT_TLB_MISSES)).toBeGreaterThan(0);
  expect(stat(CPU_STAT_TLB_MISSES)).toBeLessThan(100);
});

test.each([
  ["compiled", THRESHOLD],
  ["interpreted", 0xffff_ffff],
])("code that stores what follows and has a barrier executes what it has stored, %s", (_, threshold) => {
  loaded.engine.jit_configure(PERIOD, threshold);
  const target = CODE + 0x20;
  place(CODE, [
    0x1000_0101, // adr x1, target
    0xb900_0023, // str w3, [x1]
    0x4a04_0063, // eor w3, w3, w4
    0xd503_3b9f, // dsb ish
    0xd503_3fdf, // isb
    0xd503_201f, // nop
    0xd503_201f, // nop
    0xd503_201f, // nop
    0xd280_0020, // target: movz x0, #1
    0x8b00_00a5, // add x5, x5, x0
    0x9100_04c6, // add x6, x6, #1
    0x17ff_fff5, // b begin
  ]);
  expect(target - CODE).toBe(0x20);
  const x = (n: number): number => at(Number(state.CPU_X) + 8 * n);
  view.setBigUint64(x(3), 0xd280_0020n, true);
  // movz x0, #1 and movz x0, #2 differ in these bits.
  view.setBigUint64(x(4), 0x60n, true);
  secondHalf();
  const rounds = view.getBigUint64(x(6), true);
  const sum = view.getBigUint64(x(5), true);
  expect(rounds).toBeGreaterThan(10_000n);
  // 1 and 2 by turns.
  const expected = (rounds / 2n) * 3n + (rounds % 2n);
  expect(sum - expected <= 2n && expected - sum <= 2n).toBe(true);
});
