/**
 * GICv3 CPU interface (IHI 0069 chapter 12.2): system registers, with one Security state, no EL2 and EL3,
 * and the 5 bits of priority and preemption that the Cortex-A cores of QEMU's virt have.
 */
import { FIQ_LINE, IRQ_LINE } from "../cpu/state";
import { guest_error } from "../host";
import { GUEST_ERROR_GIC_NOT_ACTIVE } from "../lib/guest-error";
import {
  DIST_ACTIVE,
  DIST_CPUS,
  DIST_PENDING,
  DIST_VERSION,
  distRow,
  distWord,
  FIRST_LPI,
  FIRST_SPI,
  ICC_AP0R0,
  ICC_AP1R0,
  ICC_BPR0,
  ICC_BPR1,
  ICC_CTLR,
  ICC_IGRPEN0,
  ICC_IGRPEN1,
  ICC_PMR,
  IF_ACTIVE,
  IF_BEST_GROUP,
  IF_BEST_INTID,
  IF_BEST_PRIORITY,
  IF_PENDING,
  INTID_SPURIOUS,
  iccBase,
  interfaceBase,
  NUM_IRQ,
  replaceBits,
} from "./layout";
import { acknowledgeLpi } from "./lpi";
import { setLines } from "./lines";
import { groupOf, updateAllV3, updateV3 } from "./select-v3";

/** ICC_CTLR_EL1. */
export const ICC_CTLR_CBPR: u32 = 1 << 0;
export const ICC_CTLR_EOIMODE: u32 = 1 << 1;
const ICC_CTLR_A3V: u32 = 1 << 15;
const ICC_CTLR_IDBITS_24: u32 = 1 << 11;

const PRIORITY_BITS: u32 = 5;
/** Implemented bits of a priority. */
export const PRIORITY_MASK: u32 = 0xf8;
/** Smallest ICC_BPR0_EL1: all implemented bits are group priority. */
export const MIN_BPR0: u32 = 7 - PRIORITY_BITS;
export const MIN_BPR1: u32 = MIN_BPR0 + 1;
/** What the idle CPU's running priority reads as. */
const RPR_IDLE: u32 = 0xff;

/** Reset values of the CPU interface of CPU `index`: part of the CPU's reset, not of the distributor's. */
export function iccReset(index: u32): void {
  const base = iccBase(index);
  store<u32>(base, ICC_CTLR_A3V | ICC_CTLR_IDBITS_24 | ((PRIORITY_BITS - 1) << 8), ICC_CTLR);
  store<u32>(base, 0, ICC_PMR);
  store<u32>(base, MIN_BPR0, ICC_BPR0);
  store<u32>(base, MIN_BPR1, ICC_BPR1);
  store<u32>(base, 0, ICC_AP0R0);
  store<u32>(base, 0, ICC_AP1R0);
  store<u32>(base, 0, ICC_IGRPEN0);
  store<u32>(base, 0, ICC_IGRPEN1);
  if (distWord(DIST_VERSION) == 3) updateLinesV3(index);
}

/** Priority of the active interrupt, RPR_IDLE when none is (ICC_RPR_EL1). */
export function runningPriority(index: u32): u32 {
  const base = iccBase(index);
  const bits = load<u32>(base, ICC_AP0R0) | load<u32>(base, ICC_AP1R0);
  return bits == 0 ? RPR_IDLE : (<u32>ctz(bits)) << (8 - PRIORITY_BITS);
}

/** Mask of the group priority bits for interrupts of `group` (GroupBits() of the specification). */
function groupPriorityMask(index: u32, group: u32): u32 {
  const base = iccBase(index);
  const common = (load<u32>(base, ICC_CTLR) & ICC_CTLR_CBPR) != 0;
  const binaryPoint = group == 0 || common ? load<u32>(base, ICC_BPR0) : load<u32>(base, ICC_BPR1) - 1;
  return (<u32>-2) << binaryPoint;
}

/** The highest pending interrupt, when its group is enabled here; else INTID_SPURIOUS. */
function enabledPending(index: u32): u32 {
  const block = interfaceBase(index);
  const intid = load<u32>(block, IF_BEST_INTID);
  if (intid == INTID_SPURIOUS) return INTID_SPURIOUS;
  const enable = load<u32>(block, IF_BEST_GROUP) == 0 ? ICC_IGRPEN0 : ICC_IGRPEN1;
  return load<u32>(iccBase(index) + enable) != 0 ? intid : INTID_SPURIOUS;
}

/** True when there is an interrupt to signal: enabled, above the mask, and of a higher group priority than the active one. */
function canPreempt(index: u32): bool {
  if (enabledPending(index) == INTID_SPURIOUS) return false;
  const block = interfaceBase(index);
  const priority = load<u32>(block, IF_BEST_PRIORITY);
  if (priority >= load<u32>(iccBase(index), ICC_PMR)) return false;
  const running = runningPriority(index);
  if (running == RPR_IDLE) return true;
  const mask = groupPriorityMask(index, load<u32>(block, IF_BEST_GROUP));
  return (priority & mask) < (running & mask);
}

/** Group 0 is FIQ, Group 1 is IRQ (IHI 0069 4.6.2, one Security state). */
export function updateLinesV3(index: u32): void {
  let lines: u32 = 0;
  if (canPreempt(index)) lines = load<u32>(interfaceBase(index), IF_BEST_GROUP) == 0 ? FIQ_LINE : IRQ_LINE;
  setLines(index, lines);
}

/** ICC_HPPIR<group>_EL1. */
export function highestPending(index: u32, group: u32): u32 {
  const intid = enabledPending(index);
  return intid != INTID_SPURIOUS && load<u32>(interfaceBase(index), IF_BEST_GROUP) == group ? intid : INTID_SPURIOUS;
}

/** ICC_IAR<group>_EL1: the interrupt becomes active. */
export function acknowledge(index: u32, group: u32): u32 {
  if (!canPreempt(index)) return INTID_SPURIOUS;
  const intid = highestPending(index, group);
  if (intid == INTID_SPURIOUS) return INTID_SPURIOUS;

  const block = interfaceBase(index);
  const priority = load<u32>(block, IF_BEST_PRIORITY) & groupPriorityMask(index, group);
  const apr = iccBase(index) + (group == 0 ? ICC_AP0R0 : ICC_AP1R0);
  store<u32>(apr, load<u32>(apr) | (1 << (priority >> (8 - PRIORITY_BITS))));

  const bit: u32 = 1 << (intid & 31);
  if (intid >= FIRST_LPI) {
    acknowledgeLpi(index, intid);
  } else if (intid < FIRST_SPI) {
    replaceBits(block + IF_ACTIVE, bit, bit);
    replaceBits(block + IF_PENDING, bit, 0);
  } else {
    replaceBits(distRow(DIST_ACTIVE, intid >> 5), bit, bit);
    replaceBits(distRow(DIST_PENDING, intid >> 5), bit, 0);
  }
  updateV3(index);
  return intid;
}

/** ICC_DIR_EL1, and the second half of an end of interrupt. */
function deactivate(index: u32, intid: u32): void {
  const bit: u32 = 1 << (intid & 31);
  if (intid < FIRST_SPI) {
    replaceBits(interfaceBase(index) + IF_ACTIVE, bit, 0);
    updateV3(index);
  } else {
    replaceBits(distRow(DIST_ACTIVE, intid >> 5), bit, 0);
    // An SPI may be routed to another CPU than the one that deactivates it.
    updateAllV3();
  }
}

function splitsEoi(index: u32): bool {
  return (load<u32>(iccBase(index), ICC_CTLR) & ICC_CTLR_EOIMODE) != 0;
}

/** ICC_EOIR<group>_EL1: priority drop, and deactivation unless EOImode splits them. */
export function endOfInterrupt(index: u32, group: u32, value: u64): void {
  const intid = <u32>value & 0xff_ffff;
  if (intid >= NUM_IRQ && intid < FIRST_LPI) return;
  const base = iccBase(index);
  const active0 = load<u32>(base, ICC_AP0R0);
  const active1 = load<u32>(base, ICC_AP1R0);
  if ((active0 | active1) == 0) {
    guest_error(GUEST_ERROR_GIC_NOT_ACTIVE, intid, index);
    return;
  }
  // The group of the highest active priority must be this register's; at equal priorities Group 0 counts.
  const activeGroup: u32 = <u32>ctz(active1) < <u32>ctz(active0) ? 1 : 0;
  if (activeGroup != group) return;
  if (group == 0) store<u32>(base, active0 & (active0 - 1), ICC_AP0R0);
  else store<u32>(base, active1 & (active1 - 1), ICC_AP1R0);
  if (splitsEoi(index) || intid >= FIRST_LPI) updateLinesV3(index);
  else deactivate(index, intid);
}

/** ICC_DIR_EL1. */
export function deactivateByGuest(index: u32, value: u64): void {
  const intid = <u32>value & 0xff_ffff;
  if (intid >= NUM_IRQ) return;
  if (splitsEoi(index)) deactivate(index, intid);
  else guest_error(GUEST_ERROR_GIC_NOT_ACTIVE, intid, index);
}

/** ICC_SGI0R_EL1, ICC_SGI1R_EL1, ICC_ASGI1R_EL1: an SGI for those targets where it is in `group` (IHI 0069 12.2.21). */
export function generateSgi(index: u32, group: u32, value: u64): void {
  const sgi = <u32>(value >> 24) & 0xf;
  const bit: u32 = 1 << sgi;
  const others = ((value >> 40) & 1) != 0;
  // All CPUs of this machine are 0.0.0.n: Aff3, Aff2 and Aff1 of a target must be 0.
  if (!others && (value & 0x00ff_00ff_00ff_0000) != 0) return;
  const cpus = distWord(DIST_CPUS);
  for (let target: u32 = 0; target < cpus; target++) {
    const hit = others ? target != index : ((<u32>value >> target) & 1) != 0;
    if (!hit || groupOf(target, sgi) != group) continue;
    replaceBits(interfaceBase(target) + IF_PENDING, bit, bit);
    updateV3(target);
  }
}
