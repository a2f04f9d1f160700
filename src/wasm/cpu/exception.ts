/** Raising of synchronous exceptions (ARM ARM D1.10); taking them is in cpu/take.ts. */
import {
  CPU_EXIT,
  CPU_FAULT_ESR,
  CPU_FAULT_FAR,
  CPU_FAULT_FLAGS,
  CPU_FP_TRAP,
  EXIT_FAULT,
  FAULT_HAS_FAR,
} from "./state";

/** ESR_ELx.EC values (ARM ARM, ESR_EL1). */
export const EC_UNKNOWN: u32 = 0x00;
export const EC_WFX: u32 = 0x01;
export const EC_FP_ACCESS: u32 = 0x07;
export const EC_ILLEGAL_STATE: u32 = 0x0e;
export const EC_SVC64: u32 = 0x15;
export const EC_HVC64: u32 = 0x16;
export const EC_SMC64: u32 = 0x17;
export const EC_SYSTEM: u32 = 0x18;
export const EC_IABT_LOWER: u32 = 0x20;
export const EC_IABT_SAME: u32 = 0x21;
export const EC_PC_ALIGNMENT: u32 = 0x22;
export const EC_DABT_LOWER: u32 = 0x24;
export const EC_DABT_SAME: u32 = 0x25;
export const EC_SP_ALIGNMENT: u32 = 0x26;
export const EC_SOFTSTEP_LOWER: u32 = 0x32;
export const EC_BRK64: u32 = 0x3c;

/** ESR_ELx.IL: a 32-bit instruction. */
export const ESR_IL: u32 = 1 << 25;

/**
 * Announces a synchronous exception for the current instruction, which must not have changed any state.
 * The handler returns at once after it; the run loop takes the exception.
 */
export function raise(cpu: usize, ec: u32, iss: u32): void {
  store<u32>(cpu, (ec << 26) | ESR_IL | iss, CPU_FAULT_ESR);
  store<u32>(cpu, 0, CPU_FAULT_FLAGS);
  store<u32>(cpu, load<u32>(cpu, CPU_EXIT) | EXIT_FAULT, CPU_EXIT);
}

/** As raise(), with a fault address for FAR_EL1. */
export function raiseWithAddress(cpu: usize, ec: u32, iss: u32, va: u64): void {
  raise(cpu, ec, iss);
  store<u32>(cpu, FAULT_HAS_FAR, CPU_FAULT_FLAGS);
  store<u64>(cpu, va, CPU_FAULT_FAR);
}

/** UNDEFINED: unallocated encodings, and register accesses that do not exist at this EL. */
export function undefinedInstruction(cpu: usize): void {
  raise(cpu, EC_UNKNOWN, 0);
}

/** True, with the exception raised, when FP and SIMD are trapped by CPACR_EL1.FPEN. */
export function fpTrapped(cpu: usize): bool {
  if (load<u32>(cpu, CPU_FP_TRAP) == 0) return false;
  raise(cpu, EC_FP_ACCESS, 0x1e00000);
  return true;
}

/** True when the current instruction has raised an exception. */
export function faulted(cpu: usize): bool {
  return (load<u32>(cpu, CPU_EXIT) & EXIT_FAULT) != 0;
}
