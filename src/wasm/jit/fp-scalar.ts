/** Scalar floating-point data processing, comparison and selection. */
import { CPU_NZCV } from "../cpu/state";
import { close, openIf } from "./exits";
import { FLAGS_SUB, flagsAre, flagsAreConditional, flushFlags, pushCondition } from "./flags";
import {
  beginFp,
  beginHost,
  beginScalar,
  beginSlow,
  bytesOf,
  callSlow,
  compareF,
  constantF,
  endSlow,
  isDouble,
  magnitudeLocal,
  operateF,
  orHandler,
  readF,
  resultLocal,
  slowUnlessFinite,
  slowUnlessKept,
  slowUnlessNumber,
  slowUnlessOrdinary,
  writeResult,
  writeScalar,
} from "./fp-guard";
import { L_CONDITION, L_CPU, L_FLAG_A, L_FLAG_B, writeV } from "./locals";
import * as W from "./opcodes";
import { emitFpConvert, emitFpRound } from "./fp-convert";
import { access, byte, get, i32c, i64c, set, simd, tee } from "./writer";

let d: u32 = 0;
let n: u32 = 0;
let m: u32 = 0;

function begin(w: u32, index: u32): void {
  beginFp(w, index, (w & (1 << 22)) != 0);
  d = w & 31;
  n = (w >> 5) & 31;
  m = (w >> 16) & 31;
}

/** Operators of FMUL FDIV FADD FSUB FMAX FMIN FMAXNM FMINNM FNMUL, by opcode. */
function binaryOperator(opcode: u32): u32 {
  switch (opcode) {
    case 0:
    case 8:
      return W.F32_MUL;
    case 1:
      return W.F32_DIV;
    case 2:
      return W.F32_ADD;
    case 3:
      return W.F32_SUB;
    case 4:
    case 6:
      return W.F32_MAX;
    default:
      return W.F32_MIN;
  }
}

/** Data processing with two sources. */
export function emitFpBinary(w: u32, index: u32): bool {
  const opcode = (w >> 12) & 15;
  if (opcode > 8) return false;
  begin(w, index);
  beginHost();
  readF(n);
  readF(m);
  operateF(binaryOperator(opcode));
  // Sums of tiny values are exact; of products and quotients the tiny ones may be inexact, but not those of a zero.
  if (opcode == 2 || opcode == 3) slowUnlessFinite();
  else if (opcode >= 4 && opcode < 8) slowUnlessNumber();
  else slowUnlessOrdinary(n, opcode == 1 ? n : m);
  beginScalar();
  get(resultLocal());
  if (opcode == 8) operateF(W.F32_NEG);
  writeScalar(d);
  orHandler((1 << n) | (1 << m), 1 << d);
  return true;
}

/** Data processing with one source. */
export function emitFpUnary(w: u32, index: u32): bool {
  const opcode = (w >> 15) & 63;
  begin(w, index);
  // Opcode 0, FMOV, is a move of bits (simd-copy.ts).
  if (opcode <= 2) {
    beginScalar();
    readF(n);
    operateF(opcode == 1 ? W.F32_ABS : W.F32_NEG);
    writeScalar(d);
    return true;
  }
  if (opcode != 3) return opcode < 8 ? emitFpConvert(w, index) : emitFpRound(w, index);
  beginHost();
  readF(n);
  operateF(W.F32_SQRT);
  slowUnlessFinite();
  writeResult(d);
  orHandler(1 << n, 1 << d);
  return true;
}

/** VFPExpandImm, as a vector with zeros behind it. */
export function emitFpImmediate(w: u32, index: u32): bool {
  begin(w, index);
  const imm8 = (w >> 13) & 255;
  const sign = <u64>(imm8 >> 7);
  const b = <u64>((imm8 >> 6) & 1);
  const low = <u64>(imm8 & 63);
  let value: u64 = 0;
  if (isDouble()) value = (sign << 63) | ((b ^ 1) << 62) | ((b * 0xff) << 54) | (low << 48);
  else value = (sign << 31) | ((b ^ 1) << 30) | ((b * 0x1f) << 25) | (low << 19);
  simd(W.V128_CONST);
  bytesOf(value, 8);
  bytesOf(0, 8);
  writeV(d);
  return true;
}

/** FCSEL. */
export function emitFpSelect(w: u32, index: u32): bool {
  begin(w, index);
  beginScalar();
  readF(n);
  readF(m);
  pushCondition((w >> 12) & 15);
  byte(W.SELECT);
  writeScalar(d);
  return true;
}

/** Emits L_FLAG_A and L_FLAG_B from the handler's NZCV, 0001 of which is A = 2^31 and B = 1. */
function flagsFromHandler(): void {
  get(L_CPU);
  access(W.I32_LOAD, CPU_NZCV);
  tee(L_CONDITION);
  i32c(3);
  byte(W.I32_SHR_U);
  get(L_CONDITION);
  byte(W.I32_OR);
  i32c(1);
  byte(W.I32_AND);
  byte(W.I64_EXTEND_I32_U);
  set(L_FLAG_B);
  i64c(0x8000_0000);
  get(L_CONDITION);
  i32c(2);
  byte(W.I32_EQ);
  byte(W.I64_EXTEND_I32_U);
  get(L_CONDITION);
  i32c(3);
  byte(W.I32_EQ);
  byte(W.SELECT);
  set(L_FLAG_A);
}

/**
 * FCMP, FCMPE, and with a condition FCCMP, FCCMPE. NZCV of x and y are those of the subtraction (x > y) - (x < y) of 32-bit integers:
 * less 1000, equal 0110, greater 0010; and the 0011 of unordered ones are those of 2^31 - 1.
 */
export function emitFpCompare(w: u32, index: u32, conditional: bool): bool {
  begin(w, index);
  const withZero = !conditional && (w & 8) != 0;
  const from: u32 = withZero ? 1 << n : (1 << n) | (1 << m);
  if (conditional) {
    pushCondition((w >> 12) & 15);
    set(L_CONDITION);
  }
  beginHost();
  readF(n);
  slowUnlessNumber();
  if (withZero) constantF(0);
  else readF(m);
  if (withZero) set(magnitudeLocal());
  else {
    tee(magnitudeLocal());
    operateF(W.F32_ABS);
    slowUnlessKept();
  }
  orderedFlags(L_FLAG_A, W.F32_GT);
  orderedFlags(L_FLAG_B, W.F32_LT);
  beginSlow();
  if (conditional) {
    get(L_CONDITION);
    openIf();
    flushFlags();
    callSlow(from, 0);
    flagsFromHandler();
    i32c(1);
    set(L_CONDITION);
    close();
  } else {
    callSlow(from, 0);
    flagsFromHandler();
  }
  endSlow();
  if (conditional) flagsAreConditional(FLAGS_SUB, w & 15);
  else flagsAre(FLAGS_SUB);
  return true;
}

function orderedFlags(local: u32, op: u32): void {
  get(resultLocal());
  get(magnitudeLocal());
  compareF(op);
  byte(W.I64_EXTEND_I32_U);
  set(local);
}
