/** The CPU's slice: interrupts, exceptions, time and power states around the run loop. */
import { counterNow, counterSpent, syncCounter, timerDeadline, timerUpdate } from "../timer/generic-timer";
import { compilerEnabled, executeCompiled } from "../jit/execute";
import { stepRecord, wordAddress } from "./code-frame";
import { interpret } from "./interp.gen";
import { findRecord } from "./jump-cache";
import { raiseFromState, takeInterrupt, takeSynchronous } from "./take";
import { EC_SOFTSTEP_LOWER, EC_SVC64, raise } from "./exception";
import { PSTATE_F, PSTATE_I, PSTATE_SS, softwareStepActive } from "./pstate";
import {
  CPU_BUDGET,
  CPU_CNT_BASE,
  CPU_CNT_BUDGET,
  CPU_CNT_SCALE,
  CPU_DAIF,
  CPU_EL,
  CPU_EXCL_ADDR,
  CPU_EXIT,
  CPU_FAULT_ESR,
  CPU_ILSS,
  CPU_IRQ,
  CPU_PC,
  CPU_POWER,
  CPU_STATS,
  EXCLUSIVE_NONE,
  EXIT_FAULT,
  FIQ_LINE,
  IRQ_LINE,
  POWER_OFF,
  POWER_ON,
  POWER_WFI,
  cpuBase,
} from "./state";

/** Why cpu_run returned. */
export const RUN_BUDGET: u32 = 0;
export const RUN_WFI: u32 = 1;
export const RUN_OFF: u32 = 2;

/** ISS of a Software Step exception: IFSC of a debug exception; ISV: an instruction was stepped, EX: it was a load-exclusive. */
const SOFTSTEP_ISS: u32 = 0x22;
const SOFTSTEP_ISV: u32 = 1 << 24;
const SOFTSTEP_EX: u32 = 1 << 6;

/** CPU_STATS: instructions executed (u64). */
const STAT_INSTRUCTIONS: usize = 0;

/** Begins a stretch of at most `budget` instructions, ending it at the timer's next event. */
function beginStretch(cpu: usize, budget: i32, scale: u32): i32 {
  const now = counterNow(cpu);
  store<u64>(cpu, now, CPU_CNT_BASE);
  store<u32>(cpu, scale, CPU_CNT_SCALE);
  store<i32>(cpu, budget, CPU_CNT_BUDGET);
  store<i32>(cpu, budget, CPU_BUDGET);
  timerUpdate(cpu);
  const deadline = timerDeadline(cpu);
  if (deadline <= now) return budget;
  const ticks = deadline - now;
  const instructions = scale == 0 ? <u64>budget : (ticks << 16) / scale + 1;
  if (ticks < 0x1_0000_0000 && instructions < <u64>budget) {
    store<i32>(cpu, <i32>instructions, CPU_CNT_BUDGET);
    store<i32>(cpu, <i32>instructions, CPU_BUDGET);
    return <i32>instructions;
  }
  return budget;
}

/** Executes from CPU_PC until the run loop returns. */
function execute(cpu: usize): void {
  if (raiseFromState(cpu)) return;
  if (compilerEnabled()) {
    executeCompiled(cpu);
    return;
  }
  const record = findRecord(cpu, load<u64>(cpu, CPU_PC));
  if (record != 0) interpret(cpu, record, i32.MAX_VALUE);
}

/** Executes one instruction; the limit stops it behind a branch to another page. */
function executeOne(cpu: usize): void {
  if (raiseFromState(cpu)) return;
  const pc = load<u64>(cpu, CPU_PC);
  const record = findRecord(cpu, pc);
  if (record == 0) return;
  const frame = record - ((<usize>pc & 0xffc) << 2);
  interpret(cpu, stepRecord(wordAddress(frame, record)), 0);
}

/**
 * Software step (ARM ARM D2.12): one instruction while PSTATE.SS is 1, and the Software Step exception behind it, or at once
 * when PSTATE.SS is 0. An abort of the instruction leaves PSTATE.SS for the next attempt; SVC has done its work.
 */
function stepInstruction(cpu: usize): void {
  if ((load<u32>(cpu, CPU_ILSS) & PSTATE_SS) == 0) return raiseStep(cpu, 0);
  executeOne(cpu);
  const raised = (load<u32>(cpu, CPU_EXIT) & EXIT_FAULT) != 0;
  if (raised && load<u32>(cpu, CPU_FAULT_ESR) >> 26 != EC_SVC64) return;
  store<u32>(cpu, load<u32>(cpu, CPU_ILSS) & ~PSTATE_SS, CPU_ILSS);
  // The monitor was open when the step began: ERET opens it.
  const exclusive = load<u64>(cpu, CPU_EXCL_ADDR) != EXCLUSIVE_NONE;
  if (!raised) raiseStep(cpu, exclusive ? SOFTSTEP_ISV | SOFTSTEP_EX : SOFTSTEP_ISV);
}

function raiseStep(cpu: usize, what: u32): void {
  raise(cpu, EC_SOFTSTEP_LOWER + load<u32>(cpu, CPU_EL), SOFTSTEP_ISS | what);
}

/** True when an interrupt line is up that PSTATE lets through. */
function interruptTaken(cpu: usize): bool {
  const lines = load<u32>(cpu, CPU_IRQ);
  if (lines == 0) return false;
  const daif = load<u32>(cpu, CPU_DAIF);
  if ((lines & FIQ_LINE) != 0 && (daif & PSTATE_F) == 0) {
    takeInterrupt(cpu, true);
    return true;
  }
  if ((lines & IRQ_LINE) != 0 && (daif & PSTATE_I) == 0) {
    takeInterrupt(cpu, false);
    return true;
  }
  return false;
}

/**
 * Runs CPU `index` for about `budget` instructions. `scale` is the counter's speed, ticks an instruction in 16.16 fixed
 * point. Returns RUN_*: the budget is used up, the CPU waits for an interrupt, or it is off.
 */
export function cpu_run(index: u32, budget: u32, scale: u32): u32 {
  const cpu = cpuBase(index);
  syncCounter(cpu);
  let left = <i32>budget;
  while (left > 0) {
    if (load<u32>(cpu, CPU_POWER) == POWER_OFF) return RUN_OFF;
    const stretch = beginStretch(cpu, left, scale);
    store<u32>(cpu, 0, CPU_EXIT);
    if (load<u32>(cpu, CPU_POWER) == POWER_WFI) {
      // WFI ends when an interrupt is pending, whether PSTATE masks it or not.
      if (load<u32>(cpu, CPU_IRQ) == 0) return RUN_WFI;
      store<u32>(cpu, POWER_ON, CPU_POWER);
    }
    interruptTaken(cpu);
    if (softwareStepActive(cpu)) stepInstruction(cpu);
    else execute(cpu);
    if ((load<u32>(cpu, CPU_EXIT) & EXIT_FAULT) != 0) {
      takeSynchronous(cpu);
      // An exception costs time too: a vector that faults on itself must not run for ever.
      store<i32>(cpu, load<i32>(cpu, CPU_BUDGET) - 1, CPU_BUDGET);
    }
    const used = stretch - load<i32>(cpu, CPU_BUDGET);
    left -= used;
    store<u64>(cpu, load<u64>(cpu, CPU_STATS + STAT_INSTRUCTIONS) + <u64>used, CPU_STATS + STAT_INSTRUCTIONS);
    counterSpent(cpu, used);
  }
  return RUN_BUDGET;
}

/**
 * Executes exactly one instruction of CPU `index` and takes the synchronous exception that it raises: for tests and
 * debuggers. Returns 1 when it raised one. Interrupts and time stand still.
 */
export function dbg_step(index: u32): u32 {
  const cpu = cpuBase(index);
  store<u32>(cpu, 0, CPU_EXIT);
  store<i32>(cpu, 0, CPU_BUDGET);
  store<i32>(cpu, 0, CPU_CNT_BUDGET);
  executeOne(cpu);
  if ((load<u32>(cpu, CPU_EXIT) & EXIT_FAULT) == 0) return 0;
  takeSynchronous(cpu);
  return 1;
}

/** Lets `ticks` of the counter pass on CPU `index`: sleep in deterministic runs. */
export function cpu_advance(index: u32, ticks: u32): void {
  const cpu = cpuBase(index);
  store<u64>(cpu, load<u64>(cpu, CPU_CNT_BASE) + <u64>ticks, CPU_CNT_BASE);
}

/** Ticks of the counter until CPU `index` has a timer event: saturated to 2^32 - 1. */
export function cpu_timer_ticks(index: u32): u32 {
  const cpu = cpuBase(index);
  const deadline = timerDeadline(cpu);
  const now = counterNow(cpu);
  if (deadline <= now) return 0;
  const ticks = deadline - now;
  return ticks > 0xffff_ffff ? 0xffff_ffff : <u32>ticks;
}
