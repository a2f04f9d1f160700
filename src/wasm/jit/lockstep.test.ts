/** Lockstep: what it lets pass, and that it sees every kind of mistake that a compiled region can make. */
import { beforeEach, describe, expect, test } from "vitest";
import { LockstepReport } from "../../ts/machine/lockstep-report.ts";
import { loadEngine } from "../a64/differential/engine.ts";
import * as state from "../cpu/state";
import { CPU_BASE, RAM_BASE } from "../layout";
import { LOCKSTEP_CALLS, LOCKSTEP_INSTRUCTIONS, LOCKSTEP_SPOILT, MAX_REGIONS } from "./limits";

const RAM_SIZE = 1 << 20;
const GPA = 0x4000_0000;
const CODE = 0x1000;
const DATA = 0x8000;
const DEVICE = 0x900_0000;
const RUN_WFI = 1;
/** Kind of flags (jit/flags.ts): packed as NZCV. */
const FLAGS_PACKED = 0;
/** Of the engine's jit_host (jit/translation.ts, mmu/slow.ts). */
const HOST_WRITE = 1;

const LDR_X0_X2 = 0xf940_0040;
const ADD_X0_1 = 0x9100_0400;
const STR_X0_X2 = 0xf900_0040;
const SUBS_X3_1 = 0xf100_0463;
const MRS_X0_CNTVCT = 0xd53b_e040;
const LDXR_X0_X2 = 0xc85f_7c40;
const LDXP_W0_W4_X2 = 0x887f_1040;
const STXR_W4_X0_X2 = 0xc804_7c40;
const DC_ZVA_X2 = 0xd50b_7422;
const ST1_16B_X2 = 0x4c00_7040;
const ISB = 0xd503_3fdf;
const WFI = 0xd503_207f;
/** B.NE `words` words back. */
const bne = (words: number): number => (0x5400_0001 | ((-words & 0x7_ffff) << 5)) >>> 0;

/** x3 times: adds one to the 8 bytes at x2. */
const COUNTING = [LDR_X0_X2, ADD_X0_1, STR_X0_X2, SUBS_X3_1, bne(4), WFI];

/** (import "e" "f" (func (param i32 i64 i32 i32))) (export "f" (func 0)) */
const WRAPPER = new WebAssembly.Module(
  new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 8, 1, 0x60, 4, 0x7f, 0x7e, 0x7f, 0x7f, 0, 2, 7, 1, 1, 0x65, 1, 0x66, 0, 0, 7, 5,
    1, 1, 0x66, 0, 0,
  ]),
);
type Region = (cpu: number, page: bigint, budget: number, entry: number) => void;

let counter = 0;
let deviceAccesses: string[] = [];
let loaded: Awaited<ReturnType<typeof loadEngine>>;
let view: DataView;
const ram = Number(RAM_BASE);
const at = (offset: number): number => Number(CPU_BASE) + Number(offset);
const x = (n: number): number => at(Number(state.CPU_X) + 8 * n);

beforeEach(async () => {
  counter = 0;
  deviceAccesses = [];
  const host = {
    // Real time passes whenever somebody looks.
    counter_low: () => (counter += 1000),
    counter_high: () => 0,
    guest_error: () => 0,
    bus_read: (address: number) => deviceAccesses.push(`read ${address.toString(16)}`),
    bus_read_high: () => 0,
    bus_write: (address: number) => void deviceAccesses.push(`write ${address.toString(16)}`),
  };
  loaded = await loadEngine(RAM_SIZE, host, true, undefined, { lockstep: new LockstepReport().imports });
  const { engine, memory } = loaded;
  view = new DataView(memory.buffer);
  engine.gic_init(2, 1, 0);
  engine.mem_add_device(DEVICE, 0, 0x1000, 0);
  engine.cpu_reset(0, 1);
  engine.cpu_start(0, GPA + CODE, 0, 0, 0);
});

/** Puts words at CODE. */
function place(words: readonly number[]): void {
  words.forEach((word, index) => {
    view.setUint32(ram + CODE + 4 * index, word, true);
  });
  loaded.engine.mem_invalidate_code(ram + CODE, 0x1000);
}

/** Runs from CODE to WFI, with x2 and x3 as they are given. */
function run(x2: number, x3 = 1): void {
  view.setBigUint64(x(2), BigInt(x2), true);
  view.setBigUint64(x(3), BigInt(x3), true);
  view.setUint32(at(state.CPU_POWER), 0, true);
  view.setUint32(at(state.CPU_FP_TRAP), 0, true);
  view.setBigUint64(at(state.CPU_PC), BigInt(GPA + CODE), true);
  expect(loaded.engine.cpu_run(0, 4_000_000, 1 << 16)).toBe(RUN_WFI);
}

/** Puts `wrong`, which is given the region that was there, in the place of every region that there is. */
function replaceRegions(
  wrong: (region: Region, cpu: number, page: bigint, budget: number, entry: number) => void,
): void {
  const { table } = loaded.engine;
  let replaced = 0;
  for (let slot = table.length - MAX_REGIONS; slot < table.length; slot += 1) {
    const region = table.get(slot) as Region | null;
    if (region === null) continue;
    const f: Region = (cpu, page, budget, entry) => wrong(region, cpu, page, budget, entry);
    table.set(slot, new WebAssembly.Instance(WRAPPER, { e: { f } }).exports["f"]);
    replaced += 1;
  }
  expect(replaced).toBeGreaterThan(0);
}

const stat = (which: number): number => loaded.engine.jit_lockstep_stat(which);

describe("what agrees", () => {
  test("stores are undone before they are repeated: each is made once", () => {
    place(COUNTING);
    run(GPA + DATA, 5000);
    expect(view.getBigUint64(ram + DATA, true)).toBe(5000n);
    // All but the WFI.
    expect(stat(LOCKSTEP_INSTRUCTIONS)).toBe(5 * 5000);
    expect(stat(LOCKSTEP_CALLS)).toBeGreaterThan(5);
    expect(stat(LOCKSTEP_SPOILT)).toBe(0);
  });

  test("exclusives, DC ZVA and stores of vectors are repeated too", () => {
    place([LDXR_X0_X2, ADD_X0_1, STXR_W4_X0_X2, SUBS_X3_1, bne(4), WFI]);
    run(GPA + DATA, 300);
    expect(view.getBigUint64(ram + DATA, true)).toBe(300n);
    place([DC_ZVA_X2, ST1_16B_X2, ADD_X0_1, STR_X0_X2, SUBS_X3_1, bne(5), WFI]);
    view.setBigUint64(at(Number(state.CPU_V) + 8), 0x1122n, true);
    view.setBigUint64(x(0), 0n, true);
    run(GPA + DATA, 300);
    expect(view.getBigUint64(ram + DATA, true)).toBe(300n);
    expect(view.getBigUint64(ram + DATA + 8, true)).toBe(0x1122n);
    expect(stat(LOCKSTEP_SPOILT)).toBe(0);
  });

  test("the counter reads the same twice, though real time passes", () => {
    place([MRS_X0_CNTVCT, STR_X0_X2, SUBS_X3_1, bne(3), WFI]);
    run(GPA + DATA, 20_000);
    expect(stat(LOCKSTEP_INSTRUCTIONS)).toBe(4 * 20_000);
    expect(counter).toBeGreaterThan(1000);
  });

  test("a counter that only instructions move is moved by each of them once", () => {
    loaded.engine.cpu_set_deterministic(true);
    place([MRS_X0_CNTVCT, STR_X0_X2, SUBS_X3_1, bne(3), WFI]);
    run(GPA + DATA, 20_000);
    const before = view.getBigUint64(ram + DATA, true);
    run(GPA + DATA, 20_000);
    // One tick each: the last MRS of both runs, with the WFI of the first one between them.
    expect(view.getBigUint64(ram + DATA, true) - before).toBe(BigInt(4 * 20_000 + 1));
  });

  test("devices see each access once, of instructions with a handler too", () => {
    place([LDR_X0_X2, STR_X0_X2, SUBS_X3_1, bne(3), WFI]);
    run(DEVICE, 3);
    expect(deviceAccesses).toEqual(Array.from({ length: 3 }, () => ["read 9000000", "write 9000000"]).flat());
    expect(stat(LOCKSTEP_SPOILT)).toBe(0);
    place([LDXP_W0_W4_X2, SUBS_X3_1, bne(2), WFI]);
    deviceAccesses = [];
    run(DEVICE, 3);
    expect(deviceAccesses).toEqual(Array.from({ length: 3 }, () => ["read 9000000", "read 9000004"]).flat());
    expect(stat(LOCKSTEP_SPOILT)).toBeGreaterThan(0);
  });

  test("devices see each access once of those that have a base register in common", () => {
    // ldr x0, [x2]; str x0, [x2, #8]; ldp w0, w4, [x2, #16]
    place([LDR_X0_X2, 0xf900_0440, 0x2942_1040, SUBS_X3_1, bne(4), WFI]);
    run(DEVICE, 3);
    const once = ["read 9000000", "write 9000008", "read 9000010", "read 9000014"];
    expect(deviceAccesses).toEqual(Array.from({ length: 3 }, () => once).flat());
  });

  test("code beside what a loop stores stays compiled", () => {
    // str x0, [x2]; str x0, [x2, #8]: behind the code, in its page.
    place([ADD_X0_1, 0xf900_0040, 0xf900_0440, SUBS_X3_1, bne(4), WFI]);
    run(GPA + CODE + 0x800, 500);
    expect(view.getBigUint64(ram + CODE + 0x808, true)).toBe(view.getBigUint64(x(0), true));
  });

  test("code that changes itself", () => {
    // The second instruction becomes the number in w5, which is that of the first, ADD.
    place([ADD_X0_1, 0xd503_201f, 0xb900_0445, SUBS_X3_1, bne(4), WFI]);
    view.setBigUint64(x(0), 0n, true);
    view.setBigUint64(x(5), BigInt(ADD_X0_1), true);
    run(GPA + CODE, 10);
    expect(view.getBigUint64(x(0), true)).toBe(19n);
  });

  test("a barrier behind the release of a page's decoded code", () => {
    place([ISB, ...COUNTING]);
    view.setUint32(at(state.CPU_CODE_RELEASED), 1, true);
    run(GPA + DATA, 50);
    expect(stat(LOCKSTEP_CALLS)).toBeGreaterThan(0);
  });

  test("a handler that raises an exception", () => {
    // VBAR_EL1 is the page behind: ELR_EL1 += 4, ERET.
    place([LDXR_X0_X2, SUBS_X3_1, bne(2), WFI]);
    [0xd538_4021, 0x9100_1021, 0xd518_4021, 0xd69f_03e0].forEach((word, index) => {
      view.setUint32(ram + 0x2200 + 4 * index, word, true);
    });
    loaded.engine.mem_invalidate_code(ram + 0x2000, 0x1000);
    view.setBigUint64(at(state.CPU_VBAR_EL1), BigInt(GPA + 0x2000), true);
    run(GPA + DATA + 4, 50);
    // Data abort at the same level, alignment.
    expect(view.getBigUint64(at(state.CPU_ESR_EL1), true).toString(16)).toMatch(/^960000..$/);
    expect(view.getBigUint64(at(state.CPU_FAR_EL1), true)).toBe(BigInt(GPA + DATA + 4));
  });
});

/** What is no state of the architecture's, so that the two may differ in it. */
const OWN = new Set([
  "CPU_SINK",
  "CPU_BUDGET",
  "CPU_JUMP_CONTEXT",
  "CPU_JUMP_GENERATIONS",
  "CPU_JUMP_PRIVATE",
  "CPU_CODE_RELEASED",
  "CPU_JUMP_PAGES",
  "CPU_TLB_FILLED",
  "CPU_XLAT_PA",
  "CPU_XLAT_ATTRS",
  "CPU_FLAG_KIND",
  "CPU_JIT_LEFT",
  "CPU_FLAG_A",
  "CPU_FLAG_B",
  "CPU_LARGE_REGIONS",
  "CPU_PIECES",
  "CPU_ROUNDED_F64",
  "CPU_KEPT_F64",
  "CPU_ROUNDED_F32",
  "CPU_KEPT_F32",
  "CPU_ORDINARY_F64",
  "CPU_ORDINARY_F32",
  "CPU_STATS",
  "CPU_SIMD_SCRATCH",
  "CPU_OWN_RECORDS",
  "CPU_TLB",
  "CPU_JUMP_CACHE",
  "CPU_TLB2",
]);
const FIELDS = Object.entries(state).filter(
  ([name, value]) => /^CPU_/.test(name) && !/_SIZE$/.test(name) && typeof value === "number" && !OWN.has(name),
) as [string, number][];

describe("what differs", () => {
  test.each(FIELDS)("a region that leaves another %s", (name, offset) => {
    place(COUNTING);
    run(GPA + DATA, 3);
    replaceRegions((region, cpu, page, budget, entry) => {
      region(cpu, page, budget, entry);
      // The flags of compiled code are operands, from which NZCV is made afterwards.
      const place = name === "CPU_NZCV" ? state.CPU_FLAG_A : offset;
      if (name === "CPU_NZCV") view.setUint32(at(state.CPU_FLAG_KIND), FLAGS_PACKED, true);
      view.setUint32(at(place), view.getUint32(at(place), true) ^ 0x101, true);
    });
    const label = name.slice(4).replace(/^[XV]$/, "$&0");
    expect(() => run(GPA + DATA, 3)).toThrow(
      new RegExp(`\n${label}(<31:0>)? +[0-9a-f]{8} +[0-9a-f]{8} +[0-9a-f]{8}\n`),
    );
  });

  test("the report has place, values, and code", () => {
    place(COUNTING);
    run(GPA + DATA, 3);
    view.setBigUint64(ram + DATA, 0x41n, true);
    view.setBigUint64(x(0), 0n, true);
    replaceRegions((region, cpu, page, budget, entry) => {
      region(cpu, page, budget, entry);
      view.setBigUint64(x(0), 0x5_0000_0044n, true);
    });
    const lines = (): string[] => {
      try {
        run(GPA + DATA, 3);
      } catch (error) {
        return String(error).split("\n");
      }
      return [];
    };
    expect(lines()).toEqual([
      "LockstepError: compiled code did otherwise than the interpreter",
      "region at 0x0000000040001000, left in front of an instruction for the interpreter",
      "instructions: 15",
      "                        before      compiled    interpreted",
      "X0<63:32>               00000000    00000005    00000000",
      "code of the region:",
      "> 0000000040001000: f9400040  ldr x0, [x2]",
      "  0000000040001004: 91000400  add x0, x0, #0x1",
      "  0000000040001008: f9000040  str x0, [x2]",
      "  000000004000100c: f1000463  subs x3, x3, #0x1",
      "  0000000040001010: 54ffff81  b.ne 0x40001000",
      "  0000000040001014: d503207f  hint #0x3",
    ]);
  });

  const CASES: readonly [string, (cpu: number) => void, RegExp][] = [
    [
      "another value",
      (cpu) => view.setUint8(loaded.engine.jit_host(cpu, BigInt(GPA + DATA), (8 << 2) | HOST_WRITE), 9),
      /\nmemory 0x40008000 +00 +09 +01\n/,
    ],
    [
      "one byte too many",
      (cpu) => view.setUint8(loaded.engine.jit_host(cpu, BigInt(GPA + DATA + 8), (1 << 2) | HOST_WRITE), 7),
      /\nmemory 0x40008008 +00 +07 +00\n/,
    ],
  ];
  test.each(CASES)("a region that stores %s", (_, store, expected) => {
    place(COUNTING);
    run(GPA + DATA, 1);
    view.setBigUint64(ram + DATA, 0n, true);
    replaceRegions((region, cpu, page, budget, entry) => {
      region(cpu, page, budget, entry);
      store(cpu);
    });
    expect(() => run(GPA + DATA, 1)).toThrow(expected);
    // The interpreter's result is what is left.
    expect(view.getBigUint64(ram + DATA, true)).toBe(1n);
    expect(view.getUint8(ram + DATA + 8)).toBe(0);
  });

  test("a region that leaves out a store", () => {
    place([STR_X0_X2, WFI]);
    run(GPA + DATA);
    view.setBigUint64(ram + DATA, 0n, true);
    view.setBigUint64(x(0), 0x77n, true);
    replaceRegions((region, cpu, page, budget, entry) => {
      const before = new Uint8Array(loaded.memory.buffer, ram + DATA, 8).slice();
      region(cpu, page, budget, entry);
      new Uint8Array(loaded.memory.buffer, ram + DATA, 8).set(before);
    });
    expect(() => run(GPA + DATA)).toThrow(/\nmemory 0x40008000 +00 +00 +77\n/);
  });

  test("a region that does another number of instructions, or goes elsewhere", () => {
    place(COUNTING);
    run(GPA + DATA, 3);
    replaceRegions((region, cpu, page, budget, entry) => {
      region(cpu, page, budget, entry);
      view.setInt32(at(state.CPU_BUDGET), view.getInt32(at(state.CPU_BUDGET), true) - 1, true);
    });
    expect(() => run(GPA + DATA, 3)).toThrow(/left in front of/);
  });
});
