/** Runs cases on our CPU: the engine's wasm, at EL0 with the MMU on (setup.s). */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CPU_BASE, GUEST_RAM_BASE, RAM_BASE } from "../../layout";
import {
  CPU_EL,
  CPU_ELR_EL1,
  CPU_ESR_EL1,
  CPU_EXCL_ADDR,
  CPU_FPCR,
  CPU_FPSR,
  CPU_NZCV,
  CPU_PC,
  CPU_POWER,
  CPU_SP_EL0,
  CPU_V,
  CPU_X,
} from "../../cpu/state";
import {
  BATCH_MAX,
  CASE_COUNT,
  CASE_FPCR,
  CASE_FPSR,
  CASE_MEM,
  CASE_PSTATE,
  CASE_SIZE,
  CASE_SP,
  CASE_V,
  CASE_WORDS,
  CASE_X,
  CODE_BASE,
  RESULT_PC,
  RESULT_SIGNAL,
  SIGBUS,
  SIGILL,
  SIGSEGV,
  SIGTRAP,
  SLOT_SIZE,
  WINDOW,
  WINDOW_SIZE,
} from "./case-layout.ts";
import { type CaseBuffer, slotAddress } from "./cases.ts";
import { loadEngine } from "./engine.ts";

const RAM_SIZE = 32 * 1024 * 1024;
const ram = (gpa: number): number => RAM_BASE + gpa - GUEST_RAM_BASE;
/** Budget of the run loop for one case, and why it returns before: cpu/run.ts. */
const RUN_BUDGET = 64;
const RUN_WFI = 1;
/** CPU_POWER of a CPU that executes. */
const POWER_ON = 0;
/** Instructions that setup.s may take. */
const SETUP_LIMIT = 1000;
/** RESULT_SIGNAL of a case whose instructions all completed. */
export const COMPLETED = 0;
/** RESULT_SIGNAL of an exception that no case should end in: its class is added. */
export const UNEXPECTED = 0x100;

/** One instruction after the other by dbg_step, or in the run loop (of a machine that may compile all it executes), until the exception behind the case's instructions. */
export type Way = "step" | "loop";

export interface Machine {
  /** Results of all cases, in the layout of case-layout.ts. Case i runs in slot i % BATCH_MAX. */
  run(cases: CaseBuffer, how: Way): Uint8Array<ArrayBuffer>;
}

interface Ending {
  end: bigint;
  signal: number;
}

/** A machine at EL0; with `compiled` it executes no instruction that is not compiled, as far as the compiler goes. */
export async function createMachine(compiled = false): Promise<Machine> {
  const host = { counter_low: () => 0, counter_high: () => 0, guest_error: () => 0 };
  const { engine, memory } = await loadEngine(RAM_SIZE, host, compiled);
  const bytes = new Uint8Array(memory.buffer);
  const data = new DataView(memory.buffer);
  const at = (offset: number): number => CPU_BASE + offset;

  engine.cpu_reset(0, 1);
  bytes.set(assemble("setup.s"), ram(0x4000_0000));
  data.setBigUint64(at(CPU_PC), 0x4000_0000n, true);
  let steps = 0;
  while (data.getUint32(at(CPU_EL), true) !== 0) {
    engine.dbg_step(0);
    steps += 1;
    if (steps > SETUP_LIMIT)
      throw new Error(`setup.s did not reach EL0: ESR_EL1 ${data.getBigUint64(at(CPU_ESR_EL1), true).toString(16)}`);
  }

  /** Places every instruction of the batch that starts with case `first`, as runner.s does: literals may lie among them. */
  const placeCode = (cases: CaseBuffer, first: number): void => {
    const size = BATCH_MAX * SLOT_SIZE;
    bytes.fill(0, ram(CODE_BASE), ram(CODE_BASE) + size);
    for (let index = first; index < Math.min(first + BATCH_MAX, cases.count); index += 1) {
      const base = index * CASE_SIZE;
      const count = cases.words[(base + CASE_COUNT) >> 2] as number;
      bytes.set(
        cases.bytes.subarray(base + CASE_WORDS, base + CASE_WORDS + 4 * count),
        ram(slotAddress(index - first)),
      );
    }
    engine.mem_invalidate_code(ram(CODE_BASE), size);
  };

  const atEl0 = (): boolean => data.getUint32(at(CPU_EL), true) === 0;
  const exception = (): number => signalOf(data.getUint32(at(CPU_ESR_EL1), true));

  const stepThrough = (pc: number, count: number): Ending => {
    let end = BigInt(pc);
    for (let step = 0; step < count; step += 1) {
      const here = end;
      engine.dbg_step(0);
      if (!atEl0()) return { end, signal: exception() };
      end = data.getBigUint64(at(CPU_PC), true);
      if (end !== here + 4n) break;
    }
    return { end, signal: COMPLETED };
  };

  /** The undefined word behind the case, or where a branch goes, raises an exception; its vector waits. */
  const runThrough = (pc: number, count: number): Ending => {
    data.setUint32(at(CPU_POWER), POWER_ON, true);
    const reason = engine.cpu_run(0, RUN_BUDGET, 0);
    data.setUint32(at(CPU_POWER), POWER_ON, true);
    if (reason !== RUN_WFI) return { end: 0n, signal: UNEXPECTED };
    // WFI itself is one of the instructions.
    if (atEl0()) return { end: data.getBigUint64(at(CPU_PC), true), signal: COMPLETED };
    const end = data.getBigUint64(at(CPU_ELR_EL1), true);
    const own = end >= BigInt(pc) && end < BigInt(pc + 4 * count);
    return { end, signal: own ? exception() : COMPLETED };
  };

  const runCase = (cases: CaseBuffer, index: number, pc: number, how: Way, results: Uint8Array): void => {
    const base = index * CASE_SIZE;
    const input = cases.bytes;
    const count = cases.words[(base + CASE_COUNT) >> 2] as number;
    bytes.set(input.subarray(base + CASE_X, base + CASE_X + 256), at(CPU_X));
    bytes.set(input.subarray(base + CASE_V, base + CASE_V + 512), at(CPU_V));
    bytes.set(input.subarray(base + CASE_MEM, base + CASE_MEM + WINDOW_SIZE), ram(WINDOW));
    data.setUint32(at(CPU_NZCV), (cases.words[(base + CASE_PSTATE) >> 2] as number) >>> 28, true);
    data.setUint32(at(CPU_FPCR), cases.words[(base + CASE_FPCR) >> 2] as number, true);
    data.setUint32(at(CPU_FPSR), cases.words[(base + CASE_FPSR) >> 2] as number, true);
    data.setBigInt64(at(CPU_EXCL_ADDR), -1n, true);
    data.setBigUint64(at(CPU_PC), BigInt(pc), true);
    const { end, signal } = how === "step" ? stepThrough(pc, count) : runThrough(pc, count);
    const out = new DataView(results.buffer, base, CASE_SIZE);
    results.set(bytes.subarray(at(CPU_X), at(CPU_X) + 256), base + CASE_X);
    results.set(bytes.subarray(at(CPU_V), at(CPU_V) + 512), base + CASE_V);
    results.set(bytes.subarray(ram(WINDOW), ram(WINDOW) + WINDOW_SIZE), base + CASE_MEM);
    out.setBigUint64(CASE_PSTATE, BigInt(data.getUint32(at(CPU_NZCV), true)) << 28n, true);
    out.setUint32(CASE_FPCR, data.getUint32(at(CPU_FPCR), true), true);
    out.setUint32(CASE_FPSR, data.getUint32(at(CPU_FPSR), true), true);
    if (!atEl0()) out.setBigUint64(CASE_SP, data.getBigUint64(at(CPU_SP_EL0), true), true);
    out.setBigUint64(RESULT_PC, end, true);
    out.setUint32(RESULT_SIGNAL, signal, true);
    // The vector holds WFI and ERET: back to EL0 whatever the case did.
    while (!atEl0()) engine.dbg_step(0);
    data.setUint32(at(CPU_POWER), POWER_ON, true);
  };
  const run = (cases: CaseBuffer, how: Way): Uint8Array<ArrayBuffer> => {
    const results = new Uint8Array(cases.count * CASE_SIZE);
    for (let index = 0; index < cases.count; index += 1) {
      if (index % BATCH_MAX === 0) placeCode(cases, index);
      runCase(cases, index, slotAddress(index % BATCH_MAX), how, results);
    }
    return results;
  };
  return { run };
}

/** The signal that Linux would send for a synchronous exception from EL0 with this ESR_EL1. */
function signalOf(esr: number): number {
  const exceptionClass = esr >>> 26;
  switch (exceptionClass) {
    case 0x00:
      return SIGILL;
    case 0x24:
      return (esr & 0x3f) === 0x21 ? SIGBUS : SIGSEGV;
    case 0x20:
      return SIGSEGV;
    case 0x22:
    case 0x26:
      return SIGBUS;
    case 0x3c:
      return SIGTRAP;
    default:
      return UNEXPECTED + exceptionClass;
  }
}

/** A flat binary of an assembler file beside this one. */
function assemble(file: string): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), "armlet-assemble-"));
  try {
    const object = join(directory, "program.o");
    const flat = join(directory, "program.bin");
    execFileSync("aarch64-linux-gnu-as", [fileURLToPath(new URL(file, import.meta.url)), "-o", object]);
    execFileSync("aarch64-linux-gnu-objcopy", ["-O", "binary", object, flat]);
    return readFileSync(flat);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
