/** Shifts, bit fields, and reversals and counts of bits of general registers. */
import * as R from "../cpu/records.gen";
import * as W from "./opcodes";
import { L_T, readX } from "./locals";
import { constant, imm, keep, low, operator, pushKept, rd, read, rm, rn, write, x } from "./operands";
import { byte, get, i64c, set } from "./writer";

/** Swaps each `width` bits of L_T, which `mask` selects every second of, with their neighbours. */
function swapPairs(width: u64, mask: u64): void {
  get(L_T);
  i64c(width);
  byte(W.I64_SHR_U);
  i64c(mask);
  byte(W.I64_AND);
  get(L_T);
  i64c(mask);
  byte(W.I64_AND);
  i64c(width);
  byte(W.I64_SHL);
  byte(W.I64_OR);
  set(L_T);
}

/** REV16, REV32, REV and RBIT of Rn, by swapping ever larger or smaller neighbours of the 64-bit value. */
export function emitReversed(bytesOf: u32, bits: bool): void {
  readX(rn);
  set(L_T);
  if (bits) {
    swapPairs(1, 0x5555_5555_5555_5555);
    swapPairs(2, 0x3333_3333_3333_3333);
    swapPairs(4, 0x0f0f_0f0f_0f0f_0f0f);
  }
  swapPairs(8, 0x00ff_00ff_00ff_00ff);
  if (bytesOf >= 4) {
    swapPairs(16, 0x0000_ffff_0000_ffff);
  }
  if (bytesOf == 8) {
    get(L_T);
    i64c(32);
    byte(W.I64_ROTR);
    set(L_T);
  }
  pushKept(L_T);
  write();
}

/** wasm takes the amount modulo the width, as LSLV and its kin do. */
function shiftByRegister(op: u32): void {
  read(rn);
  read(rm);
  operator(op);
}

/** Translates what has a kind of this name for W and one for X, by its W kind. False when it is none of these. */
export function emitBitKind(kind: u32): bool {
  switch (kind) {
    case R.REC_RBIT_W:
      emitReversed(x ? 8 : 4, true);
      return true;
    case R.REC_REV16_W:
      emitReversed(2, false);
      return true;
    case R.REC_REV_W:
      emitReversed(x ? 8 : 4, false);
      return true;
    default:
  }
  if (!pushBits(kind)) return false;
  write();
  return true;
}

/** Pushes the result of the others. */
function pushBits(kind: u32): bool {
  const width: u64 = x ? 64 : 32;
  switch (kind) {
    case R.REC_UBFX_W:
      read(rn);
      if (rm != 0) {
        constant(<u64>rm);
        operator(W.I32_SHR_U);
      }
      constant(imm);
      operator(W.I32_AND);
      return true;
    case R.REC_UBFIZ_W:
      read(rn);
      constant(imm);
      operator(W.I32_AND);
      constant(<u64>rm);
      operator(W.I32_SHL);
      return true;
    case R.REC_SBFX_W:
      read(rn);
      constant(<u64>rm);
      operator(W.I32_SHL);
      constant(<u64>low);
      operator(W.I32_SHR_S);
      return true;
    case R.REC_BFM_W:
      read(rd);
      constant(~imm);
      operator(W.I32_AND);
      read(rn);
      constant(<u64>rm);
      operator(W.I32_ROTR);
      constant(imm);
      operator(W.I32_AND);
      operator(W.I32_OR);
      return true;
    case R.REC_EXTR_W:
      read(rm);
      if (low == 0) return true;
      constant(<u64>low);
      operator(W.I32_SHR_U);
      read(rn);
      constant(width - <u64>low);
      operator(W.I32_SHL);
      operator(W.I32_OR);
      return true;
    case R.REC_LSLV_W:
      shiftByRegister(W.I32_SHL);
      return true;
    case R.REC_LSRV_W:
      shiftByRegister(W.I32_SHR_U);
      return true;
    case R.REC_ASRV_W:
      shiftByRegister(W.I32_SHR_S);
      return true;
    case R.REC_RORV_W:
      shiftByRegister(W.I32_ROTR);
      return true;
    case R.REC_CLZ_W:
      read(rn);
      operator(W.I32_CLZ);
      return true;
    case R.REC_CLS_W:
      read(rn);
      keep(L_T);
      pushKept(L_T);
      pushKept(L_T);
      constant(width - 1);
      operator(W.I32_SHR_S);
      operator(W.I32_XOR);
      operator(W.I32_CLZ);
      constant(1);
      operator(W.I32_SUB);
      return true;
    default:
      return false;
  }
}
