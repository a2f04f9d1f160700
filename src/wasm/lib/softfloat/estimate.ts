/** Reciprocal and reciprocal square root estimates (T: u32 or u64). */
import { CPU_FPCR } from "../../cpu/state";
import {
  bias,
  expField,
  expMax,
  exponent,
  FPCR_FZ,
  FPInfinity,
  FPMaxNormal,
  FPProcessException,
  FPProcessNaN,
  FPRoundingMode,
  FPSR_DZC,
  FPSR_IXC,
  FPSR_OFC,
  FPSR_UFC,
  FPZero,
  flushInput,
  fracBits,
  invalidOperation,
  isInf,
  isNan,
  isZero,
  LEAD,
  NEGINF,
  POSINF,
  significand,
  signOf,
  TIEEVEN,
} from "./format";

/** RecipEstimate: for `a` in [256, 512), a value in [256, 512). */
export function RecipEstimate(a: u32): u32 {
  return ((1 << 19) / (a * 2 + 1) + 1) >> 1;
}

/** RecipSqrtEstimate: for `a` in [128, 512), a value in [256, 512). */
export function RecipSqrtEstimate(a: u32): u32 {
  const scaled: u32 = a < 256 ? a * 2 + 1 : (((a >> 1) << 1) + 1) * 2;
  let b: u32 = 512;
  while (scaled * (b + 1) * (b + 1) < 1 << 28) b += 1;
  return (b + 1) >> 1;
}

/** URECPE on one 32-bit element. */
export function UnsignedRecipEstimate(operand: u32): u32 {
  return operand >> 31 == 0 ? 0xffff_ffff : RecipEstimate(operand >> 23) << 23;
}

/** URSQRTE on one 32-bit element. */
export function UnsignedRSqrtEstimate(operand: u32): u32 {
  return operand >> 30 == 0 ? 0xffff_ffff : RecipSqrtEstimate(operand >> 23) << 23;
}

/** FRECPE. */
export function FPRecipEstimate<T>(cpu: usize, value: T): T {
  const x = flushInput<T>(cpu, value);
  if (isNan<T>(x)) return FPProcessNaN<T>(cpu, x);
  const sign = signOf<T>(x);
  if (isInf<T>(x)) return FPZero<T>(sign);
  if (isZero<T>(x)) {
    FPProcessException(cpu, FPSR_DZC);
    return FPInfinity<T>(sign);
  }
  const exp = exponent<T>(x);
  // Less than 2^-(bias + 1): the reciprocal is above the largest normal value.
  if (exp < -bias<T>() - 1) {
    FPProcessException(cpu, FPSR_OFC | FPSR_IXC);
    const rounding = FPRoundingMode(cpu);
    const toInfinity = rounding == TIEEVEN || rounding == (sign != 0 ? NEGINF : POSINF);
    return toInfinity ? FPInfinity<T>(sign) : FPMaxNormal<T>(sign);
  }
  const resultExp = bias<T>() - 1 - exp;
  if (resultExp <= 0 && (load<u32>(cpu, CPU_FPCR) & FPCR_FZ) != 0) {
    FPProcessException(cpu, FPSR_UFC);
    return FPZero<T>(sign);
  }
  const estimate = RecipEstimate(<u32>(significand<T>(x) >> (LEAD - 8)));
  // The estimate's first bit is the implicit one; results below the normal range shift it into the fraction.
  const place = <u64>(fracBits<T>() - 8);
  if (resultExp > 0) {
    return <T>(FPZero<T>(sign) | <T>(((<u64>resultExp - 1) << (<u64>fracBits<T>())) + ((<u64>estimate) << place)));
  }
  return <T>(FPZero<T>(sign) | <T>(((<u64>estimate) << place) >> <u64>(1 - resultExp)));
}

/** FRSQRTE. */
export function FPRSqrtEstimate<T>(cpu: usize, value: T): T {
  const x = flushInput<T>(cpu, value);
  if (isNan<T>(x)) return FPProcessNaN<T>(cpu, x);
  const sign = signOf<T>(x);
  if (isZero<T>(x)) {
    FPProcessException(cpu, FPSR_DZC);
    return FPInfinity<T>(sign);
  }
  if (sign != 0) return invalidOperation<T>(cpu);
  if (isInf<T>(x)) return FPZero<T>(0);
  const exp = exponent<T>(x);
  const sig = significand<T>(x);
  // Nine bits from an even exponent, eight from an odd one: the operand scaled to [0.25, 1).
  const estimate = RecipSqrtEstimate(<u32>(sig >> (exp & 1 ? LEAD - 8 : LEAD - 7)));
  const resultExp = <u64>(bias<T>() - ((exp + 1) >> 1) - (exp & 1 ? 0 : 1));
  return <T>((resultExp << (<u64>fracBits<T>())) | ((<u64>(estimate & 0xff)) << (<u64>(fracBits<T>() - 8))));
}

/** FRECPX: a power of two with the exponent complemented. */
export function FPRecpX<T>(cpu: usize, value: T): T {
  if (isNan<T>(value)) return FPProcessNaN<T>(cpu, value);
  const x = flushInput<T>(cpu, value);
  const field = expField<T>(x);
  const resultExp = field == 0 ? expMax<T>() - 1 : ~field & expMax<T>();
  return <T>(FPZero<T>(signOf<T>(x)) | <T>((<u64>resultExp) << (<u64>fracBits<T>())));
}
