/**
 * GICv2: which interrupt a CPU interface shows (IHI 0048B 3.3, 3.4), and what that does to the lines.
 * A pure function of the registers: called after everything that may change one of them.
 */
import { FIQ_LINE, IRQ_LINE } from "../cpu/state";
import {
  DIST_CPUS,
  DIST_CTLR,
  DIST_EDGE,
  DIST_ENABLED,
  DIST_GROUP,
  DIST_LEVEL,
  distRow,
  distWord,
  FIRST_SPI,
  IF_ACTIVE,
  IF_BEST_GROUP,
  IF_BEST_INTID,
  IF_BEST_PRIORITY,
  IF_CTLR,
  IF_CURRENT_PENDING,
  IF_ENABLED,
  IF_GROUP,
  IF_LEVEL,
  IF_PENDING,
  IF_PMR,
  IF_RUNNING_PRIORITY,
  IF_TARGETED,
  INTID_SPURIOUS,
  interfaceBase,
  interfaceRow,
  PRIORITY_IDLE,
  priorityAddress,
  WORDS,
} from "./layout";
import { setLines } from "./lines";
import { CTLR_ENABLE_GRP0, CTLR_ENABLE_GRP1, GICC_CTLR_FIQ_EN } from "./registers";

/** The level-sensitive ones of the 32 interrupts of a row word whose line to CPU `index` is high. */
export function raisedWord(index: u32, word: u32): u32 {
  const level = word == 0 ? load<u32>(interfaceBase(index), IF_LEVEL) : load<u32>(distRow(DIST_LEVEL, word));
  return level & ~load<u32>(distRow(DIST_EDGE, word));
}

/** 1 = Group 1, for the 32 interrupts of a row word as CPU `index` has them. */
export function groupWord(index: u32, word: u32): u32 {
  return word == 0 ? load<u32>(interfaceBase(index), IF_GROUP) : load<u32>(distRow(DIST_GROUP, word));
}

/** True when an interrupt is in Group 1. */
export function isGroup1(index: u32, intid: u32): bool {
  return ((groupWord(index, intid >> 5) >> (intid & 31)) & 1) != 0;
}

function findBest(index: u32): void {
  const block = interfaceBase(index);
  let bestIntid = INTID_SPURIOUS;
  let bestPriority = PRIORITY_IDLE;
  for (let word: u32 = 0; word < WORDS; word++) {
    let eligible = load<u32>(interfaceRow(index, IF_PENDING, word)) | raisedWord(index, word);
    eligible &= ~load<u32>(interfaceRow(index, IF_ACTIVE, word));
    if (word == 0) {
      eligible &= load<u32>(block, IF_ENABLED);
    } else {
      eligible &= load<u32>(distRow(DIST_ENABLED, word)) & load<u32>(interfaceRow(index, IF_TARGETED, word));
    }
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
  store<u32>(block, bestIntid, IF_BEST_INTID);
  store<u32>(block, bestPriority, IF_BEST_PRIORITY);
  store<u32>(block, bestIntid == INTID_SPURIOUS ? 0 : <u32>isGroup1(index, bestIntid), IF_BEST_GROUP);
}

/** Brings CPU `index`'s highest pending interrupt and lines up to date. */
export function updateV2(index: u32): void {
  const block = interfaceBase(index);
  const either = CTLR_ENABLE_GRP0 | CTLR_ENABLE_GRP1;
  const control = load<u32>(block, IF_CTLR);
  const enables = distWord(DIST_CTLR) & control;
  store<u32>(block, INTID_SPURIOUS, IF_CURRENT_PENDING);
  if ((distWord(DIST_CTLR) & either) == 0 || (control & either) == 0) {
    setLines(index, 0);
    return;
  }
  findBest(index);
  const priority = load<u32>(block, IF_BEST_PRIORITY);
  let lines: u32 = 0;
  if (priority < load<u32>(block, IF_PMR)) {
    store<u32>(block, load<u32>(block, IF_BEST_INTID), IF_CURRENT_PENDING);
    const group = load<u32>(block, IF_BEST_GROUP);
    if (priority < load<u32>(block, IF_RUNNING_PRIORITY) && ((enables >> group) & 1) != 0) {
      lines = group == 0 && (control & GICC_CTLR_FIQ_EN) != 0 ? FIQ_LINE : IRQ_LINE;
    }
  }
  setLines(index, lines);
}

/** As updateV2, for every CPU. */
export function updateAllV2(): void {
  const cpus = distWord(DIST_CPUS);
  for (let index: u32 = 0; index < cpus; index++) updateV2(index);
}
