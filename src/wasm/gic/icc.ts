/** GICv3 CPU interface registers as MRS and MSR reach them (IHI 0069 12.2). All are EL1 registers. */
import { CPU_INDEX } from "../cpu/state";
import {
  acknowledge,
  deactivateByGuest,
  endOfInterrupt,
  generateSgi,
  highestPending,
  ICC_CTLR_CBPR,
  ICC_CTLR_EOIMODE,
  MIN_BPR0,
  MIN_BPR1,
  runningPriority,
  updateLinesV3,
} from "./cpu-interface-v3";
import {
  KEY_ICC_AP0R0_EL1,
  KEY_ICC_AP1R0_EL1,
  KEY_ICC_ASGI1R_EL1,
  KEY_ICC_BPR0_EL1,
  KEY_ICC_BPR1_EL1,
  KEY_ICC_CTLR_EL1,
  KEY_ICC_DIR_EL1,
  KEY_ICC_EOIR0_EL1,
  KEY_ICC_EOIR1_EL1,
  KEY_ICC_HPPIR0_EL1,
  KEY_ICC_HPPIR1_EL1,
  KEY_ICC_IAR0_EL1,
  KEY_ICC_IAR1_EL1,
  KEY_ICC_IGRPEN0_EL1,
  KEY_ICC_IGRPEN1_EL1,
  KEY_ICC_PMR_EL1,
  KEY_ICC_RPR_EL1,
  KEY_ICC_SGI0R_EL1,
  KEY_ICC_SGI1R_EL1,
  KEY_ICC_SRE_EL1,
} from "./icc-keys";
import {
  DIST_VERSION,
  distWord,
  ICC_AP0R0,
  ICC_AP1R0,
  ICC_BPR0,
  ICC_BPR1,
  ICC_CTLR,
  ICC_IGRPEN0,
  ICC_IGRPEN1,
  ICC_PMR,
} from "./layout";

/** SRE, and no bypass of IRQ and FIQ: all constant. */
const ICC_SRE_VALUE: u64 = 7;

/** True when the register exists for this direction; else the access is UNDEFINED. */
export function iccExists(key: u32, isWrite: bool): bool {
  if (distWord(DIST_VERSION) != 3) return false;
  switch (key) {
    case KEY_ICC_IAR0_EL1:
    case KEY_ICC_IAR1_EL1:
    case KEY_ICC_HPPIR0_EL1:
    case KEY_ICC_HPPIR1_EL1:
    case KEY_ICC_RPR_EL1:
      return !isWrite;
    case KEY_ICC_EOIR0_EL1:
    case KEY_ICC_EOIR1_EL1:
    case KEY_ICC_DIR_EL1:
    case KEY_ICC_SGI0R_EL1:
    case KEY_ICC_SGI1R_EL1:
    case KEY_ICC_ASGI1R_EL1:
      return isWrite;
    case KEY_ICC_PMR_EL1:
    case KEY_ICC_BPR0_EL1:
    case KEY_ICC_BPR1_EL1:
    case KEY_ICC_AP0R0_EL1:
    case KEY_ICC_AP1R0_EL1:
    case KEY_ICC_CTLR_EL1:
    case KEY_ICC_SRE_EL1:
    case KEY_ICC_IGRPEN0_EL1:
    case KEY_ICC_IGRPEN1_EL1:
      return true;
    default:
      return false;
  }
}

/** ICC_BPR1_EL1: with CBPR it shows Group 0's binary point, one more. */
function readBpr1(cpu: usize): u32 {
  if ((load<u32>(cpu, ICC_CTLR) & ICC_CTLR_CBPR) == 0) return load<u32>(cpu, ICC_BPR1);
  return min<u32>(load<u32>(cpu, ICC_BPR0) + 1, 7);
}

/** MRS of a register that iccExists; reading IAR acknowledges. */
export function iccRead(cpu: usize, key: u32): u64 {
  const index = load<u32>(cpu, CPU_INDEX);
  switch (key) {
    case KEY_ICC_IAR0_EL1:
      return acknowledge(index, 0);
    case KEY_ICC_IAR1_EL1:
      return acknowledge(index, 1);
    case KEY_ICC_HPPIR0_EL1:
      return highestPending(index, 0);
    case KEY_ICC_HPPIR1_EL1:
      return highestPending(index, 1);
    case KEY_ICC_RPR_EL1:
      return runningPriority(index);
    case KEY_ICC_PMR_EL1:
      return load<u32>(cpu, ICC_PMR);
    case KEY_ICC_BPR0_EL1:
      return load<u32>(cpu, ICC_BPR0);
    case KEY_ICC_BPR1_EL1:
      return readBpr1(cpu);
    case KEY_ICC_AP0R0_EL1:
      return load<u32>(cpu, ICC_AP0R0);
    case KEY_ICC_AP1R0_EL1:
      return load<u32>(cpu, ICC_AP1R0);
    case KEY_ICC_CTLR_EL1:
      return load<u32>(cpu, ICC_CTLR);
    case KEY_ICC_SRE_EL1:
      return ICC_SRE_VALUE;
    case KEY_ICC_IGRPEN0_EL1:
      return load<u32>(cpu, ICC_IGRPEN0);
    case KEY_ICC_IGRPEN1_EL1:
      return load<u32>(cpu, ICC_IGRPEN1);
    default:
      return 0;
  }
}

/** MSR to a register that iccExists. */
export function iccWrite(cpu: usize, key: u32, value: u64): void {
  const index = load<u32>(cpu, CPU_INDEX);
  const low = <u32>value;
  switch (key) {
    case KEY_ICC_EOIR0_EL1:
      return endOfInterrupt(index, 0, value);
    case KEY_ICC_EOIR1_EL1:
      return endOfInterrupt(index, 1, value);
    case KEY_ICC_DIR_EL1:
      return deactivateByGuest(index, value);
    // With one Security state the other state's Group 1 is Group 0.
    case KEY_ICC_SGI0R_EL1:
    case KEY_ICC_ASGI1R_EL1:
      return generateSgi(index, 0, value);
    case KEY_ICC_SGI1R_EL1:
      return generateSgi(index, 1, value);
    case KEY_ICC_PMR_EL1:
      store<u32>(cpu, low & ~7, ICC_PMR);
      break;
    case KEY_ICC_BPR0_EL1:
      store<u32>(cpu, max<u32>(low & 7, MIN_BPR0), ICC_BPR0);
      break;
    case KEY_ICC_BPR1_EL1:
      if ((load<u32>(cpu, ICC_CTLR) & ICC_CTLR_CBPR) != 0) return;
      store<u32>(cpu, max<u32>(low & 7, MIN_BPR1), ICC_BPR1);
      break;
    case KEY_ICC_AP0R0_EL1:
      store<u32>(cpu, low, ICC_AP0R0);
      break;
    case KEY_ICC_AP1R0_EL1:
      store<u32>(cpu, low, ICC_AP1R0);
      break;
    case KEY_ICC_CTLR_EL1: {
      const writable = ICC_CTLR_CBPR | ICC_CTLR_EOIMODE;
      store<u32>(cpu, (load<u32>(cpu, ICC_CTLR) & ~writable) | (low & writable), ICC_CTLR);
      break;
    }
    case KEY_ICC_IGRPEN0_EL1:
      store<u32>(cpu, low & 1, ICC_IGRPEN0);
      break;
    case KEY_ICC_IGRPEN1_EL1:
      store<u32>(cpu, low & 1, ICC_IGRPEN1);
      break;
    default:
      return;
  }
  updateLinesV3(index);
}
