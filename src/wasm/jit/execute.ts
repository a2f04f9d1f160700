/**
 * Execution with the compiler: interpreter and compiled regions take turns. The interpreter runs a few thousand instructions at a
 * time; where it stops is a sample of what is hot, and what was sampled often enough is compiled.
 */
import { stepRecord, wordAddress } from "../cpu/code-frame";
import { RECORD_SIZE, frameOf } from "../cpu/frame-layout";
import { findRecord } from "../cpu/jump-cache";
import { interpret } from "../cpu/interp.gen";
import { leaveAfterCall } from "../cpu/leave";
import { softwareStepActive } from "../cpu/pstate";
import { REC_CALL, REC_COMPILED, REC_PAGE_END } from "../cpu/records.gen";
import {
  CPU_BUDGET,
  CPU_EXIT,
  CPU_ILSS,
  CPU_IRQ,
  CPU_JIT_LEFT,
  CPU_NRW,
  CPU_NZCV,
  CPU_PC,
  CPU_POWER,
  CPU_STATS,
  EXIT_FAULT,
  EXIT_JUMP,
  EXIT_LEAVE,
} from "../cpu/state";
import { takeSynchronous } from "../cpu/take";
import { JIT_PROFILE } from "../layout";
import { seeStores } from "../mmu/store-log";
import { takeCold } from "./blocks";
import { compile, installRegions, installWhenUrgent } from "./compile";
import { enterRegion } from "./enter";
import { LEFT_AFTER_HANDLER, LEFT_UNDONE } from "./exits";
import { leaveRegionsAlone } from "./handlers";
import { CPU_STAT_CALLS, CPU_STAT_COMPILED, CPU_STAT_HANDLED, CPU_STAT_STOPS, CPU_STAT_STRETCHES } from "./limits";
import { enterInLockstep } from "./lockstep";
import { setFirstSlot } from "./regions";

let enabled: bool = false;
let lockstep: bool = false;
/** Instructions between two samples, and the weight that makes a place hot. */
let period: i32 = 1000;
let threshold: u32 = 1024;
/** What a period of the interpreter weighs. */
const SAMPLE_WEIGHT: u32 = 16;

/** Turns the compiler on; its regions have the table slots from `firstSlot` on, MAX_REGIONS of them. */
export function jit_enable(firstSlot: u32): void {
  setFirstSlot(firstSlot);
  enabled = true;
}
/** Has the interpreter repeat and compare whatever a region does (lockstep.ts): before anything has been executed. */
export function jit_lockstep(): void {
  lockstep = true;
  seeStores(true);
  leaveRegionsAlone();
}
/** Sets what is hot. A threshold of 0 compiles whatever is executed. */
export function jit_configure(instructions: u32, weight: u32): void {
  period = <i32>instructions;
  threshold = weight;
  takeCold(weight == 0);
}
export function compilerEnabled(): bool {
  return enabled;
}

/** u32 record, u32 weight; direct-mapped. */
const PROFILE_ENTRIES: usize = 4096;

/** Execution has come to `record`, which is not compiled; what is hot is. */
function count(record: usize, weight: u32): void {
  installWhenUrgent(record, weight);
  const entry = JIT_PROFILE + (((record >> 4) & (PROFILE_ENTRIES - 1)) << 3);
  const sum = <usize>load<u32>(entry) == record ? load<u32>(entry, 4) + weight : weight;
  store<u32>(entry, <u32>record);
  store<u32>(entry, sum, 4);
  if (sum < threshold) return;
  store<u32>(entry, 0, 4);
  compile(record, false);
}

/** Adds to a counter CPU_STAT_*. */
function addTo(cpu: usize, which: u32, value: i32): void {
  const counter = cpu + ((<usize>which) << 3);
  store<u64>(counter, load<u64>(counter, CPU_STATS) + <u64>value, CPU_STATS);
}

/** Calls the region at `record`. True when execution goes on from CPU_PC. */
function callRegion(cpu: usize, record: usize, pc: u64): bool {
  const before = load<i32>(cpu, CPU_BUDGET);
  if (lockstep) enterInLockstep(cpu, record, pc);
  else enterRegion(cpu, record, pc);
  const left = load<u32>(cpu, CPU_JIT_LEFT);
  addTo(cpu, CPU_STAT_COMPILED, before - load<i32>(cpu, CPU_BUDGET));
  addTo(cpu, CPU_STAT_CALLS, 1);
  if (left == LEFT_AFTER_HANDLER) {
    addTo(cpu, CPU_STAT_HANDLED, 1);
    return false;
  }
  if (left != LEFT_UNDONE) {
    if (load<i32>(cpu, CPU_BUDGET) <= 0) addTo(cpu, CPU_STAT_STRETCHES, 1);
    return true;
  }
  addTo(cpu, CPU_STAT_STOPS, 1);
  return executeUndone(cpu, load<u64>(cpu, CPU_PC));
}

/** SVC and ERET (ARM ARM C4.1.86, C4.1.95). */
function changesLevel(w: u32): bool {
  return (w & 0xffe0_001f) == 0xd400_0001 || w == 0xd69f_03e0;
}

/**
 * Does the instruction at `pc` that a region has left undone where that takes no run of the interpreter, or where the interpreter would
 * stop at once, because it is a region's entry. True when execution goes on.
 */
function executeUndone(cpu: usize, pc: u64): bool {
  const record = findRecord(cpu, pc);
  if (record == 0) return false;
  const kind = <u32>load<u16>(record);
  if (kind == REC_CALL && changesLevel(load<u32>(record, 8))) {
    call_indirect<void>(load<u32>(record, 12), cpu, load<u32>(record, 8));
    leaveAfterCall(cpu, pc, load<u32>(cpu, CPU_NZCV), load<i32>(cpu, CPU_BUDGET));
  } else if (kind == REC_COMPILED) interpret(cpu, stepRecord(wordAddress(frameOf(record), record)), 0);
  return load<u32>(cpu, CPU_EXIT) == 0;
}

/**
 * Execution has come to an end that CPU_EXIT tells: takes the exception that there is. True when the stretch may go on behind it, or behind
 * a return from one, since neither an interrupt nor a step is due.
 */
function goesOnBehind(cpu: usize): bool {
  const exit = load<u32>(cpu, CPU_EXIT);
  if ((exit & EXIT_FAULT) != 0) {
    takeSynchronous(cpu);
    // As cpu_run counts them.
    store<i32>(cpu, load<i32>(cpu, CPU_BUDGET) - 1, CPU_BUDGET);
  }
  if ((exit & EXIT_LEAVE) != 0 && (exit & EXIT_JUMP) == 0) return false;
  const waits =
    load<u32>(cpu, CPU_IRQ) | load<u32>(cpu, CPU_POWER) | load<u32>(cpu, CPU_ILSS) | load<u32>(cpu, CPU_NRW);
  if (waits != 0 || softwareStepActive(cpu)) return false;
  store<u32>(cpu, 0, CPU_EXIT);
  return true;
}

/** Interprets from `record` until a period is over or a region begins, and counts what was hot. True when execution goes on. */
function interpretPeriod(cpu: usize, record: usize, undone: bool): bool {
  const before = load<i32>(cpu, CPU_BUDGET);
  interpret(cpu, record, period);
  const executed = before - load<i32>(cpu, CPU_BUDGET);
  const goesOn = load<u32>(cpu, CPU_EXIT) == 0;
  const stopped = goesOn ? findRecord(cpu, load<u64>(cpu, CPU_PC)) : 0;
  // Behind a whole period execution is at a random place of what is hot; a shorter way will end where it ended, so it counts where it began.
  if (executed >= period) {
    if (stopped != 0 && load<u16>(stopped) != <u16>REC_COMPILED) count(stopped, SAMPLE_WEIGHT);
  } else {
    const first = undone ? record + RECORD_SIZE : record;
    const kind = load<u16>(first);
    const weight = 1 + <u32>(executed * <i32>SAMPLE_WEIGHT) / <u32>period;
    if (kind != <u16>REC_COMPILED && kind != <u16>REC_PAGE_END) count(first, weight);
  }
  return stopped != 0;
}

/** Executes from CPU_PC until the budget is used up, or a handler asks to leave. */
export function executeCompiled(cpu: usize): void {
  /** The region before stopped at an instruction for the interpreter. */
  let undone = false;
  do {
    const pc = load<u64>(cpu, CPU_PC);
    const record = findRecord(cpu, pc);
    let goesOn = record != 0;
    if (goesOn && threshold == 0 && !undone) {
      compile(record, true);
      installRegions();
    }
    if (goesOn && load<u16>(record) == <u16>REC_COMPILED) {
      goesOn = callRegion(cpu, record, pc);
      undone = goesOn && load<u32>(cpu, CPU_JIT_LEFT) == LEFT_UNDONE;
    } else if (goesOn) {
      goesOn = interpretPeriod(cpu, record, undone);
      undone = false;
    }
    if (!goesOn && !goesOnBehind(cpu)) return;
  } while (load<i32>(cpu, CPU_BUDGET) > 0);
}
