/**
 * A region's code with structured control flow: the dominator tree decides how blocks nest (Ramsey: Beyond Relooper, ICFP 2022).
 * Each loop header becomes a loop, each merge node the code behind a block that its immediate dominator opens.
 */
import * as R from "../cpu/records.gen";
import { JIT_BODY } from "../layout";
import { NONE, firstWord, lengthOf, nextBlock, takenBlock } from "./blocks";
import { emitBranchCondition, emitExit, isBranch } from "./branches";
import { emitCrc } from "./crypto";
import { atInstruction, branchTo, close, exitToOffset, leaveUndoneAlways, openBlock, openIf, pushLabel } from "./exits";
import { conditionalPending, forgetFlags, knownFlags, setKnownFlags, settleConditional } from "./flags";
import { blockAtPlace, dominatorOf, isLoopHeader, isMerge, placeOf, placedCount } from "./graph";
import { atGroupWord, beginGroups, followGroups } from "./groups";
import { emitHandler, emitClrex } from "./handlers";
import { hintUnlikely } from "./hints";
import { emitInteger } from "./integer";
import { listInstruction } from "./listing";
import { L_BUDGET, forgetZeros } from "./locals";
import { checkFpTrap, emitMemory, emitUnprivileged, fpTrapChecked, setFpTrapChecked } from "./memory";
import * as W from "./opcodes";
import { isConditional, isInstructionBarrier, isInterpreted, recordOf, wordOf } from "./record";
import { emitExclusive } from "./exclusive";
import { emitFp } from "./fp";
import { emitSimd } from "./simd";
import { emitSystem } from "./system";
import { byte, get, i32c, position, set } from "./writer";

/** Bytes of a region's code before its end; behind it there is room for an instruction, open blocks and the end itself. */
const CODE_MAX: usize = 0x1_8000;

/** Labels of loops; those of merge nodes are the blocks' numbers. */
const LOOP: u32 = 0x4000;

let frame: usize = 0;

/** Emits the code of all blocks that `entry` leads to; the blocks are those of `codeFrame`. */
export function emitBlocks(codeFrame: usize, entry: u32): void {
  frame = codeFrame;
  emitTree(entry);
}

/** A block with all that it dominates. */
function emitTree(block: u32): void {
  const checked = fpTrapChecked();
  const loops = isLoopHeader(block);
  if (loops) {
    byte(W.LOOP);
    byte(W.VOID);
    pushLabel(LOOP | block);
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
  emitBlock(block);
}

/** The way from `block` to `target`, or out of the region to page offset `offset`. */
function emitWay(block: u32, target: u32, offset: u32): void {
  if (target == NONE) exitToOffset(<i64>offset);
  else if (placeOf(target) <= placeOf(block)) branchTo(W.BR, LOOP | target);
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
  if (taken != NONE && (placeOf(taken) <= placeOf(block) || isMerge(taken))) {
    branchTo(W.BR_IF, placeOf(taken) <= placeOf(block) ? LOOP | taken : taken);
  } else {
    const flags = knownFlags();
    openIf();
    if (taken != NONE) emitWay(block, taken, 0);
    else emitExit(record, kind, after);
    close();
    setKnownFlags(flags);
  }
  emitWay(block, next, after);
}
