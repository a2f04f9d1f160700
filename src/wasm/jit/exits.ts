/**
 * How a region is left. All ways lead to one end, which puts the registers back: through the outer label with L_TO the next
 * instruction's address, or through the inner one with L_INFO saying where an instruction stopped half way, and why.
 */
import { hintUnlikely } from "./hints";
import { CPU_JIT_LEFT } from "../cpu/state";
import { L_INFO, L_PAGE, L_TO, loadField } from "./locals";
import * as W from "./opcodes";
import { byte, get, i32c, i64c, leb, set } from "./writer";
import { JIT_WORK } from "../layout";

/** Of CPU_JIT_LEFT behind a region: at an instruction's end; before an instruction that the interpreter has to do; behind a handler that set EXIT_*. */
export const LEFT_NORMALLY: u32 = 0;
export const LEFT_UNDONE: u32 = 1;
export const LEFT_AFTER_HANDLER: u32 = 2;

/** L_INFO: page offset in bits 11:0, instructions of the block that were not executed in bits 23:12, LEFT_* above. */
export const INFO_NOT_DONE: u32 = 12;
export const INFO_HOW: u32 = 24;

/** L_INFO of an instruction. */
export function infoOf(pageOffset: u32, instructionsLeft: u32, how: u32): u32 {
  return pageOffset | (instructionsLeft << INFO_NOT_DONE) | (how << INFO_HOW);
}

/** u16 a label, outermost first: room for 1024, where a block has three at most. */
const LABELS: usize = JIT_WORK + 0x6000;
const LABEL_EXIT: u32 = 0xfff0;
const LABEL_STOPPED: u32 = 0xfff1;
const LABEL_FAILED: u32 = 0xfff7;
/** Of an `if`, which nothing branches to. */
export const LABEL_IF: u32 = 0xfff2;
/** Inside one instruction: where its handler is called, where its result is known to be good, and its end. */
export const LABEL_SLOW: u32 = 0xfff3;
export const LABEL_GOOD: u32 = 0xfff4;
export const LABEL_DONE: u32 = 0xfff5;
/** Of the loop around a region that has several entries: goes to entry L_AT. */
export const LABEL_AGAIN: u32 = 0xfff6;
let labels: u32 = 0;

export function beginLabels(): void {
  labels = 0;
}
export function pushLabel(label: u32): void {
  store<u16>(LABELS + (labels << 1), <u16>label);
  labels++;
}
export function popLabel(): void {
  labels--;
}
/** Pushes the labels that stand around a region's code, which can be gone through again if `again`. */
export function beginExits(again: bool): void {
  beginLabels();
  if (again) openLoop(LABEL_AGAIN);
  openBlock(LABEL_EXIT);
  openBlock(LABEL_STOPPED);
  openBlock(LABEL_FAILED);
}
/** Closes the labels of what stops inside of an instruction: behind it L_INFO tells where, how far, and why. */
export function closeStopped(): void {
  close();
  loadField(W.I32_LOAD, CPU_JIT_LEFT, L_INFO);
  close();
}
/** Opens a block with a label. */
export function openBlock(label: u32): void {
  byte(W.BLOCK);
  byte(W.VOID);
  pushLabel(label);
}
export function openLoop(label: u32): void {
  byte(W.LOOP);
  byte(W.VOID);
  pushLabel(label);
}
/** Opens an `if` for the condition on the stack. */
export function openIf(): void {
  byte(W.IF);
  byte(W.VOID);
  pushLabel(LABEL_IF);
}
export function close(): void {
  byte(W.END);
  popLabel();
}
/** Emits `op`, BR or BR_IF, to the innermost label with this number. */
export function branchTo(op: u32, label: u32): void {
  byte(op);
  leb(depthOf(label));
}
/** How many labels stand inside of the innermost one with this number. */
export function depthOf(label: u32): u32 {
  let depth: u32 = 0;
  while (<u32>load<u16>(LABELS + ((labels - 1 - depth) << 1)) != label) depth++;
  return depth;
}

/** The instruction being translated: its page offset, and how many of its block it and those behind it are. */
let offset: u32 = 0;
let notDone: u32 = 0;

export function atInstruction(pageOffset: u32, instructionsLeft: u32): void {
  offset = pageOffset;
  notDone = instructionsLeft;
}
/** Page offset of the instruction being translated. */
export function instructionOffset(): u32 {
  return offset;
}
/** Pushes nothing; emits the leaving of the region at this instruction. */
function stop(how: u32): void {
  i32c(infoOf(offset, notDone, how));
  set(L_INFO);
  branchTo(W.BR, LABEL_STOPPED);
}
function stopIf(how: u32): void {
  hintUnlikely();
  openIf();
  stop(how);
  close();
}
/** Pops an i32: when it is not 0 the region is left with this instruction not done, for the interpreter to do. */
export function leaveUndone(): void {
  stopIf(LEFT_UNDONE);
}
/** Pops an i32: when it is not 0 the region is left so, by what hostOrStop has noted in CPU_JIT_LEFT. */
export function leaveFailed(): void {
  hintUnlikely();
  branchTo(W.BR_IF, LABEL_FAILED);
}
/** Leaves it so in any case. */
export function leaveUndoneAlways(): void {
  stop(LEFT_UNDONE);
}
/** Pops an i32, CPU_EXIT behind an outlined handler: when it is not 0 the region is left. */
export function leaveAfterHandler(): void {
  stopIf(LEFT_AFTER_HANDLER);
}
/** Instructions of the block from this one on. */
export function instructionsNotDone(): u32 {
  return notDone;
}

/** Emits the exit to the address in L_TO. */
export function exit(): void {
  branchTo(W.BR, LABEL_EXIT);
}
/** Emits the exit to `distance` bytes from the begin of the page. */
export function exitToOffset(distance: i64): void {
  get(L_PAGE);
  if (distance != 0) {
    i64c(<u64>distance);
    byte(W.I64_ADD);
  }
  set(L_TO);
  exit();
}
