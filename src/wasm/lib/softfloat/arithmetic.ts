/**
 * FPAdd, FPSub, FPMul, FPMulX, FPDiv, FPSqrt on bit patterns (T: u32 or u64). Each asks the host first and falls back on
 * the exact path, which is right for everything.
 */
import {
  exponent,
  FPInfinity,
  FPNeg,
  FPPower,
  FPProcessException,
  FPProcessNaN,
  FPProcessNaNs,
  FPRound,
  FPRoundingMode,
  FPSR_DZC,
  FPZero,
  flushInput,
  fracBits,
  invalidOperation,
  isInf,
  isNan,
  isZero,
  LEAD,
  NEGINF,
  shiftRightJam,
  significand,
  signOf,
} from "./format";
import {
  hostAdd,
  hostDiv,
  hostMul,
  hostSqrt,
  hostSub,
  isExactProduct,
  isExactSum,
  isFiniteValue,
  isOrdinary,
  roundsAsHost,
  roundsToNearest,
} from "./host-arithmetic";

/** High 64 bits of the product. */
export function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffff_ffff;
  const ah = a >> 32;
  const bl = b & 0xffff_ffff;
  const bh = b >> 32;
  const middle = ah * bl + ((al * bl) >> 32);
  return ah * bh + (middle >> 32) + ((al * bh + (middle & 0xffff_ffff)) >> 32);
}

export function FPAdd<T>(cpu: usize, a: T, b: T): T {
  if (roundsAsHost(cpu)) {
    // Tiny sums are exact: no Underflow to look for.
    const sum = hostAdd<T>(a, b);
    if (isFiniteValue<T>(sum)) return sum;
  }
  return addSigned<T>(cpu, a, b, false);
}

export function FPSub<T>(cpu: usize, a: T, b: T): T {
  if (roundsAsHost(cpu)) {
    const difference = hostSub<T>(a, b);
    if (isFiniteValue<T>(difference)) return difference;
  }
  return addSigned<T>(cpu, a, b, true);
}

/** a + b, or a - b: a NaN operand keeps its sign either way. */
function addSigned<T>(cpu: usize, x: T, y: T, subtract: bool): T {
  if (roundsToNearest(cpu)) {
    const term = subtract ? FPNeg<T>(y) : y;
    const sum = hostAdd<T>(x, term);
    if (isFiniteValue<T>(sum) && isExactSum<T>(x, term, sum)) return sum;
  }
  const a = flushInput<T>(cpu, x);
  let b = flushInput<T>(cpu, y);
  if (isNan<T>(a) || isNan<T>(b)) return FPProcessNaNs<T>(cpu, a, b);
  if (subtract) b = FPNeg<T>(b);
  const signA = signOf<T>(a);
  const signB = signOf<T>(b);
  if (isInf<T>(a)) return isInf<T>(b) && signA != signB ? invalidOperation<T>(cpu) : a;
  if (isInf<T>(b)) return b;
  if (isZero<T>(a)) return isZero<T>(b) && signA != signB ? exactZero<T>(cpu) : b;
  if (isZero<T>(b)) return a;
  let expA = exponent<T>(a);
  const expB = exponent<T>(b);
  let sigA = significand<T>(a);
  let sigB = significand<T>(b);
  if (expA >= expB) {
    sigB = shiftRightJam(sigB, expA - expB);
  } else {
    sigA = shiftRightJam(sigA, expB - expA);
    expA = expB;
  }
  let sign = signA;
  if (signA == signB) {
    sigA += sigB;
    if (sigA >> 63) {
      sigA = shiftRightJam(sigA, 1);
      expA += 1;
    }
  } else {
    if (sigA == sigB) return exactZero<T>(cpu);
    if (sigA < sigB) {
      sign = signB;
      sigA = sigB - sigA;
    } else {
      sigA -= sigB;
    }
    const shift = <i32>clz<u64>(sigA) - 1;
    sigA <<= <u64>shift;
    expA -= shift;
  }
  return FPRound<T>(cpu, sign, expA, sigA);
}

/** The zero of a sum of two values of opposite sign. */
export function exactZero<T>(cpu: usize): T {
  return FPZero<T>(<u32>(FPRoundingMode(cpu) == NEGINF));
}

export function FPMul<T>(cpu: usize, a: T, b: T): T {
  if (roundsAsHost(cpu)) {
    const product = hostMul<T>(a, b);
    if (isOrdinary<T>(product) || (isZero<T>(product) && (isZero<T>(a) || isZero<T>(b)))) return product;
  }
  return multiply<T>(cpu, a, b);
}

function multiply<T>(cpu: usize, x: T, y: T): T {
  if (roundsToNearest(cpu) && isExactProduct<T>(x, y)) {
    const product = hostMul<T>(x, y);
    if (isOrdinary<T>(product) && isOrdinary<T>(x) && isOrdinary<T>(y)) return product;
  }
  const a = flushInput<T>(cpu, x);
  const b = flushInput<T>(cpu, y);
  if (isNan<T>(a) || isNan<T>(b)) return FPProcessNaNs<T>(cpu, a, b);
  const sign = signOf<T>(a) ^ signOf<T>(b);
  if (isInf<T>(a) || isInf<T>(b)) {
    return isZero<T>(a) || isZero<T>(b) ? invalidOperation<T>(cpu) : FPInfinity<T>(sign);
  }
  if (isZero<T>(a) || isZero<T>(b)) return FPZero<T>(sign);
  const left = significand<T>(a) << 1;
  const right = significand<T>(b) << 1;
  let sig = mulHigh(left, right) | <u64>(left * right != 0);
  let exp = exponent<T>(a) + exponent<T>(b);
  if (sig >> 63) {
    sig = shiftRightJam(sig, 1);
    exp += 1;
  }
  return FPRound<T>(cpu, sign, exp, sig);
}

/** FPMul but for infinity times zero, which is 2.0 here. */
export function FPMulX<T>(cpu: usize, x: T, y: T): T {
  const a = flushInput<T>(cpu, x);
  const b = flushInput<T>(cpu, y);
  if ((isInf<T>(a) && isZero<T>(b)) || (isZero<T>(a) && isInf<T>(b))) {
    return FPPower<T>(signOf<T>(a) ^ signOf<T>(b), 1);
  }
  return FPMul<T>(cpu, a, b);
}

export function FPDiv<T>(cpu: usize, a: T, b: T): T {
  if (roundsAsHost(cpu)) {
    const quotient = hostDiv<T>(a, b);
    if (isOrdinary<T>(quotient) || (isZero<T>(quotient) && isZero<T>(a))) return quotient;
  }
  return divide<T>(cpu, a, b);
}

function divide<T>(cpu: usize, x: T, y: T): T {
  if (roundsToNearest(cpu)) {
    const quotient = hostDiv<T>(x, y);
    const inRange = isOrdinary<T>(quotient) && isOrdinary<T>(x) && isOrdinary<T>(y);
    if (inRange && isExactProduct<T>(quotient, y) && hostMul<T>(quotient, y) == x) return quotient;
  }
  const a = flushInput<T>(cpu, x);
  const b = flushInput<T>(cpu, y);
  if (isNan<T>(a) || isNan<T>(b)) return FPProcessNaNs<T>(cpu, a, b);
  const sign = signOf<T>(a) ^ signOf<T>(b);
  if (isInf<T>(a)) return isInf<T>(b) ? invalidOperation<T>(cpu) : FPInfinity<T>(sign);
  if (isInf<T>(b)) return FPZero<T>(sign);
  if (isZero<T>(b)) {
    if (isZero<T>(a)) return invalidOperation<T>(cpu);
    FPProcessException(cpu, FPSR_DZC);
    return FPInfinity<T>(sign);
  }
  if (isZero<T>(a)) return FPZero<T>(sign);
  let exp = exponent<T>(a) - exponent<T>(b);
  let dividend = significand<T>(a) >> <u64>(LEAD - fracBits<T>());
  const divisor = significand<T>(b) >> <u64>(LEAD - fracBits<T>());
  if (dividend < divisor) {
    dividend <<= 1;
    exp -= 1;
  }
  // dividend / divisor is in [1, 2): its first bit, then as many bits a step as a 64-bit division yields.
  const bitsPerStep: u64 = sizeof<T>() == 8 ? 11 : 39;
  const steps: u32 = sizeof<T>() == 8 ? 5 : 1;
  let quotient: u64 = 1;
  let remainder = dividend - divisor;
  for (let i: u32 = 0; i < steps; i += 1) {
    const scaled = remainder << bitsPerStep;
    const digit = scaled / divisor;
    remainder = scaled - digit * divisor;
    quotient = (quotient << bitsPerStep) | digit;
  }
  const sig = (quotient << (LEAD - bitsPerStep * steps)) | <u64>(remainder != 0);
  return FPRound<T>(cpu, sign, exp, sig);
}

export function FPSqrt<T>(cpu: usize, a: T): T {
  if (roundsAsHost(cpu)) {
    const root = hostSqrt<T>(a);
    if (isFiniteValue<T>(root)) return root;
  }
  return squareRoot<T>(cpu, a);
}

function squareRoot<T>(cpu: usize, x: T): T {
  const a = flushInput<T>(cpu, x);
  if (isNan<T>(a)) return FPProcessNaN<T>(cpu, a);
  if (isZero<T>(a)) return a;
  if (signOf<T>(a) != 0) return invalidOperation<T>(cpu);
  if (isInf<T>(a)) return a;
  let exp = exponent<T>(a);
  // a = radicand * 2^-52 * 2^exp with an even exp and radicand * 2^-52 in [1, 4).
  let radicand = significand<T>(a) >> (LEAD - 52);
  if (exp & 1) {
    radicand <<= 1;
    exp -= 1;
  }
  // The root of a double is the nearest one; the sign of what is missing tells the bits after it. All fits 64 bits modulo 2^64.
  const root = <u64>(sqrt<f64>(<f64>radicand) * 67108864.0);
  const missing = <i64>((radicand << 52) - root * root);
  let sig = root << (LEAD - 52);
  if (missing != 0) sig = missing < 0 ? sig - 1 : sig | 1;
  return FPRound<T>(cpu, 0, exp / 2, sig);
}
