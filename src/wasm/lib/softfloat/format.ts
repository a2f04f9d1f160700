/**
 * Floating-point values as bit patterns: u16 half, u32 single, u64 double precision. The type parameter T of everything
 * here is that unsigned type. Names are those of the ARM ARM's pseudocode (J1, shared/functions/float); FPCR is read from
 * and FPSR flags are accumulated in the state of `cpu`.
 */
import { CPU_FPCR, CPU_FPSR } from "../../cpu/state";
import { FPModeChanged } from "./host-limits";

/** FPCR fields. */
export const FPCR_AHP: u32 = 1 << 26;
export const FPCR_DN: u32 = 1 << 25;
export const FPCR_FZ: u32 = 1 << 24;
export const FPCR_RMODE_SHIFT: u32 = 22;
export const FPCR_RMODE: u32 = 3 << FPCR_RMODE_SHIFT;

/** FPSR cumulative exception flags. */
export const FPSR_IOC: u32 = 1;
export const FPSR_DZC: u32 = 2;
export const FPSR_OFC: u32 = 4;
export const FPSR_UFC: u32 = 8;
export const FPSR_IXC: u32 = 16;
export const FPSR_IDC: u32 = 128;

/** FPRounding: the first four as FPCR.RMode has them. */
export const TIEEVEN: u32 = 0;
export const POSINF: u32 = 1;
export const NEGINF: u32 = 2;
export const ZERO: u32 = 3;
export const TIEAWAY: u32 = 4;
export const ODD: u32 = 5;

/** Bit of an unpacked significand that is worth 2^exponent. One bit above it is free for carries. */
export const LEAD: u32 = 62;

export function fracBits<T>(): u32 {
  return sizeof<T>() == 8 ? 52 : sizeof<T>() == 4 ? 23 : 10;
}
/** Exponent field of infinities and NaNs. */
export function expMax<T>(): u32 {
  return sizeof<T>() == 8 ? 0x7ff : sizeof<T>() == 4 ? 0xff : 0x1f;
}
export function bias<T>(): i32 {
  return sizeof<T>() == 8 ? 1023 : sizeof<T>() == 4 ? 127 : 15;
}
export function signBit<T>(): T {
  return <T>((<u64>1) << (sizeof<T>() * 8 - 1));
}
export function infinity<T>(): T {
  return <T>((<u64>expMax<T>()) << (<u64>fracBits<T>()));
}
/** The bit that tells a quiet NaN from a signalling one. */
export function quietBit<T>(): T {
  return <T>((<u64>1) << (<u64>(fracBits<T>() - 1)));
}
export function FPDefaultNaN<T>(): T {
  return <T>(infinity<T>() | quietBit<T>());
}
/** 0 or 1. */
export function signOf<T>(x: T): u32 {
  return <u32>(<u64>x >> (sizeof<T>() * 8 - 1));
}
export function expField<T>(x: T): u32 {
  return <u32>(<u64>x >> <u64>fracBits<T>()) & expMax<T>();
}
export function fracField<T>(x: T): u64 {
  return <u64>x & (((<u64>1) << (<u64>fracBits<T>())) - 1);
}
export function FPNeg<T>(x: T): T {
  return <T>(x ^ signBit<T>());
}
export function FPAbs<T>(x: T): T {
  return <T>(x & ~signBit<T>());
}
export function FPZero<T>(sign: u32): T {
  return <T>((<u64>sign) << (sizeof<T>() * 8 - 1));
}
export function FPInfinity<T>(sign: u32): T {
  return <T>(FPZero<T>(sign) | infinity<T>());
}
export function FPMaxNormal<T>(sign: u32): T {
  return <T>(FPInfinity<T>(sign) - 1);
}
/** (-1)^sign * 2^exponent for a normal exponent. */
export function FPPower<T>(sign: u32, exponent: i32): T {
  return <T>(FPZero<T>(sign) | <T>((<u64>(exponent + bias<T>())) << (<u64>fracBits<T>())));
}
export function isNan<T>(x: T): bool {
  return FPAbs<T>(x) > infinity<T>();
}
export function isSNan<T>(x: T): bool {
  return isNan<T>(x) && (x & quietBit<T>()) == 0;
}
export function isInf<T>(x: T): bool {
  return FPAbs<T>(x) == infinity<T>();
}
export function isZero<T>(x: T): bool {
  return FPAbs<T>(x) == 0;
}

/** FPCR.RMode as an FPRounding. */
export function FPRoundingMode(cpu: usize): u32 {
  return (load<u32>(cpu, CPU_FPCR) >> FPCR_RMODE_SHIFT) & 3;
}
/** Accumulates `flags` (FPSR_*) in FPSR. */
export function FPProcessException(cpu: usize, flags: u32): void {
  const before = load<u32>(cpu, CPU_FPSR);
  if ((flags & ~before) == 0) return;
  store<u32>(cpu, before | flags, CPU_FPSR);
  FPModeChanged(cpu);
}

/** `x`, or the zero that FPCR.FZ makes of a denormal operand (FPUnpack). */
export function flushInput<T>(cpu: usize, x: T): T {
  if (expField<T>(x) != 0 || fracField<T>(x) == 0 || (load<u32>(cpu, CPU_FPCR) & FPCR_FZ) == 0) return x;
  FPProcessException(cpu, FPSR_IDC);
  return <T>(x & signBit<T>());
}

/** Result of an operation whose operand `x` is a NaN and has been chosen to propagate. */
export function FPProcessNaN<T>(cpu: usize, x: T): T {
  if ((x & quietBit<T>()) == 0) FPProcessException(cpu, FPSR_IOC);
  return (load<u32>(cpu, CPU_FPCR) & FPCR_DN) != 0 ? FPDefaultNaN<T>() : <T>(x | quietBit<T>());
}

/** Result of an operation of which one or both operands are NaNs: the first signalling one, else the first quiet one. */
export function FPProcessNaNs<T>(cpu: usize, a: T, b: T): T {
  if (isSNan<T>(a)) return FPProcessNaN<T>(cpu, a);
  if (isSNan<T>(b)) return FPProcessNaN<T>(cpu, b);
  return FPProcessNaN<T>(cpu, isNan<T>(a) ? a : b);
}

/** Invalid Operation: the default NaN. */
export function invalidOperation<T>(cpu: usize): T {
  FPProcessException(cpu, FPSR_IOC);
  return FPDefaultNaN<T>();
}

/** Significand of a finite value that is not zero, normalised to have its first bit at LEAD. */
export function significand<T>(x: T): u64 {
  const frac = fracField<T>(x) << (<u64>(LEAD - fracBits<T>()));
  if (expField<T>(x) != 0) return frac | ((<u64>1) << LEAD);
  return frac << (clz<u64>(frac) - 1);
}

/** Exponent that belongs to significand(x): the value is significand * 2^(exponent - LEAD). */
export function exponent<T>(x: T): i32 {
  const field = <i32>expField<T>(x);
  if (field != 0) return field - bias<T>();
  return 2 - bias<T>() - <i32>clz<u64>(fracField<T>(x) << (<u64>(LEAD - fracBits<T>())));
}

/** `x` shifted right, with the bits that are lost or-ed into bit 0. `count` is not negative. */
export function shiftRightJam(x: u64, count: i32): u64 {
  if (count == 0) return x;
  if (count > 63) return <u64>(x != 0);
  return (x >> <u64>count) | <u64>(x << (64 - <u64>count) != 0);
}

/** Does rounding add one unit? `rest` is what is cut off as a fraction of 2^64, `odd` the last bit that is kept. */
export function roundsUp(rounding: u32, sign: u32, odd: u64, rest: u64): bool {
  const half = (<u64>1) << 63;
  switch (rounding) {
    case TIEEVEN:
      return rest > half || (rest == half && odd != 0);
    case TIEAWAY:
      return rest >= half;
    case POSINF:
      return rest != 0 && sign == 0;
    case NEGINF:
      return rest != 0 && sign != 0;
    case ODD:
      return rest != 0 && odd == 0;
    default:
      return false;
  }
}

/** FPRound by FPCR.RMode. */
export function FPRound<T>(cpu: usize, sign: u32, exp: i32, sig: u64): T {
  return FPRoundAs<T>(cpu, sign, exp, sig, FPRoundingMode(cpu));
}

/**
 * The nearest T of (-1)^sign * sig * 2^(exp - LEAD); `sig` has its first bit at LEAD, and bit 0 tells whether anything follows.
 * Tininess is detected before rounding. FPCR.FZ does not concern half precision results, FPCR.AHP only them.
 */
export function FPRoundAs<T>(cpu: usize, sign: u32, exp: i32, sig: u64, rounding: u32): T {
  const fpcr = load<u32>(cpu, CPU_FPCR);
  const cut = <u64>(LEAD - fracBits<T>());
  let biased = exp + bias<T>();
  const tiny = biased <= 0;
  if (tiny) {
    if (sizeof<T>() != 2 && (fpcr & FPCR_FZ) != 0) {
      FPProcessException(cpu, FPSR_UFC);
      return FPZero<T>(sign);
    }
    sig = shiftRightJam(sig, 1 - biased);
    biased = 1;
  }
  const rest = sig << (64 - cut);
  let kept = sig >> cut;
  let flags: u32 = 0;
  if (rest != 0) {
    flags = tiny ? FPSR_IXC | FPSR_UFC : FPSR_IXC;
    kept += <u64>roundsUp(rounding, sign, kept & 1, rest);
  }
  // The first bit of a normal significand adds one to the exponent field, and so does a carry out of rounding.
  const packed = ((<u64>(biased - 1)) << (<u64>fracBits<T>())) + kept;
  if (sizeof<T>() == 2 && (fpcr & FPCR_AHP) != 0) {
    if (packed > 0x7fff) {
      FPProcessException(cpu, FPSR_IOC);
      return <T>(FPZero<T>(sign) | 0x7fff);
    }
  } else if (packed >= <u64>infinity<T>()) {
    FPProcessException(cpu, FPSR_OFC | FPSR_IXC);
    const toInfinity = rounding == TIEEVEN || rounding == TIEAWAY || rounding == (sign != 0 ? NEGINF : POSINF);
    return toInfinity ? FPInfinity<T>(sign) : FPMaxNormal<T>(sign);
  }
  if (flags != 0) FPProcessException(cpu, flags);
  return <T>(FPZero<T>(sign) | <T>packed);
}
