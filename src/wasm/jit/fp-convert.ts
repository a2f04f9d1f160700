/** Scalar conversions: between precisions, to and from integers and fixed point, to integral values. */
import {
  beginFp,
  beginHost,
  beginScalar,
  compareF,
  constantF,
  fromOther,
  isDouble,
  magnitudeLocal,
  operateF,
  orHandler,
  orHandlerFromGeneral,
  orHandlerToGeneral,
  readF,
  resultLocal,
  slowUnless,
  slowUnlessFinite,
  slowUnlessNumber,
  slowUnlessOrdinary,
  writeResult,
  writeScalar,
} from "./fp-guard";
import { readW, readX, sourceSlot, targetSlot, writeW, writeX } from "./locals";
import * as W from "./opcodes";
import { byte, get, leb, tee } from "./writer";

/** FPRounding of FCVT*, by rmode; and away from zero on ties. */
const NEAREST: u32 = 0;
const UP: u32 = 1;
const DOWN: u32 = 2;
const TO_ZERO: u32 = 3;
const AWAY: u32 = 4;

/** FCVT between single and double precision. */
export function emitFpConvert(w: u32, index: u32): bool {
  const opcode = (w >> 15) & 63;
  const toDouble = opcode == 5;
  if (opcode != 4 && opcode != 5) return false;
  const d = w & 31;
  const n = (w >> 5) & 31;
  beginFp(w, index, toDouble);
  fromOther();
  beginHost();
  readF(n);
  if (toDouble) {
    byte(W.F64_PROMOTE_F32);
    slowUnlessNumber();
  } else {
    byte(W.F32_DEMOTE_F64);
    slowUnlessOrdinary(n, n);
  }
  writeResult(d);
  orHandler(1 << n, 1 << d);
  return true;
}

/** Pops a number, pushes its integral value. */
export function roundToIntegral(rounding: u32): void {
  switch (rounding) {
    case NEAREST:
      return operateF(W.F32_NEAREST);
    case UP:
      return operateF(W.F32_CEIL);
    case DOWN:
      return operateF(W.F32_FLOOR);
    case TO_ZERO:
      return operateF(W.F32_TRUNC);
    default:
      return roundAway();
  }
}
/** What trunc takes away is exact: half or more of it is one more, with the sign of the number. */
function roundAway(): void {
  tee(magnitudeLocal());
  operateF(W.F32_TRUNC);
  tee(resultLocal());
  constantF(1);
  constantF(0);
  get(magnitudeLocal());
  get(resultLocal());
  operateF(W.F32_SUB);
  operateF(W.F32_ABS);
  constantF(0.5);
  compareF(W.F32_GE);
  byte(W.SELECT);
  get(magnitudeLocal());
  operateF(W.F32_COPYSIGN);
  operateF(W.F32_ADD);
}

/** FRINTN P M Z A, and X and I, which round as FPCR says. */
export function emitFpRound(w: u32, index: u32): bool {
  const opcode = (w >> 15) & 7;
  const d = w & 31;
  const n = (w >> 5) & 31;
  beginFp(w, index, (w & (1 << 22)) != 0);
  beginHost();
  readF(n);
  roundToIntegral(opcode <= AWAY ? opcode : NEAREST);
  if (opcode <= AWAY) slowUnlessNumber();
  else slowUnlessFinite();
  writeResult(d);
  orHandler(1 << n, 1 << d);
  return true;
}

/** Between general registers and FP registers: integers, fixed point, bits. */
export function emitFpGeneral(w: u32, index: u32): bool {
  const x = w >> 31 != 0;
  const isFixed = (w & (1 << 21)) == 0;
  if (!isFixed && (w & 0xfc00) != 0) return false;
  const rmode = (w >> 19) & 3;
  const opcode = (w >> 16) & 7;
  // FMOV is a move of bits (simd-copy.ts), FJCVTZS its handler's.
  if (opcode >= 6) return false;
  if ((w & (1 << 23)) != 0) return false;
  const fractionBits: u32 = isFixed ? 64 - ((w >> 10) & 63) : 0;
  beginFp(w, index, (w & (1 << 22)) != 0);
  if (opcode == 2 || opcode == 3) fromInteger(w, x, opcode == 3, fractionBits);
  else toInteger(w, x, opcode >= 4 ? AWAY : rmode, fractionBits);
  return true;
}

/** 2^exponent, of the normal range. */
function power(exponent: i32): f64 {
  return reinterpret<f64>((<u64>(exponent + 1023)) << 52);
}

/** SCVTF and UCVTF. */
function fromInteger(w: u32, x: bool, unsigned: bool, fractionBits: u32): void {
  const n = (w >> 5) & 31;
  const d = w & 31;
  const exact = isDouble() && !x;
  if (exact) beginScalar();
  else beginHost();
  if (x) readX(sourceSlot(n));
  else readW(sourceSlot(n));
  const op = (isDouble() ? W.F64_CONVERT_I32_S : W.F32_CONVERT_I32_S) + (x ? 2 : 0) + (unsigned ? 1 : 0);
  byte(op);
  if (fractionBits != 0) {
    constantF(power(-(<i32>fractionBits)));
    operateF(W.F32_MUL);
  }
  if (exact) {
    writeScalar(d);
    return;
  }
  slowUnlessFinite();
  writeResult(d);
  orHandlerFromGeneral(n, d);
}

/** FCVT[NPMZA][SU]: the integer is in range, and Inexact raised already. */
function toInteger(w: u32, x: bool, rounding: u32, fractionBits: u32): void {
  const n = (w >> 5) & 31;
  const d = w & 31;
  const unsigned = ((w >> 16) & 1) != 0;
  beginHost();
  readF(n);
  if (fractionBits != 0) {
    constantF(power(<i32>fractionBits));
    operateF(W.F32_MUL);
  }
  roundToIntegral(rounding);
  slowUnlessFinite();
  get(resultLocal());
  if (!unsigned) operateF(W.F32_ABS);
  constantF(power((x ? 64 : 32) - (unsigned ? 0 : 1)));
  compareF(W.F32_LT);
  slowUnless();
  if (unsigned) {
    get(resultLocal());
    constantF(0);
    compareF(W.F32_GE);
    slowUnless();
  }
  get(resultLocal());
  byte(W.TRUNC_SAT_PREFIX);
  leb((x ? 4 : 0) + (isDouble() ? 2 : 0) + (unsigned ? 1 : 0));
  if (x) writeX(targetSlot(d));
  else writeW(targetSlot(d));
  orHandlerToGeneral(n, d);
}
