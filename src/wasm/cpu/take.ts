/** Taking exceptions to EL1 and returning from them (ARM ARM D1.10, D1.11; pseudocode AArch64.TakeException). */
import { withoutTag } from "../mmu/walk";
import { EC_ILLEGAL_STATE, raise } from "./exception";
import {
  PSTATE_DAIF,
  PSTATE_IL,
  PSTATE_SS,
  SPSR_NRW,
  debugExceptionsEnabled,
  pstate,
  setMode,
  softwareStepActive,
} from "./pstate";
import {
  CPU_DAIF,
  CPU_EL,
  CPU_ELR_EL1,
  CPU_ESR_EL1,
  CPU_EXCL_ADDR,
  CPU_EXIT,
  CPU_FAR_EL1,
  CPU_FAULT_ESR,
  CPU_FAULT_FAR,
  CPU_FAULT_FLAGS,
  CPU_ILSS,
  CPU_NRW,
  CPU_NZCV,
  CPU_PC,
  CPU_SPSEL,
  CPU_SPSR_EL1,
  CPU_VBAR_EL1,
  EXCLUSIVE_NONE,
  EXIT_FAULT,
  FAULT_HAS_FAR,
  requestJump,
} from "./state";

/** Vector offsets from VBAR_EL1. */
const VECTOR_SYNC: u64 = 0x000;
const VECTOR_IRQ: u64 = 0x080;
const VECTOR_FIQ: u64 = 0x100;
const VECTOR_SPX: u64 = 0x200;
const VECTOR_LOWER64: u64 = 0x400;
const VECTOR_LOWER32: u64 = 0x600;

function enter(cpu: usize, vector: u64, returnAddress: u64): void {
  let offset = vector;
  if (load<u32>(cpu, CPU_EL) == 0) offset += load<u32>(cpu, CPU_NRW) != 0 ? VECTOR_LOWER32 : VECTOR_LOWER64;
  else if (load<u32>(cpu, CPU_SPSEL) != 0) offset += VECTOR_SPX;
  store<u64>(cpu, <u64>pstate(cpu), CPU_SPSR_EL1);
  store<u64>(cpu, returnAddress, CPU_ELR_EL1);
  store<u32>(cpu, PSTATE_DAIF, CPU_DAIF);
  store<u32>(cpu, 0, CPU_ILSS);
  store<u32>(cpu, 0, CPU_NRW);
  setMode(cpu, 1, 1);
  store<u64>(cpu, load<u64>(cpu, CPU_VBAR_EL1) + offset, CPU_PC);
}

/** Takes the synchronous exception that raise() announced; CPU_PC is its preferred return address. */
export function takeSynchronous(cpu: usize): void {
  const esr = load<u32>(cpu, CPU_FAULT_ESR);
  store<u64>(cpu, <u64>esr, CPU_ESR_EL1);
  if ((load<u32>(cpu, CPU_FAULT_FLAGS) & FAULT_HAS_FAR) != 0)
    store<u64>(cpu, load<u64>(cpu, CPU_FAULT_FAR), CPU_FAR_EL1);
  store<u32>(cpu, load<u32>(cpu, CPU_EXIT) & ~EXIT_FAULT, CPU_EXIT);
  enter(cpu, VECTOR_SYNC, load<u64>(cpu, CPU_PC));
}

/** Takes an IRQ, or an FIQ. */
export function takeInterrupt(cpu: usize, fiq: bool): void {
  enter(cpu, fiq ? VECTOR_FIQ : VECTOR_IRQ, load<u64>(cpu, CPU_PC));
}

/** ERET at EL1. */
export function exceptionReturn(cpu: usize): void {
  const spsr = <u32>load<u64>(cpu, CPU_SPSR_EL1);
  const target = load<u64>(cpu, CPU_ELR_EL1);
  const mode = spsr & 0xf;
  const toAArch32 = (spsr & SPSR_NRW) != 0;
  // User mode is all there is of AArch32 below an AArch64 EL1.
  const legal = toAArch32 ? mode == 0 : mode == 0 || mode == 4 || mode == 5;
  store<u64>(cpu, EXCLUSIVE_NONE, CPU_EXCL_ADDR);
  store<u32>(cpu, spsr >> 28, CPU_NZCV);
  // DebugExceptionReturnSS: PSTATE.SS is taken over only from where debug exceptions are off to where they step.
  const masked = !debugExceptionsEnabled(cpu);
  store<u32>(cpu, spsr & PSTATE_DAIF, CPU_DAIF);
  store<u32>(cpu, spsr & PSTATE_IL, CPU_ILSS);
  if (!legal) {
    store<u32>(cpu, load<u32>(cpu, CPU_ILSS) | PSTATE_IL, CPU_ILSS);
  } else {
    store<u32>(cpu, toAArch32 ? 1 : 0, CPU_NRW);
    setMode(cpu, mode >> 2, mode & 1);
    if (masked && softwareStepActive(cpu)) {
      store<u32>(cpu, load<u32>(cpu, CPU_ILSS) | (spsr & PSTATE_SS), CPU_ILSS);
    }
  }
  requestJump(cpu, toAArch32 ? target : withoutTag(cpu, target));
}

/** Raises what PSTATE alone demands before the next instruction; true when it did. */
export function raiseFromState(cpu: usize): bool {
  if (load<u32>(cpu, CPU_NRW) != 0) {
    raise(cpu, 0, 0);
    return true;
  }
  if ((load<u32>(cpu, CPU_ILSS) & PSTATE_IL) != 0) {
    raise(cpu, EC_ILLEGAL_STATE, 0);
    return true;
  }
  return false;
}
