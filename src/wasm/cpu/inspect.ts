/** What hosts and debuggers read of a CPU. */
import { pstate } from "./pstate";
import {
  CPU_ELR_EL1,
  CPU_ESR_EL1,
  CPU_FAR_EL1,
  CPU_PC,
  CPU_SCTLR_EL1,
  CPU_SPSR_EL1,
  CPU_STATS,
  CPU_TCR_EL1,
  CPU_TTBR0_EL1,
  CPU_TTBR1_EL1,
  CPU_VBAR_EL1,
  cpuBase,
} from "./state";

/** Instructions that CPU `index` has executed since the engine started; exact up to 2^53. */
export function cpu_instructions(index: u32): f64 {
  return <f64>load<u64>(cpuBase(index), CPU_STATS);
}

/** Counter CPU_STAT_* of CPU `index` since the engine started; exact up to 2^53. */
export function cpu_statistic(index: u32, which: u32): f64 {
  return <f64>load<u64>(cpuBase(index) + ((<usize>which) << 3), CPU_STATS);
}

function registerValue(cpu: usize, register: u32): u64 {
  if (register < 32) return load<u64>(cpu + ((<usize>register) << 3));
  switch (register - 32) {
    case 0:
      return load<u64>(cpu, CPU_PC);
    case 1:
      return <u64>pstate(cpu);
    case 2:
      return load<u64>(cpu, CPU_ESR_EL1);
    case 3:
      return load<u64>(cpu, CPU_FAR_EL1);
    case 4:
      return load<u64>(cpu, CPU_ELR_EL1);
    case 5:
      return load<u64>(cpu, CPU_SPSR_EL1);
    case 6:
      return load<u64>(cpu, CPU_VBAR_EL1);
    case 7:
      return load<u64>(cpu, CPU_SCTLR_EL1);
    case 8:
      return load<u64>(cpu, CPU_TTBR0_EL1);
    case 9:
      return load<u64>(cpu, CPU_TTBR1_EL1);
    case 10:
      return load<u64>(cpu, CPU_TCR_EL1);
    default:
      return 0;
  }
}

/**
 * A register of CPU `index`: 0..30 X registers, 31 SP, 32 PC, 33 PSTATE, then ESR, FAR, ELR, SPSR, VBAR, SCTLR, TTBR0, TTBR1
 * and TCR of EL1; its low half, or its high half when `high` is 1.
 */
export function cpu_register(index: u32, register: u32, high: u32): u32 {
  const value = registerValue(cpuBase(index), register);
  return <u32>(high != 0 ? value >> 32 : value);
}
