/** The two interrupt lines from the controller to each CPU. */
import { CPU_IRQ, cpuBase, FIQ_LINE, IRQ_LINE, requestLeave } from "../cpu/state";

/** Drives the lines of CPU `index` (IRQ_* bits); a line that rises makes the CPU look at it after the current instruction. */
export function setLines(index: u32, lines: u32): void {
  const cpu = cpuBase(index);
  const before = load<u32>(cpu, CPU_IRQ);
  if (before == lines) return;
  store<u32>(cpu, lines, CPU_IRQ);
  if ((lines & ~before & (IRQ_LINE | FIQ_LINE)) != 0) requestLeave(cpu);
}
