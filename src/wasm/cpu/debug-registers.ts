/** Where the debug and performance monitor registers that only keep what is written are kept. */
import * as K from "./sysreg-keys";
import { CPU_DEBUG_REGS } from "./state";

/** DBGBVR, DBGBCR, DBGWVR, DBGWCR<n>: op0 2, op1 0, CRn 0, CRm n, op2 4 to 7. */
const BREAKPOINTS: u32 = 6;
const WATCHPOINTS: u32 = 4;
/** Event counters of the performance monitors (PMCR_EL0.N). */
export const EVENT_COUNTERS: u32 = 6;

/** Byte offset from the CPU's base of a register of this kind, 0 when `key` is none. */
export function debugStorage(key: u32): usize {
  const slot = slotOf(key);
  return slot < 0 ? 0 : CPU_DEBUG_REGS + ((<usize>slot) << 3);
}

function slotOf(key: u32): i32 {
  if ((key & 0xff84) == 0x8004) {
    const n = (key >> 3) & 15;
    if (n < ((key & 2) == 0 ? BREAKPOINTS : WATCHPOINTS)) return <i32>((n << 2) | (key & 3));
  }
  if (key >= K.PMEVCNTR_FIRST && key < K.PMEVCNTR_FIRST + EVENT_COUNTERS) return 64 + <i32>(key - K.PMEVCNTR_FIRST);
  if (key >= K.PMEVTYPER_FIRST && key < K.PMEVTYPER_FIRST + EVENT_COUNTERS) return 72 + <i32>(key - K.PMEVTYPER_FIRST);
  switch (key) {
    case K.OSDLR_EL1:
      return 84;
    case K.PMCR_EL0:
      return 87;
    case K.PMCNTENSET_EL0:
      return 88;
    case K.PMOVSCLR_EL0:
      return 89;
    case K.PMSELR_EL0:
      return 90;
    case K.PMCCNTR_EL0:
      return 91;
    case K.PMUSERENR_EL0:
      return 94;
    case K.PMCCFILTR_EL0:
      return 95;
    case K.PMINTENSET_EL1:
      return 96;
    default:
      return -1;
  }
}
