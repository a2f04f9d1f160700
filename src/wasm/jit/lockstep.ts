/**
 * Lockstep (`-d lockstep`): whatever a region does is undone, interpreted, and compared, all on one machine, so that devices, timers
 * and the world see nothing of it. The interpreter's result is what goes on. Regions do not go on to the next one by themselves
 * then, so that what is repeated lies in one page.
 *
 * Repeating is exact, because inside a region nothing but registers and RAM changes: stores are noted (mmu/store-log.ts), device
 * accesses and stores to decoded code are left to the interpreter, and the counter follows from instructions. What differs is a
 * mistake of ours: the host is told all of it and stops the machine.
 */
import { wordAddress, stepRecord } from "../cpu/code-frame";
import { frameOf } from "../cpu/frame-layout";
import { interpret } from "../cpu/interp.gen";
import { findRecord } from "../cpu/jump-cache";
import { REC_COMPILED, REC_STOP } from "../cpu/records.gen";
import {
  CPU_BUDGET,
  CPU_CNT_BUDGET,
  CPU_CODE_RELEASED,
  CPU_EXIT,
  CPU_JIT_LEFT,
  CPU_PC,
  EXIT_FAULT,
} from "../cpu/state";
import { lockstep_failed, lockstep_instruction, lockstep_state } from "../host";
import { JIT_STATES } from "../layout";
import {
  STORES_OF_INTERPRETER,
  STORES_OF_NOBODY,
  STORES_OF_REGION,
  bytesDiffer,
  keepNewBytes,
  noteStoresOf,
  redoStores,
  regionIsSpoilt,
  undoStores,
} from "../mmu/store-log";
import { PAGE_MASK } from "../mmu/tlb";
import { settleCounter } from "../timer/generic-timer";
import { findBlocks, isReached } from "./blocks";
import { enterRegion } from "./enter";
import { LEFT_UNDONE } from "./exits";
import { LOCKSTEP_CALLS, LOCKSTEP_INSTRUCTIONS, LOCKSTEP_SPOILT } from "./limits";

/** The bytes of a CPU's state that are copied: before the region, and what it made of them. */
const STATE_SIZE: usize = 0x1000;
const BEFORE: usize = JIT_STATES;
const AFTER: usize = JIT_STATES + STATE_SIZE;

/**
 * Ranges of a CPU's state (cpu/state.ts), u32 begin and end. What must agree is all but what registers' writes to nowhere leave, the
 * budget, what compiled code and translations keep for themselves, and counters.
 */
const COMPARED = memory.data<u32>([
  0x000, 0x108, 0x110, 0x14c, 0x150, 0x248, 0x264, 0x268, 0x280, 0x2c8, 0x300, 0x600, 0x620, 0x624, 0x800, 0xc00,
]);
/** What is put back: that and what follows from it. Translations and jumps stay known: they are as good for the interpreter. */
const RESTORED = memory.data<u32>([
  0x000, 0x250, 0x254, 0x258, 0x264, 0x268, 0x280, 0x2e0, 0x300, 0x600, 0x620, 0x624, 0x800, 0xc00,
]);
const COMPARED_RANGES: u32 = 8;
const RESTORED_RANGES: u32 = 7;

/** A region is called for so many instructions, and does at most a region's more. */
const CALL_INSTRUCTIONS: i32 = 500;
/** More than a region has: between so many of its instructions a branch is taken, where the interpreter may stop. */
const NEAR: i32 = 400;

let calls: u64 = 0;
let instructions: u64 = 0;
let spoilt: u64 = 0;

/** Counter LOCKSTEP_*; exact up to 2^53. */
export function jit_lockstep_stat(which: u32): f64 {
  switch (which) {
    case LOCKSTEP_CALLS:
      return <f64>calls;
    case LOCKSTEP_INSTRUCTIONS:
      return <f64>instructions;
    case LOCKSTEP_SPOILT:
      return <f64>spoilt;
    default:
      return 0;
  }
}

/** Takes instructions from those that are left, or gives them back, without time passing. */
function giveBudget(cpu: usize, more: i32): void {
  store<i32>(cpu, load<i32>(cpu, CPU_BUDGET) + more, CPU_BUDGET);
  store<i32>(cpu, load<i32>(cpu, CPU_CNT_BUDGET) + more, CPU_CNT_BUDGET);
}

function rangeBegin(ranges: usize, i: u32): usize {
  return <usize>load<u32>(ranges + (i << 3));
}
function rangeEnd(ranges: usize, i: u32): usize {
  return <usize>load<u32>(ranges + (i << 3), 4);
}
function restore(cpu: usize): void {
  for (let i: u32 = 0; i < RESTORED_RANGES; i++) {
    const begin = rangeBegin(RESTORED, i);
    memory.copy(cpu + begin, BEFORE + begin, rangeEnd(RESTORED, i) - begin);
  }
}

/** As enterRegion, by the region and by the interpreter. */
export function enterInLockstep(cpu: usize, record: usize, pc: u64): void {
  const more = max<i32>(load<i32>(cpu, CPU_BUDGET) - CALL_INSTRUCTIONS, 0);
  giveBudget(cpu, -more);
  settleCounter(cpu, 2 * CALL_INSTRUCTIONS);
  const given = load<i32>(cpu, CPU_BUDGET);
  // An ISB leaves a frame that was released meanwhile; this one has just been looked up.
  store<u32>(cpu, 0, CPU_CODE_RELEASED);
  memory.copy(BEFORE, cpu, STATE_SIZE);
  noteStoresOf(STORES_OF_REGION);
  enterRegion(cpu, record, pc);
  noteStoresOf(STORES_OF_NOBODY);
  memory.copy(AFTER, cpu, STATE_SIZE);
  keepNewBytes(STORES_OF_REGION);
  undoStores(STORES_OF_REGION);
  restore(cpu);
  if (regionIsSpoilt()) {
    spoilt++;
    store<u32>(cpu, LEFT_UNDONE, CPU_JIT_LEFT);
  } else repeat(cpu, record, pc, given - load<i32>(AFTER, CPU_BUDGET));
  giveBudget(cpu, more);
}

/** Interprets the `done` instructions that the region at `record` has done, and compares. */
function repeat(cpu: usize, record: usize, pc: u64, done: i32): void {
  noteStoresOf(STORES_OF_INTERPRETER);
  putAside(record);
  const left = interpretAgain(cpu, record, pc, done);
  // An instruction that raised an exception is none of those that were done.
  if (left == 0 && (load<u32>(AFTER, CPU_EXIT) & EXIT_FAULT) != 0) step(cpu, findRecord(cpu, load<u64>(cpu, CPU_PC)));
  putBack();
  noteStoresOf(STORES_OF_NOBODY);
  calls++;
  instructions += <u64>done;
  if (left != 0 || !stateAgrees(cpu) || !storesAgree(false)) fail(cpu, record, pc, done, done - left);
}

/** Entries of regions that the interpreter must pass meanwhile: u64 record, u64 what it has behind its kind. */
const MOST_ASIDE: u32 = 32;
const aside = memory.data(32 * 16, 8);
let asideCount: u32 = 0;

function putAside(record: usize): void {
  const place = aside + (asideCount << 4);
  store<u64>(place, <u64>record);
  store<u64>(place, load<u64>(record, 8), 8);
  asideCount++;
  store<u64>(record, 0);
  store<u64>(record, 0, 8);
}
function putBack(): void {
  for (; asideCount > 0; asideCount--) {
    const place = aside + ((asideCount - 1) << 4);
    const record = <usize>load<u64>(place);
    store<u64>(record, <u64>REC_COMPILED);
    store<u64>(record, load<u64>(place, 8), 8);
  }
}

/** Executes the one instruction of `record`; the limit stops it behind a branch to another page. */
function step(cpu: usize, record: usize): void {
  if (record != 0) interpret(cpu, stepRecord(wordAddress(frameOf(record), record)), 0);
}

/**
 * Interprets `count` instructions from `pc`, whose record is `entry`, all of them in one page. Returns how many of them it could not
 * do; less than 0 when it went too far, which only other ways through the code can be the cause of.
 */
function interpretAgain(cpu: usize, entry: usize, pc: u64, count: i32): i32 {
  const until = load<u64>(AFTER, CPU_PC);
  const frame = entry - ((<usize>pc & 0xffc) << 2);
  // Where the region was left for another page a branch was taken.
  const last: usize = (until & PAGE_MASK) == (pc & PAGE_MASK) ? frame + ((<usize>until & 0xffc) << 2) : 0;
  let left = count;
  while (left > 0) {
    const record = findRecord(cpu, load<u64>(cpu, CPU_PC));
    if (record == 0) return left;
    const before = load<i32>(cpu, CPU_BUDGET);
    const isEntry = load<u16>(record) == <u16>REC_COMPILED;
    if (record == last || (isEntry && asideCount == MOST_ASIDE)) step(cpu, record);
    else if (isEntry) {
      putAside(record);
      continue;
    } else if (left > NEAR) interpret(cpu, record, left - NEAR);
    else interpretUntil(cpu, record, last, left - 1);
    const done = before - load<i32>(cpu, CPU_BUDGET);
    left -= done;
    if (done == 0 || load<u32>(cpu, CPU_EXIT) != 0) return left;
  }
  return left;
}

/** interpret, which stops in front of record `last`, if that is not 0. */
function interpretUntil(cpu: usize, record: usize, last: usize, limit: i32): void {
  if (last == 0 || load<u16>(last) == <u16>REC_COMPILED) {
    interpret(cpu, record, limit);
    return;
  }
  const low = load<u64>(last);
  const high = load<u64>(last, 8);
  store<u64>(last, <u64>REC_STOP);
  interpret(cpu, record, limit);
  // A store to it would have emptied it.
  if (load<u16>(last) != <u16>REC_STOP) return;
  store<u64>(last, low);
  store<u64>(last, high, 8);
}

function stateAgrees(cpu: usize): bool {
  for (let i: u32 = 0; i < COMPARED_RANGES; i++) {
    const begin = rangeBegin(COMPARED, i);
    const end = rangeEnd(COMPARED, i);
    let at = begin;
    for (; at + 8 <= end; at += 8) if (load<u64>(cpu + at) != load<u64>(AFTER + at)) return false;
    if (at < end && load<u32>(cpu + at) != load<u32>(AFTER + at)) return false;
  }
  return true;
}

/**
 * Whether both have left the same in all bytes that either stored; with `tell` the host is told those that differ. Memory is as the
 * interpreter left it, before and afterwards.
 */
function storesAgree(tell: bool): bool {
  const here = bytesDiffer(STORES_OF_REGION, tell);
  keepNewBytes(STORES_OF_INTERPRETER);
  undoStores(STORES_OF_INTERPRETER);
  redoStores(STORES_OF_REGION);
  const there = bytesDiffer(STORES_OF_INTERPRETER, tell);
  undoStores(STORES_OF_REGION);
  redoStores(STORES_OF_INTERPRETER);
  return !here && !there;
}

/** Tells the host what differs, which ends the machine. */
function fail(cpu: usize, record: usize, pc: u64, compiled: i32, interpreted: i32): void {
  for (let i: u32 = 0; i < COMPARED_RANGES; i++) {
    for (let at = rangeBegin(COMPARED, i); at < rangeEnd(COMPARED, i); at += 4) {
      const theirs = load<u32>(AFTER + at);
      const ours = load<u32>(cpu + at);
      if (theirs != ours) lockstep_state(at, load<u32>(BEFORE + at), theirs, ours);
    }
  }
  storesAgree(true);
  const frame = frameOf(record);
  if (findBlocks(frame, <u32>((record - frame) >> 4), true, false)) {
    for (let word: u32 = 0; word < 1024; word++) {
      if (isReached(word))
        lockstep_instruction((<usize>word) << 2, load<u32>(wordAddress(frame, frame + ((<usize>word) << 4))));
    }
  }
  lockstep_failed(<u32>pc, <u32>(pc >> 32), compiled, interpreted, load<u32>(AFTER, CPU_JIT_LEFT));
}
