/** Data processing of general registers: each record kind of the run loop as WebAssembly. */
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
import { L_CONDITION, L_FLAG_A, L_FLAG_B, L_PAGE, L_T, L_U, readW, readX, writeW, writeX } from "./locals";
import { byte, get, i32c, i64c, leb, set } from "./writer";

/** Operand fields of the record being translated. */
let rd: u32 = 0;
let rn: u32 = 0;
let rm: u32 = 0;
let low: u32 = 0;
let high: u32 = 0;
let imm: u64 = 0;
let x: bool = false;

/** Kinds of X behind those of W: groups of one width, and ALU kinds, which alternate. */
const X_KINDS: u32 = R.REC_UBFX_X - R.REC_UBFX_W;

function read(slot: u32): void {
  if (x) readX(slot);
  else readW(slot);
}
function write(): void {
  if (x) writeX(rd);
  else writeW(rd);
}
function constant(value: u64): void {
  if (x) i64c(value);
  else i32c(<u32>value);
}
/** An arithmetic operator, given for i32. */
function operator(op: u32): void {
  byte(x ? op + W.ARITHMETIC_TO_I64 : op);
}
/** A comparison, given for i32. */
function comparison(op: u32): void {
  byte(x ? op + W.COMPARE_TO_I64 : op);
}
function call(index: u32): void {
  byte(W.CALL);
  leb(index);
}

const OP_SUB: u32 = 0x6b;
const OP_MUL: u32 = 0x6c;
const OP_DIV_S: u32 = 0x6d;
const OP_DIV_U: u32 = 0x6e;
const OP_AND: u32 = 0x71;
const OP_OR: u32 = 0x72;
const OP_XOR: u32 = 0x73;
const OP_SHL: u32 = 0x74;
const OP_SHR_S: u32 = 0x75;
const OP_SHR_U: u32 = 0x76;
const OP_ROTR: u32 = 0x78;
const OP_CLZ: u32 = 0x67;
const CMP_EQ: u32 = 0x46;
/** CS. */
const CARRY: u32 = 2;

/** ShiftReg and ExtendReg of register `slot`: `how` as lib/bits.ts shiftX has it. */
export function pushShifted(slot: u32, how: u32, wide: bool): void {
  const kind = how >> 8;
  const amount = how & 63;
  if (kind < 4) {
    if (wide) readX(slot);
    else readW(slot);
    if (amount == 0) return;
    if (wide) i64c(<u64>amount);
    else i32c(amount);
    const op = kind == 0 ? OP_SHL : kind == 1 ? OP_SHR_U : kind == 2 ? OP_SHR_S : OP_ROTR;
    byte(wide ? op + W.ARITHMETIC_TO_I64 : op);
    return;
  }
  readX(slot);
  switch (kind) {
    case 4:
      i64c(0xff);
      byte(W.I64_AND);
      break;
    case 5:
      i64c(0xffff);
      byte(W.I64_AND);
      break;
    case 6:
      byte(W.I32_WRAP_I64);
      byte(W.I64_EXTEND_I32_U);
      break;
    case 8:
      byte(W.I64_EXTEND8_S);
      break;
    case 9:
      byte(W.I64_EXTEND16_S);
      break;
    case 10:
      byte(W.I64_EXTEND32_S);
      break;
    default:
  }
  if (amount != 0) {
    i64c(<u64>amount);
    byte(W.I64_SHL);
  }
  if (!wide) byte(W.I32_WRAP_I64);
}

/** Second operand of the four shapes: register, LSL, any shift or extension, immediate. */
function pushOperand(shape: u32): void {
  if (shape == 3) constant(imm);
  else if (shape == 0) read(rm);
  else pushShifted(rm, low, x);
}
/** Pops an operand into a local of the flags. */
function keep(local: u32): void {
  if (!x) byte(W.I64_EXTEND_I32_U);
  set(local);
}
function pushKept(local: u32): void {
  get(local);
  if (!x) byte(W.I32_WRAP_I64);
}
function wide(kind: u32): u32 {
  return kind + (x ? 1 : 0);
}

/** ADD ADDS SUB SUBS AND BIC ORR ORN EOR EON ANDS BICS, in the order of the record list. */
function arithmetic(operation: u32, shape: u32): void {
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
    operator(operation == 1 ? W.I32_ADD : OP_SUB);
    write();
    return;
  }
  const inverted = operation == 5 || operation == 7 || operation == 9 || operation == 11;
  read(rn);
  pushOperand(shape);
  if (inverted) {
    constant(0xffff_ffff_ffff_ffff);
    operator(OP_XOR);
  }
  if (operation == 0) operator(W.I32_ADD);
  else if (operation == 2) operator(OP_SUB);
  else if (operation == 6 || operation == 7) operator(OP_OR);
  else if (operation == 8 || operation == 9) operator(OP_XOR);
  else operator(OP_AND);
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
    operator(OP_XOR);
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
  comparison(CMP_EQ);
  get(L_CONDITION);
  byte(W.I32_AND);
  byte(W.I32_OR);
  i32c(1);
  byte(W.I32_SHL);
  pushSign(L_T, L_U);
  byte(W.I32_OR);
  pushKept(L_FLAG_B);
  constant(0);
  comparison(CMP_EQ);
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
  operator(OP_XOR);
  pushKept(b);
  pushKept(L_FLAG_B);
  operator(OP_XOR);
  operator(OP_AND);
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
    operator(OP_XOR);
  } else if (which == 3) operator(OP_SUB);
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
  comparison(CMP_EQ);
  block(W.IF);
  constant(0);
  byte(W.ELSE);
  if (signed) {
    pushKept(L_U);
    constant(0xffff_ffff_ffff_ffff);
    comparison(CMP_EQ);
    block(W.IF);
    constant(0);
    pushKept(L_T);
    operator(OP_SUB);
    byte(W.ELSE);
  }
  pushKept(L_T);
  pushKept(L_U);
  operator(signed ? OP_DIV_S : OP_DIV_U);
  if (signed) byte(W.END);
  byte(W.END);
  write();
}
function block(op: u32): void {
  byte(op);
  byte(x ? W.TYPE_I64 : W.TYPE_I32);
}

/** Pushes L_T with each `width` bits of it swapped pairwise, in i64. */
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
}

/** REV16, REV32, REV and RBIT by swapping ever larger or smaller neighbours; the 64-bit value is in L_T and stays there. */
function reverse(bytesOf: u32, bits: bool): void {
  if (bits) {
    swapPairs(1, 0x5555_5555_5555_5555);
    set(L_T);
    swapPairs(2, 0x3333_3333_3333_3333);
    set(L_T);
    swapPairs(4, 0x0f0f_0f0f_0f0f_0f0f);
    set(L_T);
  }
  swapPairs(8, 0x00ff_00ff_00ff_00ff);
  set(L_T);
  if (bytesOf >= 4) {
    swapPairs(16, 0x0000_ffff_0000_ffff);
    set(L_T);
  }
  if (bytesOf == 8) {
    get(L_T);
    i64c(32);
    byte(W.I64_ROTR);
    set(L_T);
  }
}
function reversed(bytesOf: u32, bits: bool): void {
  readX(rn);
  set(L_T);
  reverse(bytesOf, bits);
  pushKept(L_T);
  write();
}

/** Kinds that exist for W and X, by their W kind. False when it is none of these. */
function widthKind(kind: u32): bool {
  const width: u64 = x ? 64 : 32;
  if (<usize>rd == CPU_SINK && kind != R.REC_ADCS_W && kind != R.REC_SBCS_W) return true;
  switch (kind) {
    case R.REC_UBFX_W:
      read(rn);
      if (rm != 0) {
        constant(<u64>rm);
        operator(OP_SHR_U);
      }
      constant(imm);
      operator(OP_AND);
      break;
    case R.REC_UBFIZ_W:
      read(rn);
      constant(imm);
      operator(OP_AND);
      constant(<u64>rm);
      operator(OP_SHL);
      break;
    case R.REC_SBFX_W:
      read(rn);
      constant(<u64>rm);
      operator(OP_SHL);
      constant(<u64>low);
      operator(OP_SHR_S);
      break;
    case R.REC_BFM_W:
      read(rd);
      constant(~imm);
      operator(OP_AND);
      read(rn);
      constant(<u64>rm);
      operator(OP_ROTR);
      constant(imm);
      operator(OP_AND);
      operator(OP_OR);
      break;
    case R.REC_EXTR_W:
      read(rm);
      if (low == 0) break;
      constant(<u64>low);
      operator(OP_SHR_U);
      read(rn);
      constant(width - <u64>low);
      operator(OP_SHL);
      operator(OP_OR);
      break;
    case R.REC_UDIV_W:
      divide(false);
      return true;
    case R.REC_SDIV_W:
      divide(true);
      return true;
    case R.REC_LSLV_W:
      return shiftByRegister(OP_SHL);
    case R.REC_LSRV_W:
      return shiftByRegister(OP_SHR_U);
    case R.REC_ASRV_W:
      return shiftByRegister(OP_SHR_S);
    case R.REC_RORV_W:
      return shiftByRegister(OP_ROTR);
    case R.REC_RBIT_W:
      if (x) reversed(8, true);
      else reversed(4, true);
      return true;
    case R.REC_REV16_W:
      reversed(2, false);
      return true;
    case R.REC_REV_W:
      reversed(x ? 8 : 4, false);
      return true;
    case R.REC_CLZ_W:
      read(rn);
      operator(OP_CLZ);
      break;
    case R.REC_CLS_W:
      read(rn);
      keep(L_T);
      pushKept(L_T);
      pushKept(L_T);
      constant(width - 1);
      operator(OP_SHR_S);
      operator(OP_XOR);
      operator(OP_CLZ);
      constant(1);
      operator(OP_SUB);
      break;
    case R.REC_MADD_W:
    case R.REC_MSUB_W:
      read(low);
      read(rn);
      read(rm);
      operator(OP_MUL);
      operator(kind == R.REC_MADD_W ? W.I32_ADD : OP_SUB);
      break;
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
  write();
  return true;
}

/** wasm takes the amount modulo the width, as LSLV and its kin do. */
function shiftByRegister(op: u32): bool {
  read(rn);
  read(rm);
  operator(op);
  write();
  return true;
}

/** SMADDL, SMSUBL, UMADDL, UMSUBL. */
function longProduct(signed: bool, op: u32): void {
  const extend = signed ? W.I64_EXTEND_I32_S : W.I64_EXTEND_I32_U;
  readX(low);
  readW(rn);
  byte(extend);
  readW(rm);
  byte(extend);
  byte(W.I64_MUL);
  byte(op);
  writeX(rd);
}

/** Indices of the imported functions for 128-bit products. */
export const FUNCTION_UMULH: u32 = 2;
export const FUNCTION_SMULH: u32 = 3;

function singleKind(kind: u32): bool {
  switch (kind) {
    case R.REC_MOV_W:
      readW(rm);
      writeW(rd);
      return true;
    case R.REC_MOV_X:
      readX(rm);
      writeX(rd);
      return true;
    case R.REC_MOV_CONST:
      i64c(imm);
      writeX(rd);
      return true;
    case R.REC_MOVK_W:
      if (<usize>rd == CPU_SINK) return true;
      readX(rd);
      i64c(<u64>high);
      byte(W.I64_AND);
      i64c(<u64>low);
      byte(W.I64_OR);
      writeX(rd);
      return true;
    case R.REC_MOVK_X:
      if (<usize>rd == CPU_SINK) return true;
      readX(rd);
      i64c(~((<u64>0xffff) << (<u64>rm)));
      byte(W.I64_AND);
      i64c(imm);
      byte(W.I64_OR);
      writeX(rd);
      return true;
    case R.REC_ADR:
      get(L_PAGE);
      i64c(imm);
      byte(W.I64_ADD);
      writeX(rd);
      return true;
    case R.REC_REV32:
      x = true;
      reversed(4, false);
      return true;
    case R.REC_SMADDL:
      longProduct(true, W.I64_ADD);
      return true;
    case R.REC_SMSUBL:
      longProduct(true, W.I64_SUB);
      return true;
    case R.REC_UMADDL:
      longProduct(false, W.I64_ADD);
      return true;
    case R.REC_UMSUBL:
      longProduct(false, W.I64_SUB);
      return true;
    case R.REC_UMULH:
    case R.REC_SMULH:
      readX(rn);
      readX(rm);
      call(kind == R.REC_UMULH ? FUNCTION_UMULH : FUNCTION_SMULH);
      writeX(rd);
      return true;
    case R.REC_NOP:
    case R.REC_YIELD:
      return true;
    default:
      return false;
  }
}

/** Translates `record` if it is one of these; false when it is not. */
export function emitInteger(record: usize): bool {
  const kind = <u32>load<u16>(record);
  rd = <u32>load<u16>(record, 2);
  rn = <u32>load<u16>(record, 4);
  rm = <u32>load<u16>(record, 6);
  low = load<u32>(record, 8);
  high = load<u32>(record, 12);
  imm = load<u64>(record, 8);
  if (kind >= R.REC_ADD_REG_W && kind <= R.REC_BICS_IMM_X) {
    const index = kind - R.REC_ADD_REG_W;
    x = (index & 1) != 0;
    arithmetic(index >> 3, (index >> 1) & 3);
    return true;
  }
  if (kind >= R.REC_UBFX_W && kind < R.REC_UBFX_W + 2 * X_KINDS) {
    x = kind >= R.REC_UBFX_X;
    return widthKind(x ? kind - X_KINDS : kind);
  }
  return singleKind(kind);
}
