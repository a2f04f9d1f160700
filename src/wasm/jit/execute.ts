/**
 * Execution with the compiler: interpreter and compiled regions take turns. The interpreter runs a few thousand instructions at a
 * time; where it stops is a sample of what is hot, and what was sampled often enough is compiled.
 */
import { findRecord } from "../cpu/jump-cache";
import { interpret } from "../cpu/interp.gen";
import { REC_COMPILED } from "../cpu/records.gen";
import { CPU_BUDGET, CPU_EXIT, CPU_JIT_LEFT, CPU_PC, CPU_STATS } from "../cpu/state";
import { JIT_PROFILE } from "../layout";
import { seeStores } from "../mmu/store-log";
import { compile, installRegions } from "./compile";
import { enterRegion } from "./enter";
import { LEFT_AFTER_HANDLER, LEFT_UNDONE } from "./exits";
import { leaveRegionsAlone } from "./handlers";
import { CPU_STAT_CALLS, CPU_STAT_COMPILED, CPU_STAT_STOPS } from "./limits";
import { enterInLockstep } from "./lockstep";
import { disarm, setFirstSlot } from "./regions";

let enabled: bool = false;
let lockstep: bool = false;
/** Instructions between two samples, and the weight that makes a place hot. */
let period: i32 = 1000;
let threshold: u32 = 2048;
/** A sample of the interpreter stands for a period of instructions, the exit of a region to code without one for itself. */
const SAMPLE_WEIGHT: u32 = 16;
const EXIT_WEIGHT: u32 = 1;

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
}
export function compilerEnabled(): bool {
  return enabled;
}

/** u32 record, u32 weight; direct-mapped. */
const PROFILE_ENTRIES: usize = 4096;

/** Execution has come to `record`, which is not compiled; what is hot is. */
function count(record: usize, weight: u32): void {
  const entry = JIT_PROFILE + (((record >> 4) & (PROFILE_ENTRIES - 1)) << 3);
  const sum = <usize>load<u32>(entry) == record ? load<u32>(entry, 4) + weight : weight;
  store<u32>(entry, <u32>record);
  store<u32>(entry, sum, 4);
  if (sum < threshold) return;
  store<u32>(entry, 0, 4);
  compile(record);
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
  if (left == LEFT_AFTER_HANDLER) return false;
  if (left == LEFT_UNDONE) {
    const undone = findRecord(cpu, load<u64>(cpu, CPU_PC));
    if (undone == 0) return false;
    // The interpreter has to do this instruction, entry of a region or not.
    addTo(cpu, CPU_STAT_STOPS, 1);
    if (load<u16>(undone) == <u16>REC_COMPILED) disarm(undone);
  }
  return true;
}

/** Executes from CPU_PC until the budget is used up, an exception is raised or a handler asks to leave. */
export function executeCompiled(cpu: usize): void {
  /** The region before stopped at an instruction for the interpreter, or left to code that has no region. */
  let undone = false;
  let exited = false;
  do {
    const pc = load<u64>(cpu, CPU_PC);
    const record = findRecord(cpu, pc);
    if (record == 0) return;
    if (threshold == 0 && !undone) {
      compile(record);
      installRegions();
    }
    if (load<u16>(record) == <u16>REC_COMPILED) {
      if (!callRegion(cpu, record, pc)) return;
      undone = load<u32>(cpu, CPU_JIT_LEFT) == LEFT_UNDONE;
      exited = !undone;
      continue;
    }
    undone = false;
    if (exited) {
      exited = false;
      count(record, EXIT_WEIGHT);
      if (load<u16>(record) == <u16>REC_COMPILED) continue;
    }
    interpret(cpu, record, period);
    if (load<u32>(cpu, CPU_EXIT) != 0) return;
    const stopped = findRecord(cpu, load<u64>(cpu, CPU_PC));
    if (stopped == 0) return;
    if (load<u16>(stopped) != <u16>REC_COMPILED) count(stopped, SAMPLE_WEIGHT);
  } while (load<i32>(cpu, CPU_BUDGET) > 0);
}
