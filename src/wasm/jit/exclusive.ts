/**
 * Load and store exclusive, load-acquire and store-release (ARM ARM C3.2.12 to C3.2.14) of one register. The monitor is what a64/exclusive.ts
 * describes; one CPU executes at a time, in order, so that acquire and release add only that addresses are aligned.
 */
import { Rn, Rs, Rt, bits } from "../a64/fields";
import { CPU_EXCL_ADDR, CPU_EXCL_HIGH, CPU_EXCL_LOW, CPU_EXCL_SIZE, EXCLUSIVE_NONE } from "../cpu/state";
import { close, leaveUndone, openIf } from "./exits";
import { L_CPU, L_HOST, L_T, L_VA, readX, sourceSlot, storeConstant, storeField, targetSlot, writeX } from "./locals";
import { loadOperator, storeOperator } from "./memory";
import { translate } from "./translation";
import * as W from "./opcodes";
import { access, byte, get, i32c, i64c, set } from "./writer";

/** Leaves what is not aligned to the interpreter, which raises it. */
function checkAligned(size: u32): void {
  if (size == 1) return;
  get(L_VA);
  byte(W.I32_WRAP_I64);
  i32c(size - 1);
  byte(W.I32_AND);
  leaveUndone();
}

/** Pushes the zero-extended value at L_HOST. */
function pushValue(size: u32): void {
  get(L_HOST);
  // Of the load operators by size << 2 | opc, those with zero extension.
  access(loadOperator(((<u32>ctz(size)) << 2) | 1), 0);
}

function load(w: u32, size: u32, isExclusive: bool): void {
  checkAligned(size);
  translate(size, false);
  pushValue(size);
  if (isExclusive) {
    set(L_T);
    storeField(W.I64_STORE, CPU_EXCL_ADDR, L_VA);
    get(L_CPU);
    i32c(size);
    access(W.I32_STORE, CPU_EXCL_SIZE);
    storeField(W.I64_STORE, CPU_EXCL_LOW, L_T);
    storeConstant(CPU_EXCL_HIGH, 0);
    get(L_T);
  }
  writeX(targetSlot(Rt(w)));
}

function storeRelease(w: u32, size: u32): void {
  checkAligned(size);
  translate(size, true);
  get(L_HOST);
  readX(sourceSlot(Rt(w)));
  access(storeOperator(size), 0);
}

/** What the monitor watches is aligned, as it was loaded. What it does not watch is left to the interpreter. */
function storeExclusive(w: u32, size: u32): void {
  get(L_CPU);
  access(W.I64_LOAD, CPU_EXCL_ADDR);
  get(L_VA);
  byte(W.I64_NE);
  get(L_CPU);
  access(W.I32_LOAD, CPU_EXCL_SIZE);
  i32c(size);
  byte(W.I32_NE);
  byte(W.I32_OR);
  leaveUndone();
  translate(size, true);
  i64c(1);
  set(L_T);
  pushValue(size);
  get(L_CPU);
  access(W.I64_LOAD, CPU_EXCL_LOW);
  byte(W.I64_EQ);
  openIf();
  get(L_HOST);
  readX(sourceSlot(Rt(w)));
  access(storeOperator(size), 0);
  i64c(0);
  set(L_T);
  close();
  storeConstant(CPU_EXCL_ADDR, EXCLUSIVE_NONE);
  get(L_T);
  writeX(targetSlot(Rs(w)));
}

/** Translates `w` if it is one of these; false, with nothing emitted, when its handler is to be called. */
export function emitExclusive(w: u32): bool {
  // Pairs have bit 21.
  if ((w & 0x3f20_0000) != 0x0800_0000) return false;
  const size: u32 = 1 << (w >> 30);
  const isExclusive = bits(w, 23, 1) == 0;
  const isLoad = bits(w, 22, 1) != 0;
  readX(Rn(w) << 3);
  set(L_VA);
  if (isLoad) load(w, size, isExclusive);
  else if (isExclusive) storeExclusive(w, size);
  else storeRelease(w, size);
  return true;
}
