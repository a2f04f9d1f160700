/**
 * Vectors of floating-point numbers in v128: four singles or two doubles are worked on at once, of which 64-bit vectors and scalars
 * use the first. What stands in the others is neither looked at nor kept. The conditions are those of fp-guard.ts, for all lanes.
 */
import { LABEL_GOOD, branchTo, close, openBlock } from "./exits";
import { beginFp, bytesOf, isDouble, keptLanes, roundedLanes, slowUnless } from "./fp-guard";
import { hintLikely } from "./hints";
import { L_V, L_W, L_ZERO, readV, writeV } from "./locals";
import * as W from "./opcodes";
import { byte, get, i64c, simd, tee } from "./writer";

/** Bytes of V<d> that are the instruction's: 16, 8, or 4. */
let size: u32 = 16;

/** The instruction that is translated next; bit 28 tells scalars from vectors. */
export function beginLanes(w: u32, index: u32): void {
  const double = (w & (1 << 22)) != 0;
  beginFp(w, index, double);
  if ((w & (1 << 28)) != 0) size = double ? 8 : 4;
  else size = (w & (1 << 30)) != 0 ? 16 : 8;
}
/** The result is of 128 bits whatever Q says. */
export function allLanes(): void {
  size = 16;
}
/** Only the first lane counts. */
export function isSingleLane(): bool {
  return size == (isDouble() ? 8 : 4);
}
/** A 64-bit vector of singles. */
export function isHalf(): bool {
  return size == 8 && !isDouble();
}

/** Emits an operator by its f32x4 form. */
export function compareLanes(op: u32): void {
  simd(isDouble() ? op + W.COMPARE_TO_F64X2 : op);
}
export function operateLanes(op: u32): void {
  simd(isDouble() ? op + W.ARITHMETIC_TO_F64X2 : op);
}
/** Pushes `value` in all lanes. */
export function constantLanes(value: f64): void {
  simd(W.V128_CONST);
  for (let i = 0; i < (isDouble() ? 2 : 4); i++) {
    if (isDouble()) bytesOf(reinterpret<u64>(value), 8);
    else bytesOf(<u64>reinterpret<u32>(<f32>value), 4);
  }
}

/** Pops a mask, pushes whether it is all ones in the instruction's lanes. */
function everywhere(): void {
  if (size == 16) simd(W.I32X4_ALL_TRUE);
  else if (size == 8) {
    simd(W.I64X2_EXTRACT_LANE);
    byte(0);
    i64c(0xffff_ffff_ffff_ffff);
    byte(W.I64_EQ);
  } else {
    simd(W.I32X4_EXTRACT_LANE);
    byte(0);
  }
}
/** Pops a mask: slow unless it is all ones. */
export function slowUnlessEverywhere(): void {
  everywhere();
  slowUnless();
}
/** Pops the result into L_V: slow unless it is finite. */
export function slowUnlessFiniteLanes(): void {
  tee(L_V);
  operateLanes(W.F32X4_ABS);
  roundedLanes();
  compareLanes(W.F32X4_LT);
  slowUnlessEverywhere();
}
/** Pops it: slow if there is a NaN. */
export function slowUnlessNumberLanes(): void {
  tee(L_V);
  pushKept();
  slowUnlessEverywhere();
}
/** Pops a vector, pushes where it is a number that is taken as it is. */
export function pushKept(): void {
  operateLanes(W.F32X4_ABS);
  keptLanes();
  compareLanes(W.F32X4_LE);
}
/** Pops the result into L_V: the first part of the test that rounding raises Inexact only, which ends with endOrdinary. */
export function beginOrdinary(): void {
  tee(L_V);
  operateLanes(W.F32X4_ABS);
  tee(L_W);
  roundedLanes();
  compareLanes(W.F32X4_LT);
  slowUnlessEverywhere();
  openBlock(LABEL_GOOD);
  pushNormal();
  everywhere();
  hintLikely();
  branchTo(W.BR_IF, LABEL_GOOD);
  pushNormal();
}
function pushNormal(): void {
  get(L_W);
  constantLanes(isDouble() ? f64.MIN_NORMAL_VALUE : <f64>f32.MIN_NORMAL_VALUE);
  compareLanes(W.F32X4_GT);
}
/** Pops a factor or the dividend: the lanes where it is zero are good. */
export function orZero(): void {
  get(L_ZERO);
  compareLanes(W.F32X4_EQ);
  simd(W.V128_OR);
}
export function endOrdinary(): void {
  slowUnlessEverywhere();
  close();
}

/** Before the value of a result is pushed. */
export function beginLanesResult(): void {
  if (size != 16) get(L_ZERO);
}
/** Pops it into V<d>, the lanes that are not the instruction's become 0. */
export function writeLanes(d: u32): void {
  if (size == 8) {
    simd(W.I64X2_EXTRACT_LANE);
    byte(0);
    simd(W.I64X2_REPLACE_LANE);
    byte(0);
  } else if (size == 4) {
    simd(W.I32X4_EXTRACT_LANE);
    byte(0);
    simd(W.I32X4_REPLACE_LANE);
    byte(0);
  }
  writeV(d);
}
/** Emits V<d> = L_V. */
export function writeLanesResult(d: u32): void {
  beginLanesResult();
  get(L_V);
  writeLanes(d);
}
/** Pushes lane `lane` of V<n> in all lanes. */
export function splatLane(n: u32, lane: u32): void {
  readV(n);
  simd(isDouble() ? W.F64X2_EXTRACT_LANE : W.F32X4_EXTRACT_LANE);
  byte(lane);
  simd(isDouble() ? W.F64X2_SPLAT : W.F32X4_SPLAT);
}
/** Pushes a vector of bytes of V<n>:V<m>, whose lane i is lane first + i * step; 32 bits a lane, or 64. */
export function shuffleLanes(n: u32, m: u32, first: u32, step: u32): void {
  readV(n);
  readV(m);
  simd(W.I8X16_SHUFFLE);
  const laneBytes: u32 = isDouble() ? 8 : 4;
  for (let i: u32 = 0; i < 16; i++) {
    const lane = first + (i / laneBytes) * step;
    byte((lane * laneBytes + (i % laneBytes)) & 31);
  }
}
