/** How the run loop puts its locals back into memory. */
import { CPU_BUDGET, CPU_EXIT, CPU_NZCV, CPU_PC, EXIT_FAULT, EXIT_JUMP } from "./state";

/** Saves the locals; `pc` is the next instruction to execute. */
export function saveState(cpu: usize, pc: u64, nzcv: u32, budget: i32): void {
  store<u64>(cpu, pc, CPU_PC);
  store<u32>(cpu, nzcv, CPU_NZCV);
  store<i32>(cpu, budget, CPU_BUDGET);
}

/**
 * After an outlined handler at `pc` that set EXIT_* bits: with EXIT_JUMP it has written CPU_PC itself, a fault without that
 * leaves the instruction undone, otherwise the next instruction follows.
 */
export function leaveAfterCall(cpu: usize, pc: u64, nzcv: u32, budget: i32): void {
  const exit = load<u32>(cpu, CPU_EXIT);
  if ((exit & EXIT_JUMP) != 0) saveState(cpu, load<u64>(cpu, CPU_PC), nzcv, budget - 1);
  else if ((exit & EXIT_FAULT) != 0) saveState(cpu, pc, nzcv, budget);
  else saveState(cpu, pc + 4, nzcv, budget - 1);
}
