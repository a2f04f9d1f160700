/** One call of a compiled region, with what it needs before and leaves behind. */
import { leaveAfterCall } from "../cpu/leave";
import { CPU_BUDGET, CPU_FLAG_A, CPU_FLAG_B, CPU_FLAG_KIND, CPU_JIT_LEFT, CPU_NZCV, CPU_PC } from "../cpu/state";
import { FPModeChanged } from "../lib/softfloat/host-limits";
import { PAGE_MASK } from "../mmu/tlb";
import { withoutTag } from "../mmu/walk";
import { LEFT_AFTER_HANDLER } from "./exits";
import { FLAGS_PACKED, packFlags } from "./flags";
import { COMPILED_ENTRY, COMPILED_SLOT } from "./regions";

/** Calls the region at `record`, which is armed and the record for `pc`. CPU_PC is where to go on, CPU_JIT_LEFT how it was left. */
export function enterRegion(cpu: usize, record: usize, pc: u64): void {
  store<u32>(cpu, FLAGS_PACKED, CPU_FLAG_KIND);
  store<u64>(cpu, <u64>load<u32>(cpu, CPU_NZCV), CPU_FLAG_A);
  FPModeChanged(cpu);
  const entry = load<u32>(record, COMPILED_ENTRY);
  call_indirect<void>(load<u32>(record, COMPILED_SLOT), cpu, pc & PAGE_MASK, load<i32>(cpu, CPU_BUDGET), entry);
  const nzcv = packFlags(load<u32>(cpu, CPU_FLAG_KIND), load<u64>(cpu, CPU_FLAG_A), load<u64>(cpu, CPU_FLAG_B));
  store<u32>(cpu, nzcv, CPU_NZCV);
  if (load<u32>(cpu, CPU_JIT_LEFT) == LEFT_AFTER_HANDLER) {
    leaveAfterCall(cpu, load<u64>(cpu, CPU_PC), nzcv, load<i32>(cpu, CPU_BUDGET));
  } else store<u64>(cpu, withoutTag(cpu, load<u64>(cpu, CPU_PC)), CPU_PC);
}
