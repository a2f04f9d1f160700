/** FPMulAdd and the step instructions built on it: exact products, one rounding (T: u32 or u64). */
import { exactZero, mulHigh } from "./arithmetic";
import {
  expField,
  exponent,
  FPInfinity,
  FPNeg,
  FPPower,
  FPProcessNaN,
  FPProcessNaNs,
  FPRound,
  flushInput,
  fracBits,
  invalidOperation,
  isInf,
  isNan,
  isSNan,
  isZero,
  shiftRightJam,
  significand,
  signOf,
} from "./format";
import { hostAdd, hostDouble, hostMul, hostRound, isFiniteValue, isOrdinary, roundsAsHost } from "./host-arithmetic";

/** addend + a * b, rounded once. */
export function FPMulAdd<T>(cpu: usize, addend: T, a: T, b: T): T {
  if (roundsAsHost(cpu)) {
    if (sizeof<T>() == 4) {
      const exact = hostDouble<T>(a) * hostDouble<T>(b);
      const sum = exact + hostDouble<T>(addend);
      // Rounding twice goes wrong only where the first rounding makes a tie of what was none.
      const isTie = (<u32>reinterpret<u64>(sum) & 0x1fff_ffff) == 0x1000_0000;
      const result = hostRound<T>(sum);
      if ((isOrdinary<T>(result) && !isTie) || sum == 0) return result;
    } else if (isZero<T>(a) || isZero<T>(b)) {
      const sum = hostAdd<T>(hostMul<T>(a, b), addend);
      if (isFiniteValue<T>(sum)) return sum;
    } else if (isModerate<T>(a) && isModerate<T>(b) && expField<T>(addend) < 1900) {
      const result = hostRound<T>(fusedDouble(hostDouble<T>(addend), hostDouble<T>(a), hostDouble<T>(b)));
      if (isOrdinary<T>(result)) return result;
    }
  }
  return mulAddScaled<T>(cpu, addend, a, b, 0);
}

/** A double that is not zero and whose products, and their last bits, are far from the ends of the range. */
function isModerate<T>(x: T): bool {
  return expField<T>(x) - 600 < 800;
}

/**
 * c + a * b rounded once by doubles alone: the product and its error (Veltkamp, Dekker), the errors of the two sums (Knuth),
 * and those errors' sum rounded to odd, so that the last addition rounds what the exact value would (Boldo and Melquiond,
 * "Emulation of FMA and correctly rounded sums", 2008). Operands as isModerate() has them.
 */
function fusedDouble(c: f64, a: f64, b: f64): f64 {
  const splitter: f64 = 134217729.0;
  const scaledA = splitter * a;
  const aHigh = scaledA - (scaledA - a);
  const aLow = a - aHigh;
  const scaledB = splitter * b;
  const bHigh = scaledB - (scaledB - b);
  const bLow = b - bHigh;
  const product = a * b;
  const productError = aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
  const low = c + productError;
  const lowError = sumError(c, productError, low);
  const high = product + low;
  const highError = sumError(product, low, high);
  let rest = lowError + highError;
  const restError = sumError(lowError, highError, rest);
  const bits = reinterpret<i64>(rest);
  if (restError != 0 && (bits & 1) == 0) rest = reinterpret<f64>(bits + (restError > 0 == rest > 0 ? 1 : -1));
  return high + rest;
}

/** What a + b, rounded to `sum`, lacks. */
function sumError(a: f64, b: f64, sum: f64): f64 {
  const part = sum - a;
  return a - (sum - part) + (b - part);
}

/** (addend + a * b) * 2^scale, rounded once. */
function mulAddScaled<T>(cpu: usize, c: T, x: T, y: T, scale: i32): T {
  const addend = flushInput<T>(cpu, c);
  const a = flushInput<T>(cpu, x);
  const b = flushInput<T>(cpu, y);
  const infTimesZero = (isInf<T>(a) && isZero<T>(b)) || (isZero<T>(a) && isInf<T>(b));
  if (isNan<T>(addend) || isNan<T>(a) || isNan<T>(b)) {
    if (isNan<T>(addend) && !isSNan<T>(addend) && infTimesZero) return invalidOperation<T>(cpu);
    return mulAddNaN<T>(cpu, addend, a, b);
  }
  const signP = signOf<T>(a) ^ signOf<T>(b);
  const signC = signOf<T>(addend);
  if (infTimesZero) return invalidOperation<T>(cpu);
  if (isInf<T>(a) || isInf<T>(b)) {
    return isInf<T>(addend) && signC != signP ? invalidOperation<T>(cpu) : FPInfinity<T>(signP);
  }
  if (isInf<T>(addend)) return addend;
  if (isZero<T>(a) || isZero<T>(b)) {
    if (!isZero<T>(addend)) return scaled<T>(cpu, addend, scale);
    return signC == signP ? addend : exactZero<T>(cpu);
  }
  return mulAddFinite<T>(cpu, addend, a, b, scale);
}

/** The NaN of a fused operation: signalling ones first, each in the order addend, a, b. */
function mulAddNaN<T>(cpu: usize, addend: T, a: T, b: T): T {
  if (isSNan<T>(addend)) return FPProcessNaN<T>(cpu, addend);
  if (isSNan<T>(a) || isSNan<T>(b)) return FPProcessNaNs<T>(cpu, a, b);
  return isNan<T>(addend) ? FPProcessNaN<T>(cpu, addend) : FPProcessNaNs<T>(cpu, a, b);
}

function scaled<T>(cpu: usize, x: T, scale: i32): T {
  return FPRound<T>(cpu, signOf<T>(x), exponent<T>(x) + scale, significand<T>(x));
}

/** The sum of a product that is not zero and a finite addend, in 128 bits with the first bit at 126. */
function mulAddFinite<T>(cpu: usize, addend: T, a: T, b: T, scale: i32): T {
  const left = significand<T>(a) << 1;
  const right = significand<T>(b) << 1;
  let exp = exponent<T>(a) + exponent<T>(b);
  let high = mulHigh(left, right);
  let low = left * right;
  if (high >> 63) {
    low = (low >> 1) | (high << 63);
    high >>= 1;
    exp += 1;
  }
  let sign = signOf<T>(a) ^ signOf<T>(b);
  if (!isZero<T>(addend)) {
    const signC = signOf<T>(addend);
    let highC = significand<T>(addend);
    let lowC: u64 = 0;
    const diff = exp - exponent<T>(addend);
    if (diff > 0) {
      lowC = shiftLowJam(highC, lowC, diff);
      highC = diff > 63 ? 0 : highC >> <u64>diff;
    } else if (diff < 0) {
      low = shiftLowJam(high, low, -diff);
      high = -diff > 63 ? 0 : high >> <u64>-diff;
      exp = exponent<T>(addend);
    }
    if (sign == signC) {
      low += lowC;
      high += highC + <u64>(low < lowC);
      if (high >> 63) {
        low = (low >> 1) | (high << 63) | (low & 1);
        high >>= 1;
        exp += 1;
      }
    } else {
      if (high < highC || (high == highC && low < lowC)) {
        sign = signC;
        const borrow = <u64>(lowC < low);
        low = lowC - low;
        high = highC - high - borrow;
      } else {
        const borrow = <u64>(low < lowC);
        low -= lowC;
        high = high - highC - borrow;
      }
      if ((high | low) == 0) return exactZero<T>(cpu);
      if (high == 0) {
        // The first bit comes to bit 63, one above the place of normalised ones.
        high = low >> 1;
        low <<= 63;
        exp -= 63;
        if (high == 0) {
          high = low >> 1;
          low = 0;
          exp -= 63;
        }
      }
      const shift = clz<u64>(high) - 1;
      if (shift != 0) {
        high = (high << shift) | (low >> (64 - shift));
        low <<= shift;
        exp -= <i32>shift;
      }
    }
  }
  return FPRound<T>(cpu, sign, exp + scale, high | <u64>(low != 0));
}

/** Low half of the 128-bit (high, low) shifted right by `count` > 0, the bits that are lost or-ed into bit 0. */
function shiftLowJam(high: u64, low: u64, count: i32): u64 {
  if (count < 64) {
    const lost = low << (64 - <u64>count);
    return (high << (64 - <u64>count)) | (low >> <u64>count) | <u64>(lost != 0);
  }
  return shiftRightJam(high, count - 64) | <u64>(low != 0);
}

/** FRECPS: 2.0 - a * b, fused. */
export function FPRecipStepFused<T>(cpu: usize, x: T, y: T): T {
  const a = flushInput<T>(cpu, FPNeg<T>(x));
  const b = flushInput<T>(cpu, y);
  if (isStepSpecial<T>(a, b)) return FPPower<T>(0, 1);
  return FPMulAdd<T>(cpu, FPPower<T>(0, 1), a, b);
}

/** FRSQRTS: (3.0 - a * b) / 2.0, fused. */
export function FPRSqrtStepFused<T>(cpu: usize, x: T, y: T): T {
  const a = flushInput<T>(cpu, FPNeg<T>(x));
  const b = flushInput<T>(cpu, y);
  const half = <T>((<u64>1) << (<u64>(fracBits<T>() - 1)));
  if (isStepSpecial<T>(a, b)) return <T>(FPPower<T>(0, 0) | half);
  return mulAddScaled<T>(cpu, <T>(FPPower<T>(0, 1) | half), a, b, -1);
}

/** Infinity times zero, which the step instructions take for 0. */
function isStepSpecial<T>(a: T, b: T): bool {
  return (isInf<T>(a) && isZero<T>(b)) || (isZero<T>(a) && isInf<T>(b));
}
