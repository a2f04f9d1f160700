/** CPU reset (ARM ARM D1.9) and start at an address. */
import { iccReset } from "../gic/cpu-interface-v3";
import { resetTlb } from "../mmu/tlb";
import { tlb2Flush } from "../mmu/tlb2";
import { setCpuCount } from "./cpus";
import { newJumpContext } from "./jump-cache";
import { PSTATE_DAIF, updateFpTrap } from "./pstate";
import { resetSystemRegisters } from "./sysreg";
import {
  CPU_DAIF,
  CPU_EL,
  CPU_EXCL_ADDR,
  CPU_INDEX,
  CPU_IRQ,
  CPU_PC,
  CPU_POWER,
  CPU_SPSEL,
  CPU_STATS,
  CPU_STATS_SIZE,
  CPU_X,
  EXCLUSIVE_NONE,
  POWER_OFF,
  POWER_ON,
  cpuBase,
} from "./state";

/** Bytes of a CPU block that are state, before its TLBs. */
const STATE_SIZE: usize = 0x1000;
const CPU_STATS_END: usize = CPU_STATS + CPU_STATS_SIZE;

/** Puts CPU `index` of `cpus` into its reset state, off; a GICv2 keeps its lines, a GICv3 CPU interface is reset too. */
export function cpu_reset(index: u32, cpus: u32): void {
  setCpuCount(cpus);
  const cpu = cpuBase(index);
  const lines = load<u32>(cpu, CPU_IRQ);
  memory.fill(cpu, 0, CPU_STATS);
  memory.fill(cpu + CPU_STATS_END, 0, STATE_SIZE - CPU_STATS_END);
  store<u32>(cpu, index, CPU_INDEX);
  store<u32>(cpu, lines, CPU_IRQ);
  store<u32>(cpu, 1, CPU_EL);
  store<u32>(cpu, 1, CPU_SPSEL);
  store<u32>(cpu, PSTATE_DAIF, CPU_DAIF);
  store<u64>(cpu, EXCLUSIVE_NONE, CPU_EXCL_ADDR);
  store<u32>(cpu, POWER_OFF, CPU_POWER);
  resetSystemRegisters(cpu, index);
  iccReset(index);
  updateFpTrap(cpu);
  resetTlb(cpu);
  tlb2Flush(cpu);
  newJumpContext(cpu);
}

/** Starts a CPU in its reset state at physical address `entry` with X0 = `x0`. */
export function startCpu(cpu: usize, entry: u64, x0: u64): void {
  store<u64>(cpu, entry, CPU_PC);
  store<u64>(cpu, x0, CPU_X);
  store<u32>(cpu, POWER_ON, CPU_POWER);
}

/** Starts CPU `index`, which cpu_reset has prepared, at `entry` with X0 = `x0`: the boot protocol of Linux and QEMU. */
export function cpu_start(index: u32, entryLow: u32, entryHigh: u32, x0Low: u32, x0High: u32): void {
  startCpu(cpuBase(index), ((<u64>entryHigh) << 32) | <u64>entryLow, ((<u64>x0High) << 32) | <u64>x0Low);
}
