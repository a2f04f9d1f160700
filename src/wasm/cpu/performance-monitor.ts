/**
 * Performance monitors, PMUv3 (ARM ARM D7): a cycle counter and six event counters, which know the events that QEMU's
 * Cortex-A57 has, software increments and cycles. A cycle is a nanosecond of the system counter. Overflow raises nothing.
 *
 * A counter's slot holds its value while it stands still, and `cycles - value` while it counts.
 */
import { counterNow } from "../timer/generic-timer";
import { debugStorage, EVENT_COUNTERS } from "./debug-registers";
import * as K from "./sysreg-keys";

const PMCR_RESET: u64 = 0x4101_3000;
/** PMCR_EL0: LP, LC, DP, X, D and E are kept, C and P are commands. */
const PMCR_KEPT: u64 = 0xf9;
const PMCR_E: u64 = 1;
const PMCR_P: u64 = 2;
const PMCR_C: u64 = 4;
/** Divides the cycle counter's clock by 64, unless LC says that it has 64 bits. */
const PMCR_D: u64 = 8;
const PMCR_LC: u64 = 0x40;
/** One bit for each counter, the cycle counter's is 31. */
const COUNTER_BITS: u64 = 0x8000_003f;
const CYCLE_COUNTER: u32 = 31;
const EVENT_MASK: u64 = 0xfe00_ffff;
const FILTER_MASK: u64 = 0xfc00_0000;
const EVENT_SW_INCR: u64 = 0x00;
const EVENT_CPU_CYCLES: u64 = 0x11;
/** PMCEID0_EL0: events 0x00 and 0x11. */
const PMCEID0_VALUE: u64 = 0x0002_0001;

/** True when `key` is a register of the performance monitors. */
export function pmContains(key: u32): bool {
  if (key >= K.PMCR_EL0 && key <= K.PMXEVCNTR_EL0) return true;
  if (key >= K.PMEVCNTR_FIRST && key < K.PMEVCNTR_FIRST + EVENT_COUNTERS) return true;
  if (key >= K.PMEVTYPER_FIRST && key < K.PMEVTYPER_FIRST + EVENT_COUNTERS) return true;
  switch (key) {
    case K.PMUSERENR_EL0:
    case K.PMOVSSET_EL0:
    case K.PMCCFILTR_EL0:
    case K.PMINTENSET_EL1:
    case K.PMINTENCLR_EL1:
      return true;
    default:
      return false;
  }
}

/** True when such a register can be read, or written. */
export function pmExists(key: u32, isWrite: bool): bool {
  if (key == K.PMSWINC_EL0) return isWrite;
  if (key == K.PMCEID0_EL0 || key == K.PMCEID1_EL0) return !isWrite;
  return pmContains(key);
}

function get(cpu: usize, key: u32): u64 {
  return load<u64>(cpu + debugStorage(key));
}
function put(cpu: usize, key: u32, value: u64): void {
  store<u64>(cpu + debugStorage(key), value);
}

/** Reset values of the registers. */
export function pmReset(cpu: usize): void {
  put(cpu, K.PMCR_EL0, PMCR_RESET);
}

function slotKey(counter: u32): u32 {
  return counter == CYCLE_COUNTER ? K.PMCCNTR_EL0 : K.PMEVCNTR_FIRST + counter;
}

function cycles(cpu: usize, counter: u32): u64 {
  const now = counterNow(cpu) << 4;
  const control = get(cpu, K.PMCR_EL0);
  return counter == CYCLE_COUNTER && (control & (PMCR_D | PMCR_LC)) == PMCR_D ? now >> 6 : now;
}

function counts(cpu: usize, counter: u32): bool {
  if ((get(cpu, K.PMCR_EL0) & PMCR_E) == 0) return false;
  if (((get(cpu, K.PMCNTENSET_EL0) >> <u64>counter) & 1) == 0) return false;
  return counter == CYCLE_COUNTER || (get(cpu, K.PMEVTYPER_FIRST + counter) & 0xffff) == EVENT_CPU_CYCLES;
}

function value(cpu: usize, counter: u32): u64 {
  const slot = get(cpu, slotKey(counter));
  const result = counts(cpu, counter) ? cycles(cpu, counter) - slot : slot;
  return counter == CYCLE_COUNTER ? result : result & 0xffff_ffff;
}

/** Between what is kept of a counter that stands still and of one that counts: the same both ways. */
function turn(cpu: usize): void {
  for (let counter: u32 = 0; counter < EVENT_COUNTERS; counter++) turnOne(cpu, counter);
  turnOne(cpu, CYCLE_COUNTER);
}
function turnOne(cpu: usize, counter: u32): void {
  if (counts(cpu, counter)) put(cpu, slotKey(counter), cycles(cpu, counter) - get(cpu, slotKey(counter)));
}

/** The counter that PMSELR_EL0 selects, or one that does not exist. */
function selected(cpu: usize): u32 {
  return <u32>get(cpu, K.PMSELR_EL0);
}

/** MRS of a register that pmContains. */
export function pmRead(cpu: usize, key: u32): u64 {
  if (key >= K.PMEVCNTR_FIRST && key < K.PMEVCNTR_FIRST + EVENT_COUNTERS) return value(cpu, key - K.PMEVCNTR_FIRST);
  switch (key) {
    case K.PMCCNTR_EL0:
      return value(cpu, CYCLE_COUNTER);
    case K.PMCNTENCLR_EL0:
      return get(cpu, K.PMCNTENSET_EL0);
    case K.PMINTENCLR_EL1:
      return get(cpu, K.PMINTENSET_EL1);
    case K.PMOVSSET_EL0:
      return get(cpu, K.PMOVSCLR_EL0);
    case K.PMCEID0_EL0:
      return PMCEID0_VALUE;
    case K.PMCEID1_EL0:
      return 0;
    case K.PMXEVTYPER_EL0: {
      const counter = selected(cpu);
      if (counter == CYCLE_COUNTER) return get(cpu, K.PMCCFILTR_EL0);
      return counter < EVENT_COUNTERS ? get(cpu, K.PMEVTYPER_FIRST + counter) : 0;
    }
    case K.PMXEVCNTR_EL0: {
      const counter = selected(cpu);
      return counter < EVENT_COUNTERS ? value(cpu, counter) : 0;
    }
    default:
      return get(cpu, key);
  }
}

/** Writes a register; counters go on from where they are, or from what is written. */
export function pmWrite(cpu: usize, key: u32, data: u64): void {
  turn(cpu);
  change(cpu, key, data);
  turn(cpu);
}

function change(cpu: usize, key: u32, data: u64): void {
  if (key >= K.PMEVCNTR_FIRST && key < K.PMEVCNTR_FIRST + EVENT_COUNTERS) return put(cpu, key, data & 0xffff_ffff);
  if (key >= K.PMEVTYPER_FIRST && key < K.PMEVTYPER_FIRST + EVENT_COUNTERS) return put(cpu, key, data & EVENT_MASK);
  const counter = selected(cpu);
  switch (key) {
    case K.PMCR_EL0:
      if ((data & PMCR_C) != 0) put(cpu, K.PMCCNTR_EL0, 0);
      if ((data & PMCR_P) != 0) {
        for (let event: u32 = 0; event < EVENT_COUNTERS; event++) put(cpu, K.PMEVCNTR_FIRST + event, 0);
      }
      return put(cpu, key, PMCR_RESET | (data & PMCR_KEPT));
    case K.PMCNTENSET_EL0:
    case K.PMINTENSET_EL1:
      return put(cpu, key, get(cpu, key) | (data & COUNTER_BITS));
    case K.PMOVSSET_EL0:
      return put(cpu, K.PMOVSCLR_EL0, get(cpu, K.PMOVSCLR_EL0) | (data & COUNTER_BITS));
    case K.PMCNTENCLR_EL0:
      return put(cpu, K.PMCNTENSET_EL0, get(cpu, K.PMCNTENSET_EL0) & ~data);
    case K.PMINTENCLR_EL1:
      return put(cpu, K.PMINTENSET_EL1, get(cpu, K.PMINTENSET_EL1) & ~data);
    case K.PMOVSCLR_EL0:
      return put(cpu, key, get(cpu, key) & ~data);
    case K.PMSWINC_EL0:
      return softwareIncrement(cpu, data);
    case K.PMSELR_EL0:
      return put(cpu, key, data & 31);
    case K.PMUSERENR_EL0:
      return put(cpu, key, data & 15);
    case K.PMCCFILTR_EL0:
      return put(cpu, key, data & FILTER_MASK);
    case K.PMXEVTYPER_EL0:
      if (counter == CYCLE_COUNTER) put(cpu, K.PMCCFILTR_EL0, data & FILTER_MASK);
      else if (counter < EVENT_COUNTERS) put(cpu, K.PMEVTYPER_FIRST + counter, data & EVENT_MASK);
      return;
    case K.PMXEVCNTR_EL0:
      if (counter < EVENT_COUNTERS) put(cpu, K.PMEVCNTR_FIRST + counter, data & 0xffff_ffff);
      return;
    default:
      return put(cpu, key, data);
  }
}

/** Adds one to the chosen counters that are enabled and count software increments. */
function softwareIncrement(cpu: usize, which: u64): void {
  if ((get(cpu, K.PMCR_EL0) & PMCR_E) == 0) return;
  const enabled = get(cpu, K.PMCNTENSET_EL0) & which;
  for (let counter: u32 = 0; counter < EVENT_COUNTERS; counter++) {
    if (((enabled >> <u64>counter) & 1) == 0) continue;
    if ((get(cpu, K.PMEVTYPER_FIRST + counter) & 0xffff) != EVENT_SW_INCR) continue;
    const key = K.PMEVCNTR_FIRST + counter;
    put(cpu, key, (get(cpu, key) + 1) & 0xffff_ffff);
    if (get(cpu, key) == 0) put(cpu, K.PMOVSCLR_EL0, get(cpu, K.PMOVSCLR_EL0) | ((<u64>1) << (<u64>counter)));
  }
}
