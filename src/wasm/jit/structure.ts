/**
 * A region's code with structured control flow: the dominator tree decides how blocks nest (Ramsey: Beyond Relooper, ICFP 2022).
 * Each loop header becomes a loop, each merge node the code behind a block that its immediate dominator opens.
 */
import * as R from "../cpu/records.gen";
import { JIT_BODY } from "../layout";
import { NONE, firstWord, lengthOf, nextBlock, takenBlock } from "./blocks";
import { emitBranchCondition, emitExit, isBranch } from "./branches";
import { emitCrc } from "./crypto";
import {
  LABEL_AGAIN,
  atInstruction,
  branchTo,
  close,
  depthOf,
  exitToOffset,
  leaveUndoneAlways,
  openBlock,
  openIf,
  openLoop,
} from "./exits";
import { conditionalPending, forgetFlags, knownFlags, setKnownFlags, settleConditional } from "./flags";
import {
  ROOT,
  blockAtPlace,
  dominatorOf,
  entryBlock,
  entryCount,
  entryOf,
  isBack,
  isEntry,
  isLoopHeader,
  isMerge,
  isOutside,
  placedCount,
} from "./graph";
import { atGroupWord, beginGroups, followGroups } from "./groups";
import { emitHandler, emitClrex } from "./handlers";
import { hintUnlikely } from "./hints";
import { emitInteger } from "./integer";
import { listInstruction } from "./listing";
import { L_AT, L_BUDGET, forgetZeros } from "./locals";
import { checkFpTrap, emitMemory, emitUnprivileged, fpTrapChecked, setFpTrapChecked } from "./memory";
import * as W from "./opcodes";
import { isConditional, isInstructionBarrier, isInterpreted, recordOf, wordOf } from "./record";
import { emitExclusive } from "./exclusive";
import { emitFp } from "./fp";
import { emitSimd } from "./simd";
import { emitSystem } from "./system";
import { byte, get, i32c, leb, position, set } from "./writer";

/** Bytes of a region's code before its end; behind it there is room for an instruction, open blocks and the end itself. */
const CODE_MAX: usize = 0x1_8000;

/** Labels of loops; those of merge nodes are the blocks' numbers. */
const LOOP: u32 = 0x4000;

let frame: usize = 0;

/** Emits the code of all blocks that the entries lead to; the blocks are those of `codeFrame`. */
export function emitBlocks(codeFrame: usize): void {
  frame = codeFrame;
  emitTree(ROOT);
}

/** A block with all that it dominates. */
function emitTree(block: u32): void {
  const checked = fpTrapChecked();
  const loops = isLoopHeader(block);
  if (loops) {
    openLoop(LOOP | block);
    forgetFlags();
  }
  emitWithin(block, placedCount());
  if (loops) close();
  setFpTrapChecked(checked);
}

/** Opens blocks for the merge nodes that `block` dominates at once, the last in reverse postorder outermost. */
function emitWithin(block: u32, below: u32): void {
  const checked = fpTrapChecked();
  let place = below;
  while (place > 0) {
    place--;
    const merge = blockAtPlace(place);
    if (merge == block || !isMerge(merge) || dominatorOf(merge) != block) continue;
    openBlock(merge);
    emitWithin(block, place);
    close();
    forgetFlags();
    setFpTrapChecked(checked);
    emitTree(merge);
    return;
  }
  if (block == ROOT) emitRoot();
  else emitBlock(block);
}

/** The way to the entry that L_AT tells. */
function emitRoot(): void {
  const last = entryCount() - 1;
  if (last == 0) {
    emitTree(entryBlock(0));
    return;
  }
  get(L_AT);
  byte(W.BR_TABLE);
  leb(last);
  for (let i: u32 = 0; i <= last; i++) leb(depthOf(entryBlock(i)));
}

/** The way to `target` by the root. */
function emitAgain(target: u32): void {
  if (isEntry(target)) {
    i32c(entryOf(target));
    set(L_AT);
    get(L_BUDGET);
    i32c(0);
    byte(W.I32_GE_S);
    branchTo(W.BR_IF, LABEL_AGAIN);
  }
  exitToOffset(<i64>(firstWord(target) << 2));
}

/** The way from `block` to `target`, or out of the region to page offset `offset`. */
function emitWay(block: u32, target: u32, offset: u32): void {
  if (target == NONE) exitToOffset(<i64>offset);
  else if (isBack(block, target)) branchTo(W.BR, LOOP | target);
  else if (isOutside(block, target)) emitAgain(target);
  else if (isMerge(target)) branchTo(W.BR, target);
  else emitTree(target);
}

function emitBlock(block: u32): void {
  const word = firstWord(block);
  const length = lengthOf(block);
  forgetZeros();
  atInstruction(word << 2, 0);
  if (isLoopHeader(block)) {
    get(L_BUDGET);
    i32c(0);
    byte(W.I32_LT_S);
    hintUnlikely();
    openIf();
    exitToOffset(<i64>(word << 2));
    close();
  }
  get(L_BUDGET);
  i32c(length);
  byte(W.I32_SUB);
  set(L_BUDGET);
  beginGroups(frame, word, length);
  for (let i: u32 = 0; i < length; i++) {
    const p = frame + ((<usize>(word + i)) << 4);
    const record = recordOf(frame, p);
    atInstruction((word + i) << 2, length - i);
    listInstruction(word + i);
    const kind = <u32>load<u16>(record);
    if (isInterpreted(kind, wordOf(frame, p)) || codeIsLong()) {
      settleConditional();
      leaveUndoneAlways();
      return;
    }
    if (isBranch(kind)) {
      emitEnd(block, record, kind);
      return;
    }
    if (kind == R.REC_CALL && isInstructionBarrier(wordOf(frame, p))) {
      settleConditional();
      exitToOffset(<i64>((word + i + 1) << 2));
      return;
    }
    if (conditionalPending() && !readsPending(kind)) settleConditional();
    atGroupWord(word + i);
    emitRecord(record, kind);
    followGroups(recordOf(frame, p));
  }
  settleConditional();
  emitWay(block, nextBlock(block), (word + length) << 2);
}

/** Some vector instructions take hundreds of bytes: the interpreter does the rest of a region that is full of them. */
function codeIsLong(): bool {
  return position() - JIT_BODY > CODE_MAX;
}

/** What tests flags at once and cannot leave the region: a CCMP before it may stay open. */
function readsPending(kind: u32): bool {
  return (kind >= R.REC_CSEL_W && kind <= R.REC_CCMP_IMM_W) || (kind >= R.REC_CSEL_X && kind <= R.REC_CCMP_IMM_X);
}

/** Instructions whose records call their handlers: translates `w` if it need not. */
function emitCalled(w: u32): bool {
  return emitUnprivileged(w) || emitExclusive(w) || emitCrc(w) || emitSystem(w);
}

function emitRecord(record: usize, kind: u32): void {
  if (kind == R.REC_CALL_FP) {
    checkFpTrap();
    if (emitSimd(load<u32>(record, 8)) || emitFp(load<u32>(record, 8), load<u32>(record, 12))) return;
  }
  if (kind == R.REC_CALL && emitCalled(load<u32>(record, 8))) return;
  if (kind == R.REC_CALL || kind == R.REC_CALL_FP) emitHandler(record);
  else if (kind == R.REC_CLREX) emitClrex();
  else if (!emitInteger(record) && !emitMemory(record)) leaveUndoneAlways();
}

/** The branch at a block's end. */
function emitEnd(block: u32, record: usize, kind: u32): void {
  const after = (firstWord(block) + lengthOf(block)) << 2;
  if (!isConditional(kind)) {
    settleConditional();
    const taken = takenBlock(block);
    if (taken != NONE) emitWay(block, taken, 0);
    else emitExit(record, kind, after);
    return;
  }
  emitBranchCondition(record, kind);
  settleConditional();
  const taken = takenBlock(block);
  const next = nextBlock(block);
  if (taken != NONE && isBack(block, taken)) branchTo(W.BR_IF, LOOP | taken);
  else if (taken != NONE && !isOutside(block, taken) && isMerge(taken)) branchTo(W.BR_IF, taken);
  else {
    const flags = knownFlags();
    openIf();
    if (taken != NONE) emitWay(block, taken, 0);
    else emitExit(record, kind, after);
    close();
    setKnownFlags(flags);
  }
  emitWay(block, next, after);
}
