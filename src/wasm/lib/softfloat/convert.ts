/** Conversions between formats, to and from integers and fixed point, and rounding to integral values. */
import { CPU_FPCR } from "../../cpu/state";
import {
  bias,
  expField,
  exponent,
  FPCR_AHP,
  FPCR_DN,
  FPDefaultNaN,
  FPInfinity,
  FPProcessException,
  FPProcessNaN,
  FPRoundAs,
  FPSR_IOC,
  FPSR_IXC,
  FPZero,
  flushInput,
  fracBits,
  fracField,
  infinity,
  isInf,
  isNan,
  isSNan,
  isZero,
  LEAD,
  NEGINF,
  POSINF,
  quietBit,
  roundsUp,
  significand,
  signOf,
  TIEAWAY,
  TIEEVEN,
} from "./format";
import { hostDouble, hostRound, isFiniteValue, isOrdinary, keepsDenormals, roundsAsHost } from "./host-arithmetic";

/** A value of format F as T (each u16, u32 or u64) by `rounding`. FPCR.AHP concerns the half precision side. */
export function FPConvert<F, T>(cpu: usize, value: F, rounding: u32): T {
  if (sizeof<F>() == 4 && sizeof<T>() == 8) {
    if (keepsDenormals(cpu) && isFiniteValue<F>(value)) return <T>reinterpret<u64>(hostDouble<F>(value));
  } else if (sizeof<F>() == 8 && sizeof<T>() == 4) {
    const x = hostDouble<F>(value);
    const result = hostRound<T>(x);
    if (isOrdinary<T>(result) && (hostDouble<T>(result) == x || (rounding == TIEEVEN && roundsAsHost(cpu))))
      return result;
    if (isZero<F>(value)) return result;
  }
  return convertSlow<F, T>(cpu, value, rounding);
}

function convertSlow<F, T>(cpu: usize, value: F, rounding: u32): T {
  const fpcr = load<u32>(cpu, CPU_FPCR);
  const x = sizeof<F>() == 2 ? value : flushInput<F>(cpu, value);
  const sign = signOf<F>(x);
  if (expField<F>(x) == <u32>(<u64>infinity<F>() >> <u64>fracBits<F>())) {
    if (sizeof<F>() == 2 && (fpcr & FPCR_AHP) != 0) {
      // The alternative half precision has a normal binade instead of infinities and NaNs.
      return FPRoundAs<T>(cpu, sign, 16, ((<u64>1) << LEAD) | (fracField<F>(x) << (LEAD - 10)), rounding);
    }
    if (sizeof<T>() == 2 && (fpcr & FPCR_AHP) != 0) {
      FPProcessException(cpu, FPSR_IOC);
      return isNan<F>(x) ? FPZero<T>(sign) : <T>(FPZero<T>(sign) | 0x7fff);
    }
    return isNan<F>(x) ? convertNaN<F, T>(cpu, x) : FPInfinity<T>(sign);
  }
  if (isZero<F>(x)) return FPZero<T>(sign);
  return FPRoundAs<T>(cpu, sign, exponent<F>(x), significand<F>(x), rounding);
}

/** FPConvertNaN: the fraction keeps its first bits. */
function convertNaN<F, T>(cpu: usize, x: F): T {
  if (isSNan<F>(x)) FPProcessException(cpu, FPSR_IOC);
  if (load<u32>(cpu, CPU_FPCR) & FPCR_DN) return FPDefaultNaN<T>();
  const frac = (fracField<F>(x) << (<u64>(52 - fracBits<F>()))) >> <u64>(52 - fracBits<T>());
  return <T>(FPInfinity<T>(signOf<F>(x)) | quietBit<T>() | <T>frac);
}

/**
 * FPToFixed: the integer nearest to value * 2^fbits by `rounding`, saturated to `width` (32 or 64) bits.
 * Returned in the low `width` bits, the others are 0. Out of range and NaN are Invalid Operation.
 */
export function FPToFixed<T>(cpu: usize, value: T, fbits: u32, unsigned: bool, rounding: u32, width: u32): u64 {
  if (fbits == 0 && rounding != TIEAWAY && keepsDenormals(cpu)) {
    const x = hostDouble<T>(value);
    const integral = hostIntegral(x, rounding);
    // Of the signed 64-bit integers no double lies between 2^63 and the largest.
    const limit: f64 = width == 64 ? 9223372036854775808.0 : unsigned ? 4294967296.0 : 2147483648.0;
    if (integral < limit && integral >= (unsigned ? 0 : -limit)) {
      if (integral != x) FPProcessException(cpu, FPSR_IXC);
      const result = <u64>(<i64>integral);
      return width == 64 ? result : <u64>(<u32>result);
    }
  }
  return toFixedSlow<T>(cpu, value, fbits, unsigned, rounding, width);
}

/** `x` rounded to an integral value by TIEEVEN, POSINF, NEGINF or ZERO. */
function hostIntegral(x: f64, rounding: u32): f64 {
  switch (rounding) {
    case TIEEVEN:
      return nearest<f64>(x);
    case POSINF:
      return ceil<f64>(x);
    case NEGINF:
      return floor<f64>(x);
    default:
      return trunc<f64>(x);
  }
}

function toFixedSlow<T>(cpu: usize, value: T, fbits: u32, unsigned: bool, rounding: u32, width: u32): u64 {
  const x = flushInput<T>(cpu, value);
  if (isZero<T>(x)) return 0;
  const sign = isNan<T>(x) ? 0 : signOf<T>(x);
  const largest: u64 = unsigned
    ? sign != 0
      ? 0
      : <u64>-1 >> (64 - <u64>width)
    : ((<u64>1) << (<u64>width - 1)) - 1 + <u64>sign;
  const mask = <u64>-1 >> (64 - <u64>width);
  if (isNan<T>(x) || isInf<T>(x)) {
    FPProcessException(cpu, FPSR_IOC);
    return isNan<T>(x) ? 0 : signed(largest, sign) & mask;
  }
  const exp = exponent<T>(x) + <i32>fbits;
  const sig = significand<T>(x);
  let magnitude: u64 = 0;
  let rest: u64 = 1;
  if (exp > 63) {
    FPProcessException(cpu, FPSR_IOC);
    return signed(largest, sign) & mask;
  }
  if (exp >= <i32>LEAD) {
    magnitude = sig << (<u64>exp - LEAD);
    rest = 0;
  } else if (exp >= -1) {
    const cut = <u64>LEAD - <u64>exp;
    magnitude = sig >> cut;
    rest = sig << (64 - cut);
  }
  magnitude += <u64>roundsUp(rounding, sign, magnitude & 1, rest);
  if (magnitude > largest) {
    FPProcessException(cpu, FPSR_IOC);
    return signed(largest, sign) & mask;
  }
  if (rest != 0) FPProcessException(cpu, FPSR_IXC);
  return signed(magnitude, sign) & mask;
}

function signed(magnitude: u64, sign: u32): u64 {
  return sign != 0 ? 0 - magnitude : magnitude;
}

/** The integer has no more bits than a significand of T. */
function isExactIn<T>(integer: u64): bool {
  return 64 - clz<u64>(integer) - ctz<u64>(integer) <= <u64>(fracBits<T>() + 1);
}

/** FixedToFP: (-1)^sign * magnitude * 2^-fbits by `rounding`; zero is +0. */
export function FixedToFP<T>(cpu: usize, sign: u32, magnitude: u64, fbits: u32, rounding: u32): T {
  if (fbits == 0 && ((rounding == TIEEVEN && roundsAsHost(cpu)) || isExactIn<T>(magnitude))) {
    const rounded = <T>(sizeof<T>() == 8 ? reinterpret<u64>(<f64>magnitude) : <u64>reinterpret<u32>(<f32>magnitude));
    return <T>(rounded | FPZero<T>(sign));
  }
  if (magnitude == 0) return 0;
  const shift = <i32>clz<u64>(magnitude) - 1;
  const sig = shift < 0 ? (magnitude >> 1) | (magnitude & 1) : magnitude << (<u64>shift);
  return FPRoundAs<T>(cpu, sign, <i32>LEAD - shift - <i32>fbits, sig, rounding);
}

/** FPRoundInt: the integral value of the same format; `exact` asks for the Inexact flag. */
export function FPRoundInt<T>(cpu: usize, value: T, rounding: u32, exact: bool): T {
  if (rounding != TIEAWAY && keepsDenormals(cpu)) {
    const x = hostDouble<T>(value);
    const integral = hostIntegral(x, rounding);
    if (integral == integral) {
      if (exact && integral != x) FPProcessException(cpu, FPSR_IXC);
      return hostRound<T>(integral);
    }
  }
  return roundIntSlow<T>(cpu, value, rounding, exact);
}

function roundIntSlow<T>(cpu: usize, value: T, rounding: u32, exact: bool): T {
  const x = flushInput<T>(cpu, value);
  if (isNan<T>(x)) return FPProcessNaN<T>(cpu, x);
  if (isInf<T>(x) || isZero<T>(x)) return x;
  const exp = exponent<T>(x);
  const sign = signOf<T>(x);
  if (exp >= <i32>fracBits<T>()) return x;
  if (exp < -1) {
    if (exact) FPProcessException(cpu, FPSR_IXC);
    return roundsUp(rounding, sign, 0, 1) ? <T>(FPZero<T>(sign) | <T>one<T>()) : FPZero<T>(sign);
  }
  const cut = <u64>LEAD - <u64>exp;
  const sig = significand<T>(x);
  const rest = sig << (64 - cut);
  if (rest == 0) return x;
  if (exact) FPProcessException(cpu, FPSR_IXC);
  const kept = sig >> cut;
  const integer = kept + <u64>roundsUp(rounding, sign, kept & 1, rest);
  if (integer == 0) return FPZero<T>(sign);
  const shift = clz<u64>(integer) - 1;
  return FPRoundAs<T>(cpu, sign, <i32>LEAD - <i32>shift, integer << shift, rounding);
}

/** The bits of 1.0. */
function one<T>(): u64 {
  return (<u64>bias<T>()) << (<u64>fracBits<T>());
}
