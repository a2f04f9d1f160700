/**
 * One region as a WebAssembly function. Its code is written first, for locals and what it loads at its entry are known only behind
 * it; its end stores what it changed, and goes on to the next region where it can.
 */
import { JIT_BODY } from "../layout";
import { JUMP_CACHE_MASK, JUMP_CONTEXT, JUMP_RECORD, JUMP_VA } from "../cpu/jump-cache";
import { REC_COMPILED } from "../cpu/records.gen";
import { CPU_BUDGET, CPU_EL, CPU_JIT_LEFT, CPU_JUMP_CACHE, CPU_JUMP_CONTEXT, CPU_PC, CPU_TLB } from "../cpu/state";
import { TLB_SET_SHIFT } from "../mmu/tlb";
import { INFO_HOW, INFO_NOT_DONE, LABEL_AGAIN, beginExits, branchTo, close, closeStopped, openIf } from "./exits";
import { beginFlags, loadFlags, storeFlags } from "./flags";
import { comesBack } from "./blocks";
import { entryCount, hasOutside } from "./graph";
import { regionsAreChained } from "./handlers";
import { beginHints, hintLikely, writeHints } from "./hints";
import { NO_WORD, beginListing, listInstruction, tellListing } from "./listing";
import {
  L_AT,
  L_BUDGET,
  L_CPU,
  L_ENTRY,
  L_HOST,
  L_INFO,
  L_PAGE,
  L_SLOT,
  L_TLB,
  L_TO,
  beginLocals,
  declareLocals,
  loadRegisters,
  placeLocals,
  storeRegisters,
} from "./locals";
import { beginMemory } from "./memory";
import { beginTranslation, tlbIsUsed } from "./translation";
import * as W from "./opcodes";
import { COMPILED_ENTRY, COMPILED_SLOT } from "./regions";
import { emitBlocks } from "./structure";
import { access, beginAt, byte, copyFrom, get, i32c, i64c, leb, position, set, tee } from "./writer";

/** Number of a region's type among those of the module: base of the CPU, page, instructions left, entry. */
export const TYPE_REGION: u32 = 0;

function writeCode(frame: usize, slot: u32): void {
  beginAt(JIT_BODY);
  beginFlags();
  beginMemory();
  beginTranslation();
  beginHints();
  const jumps = entryCount() > 1 && comesBack(frame);
  const again = jumps || hasOutside();
  beginExits(again);
  beginListing();
  emitBlocks(frame);
  listInstruction(NO_WORD);
  closeStopped();
  get(L_PAGE);
  get(L_INFO);
  i32c(0xfff);
  byte(W.I32_AND);
  byte(W.I64_EXTEND_I32_U);
  byte(W.I64_ADD);
  set(L_TO);
  get(L_BUDGET);
  get(L_INFO);
  i32c(INFO_NOT_DONE);
  byte(W.I32_SHR_U);
  i32c(0xfff);
  byte(W.I32_AND);
  byte(W.I32_ADD);
  set(L_BUDGET);
  close();
  if (jumps || regionsAreChained()) writeNext(jumps ? slot : 0);
  if (again) close();
  storeRegisters();
  storeFlags();
  if (regionsAreChained()) writeChain();
  get(L_CPU);
  get(L_TO);
  access(W.I64_STORE, CPU_PC);
  get(L_CPU);
  get(L_BUDGET);
  access(W.I32_STORE, CPU_BUDGET);
  get(L_CPU);
  get(L_INFO);
  i32c(INFO_HOW);
  byte(W.I32_SHR_U);
  access(W.I32_STORE, CPU_JIT_LEFT);
  byte(W.END);
}

/**
 * L_SLOT = the table slot of the next region, L_HOST the record of its entry, when the jump cache knows it, nothing stopped this one and
 * there is budget left; otherwise 0. Goes to that entry when it is one of this region, whose slot is `own`, unless that is 0.
 */
function writeNext(own: u32): void {
  i32c(0);
  set(L_SLOT);
  get(L_INFO);
  byte(W.I32_EQZ);
  get(L_BUDGET);
  i32c(0);
  byte(W.I32_GE_S);
  byte(W.I32_AND);
  openLikely();
  get(L_TO);
  byte(W.I32_WRAP_I64);
  i32c(2);
  byte(W.I32_SHL);
  i32c(<u32>JUMP_CACHE_MASK);
  byte(W.I32_AND);
  get(L_CPU);
  byte(W.I32_ADD);
  tee(L_ENTRY);
  access(W.I64_LOAD, CPU_JUMP_CACHE + JUMP_VA);
  get(L_TO);
  byte(W.I64_EQ);
  get(L_ENTRY);
  access(W.I32_LOAD, CPU_JUMP_CACHE + JUMP_CONTEXT);
  get(L_CPU);
  access(W.I32_LOAD, CPU_JUMP_CONTEXT);
  byte(W.I32_EQ);
  byte(W.I32_AND);
  openLikely();
  get(L_ENTRY);
  access(W.I32_LOAD, CPU_JUMP_CACHE + JUMP_RECORD);
  tee(L_HOST);
  access(W.I32_LOAD16_U, 0);
  i32c(REC_COMPILED);
  byte(W.I32_EQ);
  openLikely();
  get(L_HOST);
  access(W.I32_LOAD, COMPILED_SLOT);
  set(L_SLOT);
  if (own != 0) {
    get(L_SLOT);
    i32c(own);
    byte(W.I32_EQ);
    openIf();
    get(L_HOST);
    access(W.I32_LOAD, COMPILED_ENTRY);
    set(L_AT);
    pushNextPage();
    set(L_PAGE);
    branchTo(W.BR, LABEL_AGAIN);
    close();
  }
  close();
  close();
  close();
}
function pushNextPage(): void {
  get(L_TO);
  i64c(0xffff_ffff_ffff_f000);
  byte(W.I64_AND);
}
function openLikely(): void {
  hintLikely();
  openIf();
}

/** The region that writeNext has found as a tail call. */
function writeChain(): void {
  get(L_SLOT);
  openLikely();
  get(L_CPU);
  pushNextPage();
  get(L_BUDGET);
  get(L_HOST);
  access(W.I32_LOAD, COMPILED_ENTRY);
  get(L_SLOT);
  byte(W.RETURN_CALL_INDIRECT);
  leb(TYPE_REGION);
  leb(0);
  close();
}

/** Locals, and loads of what the region works on. */
function writePrologue(): void {
  declareLocals();
  if (tlbIsUsed()) {
    get(L_CPU);
    get(L_CPU);
    access(W.I32_LOAD, CPU_EL);
    i32c(<u32>TLB_SET_SHIFT);
    byte(W.I32_SHL);
    byte(W.I32_ADD);
    i32c(<u32>CPU_TLB);
    byte(W.I32_ADD);
    set(L_TLB);
  }
  loadRegisters();
  loadFlags();
}

/** Length of the last region's function, and of its hints behind it. */
let functionLength: usize = 0;
let hintsLength: usize = 0;

export function writtenFunction(): usize {
  return functionLength;
}
export function writtenHints(): usize {
  return hintsLength;
}

/**
 * Writes the function of the region whose blocks are found and analysed to `to`: locals and code, as the code section has them, then its
 * branch hints. `slot` is its table slot.
 */
export function writeRegion(frame: usize, slot: u32, to: usize): void {
  beginLocals();
  writeCode(frame, slot);
  placeLocals();
  writeCode(frame, slot);
  const length = position() - JIT_BODY;
  beginAt(to);
  writePrologue();
  const prologue = position() - to;
  copyFrom(JIT_BODY, length);
  functionLength = position() - to;
  tellListing(frame, to, prologue, functionLength);
  writeHints(JIT_BODY, <u32>prologue);
  hintsLength = position() - to - functionLength;
}
