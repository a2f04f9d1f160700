/** Comparisons and minimum/maximum (T: u32 or u64). */
import {
  FPInfinity,
  FPProcessException,
  FPProcessNaNs,
  FPSR_IOC,
  flushInput,
  isNan,
  isSNan,
  isZero,
  signOf,
} from "./format";
import { hostEqual, hostLess, hostMax, hostMin, keepsDenormals } from "./host-arithmetic";

/** NZCV of FPCompare. */
export const COMPARED_LESS: u32 = 8;
export const COMPARED_EQUAL: u32 = 6;
export const COMPARED_GREATER: u32 = 2;
export const COMPARED_UNORDERED: u32 = 3;

/** NZCV of FCMP, or with `signalNaNs` of FCMPE, for which quiet NaNs are invalid too. */
export function FPCompare<T>(cpu: usize, a: T, b: T, signalNaNs: bool): u32 {
  if (keepsDenormals(cpu)) {
    if (hostLess<T>(a, b)) return COMPARED_LESS;
    if (hostEqual<T>(a, b)) return COMPARED_EQUAL;
    if (hostLess<T>(b, a)) return COMPARED_GREATER;
  }
  return compareSlow<T>(cpu, a, b, signalNaNs);
}

function compareSlow<T>(cpu: usize, x: T, y: T, signalNaNs: bool): u32 {
  const a = flushInput<T>(cpu, x);
  const b = flushInput<T>(cpu, y);
  if (isNan<T>(a) || isNan<T>(b)) {
    if (signalNaNs || isSNan<T>(a) || isSNan<T>(b)) FPProcessException(cpu, FPSR_IOC);
    return COMPARED_UNORDERED;
  }
  if (a == b || (isZero<T>(a) && isZero<T>(b))) return COMPARED_EQUAL;
  return isLess<T>(a, b) ? COMPARED_LESS : COMPARED_GREATER;
}

/** a < b as sign and magnitude: no NaNs, and -0 is less than +0. */
function isLess<T>(a: T, b: T): bool {
  if (signOf<T>(a) != signOf<T>(b)) return signOf<T>(a) != 0;
  return signOf<T>(a) != 0 ? a > b : a < b;
}

export function FPCompareEQ<T>(cpu: usize, a: T, b: T): bool {
  if (keepsDenormals(cpu) && hostEqual<T>(a, b)) return true;
  return FPCompare<T>(cpu, a, b, false) == COMPARED_EQUAL;
}
export function FPCompareGE<T>(cpu: usize, a: T, b: T): bool {
  const nzcv = FPCompare<T>(cpu, a, b, true);
  return nzcv == COMPARED_EQUAL || nzcv == COMPARED_GREATER;
}
export function FPCompareGT<T>(cpu: usize, a: T, b: T): bool {
  return FPCompare<T>(cpu, a, b, true) == COMPARED_GREATER;
}

export function FPMax<T>(cpu: usize, a: T, b: T): T {
  if (keepsDenormals(cpu)) {
    const result = hostMax<T>(a, b);
    if (!isNan<T>(result)) return result;
  }
  return maxSlow<T>(cpu, a, b);
}

function maxSlow<T>(cpu: usize, x: T, y: T): T {
  const a = flushInput<T>(cpu, x);
  const b = flushInput<T>(cpu, y);
  if (isNan<T>(a) || isNan<T>(b)) return FPProcessNaNs<T>(cpu, a, b);
  return isLess<T>(a, b) ? b : a;
}
export function FPMin<T>(cpu: usize, a: T, b: T): T {
  if (keepsDenormals(cpu)) {
    const result = hostMin<T>(a, b);
    if (!isNan<T>(result)) return result;
  }
  return minSlow<T>(cpu, a, b);
}

function minSlow<T>(cpu: usize, x: T, y: T): T {
  const a = flushInput<T>(cpu, x);
  const b = flushInput<T>(cpu, y);
  if (isNan<T>(a) || isNan<T>(b)) return FPProcessNaNs<T>(cpu, a, b);
  return isLess<T>(b, a) ? b : a;
}

/** IEEE 754-2008 maxNum: a quiet NaN beside a number is as if it were not there. */
export function FPMaxNum<T>(cpu: usize, a: T, b: T): T {
  return FPMax<T>(cpu, numberOr<T>(a, b, 1), numberOr<T>(b, a, 1));
}
/** IEEE 754-2008 minNum. */
export function FPMinNum<T>(cpu: usize, a: T, b: T): T {
  return FPMin<T>(cpu, numberOr<T>(a, b, 0), numberOr<T>(b, a, 0));
}

/** `a`, or the infinity of `sign` when it is a quiet NaN and `other` a number. */
function numberOr<T>(a: T, other: T, sign: u32): T {
  return isNan<T>(a) && !isSNan<T>(a) && !isNan<T>(other) ? FPInfinity<T>(sign) : a;
}
