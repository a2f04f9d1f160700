/**
 * GICv3: the highest-priority pending interrupt of each CPU (IHI 0069 4.8), with one Security state (GICD_CTLR.DS = 1)
 * and affinity routing. A pure function of the registers, kept in IF_BEST_*.
 */
import {
  DIST_ACTIVE,
  DIST_CPUS,
  DIST_CTLR,
  DIST_EDGE,
  DIST_ENABLED,
  DIST_GROUP,
  DIST_LEVEL,
  DIST_PENDING,
  distRow,
  distWord,
  FIRST_LPI,
  FIRST_SPI,
  IF_ACTIVE,
  IF_BEST_GROUP,
  IF_BEST_INTID,
  IF_BEST_PRIORITY,
  IF_EDGE,
  IF_ENABLED,
  IF_GROUP,
  IF_LEVEL,
  IF_LPI_INTID,
  IF_LPI_PRIORITY,
  IF_PENDING,
  IF_TARGETED,
  INTID_SPURIOUS,
  interfaceBase,
  interfaceRow,
  PRIORITY_IDLE,
  priorityAddress,
  WORDS,
} from "./layout";
import { updateLinesV3 } from "./cpu-interface-v3";
import { CTLR_ENABLE_GRP0, CTLR_ENABLE_GRP1 } from "./registers";

/** Pending private interrupts of CPU `index`: latched, or level-sensitive with the line high. */
export function privatePending(index: u32): u32 {
  const block = interfaceBase(index);
  return load<u32>(block, IF_PENDING) | (load<u32>(block, IF_LEVEL) & ~load<u32>(block, IF_EDGE));
}

/** The same for the SPIs of row word `word`. */
export function sharedPending(word: u32): u32 {
  const raised = load<u32>(distRow(DIST_LEVEL, word)) & ~load<u32>(distRow(DIST_EDGE, word));
  return load<u32>(distRow(DIST_PENDING, word)) | raised;
}

/** Interrupts of the groups that GICD_CTLR lets through, out of 32 with their group bits. */
function enabledGroups(group: u32): u32 {
  const control = distWord(DIST_CTLR);
  let mask: u32 = 0;
  if ((control & CTLR_ENABLE_GRP0) != 0) mask |= ~group;
  if ((control & CTLR_ENABLE_GRP1) != 0) mask |= group;
  return mask;
}

function eligiblePrivate(index: u32): u32 {
  const block = interfaceBase(index);
  const bits = privatePending(index) & load<u32>(block, IF_ENABLED) & ~load<u32>(block, IF_ACTIVE);
  return bits & enabledGroups(load<u32>(block, IF_GROUP));
}

function eligibleShared(index: u32, word: u32): u32 {
  const bits = sharedPending(word) & load<u32>(interfaceRow(index, IF_TARGETED, word));
  if (bits == 0) return 0;
  return (
    bits &
    load<u32>(distRow(DIST_ENABLED, word)) &
    ~load<u32>(distRow(DIST_ACTIVE, word)) &
    enabledGroups(load<u32>(distRow(DIST_GROUP, word)))
  );
}

/** Group of an interrupt, 0 or 1. */
export function groupOf(index: u32, intid: u32): u32 {
  if (intid >= FIRST_LPI) return 1;
  const groups =
    intid < FIRST_SPI ? load<u32>(interfaceBase(index), IF_GROUP) : load<u32>(distRow(DIST_GROUP, intid >> 5));
  return (groups >> (intid & 31)) & 1;
}

/** Brings CPU `index`'s highest pending interrupt and lines up to date. */
export function updateV3(index: u32): void {
  let bestIntid = INTID_SPURIOUS;
  // The idle priority of 5 implemented bits is 0xff: an interrupt of that priority is never signalled.
  let bestPriority: u32 = 0xff;
  for (let word: u32 = 0; word < WORDS; word++) {
    let eligible = word == 0 ? eligiblePrivate(index) : eligibleShared(index, word);
    while (eligible != 0) {
      const intid = word * FIRST_SPI + <u32>ctz(eligible);
      const priority = <u32>load<u8>(priorityAddress(index, intid));
      if (priority < bestPriority) {
        bestPriority = priority;
        bestIntid = intid;
      }
      eligible &= eligible - 1;
    }
  }
  const block = interfaceBase(index);
  const lpiPriority = load<u32>(block, IF_LPI_PRIORITY);
  if (lpiPriority < bestPriority) {
    bestPriority = lpiPriority;
    bestIntid = load<u32>(block, IF_LPI_INTID);
  }
  const none = bestIntid == INTID_SPURIOUS;
  store<u32>(block, bestIntid, IF_BEST_INTID);
  store<u32>(block, none ? PRIORITY_IDLE : bestPriority, IF_BEST_PRIORITY);
  store<u32>(block, none ? 0 : groupOf(index, bestIntid), IF_BEST_GROUP);
  updateLinesV3(index);
}

/** As updateV3, for every CPU. */
export function updateAllV3(): void {
  const cpus = distWord(DIST_CPUS);
  for (let index: u32 = 0; index < cpus; index++) updateV3(index);
}
