/** Advanced SIMD conversions: integers, integral values, precisions. The instruction is the one that beginLanes was told. */
import { beginHost, isDouble, orHandler, roundedLanes } from "./fp-guard";
import {
  beginLanesResult,
  compareLanes,
  constantLanes,
  isSingleLane,
  operateLanes,
  slowUnlessEverywhere,
  slowUnlessFiniteLanes,
  slowUnlessNumberLanes,
  writeLanes,
  writeLanesResult,
} from "./fp-lanes";
import { L_V, L_ZERO, readV } from "./locals";
import * as W from "./opcodes";
import { byte, get, leb, simd, tee } from "./writer";

/** By bit 23 and bit 12: N M P Z. */
function roundOperator(w: u32): u32 {
  const mode = ((w >> 22) & 2) | ((w >> 12) & 1);
  if (isDouble()) {
    return mode == 0 ? W.F64X2_NEAREST : mode == 1 ? W.F64X2_FLOOR : mode == 2 ? W.F64X2_CEIL : W.F64X2_TRUNC;
  }
  return mode == 0 ? W.F32X4_NEAREST : mode == 1 ? W.F32X4_FLOOR : mode == 2 ? W.F32X4_CEIL : W.F32X4_TRUNC;
}

export function emitFpVectorConvert(w: u32): bool {
  const n = (w >> 5) & 31;
  const d = w & 31;
  const u = (w & (1 << 29)) != 0;
  switch ((w >> 12) & 31) {
    case 0b11000:
    case 0b11001:
      return round(w, n, d, u);
    case 0b11010:
    case 0b11011:
      toIntegers(w, n, d, u);
      break;
    case 0b11101:
      if ((w & (1 << 23)) != 0) return false;
      fromIntegers(n, d, u);
      break;
    case 0b10111:
      if (u || !isDouble() || (w & (1 << 23)) != 0 || isScalar(w)) return false;
      lengthen(n, d, (w & (1 << 30)) != 0);
      break;
    default:
      return false;
  }
  orHandler(1 << n, 1 << d);
  return true;
}
function isScalar(w: u32): bool {
  return (w & (1 << 28)) != 0;
}

/** FRINTN M P Z, with U those of FPCR's mode X and I; A is the handlers'. */
function round(w: u32, n: u32, d: u32, u: bool): bool {
  if (isScalar(w)) return false;
  if (u && ((w >> 12) & 1) == 0) return false;
  beginHost();
  readV(n);
  if (u) {
    simd(isDouble() ? W.F64X2_NEAREST : W.F32X4_NEAREST);
    slowUnlessFiniteLanes();
  } else {
    simd(roundOperator(w));
    slowUnlessNumberLanes();
  }
  writeLanesResult(d);
  orHandler(1 << n, 1 << d);
  return true;
}

/** FCVT[NMPZ][SU]: the integers are in range, and Inexact is raised already. */
function toIntegers(w: u32, n: u32, d: u32, unsigned: bool): void {
  beginHost();
  readV(n);
  simd(roundOperator(w));
  tee(L_V);
  if (!unsigned) operateLanes(W.F32X4_ABS);
  constantLanes(
    unsigned ? (isDouble() ? 18446744073709551616.0 : 4294967296.0) : isDouble() ? 9223372036854775808.0 : 2147483648.0,
  );
  roundedLanes();
  operateLanes(W.F32X4_PMIN);
  compareLanes(W.F32X4_LT);
  if (unsigned) {
    get(L_V);
    get(L_ZERO);
    compareLanes(W.F32X4_GE);
    simd(W.V128_AND);
  }
  slowUnlessEverywhere();
  beginLanesResult();
  if (isDouble()) {
    get(L_ZERO);
    for (let lane: u32 = 0; lane < (isSingleLane() ? 1 : 2); lane++) {
      get(L_V);
      simd(W.F64X2_EXTRACT_LANE);
      byte(lane);
      byte(W.TRUNC_SAT_PREFIX);
      leb(unsigned ? 7 : 6);
      simd(W.I64X2_REPLACE_LANE);
      byte(lane);
    }
  } else {
    get(L_V);
    simd(W.I32X4_TRUNC_SAT_F32X4_S + (unsigned ? 1 : 0));
  }
  writeLanes(d);
}

/** SCVTF and UCVTF. */
function fromIntegers(n: u32, d: u32, unsigned: bool): void {
  beginHost();
  if (isDouble()) {
    get(L_ZERO);
    for (let lane: u32 = 0; lane < (isSingleLane() ? 1 : 2); lane++) {
      readV(n);
      simd(W.I64X2_EXTRACT_LANE);
      byte(lane);
      byte(W.F64_CONVERT_I32_S + 2 + (unsigned ? 1 : 0));
      simd(W.F64X2_REPLACE_LANE);
      byte(lane);
    }
  } else {
    readV(n);
    simd(W.F32X4_CONVERT_I32X4_S + (unsigned ? 1 : 0));
  }
  slowUnlessFiniteLanes();
  writeLanesResult(d);
}

/** FCVTL of singles; both lanes of the result count whatever Q says. */
function lengthen(n: u32, d: u32, upper: bool): void {
  beginHost();
  readV(n);
  if (upper) {
    simd(W.F64X2_EXTRACT_LANE);
    byte(1);
    simd(W.F64X2_SPLAT);
  }
  simd(W.F64X2_PROMOTE_F32X4);
  slowUnlessNumberLanes();
  writeLanesResult(d);
}
