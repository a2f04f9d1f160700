/** Advanced SIMD floating point, vectors and scalars: arithmetic and comparisons (ARM ARM C4.1.96). */
import { beginHost, isDouble, orHandler } from "./fp-guard";
import { fusedLanes, hasFused } from "./fp-fused";
import {
  allLanes,
  beginLanes,
  beginLanesResult,
  beginOrdinary,
  compareLanes,
  endOrdinary,
  isHalf,
  isSingleLane,
  operateLanes,
  orZero,
  pushKept,
  shuffleLanes,
  slowUnlessEverywhere,
  slowUnlessFiniteLanes,
  slowUnlessNumberLanes,
  splatLane,
  writeLanes,
  writeLanesResult,
} from "./fp-lanes";
import { emitFpVectorConvert } from "./fp-vector-convert";
import { L_V, L_W, L_ZERO, readV } from "./locals";
import * as W from "./opcodes";
import { get, simd, tee } from "./writer";

/** U and bit 23 before an opcode of five bits. */
function key(u: u32, a: u32, opcode: u32): u32 {
  return (u << 6) | (a << 5) | opcode;
}
function keyOf(w: u32, opcode: u32): u32 {
  return key((w >> 29) & 1, (w >> 23) & 1, opcode);
}

let d: u32 = 0;
let n: u32 = 0;
let m: u32 = 0;
/** Lane of V<m> that is the second operand, or none. */
let element: i32 = -1;
/** A bit for each V register that the handler reads. */
let sources: u32 = 0;

/** With one operand. */
function beginOne(w: u32, index: u32): void {
  beginLanes(w, index);
  d = w & 31;
  n = (w >> 5) & 31;
  sources = 1 << n;
}
/** With two operands, or the result's register as a third one. */
function beginBoth(w: u32, index: u32): void {
  beginOne(w, index);
  m = (w >> 16) & 31;
  element = -1;
  sources = (1 << n) | (1 << m) | (1 << d);
}
function pushM(): void {
  if (element >= 0) splatLane(m, <u32>element);
  else readV(m);
}
/** Pushes the host's result of both operands. */
function operateBoth(op: u32): void {
  beginHost();
  readV(n);
  pushM();
  operateLanes(op);
}
/** Pops a product or quotient into L_V: slow unless rounding raises Inexact only, or V<n>, or with `both` a factor, is zero. */
function slowUnlessOrdinaryLanes(both: bool): void {
  beginOrdinary();
  readV(n);
  orZero();
  if (both) {
    pushM();
    orZero();
  }
  endOrdinary();
}
/** Ends the instruction with the handler for what was slow. */
function end(): bool {
  orHandler(sources, 1 << d);
  return true;
}
/** The same, with L_V the result. */
function endResult(): bool {
  writeLanesResult(d);
  return end();
}

/** Three registers of the same kind. */
export function emitFpThreeSame(w: u32, index: u32): bool {
  const opcode = (w >> 11) & 31;
  if (opcode < 24) return false;
  beginBoth(w, index);
  switch (keyOf(w, opcode)) {
    case key(0, 0, 0b11010):
      return sum(W.F32X4_ADD, false);
    case key(0, 1, 0b11010):
      return sum(W.F32X4_SUB, false);
    case key(1, 1, 0b11010):
      return sum(W.F32X4_SUB, true);
    case key(1, 0, 0b11010):
      return pairwise();
    case key(1, 0, 0b11011):
      return product(W.F32X4_MUL);
    case key(1, 0, 0b11111):
      return product(W.F32X4_DIV);
    case key(0, 0, 0b11001):
      return mulAdd(false);
    case key(0, 1, 0b11001):
      return mulAdd(true);
    case key(0, 0, 0b11000):
    case key(0, 0, 0b11110):
      return extreme(W.F32X4_MAX);
    case key(0, 1, 0b11000):
    case key(0, 1, 0b11110):
      return extreme(W.F32X4_MIN);
    case key(0, 0, 0b11100):
      return comparison(W.F32X4_EQ, false);
    case key(1, 0, 0b11100):
      return comparison(W.F32X4_GE, false);
    case key(1, 1, 0b11100):
      return comparison(W.F32X4_GT, false);
    case key(1, 0, 0b11101):
      return comparison(W.F32X4_GE, true);
    case key(1, 1, 0b11101):
      return comparison(W.F32X4_GT, true);
    default:
      return false;
  }
}

/** FADD, FSUB, and FABD with `magnitude`. */
function sum(op: u32, magnitude: bool): bool {
  operateBoth(op);
  slowUnlessFiniteLanes();
  if (!magnitude) return endResult();
  beginLanesResult();
  get(L_V);
  operateLanes(W.F32X4_ABS);
  writeLanes(d);
  return end();
}

/** FMUL and FDIV. */
function product(op: u32): bool {
  operateBoth(op);
  slowUnlessOrdinaryLanes(op == W.F32X4_MUL);
  return endResult();
}

/** FMLA and FMLS. */
function mulAdd(negate: bool): bool {
  if (!hasFused()) return false;
  beginHost();
  readV(n);
  pushM();
  readV(d);
  fusedLanes(isDouble(), negate);
  slowUnlessOrdinaryLanes(true);
  return endResult();
}

/** FMAX FMIN FMAXNM FMINNM. */
function extreme(op: u32): bool {
  operateBoth(op);
  slowUnlessNumberLanes();
  return endResult();
}

/** FADDP: the even lanes of V<m>:V<n> and the odd ones. */
function pairwise(): bool {
  beginHost();
  // A 64-bit V<m> begins two lanes further on than its place behind V<n>.
  const step: u32 = isHalf() ? 4 : 2;
  shuffleLanes(n, m, 0, step);
  shuffleLanes(n, m, 1, step);
  operateLanes(W.F32X4_ADD);
  slowUnlessFiniteLanes();
  return endResult();
}

/** FCMEQ FCMGE FCMGT, of magnitudes FACGE FACGT. */
function comparison(op: u32, magnitudes: bool): bool {
  beginHost();
  readV(n);
  if (magnitudes) operateLanes(W.F32X4_ABS);
  tee(L_V);
  pushKept();
  pushM();
  if (magnitudes) operateLanes(W.F32X4_ABS);
  tee(L_W);
  pushKept();
  simd(W.V128_AND);
  slowUnlessEverywhere();
  return endComparison(op, L_W);
}
/** FCM* with zero. */
function comparisonWithZero(op: u32): bool {
  beginHost();
  readV(n);
  slowUnlessNumberLanes();
  return endComparison(op, L_ZERO);
}
/** Ends with the comparison of L_V and `second` as the result. */
function endComparison(op: u32, second: u32): bool {
  beginLanesResult();
  get(L_V);
  get(second);
  compareLanes(op);
  writeLanes(d);
  return end();
}

/** By element: FMLA FMLS FMUL. */
export function emitFpByElement(w: u32, index: u32): bool {
  beginBoth(w, index);
  const high = (w >> 11) & 1;
  element = <i32>(isDouble() ? high : (high << 1) | ((w >> 21) & 1));
  switch ((w >> 12) & 15) {
    case 1:
      return mulAdd(false);
    case 5:
      return mulAdd(true);
    case 9:
      return product(W.F32X4_MUL);
    default:
      return false;
  }
}

/** FADDP of two elements. */
export function emitFpScalarPairwise(w: u32, index: u32): bool {
  if (keyOf(w, (w >> 12) & 31) != key(1, 0, 0b01101)) return false;
  beginOne(w, index);
  beginHost();
  readV(n);
  splatLane(n, 1);
  operateLanes(W.F32X4_ADD);
  slowUnlessFiniteLanes();
  return endResult();
}

/** Two-register miscellaneous. */
export function emitFpMisc(w: u32, index: u32): bool {
  const opcode = (w >> 12) & 31;
  beginOne(w, index);
  switch (keyOf(w, opcode)) {
    case key(0, 1, 0b01111):
      return sign(W.F32X4_ABS);
    case key(1, 1, 0b01111):
      return sign(W.F32X4_NEG);
    case key(1, 1, 0b11111):
      return isSingleLane() ? false : root();
    case key(0, 1, 0b01100):
      return comparisonWithZero(W.F32X4_GT);
    case key(0, 1, 0b01101):
      return comparisonWithZero(W.F32X4_EQ);
    case key(0, 1, 0b01110):
      return comparisonWithZero(W.F32X4_LT);
    case key(1, 1, 0b01100):
      return comparisonWithZero(W.F32X4_GE);
    case key(1, 1, 0b01101):
      return comparisonWithZero(W.F32X4_LE);
    default:
      if (opcode == 0b10111) allLanes();
      return emitFpVectorConvert(w);
  }
}

/** FABS and FNEG. */
function sign(op: u32): bool {
  beginLanesResult();
  readV(n);
  operateLanes(op);
  writeLanes(d);
  return true;
}

function root(): bool {
  beginHost();
  readV(n);
  operateLanes(W.F32X4_SQRT);
  slowUnlessFiniteLanes();
  return endResult();
}
