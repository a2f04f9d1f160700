/**
 * Entry of the module that softfloat.test.ts builds: the arithmetic by itself, operands and results as u64.
 * The digits at the end of a name are the formats' widths.
 */
import { CPU_FPCR, CPU_FPSR } from "../../cpu/state";
import { CPU_BASE } from "../../layout";
import { FPAdd, FPDiv, FPMul, FPMulX, FPSqrt, FPSub } from "./arithmetic";
import { FPCompare, FPMax, FPMaxNum, FPMin, FPMinNum } from "./compare";
import { FixedToFP, FPConvert, FPRoundInt, FPToFixed } from "./convert";
import { FPRecipEstimate, FPRecpX, FPRSqrtEstimate } from "./estimate";
import { FPRoundingMode } from "./format";
import { FPMulAdd, FPRecipStepFused, FPRSqrtStepFused } from "./fused";

/** FPCR and FPSR before the next operation. */
export function prepare(fpcr: u32, fpsr: u32): void {
  store<u32>(CPU_BASE, fpcr, CPU_FPCR);
  store<u32>(CPU_BASE, fpsr, CPU_FPSR);
}
export function fpsr(): u32 {
  return load<u32>(CPU_BASE, CPU_FPSR);
}
export function roundingMode(): u32 {
  return FPRoundingMode(CPU_BASE);
}

export function FPAdd32(a: u64, b: u64): u64 {
  return FPAdd<u32>(CPU_BASE, <u32>a, <u32>b);
}
export function FPSub32(a: u64, b: u64): u64 {
  return FPSub<u32>(CPU_BASE, <u32>a, <u32>b);
}
export function FPMul32(a: u64, b: u64): u64 {
  return FPMul<u32>(CPU_BASE, <u32>a, <u32>b);
}
export function FPMulX32(a: u64, b: u64): u64 {
  return FPMulX<u32>(CPU_BASE, <u32>a, <u32>b);
}
export function FPDiv32(a: u64, b: u64): u64 {
  return FPDiv<u32>(CPU_BASE, <u32>a, <u32>b);
}
export function FPMax32(a: u64, b: u64): u64 {
  return FPMax<u32>(CPU_BASE, <u32>a, <u32>b);
}
export function FPMin32(a: u64, b: u64): u64 {
  return FPMin<u32>(CPU_BASE, <u32>a, <u32>b);
}
export function FPMaxNum32(a: u64, b: u64): u64 {
  return FPMaxNum<u32>(CPU_BASE, <u32>a, <u32>b);
}
export function FPMinNum32(a: u64, b: u64): u64 {
  return FPMinNum<u32>(CPU_BASE, <u32>a, <u32>b);
}
export function FPRecipStepFused32(a: u64, b: u64): u64 {
  return FPRecipStepFused<u32>(CPU_BASE, <u32>a, <u32>b);
}
export function FPRSqrtStepFused32(a: u64, b: u64): u64 {
  return FPRSqrtStepFused<u32>(CPU_BASE, <u32>a, <u32>b);
}
export function FPSqrt32(a: u64): u64 {
  return FPSqrt<u32>(CPU_BASE, <u32>a);
}
export function FPRecipEstimate32(a: u64): u64 {
  return FPRecipEstimate<u32>(CPU_BASE, <u32>a);
}
export function FPRSqrtEstimate32(a: u64): u64 {
  return FPRSqrtEstimate<u32>(CPU_BASE, <u32>a);
}
export function FPRecpX32(a: u64): u64 {
  return FPRecpX<u32>(CPU_BASE, <u32>a);
}
export function FPMulAdd32(addend: u64, a: u64, b: u64): u64 {
  return FPMulAdd<u32>(CPU_BASE, <u32>addend, <u32>a, <u32>b);
}
export function FPCompare32(a: u64, b: u64, signalNaNs: bool): u32 {
  return FPCompare<u32>(CPU_BASE, <u32>a, <u32>b, signalNaNs);
}
export function FPRoundInt32(a: u64, rounding: u32, exact: bool): u64 {
  return FPRoundInt<u32>(CPU_BASE, <u32>a, rounding, exact);
}
export function FPToFixed32(a: u64, fbits: u32, unsigned: bool, rounding: u32, width: u32): u64 {
  return FPToFixed<u32>(CPU_BASE, <u32>a, fbits, unsigned, rounding, width);
}
export function FixedToFP32(sign: u32, magnitude: u64, fbits: u32, rounding: u32): u64 {
  return FixedToFP<u32>(CPU_BASE, sign, magnitude, fbits, rounding);
}
export function FPAdd64(a: u64, b: u64): u64 {
  return FPAdd<u64>(CPU_BASE, a, b);
}
export function FPSub64(a: u64, b: u64): u64 {
  return FPSub<u64>(CPU_BASE, a, b);
}
export function FPMul64(a: u64, b: u64): u64 {
  return FPMul<u64>(CPU_BASE, a, b);
}
export function FPMulX64(a: u64, b: u64): u64 {
  return FPMulX<u64>(CPU_BASE, a, b);
}
export function FPDiv64(a: u64, b: u64): u64 {
  return FPDiv<u64>(CPU_BASE, a, b);
}
export function FPMax64(a: u64, b: u64): u64 {
  return FPMax<u64>(CPU_BASE, a, b);
}
export function FPMin64(a: u64, b: u64): u64 {
  return FPMin<u64>(CPU_BASE, a, b);
}
export function FPMaxNum64(a: u64, b: u64): u64 {
  return FPMaxNum<u64>(CPU_BASE, a, b);
}
export function FPMinNum64(a: u64, b: u64): u64 {
  return FPMinNum<u64>(CPU_BASE, a, b);
}
export function FPRecipStepFused64(a: u64, b: u64): u64 {
  return FPRecipStepFused<u64>(CPU_BASE, a, b);
}
export function FPRSqrtStepFused64(a: u64, b: u64): u64 {
  return FPRSqrtStepFused<u64>(CPU_BASE, a, b);
}
export function FPSqrt64(a: u64): u64 {
  return FPSqrt<u64>(CPU_BASE, a);
}
export function FPRecipEstimate64(a: u64): u64 {
  return FPRecipEstimate<u64>(CPU_BASE, a);
}
export function FPRSqrtEstimate64(a: u64): u64 {
  return FPRSqrtEstimate<u64>(CPU_BASE, a);
}
export function FPRecpX64(a: u64): u64 {
  return FPRecpX<u64>(CPU_BASE, a);
}
export function FPMulAdd64(addend: u64, a: u64, b: u64): u64 {
  return FPMulAdd<u64>(CPU_BASE, addend, a, b);
}
export function FPCompare64(a: u64, b: u64, signalNaNs: bool): u32 {
  return FPCompare<u64>(CPU_BASE, a, b, signalNaNs);
}
export function FPRoundInt64(a: u64, rounding: u32, exact: bool): u64 {
  return FPRoundInt<u64>(CPU_BASE, a, rounding, exact);
}
export function FPToFixed64(a: u64, fbits: u32, unsigned: bool, rounding: u32, width: u32): u64 {
  return FPToFixed<u64>(CPU_BASE, a, fbits, unsigned, rounding, width);
}
export function FixedToFP64(sign: u32, magnitude: u64, fbits: u32, rounding: u32): u64 {
  return FixedToFP<u64>(CPU_BASE, sign, magnitude, fbits, rounding);
}
export function FPConvert16to32(a: u64, rounding: u32): u64 {
  return FPConvert<u16, u32>(CPU_BASE, <u16>a, rounding);
}
export function FPConvert16to64(a: u64, rounding: u32): u64 {
  return FPConvert<u16, u64>(CPU_BASE, <u16>a, rounding);
}
export function FPConvert32to16(a: u64, rounding: u32): u64 {
  return FPConvert<u32, u16>(CPU_BASE, <u32>a, rounding);
}
export function FPConvert32to64(a: u64, rounding: u32): u64 {
  return FPConvert<u32, u64>(CPU_BASE, <u32>a, rounding);
}
export function FPConvert64to16(a: u64, rounding: u32): u64 {
  return FPConvert<u64, u16>(CPU_BASE, <u64>a, rounding);
}
export function FPConvert64to32(a: u64, rounding: u32): u64 {
  return FPConvert<u64, u32>(CPU_BASE, <u64>a, rounding);
}
