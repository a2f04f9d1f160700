/**
 * When compiled code may take the host's arithmetic, as numbers to compare magnitudes with: the comparison with a result that has
 * to be made in any case says no for modes that the host does not have. They follow from FPCR and FPSR and are no state of their own.
 */
import {
  CPU_KEPT_F32,
  CPU_KEPT_F64,
  CPU_ORDINARY_F32,
  CPU_ORDINARY_F64,
  CPU_ROUNDED_F32,
  CPU_ROUNDED_F64,
} from "../../cpu/state";
import { fracBits, infinity } from "./format";
import { keepsDenormals, roundsAsHost } from "./host-arithmetic";

/** The first bit pattern, the sign shifted out, above the least normal value (see isOrdinary). */
export function leastOrdinary<T>(): T {
  return <T>((((<u64>1) << (<u64>fracBits<T>())) + 1) << 1);
}

/** FPCR or FPSR was written. */
export function FPModeChanged(cpu: usize): void {
  const rounds = roundsAsHost(cpu);
  const rounded: f64 = rounds ? Infinity : 0;
  store<f64>(cpu, rounded, CPU_ROUNDED_F64);
  store<f32>(cpu, <f32>rounded, CPU_ROUNDED_F32);
  store<u64>(cpu, rounds ? (infinity<u64>() << 1) - leastOrdinary<u64>() : 0, CPU_ORDINARY_F64);
  store<u32>(cpu, rounds ? (infinity<u32>() << 1) - leastOrdinary<u32>() : 0, CPU_ORDINARY_F32);
  const kept: f64 = keepsDenormals(cpu) ? Infinity : -1;
  store<f64>(cpu, kept, CPU_KEPT_F64);
  store<f32>(cpu, <f32>kept, CPU_KEPT_F32);
}
