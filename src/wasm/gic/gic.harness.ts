/**
 * Entry of the module that the tests of the interrupt controller and the timer run: what the machine calls inside the
 * engine, as exports. Not part of the machine.
 */
export { cpu_reset } from "../cpu/reset";
export { cpuBase } from "../cpu/state";
export {
  counterNow,
  timerAccessAllowed,
  timerContains,
  timerDeadline,
  timerExists,
  timerRead,
  timerReset,
  timerUpdate,
  timerWrite,
} from "../timer/generic-timer";
export { mem_init } from "../mmu/ram";
export { iccReset } from "./cpu-interface-v3";
export { gic_init, gic_message, gic_set_level, gicContains, gicRead, gicSetPpi, gicWrite } from "./gic";
export { iccExists, iccRead, iccWrite } from "./icc";
