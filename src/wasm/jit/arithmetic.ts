/** Sums, logical operations, comparisons, selections, products and quotients of general registers. */
import * as R from "../cpu/records.gen";
import { CPU_SINK } from "../cpu/state";
import * as W from "./opcodes";
import {
  FLAGS_ADD,
  FLAGS_LOGIC,
  FLAGS_PACKED,
  FLAGS_SUB,
  conditionOf,
  flagsAre,
  flagsAreConditional,
  pushCondition,
} from "./flags";
import { L_CONDITION, L_FLAG_A, L_FLAG_B, L_T, L_U } from "./locals";
import {
  beginIf,
  comparison,
  constant,
  high,
  imm,
  keep,
  low,
  operator,
  pushKept,
  pushShifted,
  rd,
  read,
  rm,
  rn,
  write,
  x,
} from "./operands";
import { byte, get, i32c, set } from "./writer";

/** CS. */
const CARRY: u32 = 2;

/** Second operand of the four shapes: register, LSL, any shift or extension, immediate. */
function pushOperand(shape: u32): void {
  if (shape == 3) constant(imm);
  else if (shape == 0) read(rm);
  else pushShifted(rm, low, x);
}
function wide(kind: u32): u32 {
  return kind + (x ? 1 : 0);
}

/** ADD ADDS SUB SUBS AND BIC ORR ORN EOR EON ANDS BICS, numbered in the order of the record list; the shape of the second operand. */
export function emitArithmetic(operation: u32, shape: u32): void {
  const setsFlags = operation == 1 || operation == 3 || operation >= 10;
  const isSum = operation < 4;
  if (setsFlags && isSum) {
    read(rn);
    pushOperand(shape);
    keep(L_FLAG_B);
    keep(L_FLAG_A);
    flagsAre(wide(operation == 1 ? FLAGS_ADD : FLAGS_SUB));
    if (<usize>rd == CPU_SINK) return;
    pushKept(L_FLAG_A);
    pushKept(L_FLAG_B);
    operator(operation == 1 ? W.I32_ADD : W.I32_SUB);
    write();
    return;
  }
  const inverted = operation == 5 || operation == 7 || operation == 9 || operation == 11;
  read(rn);
  pushOperand(shape);
  if (inverted) {
    constant(0xffff_ffff_ffff_ffff);
    operator(W.I32_XOR);
  }
  if (operation == 0) operator(W.I32_ADD);
  else if (operation == 2) operator(W.I32_SUB);
  else if (operation == 6 || operation == 7) operator(W.I32_OR);
  else if (operation == 8 || operation == 9) operator(W.I32_XOR);
  else operator(W.I32_AND);
  if (!setsFlags) return write();
  keep(L_FLAG_A);
  flagsAre(wide(FLAGS_LOGIC));
  if (<usize>rd == CPU_SINK) return;
  pushKept(L_FLAG_A);
  write();
}

/** ADC and SBC; their flag-setting forms have NZCV computed here. */
function withCarry(subtract: bool, setsFlags: bool): void {
  pushCondition(CARRY);
  set(L_CONDITION);
  read(rn);
  keep(L_T);
  read(rm);
  if (subtract) {
    constant(0xffff_ffff_ffff_ffff);
    operator(W.I32_XOR);
  }
  keep(L_U);
  pushKept(L_T);
  pushKept(L_U);
  operator(W.I32_ADD);
  get(L_CONDITION);
  if (x) byte(W.I64_EXTEND_I32_U);
  operator(W.I32_ADD);
  if (!setsFlags) return write();
  keep(L_FLAG_B);
  // C: the sum is below an operand, or equal to it with a carry in; V: both operands have another sign than the sum.
  pushKept(L_FLAG_B);
  pushKept(L_T);
  comparison(W.I32_LT_U);
  pushKept(L_FLAG_B);
  pushKept(L_T);
  comparison(W.I32_EQ);
  get(L_CONDITION);
  byte(W.I32_AND);
  byte(W.I32_OR);
  i32c(1);
  byte(W.I32_SHL);
  pushSign(L_T, L_U);
  byte(W.I32_OR);
  pushKept(L_FLAG_B);
  constant(0);
  comparison(W.I32_EQ);
  i32c(2);
  byte(W.I32_SHL);
  byte(W.I32_OR);
  pushKept(L_FLAG_B);
  constant(0);
  comparison(W.I32_LT_S);
  i32c(3);
  byte(W.I32_SHL);
  byte(W.I32_OR);
  byte(W.I64_EXTEND_I32_U);
  set(L_FLAG_A);
  flagsAre(FLAGS_PACKED);
  pushKept(L_FLAG_B);
  write();
}
/** Pushes the sign of (a ^ r) & (b ^ r), r in L_FLAG_B. */
function pushSign(a: u32, b: u32): void {
  pushKept(a);
  pushKept(L_FLAG_B);
  operator(W.I32_XOR);
  pushKept(b);
  pushKept(L_FLAG_B);
  operator(W.I32_XOR);
  operator(W.I32_AND);
  constant(0);
  comparison(W.I32_LT_S);
}

function conditionalCompare(isAdd: bool, isImmediate: bool): void {
  pushCondition(conditionOf(low & 0xffff));
  set(L_CONDITION);
  read(rn);
  if (isImmediate) constant(<u64>high);
  else read(rm);
  keep(L_FLAG_B);
  keep(L_FLAG_A);
  flagsAreConditional(wide(isAdd ? FLAGS_ADD : FLAGS_SUB), low >> 16);
}

/** CSEL CSINC CSINV CSNEG. */
function conditionalSelect(which: u32): void {
  read(rn);
  if (which == 3) constant(0);
  read(rm);
  if (which == 1) {
    constant(1);
    operator(W.I32_ADD);
  } else if (which == 2) {
    constant(0xffff_ffff_ffff_ffff);
    operator(W.I32_XOR);
  } else if (which == 3) operator(W.I32_SUB);
  pushCondition(conditionOf(low));
  byte(W.SELECT);
  write();
}

/** Division by zero gives 0, the most negative number by -1 itself (ARM ARM C6.2, SDIV). */
function divide(signed: bool): void {
  read(rn);
  keep(L_T);
  read(rm);
  keep(L_U);
  pushKept(L_U);
  constant(0);
  comparison(W.I32_EQ);
  beginIf();
  constant(0);
  byte(W.ELSE);
  if (signed) {
    pushKept(L_U);
    constant(0xffff_ffff_ffff_ffff);
    comparison(W.I32_EQ);
    beginIf();
    constant(0);
    pushKept(L_T);
    operator(W.I32_SUB);
    byte(W.ELSE);
  }
  pushKept(L_T);
  pushKept(L_U);
  operator(signed ? W.I32_DIV_S : W.I32_DIV_U);
  if (signed) byte(W.END);
  byte(W.END);
  write();
}
/** MADD and MSUB. */
function multiplyAdd(op: u32): void {
  read(low);
  read(rn);
  read(rm);
  operator(W.I32_MUL);
  operator(op);
  write();
}

/** Translates what has a kind of this name for W and one for X, by its W kind. False when it is none of these. */
export function emitArithmeticKind(kind: u32): bool {
  switch (kind) {
    case R.REC_UDIV_W:
      divide(false);
      return true;
    case R.REC_SDIV_W:
      divide(true);
      return true;
    case R.REC_MADD_W:
      multiplyAdd(W.I32_ADD);
      return true;
    case R.REC_MSUB_W:
      multiplyAdd(W.I32_SUB);
      return true;
    case R.REC_CSEL_W:
      conditionalSelect(0);
      return true;
    case R.REC_CSINC_W:
      conditionalSelect(1);
      return true;
    case R.REC_CSINV_W:
      conditionalSelect(2);
      return true;
    case R.REC_CSNEG_W:
      conditionalSelect(3);
      return true;
    case R.REC_CCMN_REG_W:
      conditionalCompare(true, false);
      return true;
    case R.REC_CCMN_IMM_W:
      conditionalCompare(true, true);
      return true;
    case R.REC_CCMP_REG_W:
      conditionalCompare(false, false);
      return true;
    case R.REC_CCMP_IMM_W:
      conditionalCompare(false, true);
      return true;
    case R.REC_ADC_W:
      withCarry(false, false);
      return true;
    case R.REC_SBC_W:
      withCarry(true, false);
      return true;
    case R.REC_ADCS_W:
      withCarry(false, true);
      return true;
    case R.REC_SBCS_W:
      withCarry(true, true);
      return true;
    default:
      return false;
  }
}
