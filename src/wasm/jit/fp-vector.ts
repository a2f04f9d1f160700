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

function begin(w: u32, index: u32): void {
  beginLanes(w, index);
  d = w & 31;
  n = (w >> 5) & 31;
  m = (w >> 16) & 31;
  element = -1;
}
function pushM(): void {
  if (element >= 0) splatLane(m, <u32>element);
  else readV(m);
}
function orHandlerOfBoth(): void {
  orHandler((1 << n) | (1 << m) | (1 << d), 1 << d);
}

/** Three registers of the same kind. */
export function emitFpThreeSame(w: u32, index: u32): bool {
  const opcode = (w >> 11) & 31;
  if (opcode < 24) return false;
  begin(w, index);
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
  beginHost();
  readV(n);
  pushM();
  operateLanes(op);
  slowUnlessFiniteLanes();
  beginLanesResult();
  get(L_V);
  if (magnitude) operateLanes(W.F32X4_ABS);
  writeLanes(d);
  orHandlerOfBoth();
  return true;
}

/** FMUL and FDIV. */
function product(op: u32): bool {
  beginHost();
  readV(n);
  pushM();
  operateLanes(op);
  beginOrdinary();
  readV(n);
  orZero();
  if (op == W.F32X4_MUL) {
    pushM();
    orZero();
  }
  endOrdinary();
  writeLanesResult(d);
  orHandlerOfBoth();
  return true;
}

/** FMLA and FMLS. */
function mulAdd(negate: bool): bool {
  if (!hasFused()) return false;
  beginHost();
  readV(n);
  pushM();
  readV(d);
  fusedLanes(isDouble(), negate);
  beginOrdinary();
  readV(n);
  orZero();
  pushM();
  orZero();
  endOrdinary();
  writeLanesResult(d);
  orHandlerOfBoth();
  return true;
}

/** FMAX FMIN FMAXNM FMINNM. */
function extreme(op: u32): bool {
  beginHost();
  readV(n);
  pushM();
  operateLanes(op);
  slowUnlessNumberLanes();
  writeLanesResult(d);
  orHandlerOfBoth();
  return true;
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
  writeLanesResult(d);
  orHandlerOfBoth();
  return true;
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
  compareWith(op);
  orHandlerOfBoth();
  return true;
}
function compareWith(op: u32): void {
  beginLanesResult();
  get(L_V);
  get(L_W);
  compareLanes(op);
  writeLanes(d);
}

/** FCM* with zero. */
function comparisonWithZero(op: u32): bool {
  beginHost();
  readV(n);
  slowUnlessNumberLanes();
  beginLanesResult();
  get(L_V);
  get(L_ZERO);
  compareLanes(op);
  writeLanes(d);
  orHandler(1 << n, 1 << d);
  return true;
}

/** By element: FMLA FMLS FMUL. */
export function emitFpByElement(w: u32, index: u32): bool {
  begin(w, index);
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
  begin(w, index);
  beginHost();
  readV(n);
  splatLane(n, 1);
  operateLanes(W.F32X4_ADD);
  slowUnlessFiniteLanes();
  writeLanesResult(d);
  orHandler(1 << n, 1 << d);
  return true;
}

/** Two-register miscellaneous. */
export function emitFpMisc(w: u32, index: u32): bool {
  const opcode = (w >> 12) & 31;
  begin(w, index);
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
  writeLanesResult(d);
  orHandler(1 << n, 1 << d);
  return true;
}
