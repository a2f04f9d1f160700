/**
 * The host's own IEEE 754 arithmetic on bit patterns (T: u32 or u64). WebAssembly rounds to nearest even, keeps denormals
 * and has no flags, and what its NaNs look like is not specified. An answer is taken only where it is the exact path's and
 * where the flags that the exact path would raise are known: the tests here say when.
 */
import { CPU_FPCR } from "../../cpu/state";
import { FPAbs, FPCR_FZ, FPCR_RMODE, FPSR_IXC, fracBits, fracField, infinity, isZero } from "./format";

/** Denormal operands are taken as they are. */
export function keepsDenormals(cpu: usize): bool {
  return (load<u32>(cpu, CPU_FPCR) & FPCR_FZ) == 0;
}

/** Rounds as the host does: an exact result of the normal range changes no flag. */
export function roundsToNearest(cpu: usize): bool {
  return (load<u32>(cpu, CPU_FPCR) & (FPCR_FZ | FPCR_RMODE)) == 0;
}

/** Rounds as the host does, and Inexact is raised already: a finite result of the normal range changes no flag. */
export function roundsAsHost(cpu: usize): bool {
  // FPSR follows FPCR: one load for both.
  const both = load<u64>(cpu, CPU_FPCR);
  return (both & (((<u64>FPSR_IXC) << 32) | <u64>(FPCR_FZ | FPCR_RMODE))) == (<u64>FPSR_IXC) << 32;
}

/** Neither an infinity nor a NaN. */
export function isFiniteValue<T>(x: T): bool {
  return FPAbs<T>(x) < infinity<T>();
}

/** Finite and above the least normal value, which may be what a tiny result was rounded to (Underflow). */
export function isOrdinary<T>(x: T): bool {
  const least = <T>((<u64>1) << (<u64>fracBits<T>()));
  return <T>(FPAbs<T>(x) - least - 1) < <T>(infinity<T>() - least - 1);
}

export function hostAdd<T>(a: T, b: T): T {
  if (sizeof<T>() == 8) return <T>reinterpret<u64>(reinterpret<f64>(<u64>a) + reinterpret<f64>(<u64>b));
  return <T>reinterpret<u32>(reinterpret<f32>(<u32>a) + reinterpret<f32>(<u32>b));
}
export function hostSub<T>(a: T, b: T): T {
  if (sizeof<T>() == 8) return <T>reinterpret<u64>(reinterpret<f64>(<u64>a) - reinterpret<f64>(<u64>b));
  return <T>reinterpret<u32>(reinterpret<f32>(<u32>a) - reinterpret<f32>(<u32>b));
}
export function hostMul<T>(a: T, b: T): T {
  if (sizeof<T>() == 8) return <T>reinterpret<u64>(reinterpret<f64>(<u64>a) * reinterpret<f64>(<u64>b));
  return <T>reinterpret<u32>(reinterpret<f32>(<u32>a) * reinterpret<f32>(<u32>b));
}
export function hostDiv<T>(a: T, b: T): T {
  if (sizeof<T>() == 8) return <T>reinterpret<u64>(reinterpret<f64>(<u64>a) / reinterpret<f64>(<u64>b));
  return <T>reinterpret<u32>(reinterpret<f32>(<u32>a) / reinterpret<f32>(<u32>b));
}
export function hostSqrt<T>(a: T): T {
  if (sizeof<T>() == 8) return <T>reinterpret<u64>(sqrt<f64>(reinterpret<f64>(<u64>a)));
  return <T>reinterpret<u32>(sqrt<f32>(reinterpret<f32>(<u32>a)));
}
export function hostMin<T>(a: T, b: T): T {
  if (sizeof<T>() == 8) return <T>reinterpret<u64>(min<f64>(reinterpret<f64>(<u64>a), reinterpret<f64>(<u64>b)));
  return <T>reinterpret<u32>(min<f32>(reinterpret<f32>(<u32>a), reinterpret<f32>(<u32>b)));
}
export function hostMax<T>(a: T, b: T): T {
  if (sizeof<T>() == 8) return <T>reinterpret<u64>(max<f64>(reinterpret<f64>(<u64>a), reinterpret<f64>(<u64>b)));
  return <T>reinterpret<u32>(max<f32>(reinterpret<f32>(<u32>a), reinterpret<f32>(<u32>b)));
}
export function hostLess<T>(a: T, b: T): bool {
  if (sizeof<T>() == 8) return reinterpret<f64>(<u64>a) < reinterpret<f64>(<u64>b);
  return reinterpret<f32>(<u32>a) < reinterpret<f32>(<u32>b);
}
export function hostEqual<T>(a: T, b: T): bool {
  if (sizeof<T>() == 8) return reinterpret<f64>(<u64>a) == reinterpret<f64>(<u64>b);
  return reinterpret<f32>(<u32>a) == reinterpret<f32>(<u32>b);
}
/** The value as a double, exactly. */
export function hostDouble<T>(a: T): f64 {
  if (sizeof<T>() == 8) return reinterpret<f64>(<u64>a);
  return <f64>reinterpret<f32>(<u32>a);
}
/** The nearest T. */
export function hostRound<T>(x: f64): T {
  if (sizeof<T>() == 8) return <T>reinterpret<u64>(x);
  return <T>reinterpret<u32>(<f32>x);
}

/** Is `sum` a + b exactly? Its error is a value of the format that additions find (Knuth's two-sum). */
export function isExactSum<T>(a: T, b: T, sum: T): bool {
  const part = hostSub<T>(sum, a);
  return isZero<T>(hostAdd<T>(hostSub<T>(a, hostSub<T>(sum, part)), hostSub<T>(b, part)));
}

/** Does the product of the significands fit one, as that of small integers does? */
export function isExactProduct<T>(a: T, b: T): bool {
  return trailingZeros<T>(a) + trailingZeros<T>(b) > fracBits<T>();
}

/** Of the significand of a normal value. */
function trailingZeros<T>(x: T): u32 {
  return <u32>ctz<u64>(fracField<T>(x) | ((<u64>1) << (<u64>fracBits<T>())));
}
