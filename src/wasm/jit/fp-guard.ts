/**
 * The surroundings of a floating-point instruction's own code. The host's arithmetic gives the result; where that might not be the
 * architecture's, or a flag might change, the interpreter's handler does the instruction (engine of last resort for NaNs, infinities,
 * underflow, and for all modes that are not the default). The conditions are those of lib/softfloat/host-arithmetic.ts.
 */
import {
  CPU_KEPT_F32,
  CPU_KEPT_F64,
  CPU_ORDINARY_F32,
  CPU_ORDINARY_F64,
  CPU_ROUNDED_F32,
  CPU_ROUNDED_F64,
} from "../cpu/state";
import { leastOrdinary } from "../lib/softfloat/host-limits";
import { LABEL_DONE, LABEL_GOOD, LABEL_SLOW, branchTo, close, openBlock } from "./exits";
import { emitCall } from "./handlers";
import { hintLikely, hintUnlikely } from "./hints";
import { L_CPU, L_D, L_E, L_R, L_S, L_ZERO, flushRegisters, readV, reloadRegisters, writeV } from "./locals";
import * as W from "./opcodes";
import { access, accessV, byte, get, i32c, i64c, set, simd, tee } from "./writer";

let word: u32 = 0;
let handler: u32 = 0;
let double: bool = false;
/** The operands' precision, where it is another one. */
let fromDouble: bool = false;

/** The instruction that is translated next, its handler, and whether it is one of double precision. */
export function beginFp(w: u32, index: u32, isDouble: bool): void {
  word = w;
  handler = index;
  double = isDouble;
  fromDouble = isDouble;
}
/** The operands are not of the result's precision. */
export function fromOther(): void {
  fromDouble = !double;
}
export function isDouble(): bool {
  return double;
}

/** Emits an operator by its f32 form. */
export function compareF(op: u32): void {
  byte(double ? op + W.COMPARE_TO_F64 : op);
}
export function operateF(op: u32): void {
  byte(double ? op + W.ARITHMETIC_TO_F64 : op);
}
/** The temporaries of the precision: the result and its magnitude. */
export function resultLocal(): u32 {
  return double ? L_D : L_S;
}
export function magnitudeLocal(): u32 {
  return double ? L_E : L_R;
}
/** Pushes element 0 of V<n>. */
export function readF(n: u32): void {
  readV(n);
  simd(fromDouble ? W.F64X2_EXTRACT_LANE : W.F32X4_EXTRACT_LANE);
  byte(0);
}
/** Before the value of a scalar result is pushed. */
export function beginScalar(): void {
  get(L_ZERO);
}
/** Pops it into V<n>, whose other elements become 0. */
export function writeScalar(n: u32): void {
  simd(double ? W.F64X2_REPLACE_LANE : W.F32X4_REPLACE_LANE);
  byte(0);
  writeV(n);
}
/** Pushes a constant: `bits` in double precision. */
export function constantF(value: f64): void {
  if (double) constantF64(value);
  else {
    byte(W.F32_CONST);
    bytesOf(<u64>reinterpret<u32>(<f32>value), 4);
  }
}
export function constantF64(value: f64): void {
  byte(W.F64_CONST);
  bytesOf(reinterpret<u64>(value), 8);
}
/** The low `count` bytes of `value`. */
export function bytesOf(value: u64, count: u32): void {
  for (let i: u32 = 0; i < count; i++) byte(<u32>(value >> ((<u64>i) << 3)) & 0xff);
}

/** Opens the code that tries the host's arithmetic. */
export function beginHost(): void {
  openBlock(LABEL_DONE);
  openBlock(LABEL_SLOW);
}
/** Pops an i32: when it is 0 the handler does the instruction. */
export function slowUnless(): void {
  byte(W.I32_EQZ);
  hintUnlikely();
  branchTo(W.BR_IF, LABEL_SLOW);
}
/** The result is written: ends the code that does without the handler, whose call comes next. */
export function beginSlow(): void {
  branchTo(W.BR, LABEL_DONE);
  close();
}
/** Emits the call of the handler, which reads the V registers of set `from` and writes those of set `to`. */
export function callSlow(from: u32, to: u32): void {
  callSlowWith(0, from, 0, to);
}
/** The same with general registers. */
function callSlowWith(generalFrom: u32, from: u32, generalTo: u32, to: u32): void {
  flushRegisters(generalFrom, from);
  emitCall(word, handler);
  reloadRegisters(generalTo, to);
}
/** Pushes the limits of slowUnlessRounded and of slowUnlessKept in all lanes. */
export function roundedLanes(): void {
  get(L_CPU);
  if (double) accessV(W.V128_LOAD64_SPLAT, CPU_ROUNDED_F64);
  else accessV(W.V128_LOAD32_SPLAT, CPU_ROUNDED_F32);
}
export function keptLanes(): void {
  get(L_CPU);
  if (double) accessV(W.V128_LOAD64_SPLAT, CPU_KEPT_F64);
  else accessV(W.V128_LOAD32_SPLAT, CPU_KEPT_F32);
}
/** Ends the code with the call of a handler that reads V<n> and writes the general register d, and of one the other way round. */
export function orHandlerToGeneral(n: u32, d: u32): void {
  beginSlow();
  callSlowWith(0, 1 << n, (1 << d) & 0x7fff_ffff, 0);
  endSlow();
}
export function orHandlerFromGeneral(n: u32, d: u32): void {
  beginSlow();
  callSlowWith((1 << n) & 0x7fff_ffff, 0, 0, 1 << d);
  endSlow();
}
export function endSlow(): void {
  close();
}
/** The same with nothing else to do. */
export function orHandler(from: u32, to: u32): void {
  beginSlow();
  callSlow(from, to);
  endSlow();
}

/** Pops a magnitude: slow unless it is finite, the host rounds as FPCR says and Inexact is raised already. */
export function slowUnlessRounded(): void {
  get(L_CPU);
  if (double) access(W.F64_LOAD, CPU_ROUNDED_F64);
  else access(W.F32_LOAD, CPU_ROUNDED_F32);
  compareF(W.F32_LT);
  slowUnless();
}
/** Pops a magnitude: slow if it is a NaN, or if denormals are flushed. */
export function slowUnlessKept(): void {
  get(L_CPU);
  if (double) access(W.F64_LOAD, CPU_KEPT_F64);
  else access(W.F32_LOAD, CPU_KEPT_F32);
  compareF(W.F32_LE);
  slowUnless();
}

/** Pushes whether element 0 of V<n> is a zero. */
function isZero(n: u32): void {
  readV(n);
  simd(fromDouble ? W.I64X2_EXTRACT_LANE : W.I32X4_EXTRACT_LANE);
  byte(0);
  if (fromDouble) {
    i64c(1);
    byte(W.I64_SHL);
    byte(W.I64_EQZ);
  } else {
    i32c(1);
    byte(W.I32_SHL);
    byte(W.I32_EQZ);
  }
}

/** Pushes whether the result is above the least normal value and finite, and the host may round it: one comparison of integers. */
function pushIsOrdinary(): void {
  get(resultLocal());
  if (double) {
    byte(W.I64_REINTERPRET_F64);
    i64c(1);
    byte(W.I64_SHL);
    i64c(leastOrdinary<u64>());
    byte(W.I64_SUB);
    get(L_CPU);
    access(W.I64_LOAD, CPU_ORDINARY_F64);
    byte(W.I32_LT_U + W.COMPARE_TO_I64);
  } else {
    byte(W.I32_REINTERPRET_F32);
    i32c(1);
    byte(W.I32_SHL);
    i32c(leastOrdinary<u32>());
    byte(W.I32_SUB);
    get(L_CPU);
    access(W.I32_LOAD, CPU_ORDINARY_F32);
    byte(W.I32_LT_U);
  }
}

/**
 * Pops the result into resultLocal(): slow unless it is in the range where rounding raises Inexact only, or is exact because
 * V<n> or V<m> is zero.
 */
export function slowUnlessOrdinary(n: u32, m: u32): void {
  set(resultLocal());
  openBlock(LABEL_GOOD);
  pushIsOrdinary();
  hintLikely();
  branchTo(W.BR_IF, LABEL_GOOD);
  get(resultLocal());
  operateF(W.F32_ABS);
  slowUnlessRounded();
  isZero(n);
  if (m != n) {
    isZero(m);
    byte(W.I32_OR);
  }
  slowUnless();
  close();
}
/** Pops the result into resultLocal(): slow unless it is finite. */
export function slowUnlessFinite(): void {
  tee(resultLocal());
  operateF(W.F32_ABS);
  slowUnlessRounded();
}
/** Pops it: slow if it is a NaN. */
export function slowUnlessNumber(): void {
  tee(resultLocal());
  operateF(W.F32_ABS);
  slowUnlessKept();
}
/** Emits V<d> = the result. */
export function writeResult(d: u32): void {
  beginScalar();
  get(resultLocal());
  writeScalar(d);
}
