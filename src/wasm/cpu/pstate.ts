/** PSTATE as SPSR_EL1 holds it (ARM ARM C5.2.18), and the register banking that goes with EL and SP. */
import { updateJumpContext } from "./jump-cache";
import {
  CPU_CPACR_EL1,
  CPU_DAIF,
  CPU_EL,
  CPU_FP_TRAP,
  CPU_ILSS,
  CPU_MDSCR_EL1,
  CPU_NRW,
  CPU_NZCV,
  CPU_OSLSR,
  CPU_SP,
  CPU_SPSEL,
  CPU_SP_EL0,
  CPU_SP_EL1,
} from "./state";

export const PSTATE_D: u32 = 1 << 9;
export const PSTATE_A: u32 = 1 << 8;
export const PSTATE_I: u32 = 1 << 7;
export const PSTATE_F: u32 = 1 << 6;
export const PSTATE_DAIF: u32 = 0x3c0;
export const PSTATE_IL: u32 = 1 << 20;
export const PSTATE_SS: u32 = 1 << 21;
/** SPSR.M[4]: AArch32. */
export const SPSR_NRW: u32 = 1 << 4;

/** PSTATE in the layout of SPSR_EL1. */
export function pstate(cpu: usize): u32 {
  const mode = load<u32>(cpu, CPU_NRW) != 0 ? SPSR_NRW : (load<u32>(cpu, CPU_EL) << 2) | load<u32>(cpu, CPU_SPSEL);
  return (load<u32>(cpu, CPU_NZCV) << 28) | load<u32>(cpu, CPU_ILSS) | load<u32>(cpu, CPU_DAIF) | mode;
}

/** Sets EL and SP, swapping the stack pointers; everything that depends on the exception level follows. */
export function setMode(cpu: usize, el: u32, spsel: u32): void {
  store<u64>(cpu + bankOf(cpu), load<u64>(cpu, CPU_SP));
  store<u32>(cpu, el, CPU_EL);
  store<u32>(cpu, spsel, CPU_SPSEL);
  store<u64>(cpu, load<u64>(cpu + bankOf(cpu)), CPU_SP);
  updateFpTrap(cpu);
  updateJumpContext(cpu);
}

/** Where the stack pointer in use is kept while another one is in use. */
function bankOf(cpu: usize): usize {
  return load<u32>(cpu, CPU_EL) != 0 && load<u32>(cpu, CPU_SPSEL) != 0 ? CPU_SP_EL1 : CPU_SP_EL0;
}

/** CPACR_EL1.FPEN: 1 traps at EL0, 0 and 2 trap at both levels. */
export function updateFpTrap(cpu: usize): void {
  const fpen = <u32>(load<u64>(cpu, CPU_CPACR_EL1) >> 20) & 3;
  const traps = load<u32>(cpu, CPU_EL) == 0 ? fpen != 3 : (fpen & 1) == 0;
  store<u32>(cpu, traps ? 1 : 0, CPU_FP_TRAP);
}

/** SP_EL0 and SP_EL1 as MRS and MSR see them at EL1. */
export function readBankedSp(cpu: usize, bank: usize): u64 {
  return bankOf(cpu) == bank ? load<u64>(cpu, CPU_SP) : load<u64>(cpu + bank);
}
/** Writes SP_EL0 or SP_EL1 (`bank` is its CPU_SP_* offset), also when it is the stack pointer in use. */
export function writeBankedSp(cpu: usize, bank: usize, value: u64): void {
  if (bankOf(cpu) == bank) store<u64>(cpu, value, CPU_SP);
  store<u64>(cpu + bank, value);
}

/** AArch64.GenerateDebugExceptions: the OS lock is open, and at EL1 MDSCR_EL1.KDE and PSTATE.D let them through. */
export function debugExceptionsEnabled(cpu: usize): bool {
  if ((load<u64>(cpu, CPU_OSLSR) & 2) != 0) return false;
  if (load<u32>(cpu, CPU_EL) == 0) return true;
  return ((load<u64>(cpu, CPU_MDSCR_EL1) >> 13) & 1) != 0 && (load<u32>(cpu, CPU_DAIF) & PSTATE_D) == 0;
}

/** Software step is active at the current exception level. */
export function softwareStepActive(cpu: usize): bool {
  return (load<u64>(cpu, CPU_MDSCR_EL1) & 1) != 0 && debugExceptionsEnabled(cpu);
}
