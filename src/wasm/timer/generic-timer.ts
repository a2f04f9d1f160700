/**
 * The generic timer of each CPU (ARM ARM D11): one 62.5 MHz counter, a virtual and a physical timer, without
 * EL2 (so that both counters are the same) and without the secure timer.
 *
 * Inside a slice time is instructions: the counter is CPU_CNT_BASE plus the instructions since then times CPU_CNT_SCALE.
 */
import {
  CPU_BUDGET,
  CPU_CNT_BASE,
  CPU_CNT_BUDGET,
  CPU_CNT_LAST,
  CPU_CNT_SCALE,
  CPU_CNT_UNSYNCED,
  CPU_CNTFRQ,
  CPU_CNTKCTL_EL1,
  CPU_CNTP_CTL,
  CPU_CNTP_CVAL,
  CPU_CNTV_CTL,
  CPU_CNTV_CVAL,
  CPU_INDEX,
  requestLeave,
} from "../cpu/state";
import { gicSetPpi } from "../gic/gic";
import { counter_high, counter_low } from "../host";
import {
  KEY_CNTFRQ_EL0,
  KEY_CNTKCTL_EL1,
  KEY_CNTP_CTL_EL0,
  KEY_CNTP_CVAL_EL0,
  KEY_CNTP_TVAL_EL0,
  KEY_CNTPCT_EL0,
  KEY_CNTV_CTL_EL0,
  KEY_CNTV_CVAL_EL0,
  KEY_CNTV_TVAL_EL0,
  KEY_CNTVCT_EL0,
} from "./timer-keys";

/** Counter ticks a second at reset, in CNTFRQ_EL0 too. */
export const COUNTER_HZ: u64 = 62_500_000;
/** INTIDs of the PPIs, as QEMU's virt wires them. */
export const PPI_VIRTUAL_TIMER: u32 = 27;
export const PPI_PHYSICAL_TIMER: u32 = 30;
/** timerDeadline when nothing is to come. */
export const NO_DEADLINE: u64 = u64.MAX_VALUE;

/** CNT*_CTL_EL0. */
const CTL_ENABLE: u64 = 1;
const CTL_IMASK: u64 = 2;
const CTL_ISTATUS: u64 = 4;

/** CNTKCTL_EL1 bits that give EL0 access. */
const EL0PCTEN: u64 = 1 << 0;
const EL0VCTEN: u64 = 1 << 1;
const EL0VTEN: u64 = 1 << 8;
const EL0PTEN: u64 = 1 << 9;

/** Reset values: both timers off. The counter goes on. */
export function timerReset(cpu: usize): void {
  store<u64>(cpu, COUNTER_HZ, CPU_CNTFRQ);
  store<u64>(cpu, 0, CPU_CNTKCTL_EL1);
  store<u64>(cpu, 0, CPU_CNTV_CTL);
  store<u64>(cpu, 0, CPU_CNTV_CVAL);
  store<u64>(cpu, 0, CPU_CNTP_CTL);
  store<u64>(cpu, 0, CPU_CNTP_CVAL);
  timerUpdate(cpu);
}

/**
 * CNTPCT_EL0 now. Never less than the value before, though slices begin with a CPU_CNT_BASE that real time gives:
 * who sets the clock back on purpose (a restored snapshot) also sets CPU_CNT_LAST.
 */
export function counterNow(cpu: usize): u64 {
  let spent = load<i32>(cpu, CPU_CNT_BUDGET) - load<i32>(cpu, CPU_BUDGET);
  if (spent > RESYNC_INSTRUCTIONS && !deterministic) {
    syncCounter(cpu);
    spent = 0;
  }
  let now = load<u64>(cpu, CPU_CNT_BASE);
  if (spent > 0) now += (<u64>spent * <u64>load<u32>(cpu, CPU_CNT_SCALE)) >> 16;
  const last = load<u64>(cpu, CPU_CNT_LAST);
  if (now < last) return last;
  store<u64>(cpu, now, CPU_CNT_LAST);
  return now;
}

/** Makes what is read of the counter in the next `instructions` of `cpu` follow from the instructions alone. */
export function settleCounter(cpu: usize, instructions: i32): void {
  const spent = load<i32>(cpu, CPU_CNT_BUDGET) - load<i32>(cpu, CPU_BUDGET);
  if (spent + instructions > RESYNC_INSTRUCTIONS && !deterministic) syncCounter(cpu);
}

/** After so many instructions whoever looks at the counter gets real time: code may be much slower, or faster, than that before. */
const RESYNC_INSTRUCTIONS: i32 = 16_384;

/** Value of the counter as the instructions alone say: for tests that must repeat. */
let deterministic: bool = false;

/** Makes the counter advance by the instructions' scale and by nothing else. */
export function cpu_set_deterministic(on: bool): void {
  deterministic = on;
}

/** A stretch of `instructions` has ended: the counter stands where they left it. */
export function counterSpent(cpu: usize, instructions: i32): void {
  store<u64>(cpu, counterNow(cpu), CPU_CNT_BASE);
  store<i32>(cpu, load<i32>(cpu, CPU_BUDGET), CPU_CNT_BUDGET);
  const unsynced = load<i32>(cpu, CPU_CNT_UNSYNCED) + instructions;
  store<i32>(cpu, unsynced, CPU_CNT_UNSYNCED);
  if (unsynced > RESYNC_INSTRUCTIONS) syncCounter(cpu);
}

/** Makes the counter real time's; counterNow never lets it go back. */
export function syncCounter(cpu: usize): void {
  store<i32>(cpu, 0, CPU_CNT_UNSYNCED);
  if (!deterministic) {
    const host = ((<u64>counter_high()) << 32) | <u64>counter_low();
    store<u64>(cpu, host, CPU_CNT_BASE);
  }
  store<i32>(cpu, load<i32>(cpu, CPU_BUDGET), CPU_CNT_BUDGET);
}

/** True for the registers of this file. */
export function timerContains(key: u32): bool {
  switch (key) {
    case KEY_CNTKCTL_EL1:
    case KEY_CNTFRQ_EL0:
    case KEY_CNTPCT_EL0:
    case KEY_CNTVCT_EL0:
    case KEY_CNTP_TVAL_EL0:
    case KEY_CNTP_CTL_EL0:
    case KEY_CNTP_CVAL_EL0:
    case KEY_CNTV_TVAL_EL0:
    case KEY_CNTV_CTL_EL0:
    case KEY_CNTV_CVAL_EL0:
      return true;
    default:
      return false;
  }
}

/** True when the register exists at `el` (0 or 1) for this direction; else the access is UNDEFINED. */
export function timerExists(key: u32, isWrite: bool, el: u32): bool {
  switch (key) {
    case KEY_CNTPCT_EL0:
    case KEY_CNTVCT_EL0:
      return !isWrite;
    case KEY_CNTFRQ_EL0:
      return !isWrite || el != 0;
    case KEY_CNTKCTL_EL1:
      return el != 0;
    default:
      return timerContains(key);
  }
}

/** False when CNTKCTL_EL1 traps this register of EL0 (EC_SYSTEM). */
export function timerAccessAllowed(cpu: usize, key: u32, el: u32): bool {
  if (el != 0) return true;
  let enable: u64 = EL0PTEN;
  switch (key) {
    case KEY_CNTFRQ_EL0:
      enable = EL0PCTEN | EL0VCTEN;
      break;
    case KEY_CNTPCT_EL0:
      enable = EL0PCTEN;
      break;
    case KEY_CNTVCT_EL0:
      enable = EL0VCTEN;
      break;
    case KEY_CNTV_TVAL_EL0:
    case KEY_CNTV_CTL_EL0:
    case KEY_CNTV_CVAL_EL0:
      enable = EL0VTEN;
      break;
    default:
      break;
  }
  return (load<u64>(cpu, CPU_CNTKCTL_EL1) & enable) != 0;
}

/** The timer's condition is met: it is enabled and the counter has reached its CVAL. */
function expired(control: u64, compare: u64, now: u64): bool {
  return (control & CTL_ENABLE) != 0 && now >= compare;
}

function readControl(cpu: usize, control: u64, compare: u64): u64 {
  return expired(control, compare, counterNow(cpu)) ? control | CTL_ISTATUS : control;
}

/** TimerValue: what is left until CVAL, as a signed 32-bit number. */
function readTimerValue(cpu: usize, compare: u64): u64 {
  return <u64>(<u32>(compare - counterNow(cpu)));
}

/** MRS of a register that timerContains. */
export function timerRead(cpu: usize, key: u32): u64 {
  switch (key) {
    case KEY_CNTFRQ_EL0:
      return load<u64>(cpu, CPU_CNTFRQ);
    case KEY_CNTPCT_EL0:
    case KEY_CNTVCT_EL0:
      return counterNow(cpu);
    case KEY_CNTKCTL_EL1:
      return load<u64>(cpu, CPU_CNTKCTL_EL1);
    case KEY_CNTV_TVAL_EL0:
      return readTimerValue(cpu, load<u64>(cpu, CPU_CNTV_CVAL));
    case KEY_CNTV_CTL_EL0:
      return readControl(cpu, load<u64>(cpu, CPU_CNTV_CTL), load<u64>(cpu, CPU_CNTV_CVAL));
    case KEY_CNTV_CVAL_EL0:
      return load<u64>(cpu, CPU_CNTV_CVAL);
    case KEY_CNTP_TVAL_EL0:
      return readTimerValue(cpu, load<u64>(cpu, CPU_CNTP_CVAL));
    case KEY_CNTP_CTL_EL0:
      return readControl(cpu, load<u64>(cpu, CPU_CNTP_CTL), load<u64>(cpu, CPU_CNTP_CVAL));
    case KEY_CNTP_CVAL_EL0:
      return load<u64>(cpu, CPU_CNTP_CVAL);
    default:
      return 0;
  }
}

/** MSR to a register that timerContains. One that moves an event ends the slice, so that the host looks at the deadline. */
export function timerWrite(cpu: usize, key: u32, value: u64): void {
  switch (key) {
    case KEY_CNTFRQ_EL0:
      store<u64>(cpu, value, CPU_CNTFRQ);
      return;
    case KEY_CNTKCTL_EL1:
      store<u64>(cpu, value, CPU_CNTKCTL_EL1);
      return;
    case KEY_CNTV_TVAL_EL0:
      store<u64>(cpu, counterNow(cpu) + <u64>(<i64>(<i32>value)), CPU_CNTV_CVAL);
      break;
    case KEY_CNTV_CTL_EL0:
      store<u64>(cpu, value & (CTL_ENABLE | CTL_IMASK), CPU_CNTV_CTL);
      break;
    case KEY_CNTV_CVAL_EL0:
      store<u64>(cpu, value, CPU_CNTV_CVAL);
      break;
    case KEY_CNTP_TVAL_EL0:
      store<u64>(cpu, counterNow(cpu) + <u64>(<i64>(<i32>value)), CPU_CNTP_CVAL);
      break;
    case KEY_CNTP_CTL_EL0:
      store<u64>(cpu, value & (CTL_ENABLE | CTL_IMASK), CPU_CNTP_CTL);
      break;
    case KEY_CNTP_CVAL_EL0:
      store<u64>(cpu, value, CPU_CNTP_CVAL);
      break;
    default:
      return;
  }
  timerUpdate(cpu);
  requestLeave(cpu);
}

function lineLevel(control: u64, compare: u64, now: u64): u32 {
  return <u32>((control & CTL_IMASK) == 0 && expired(control, compare, now));
}

/** Looks at the counter and drives both timers' PPIs: after a write, and when timerDeadline has come. */
export function timerUpdate(cpu: usize): void {
  const now = counterNow(cpu);
  const index = load<u32>(cpu, CPU_INDEX);
  const virtual = lineLevel(load<u64>(cpu, CPU_CNTV_CTL), load<u64>(cpu, CPU_CNTV_CVAL), now);
  const physical = lineLevel(load<u64>(cpu, CPU_CNTP_CTL), load<u64>(cpu, CPU_CNTP_CVAL), now);
  gicSetPpi(index, PPI_VIRTUAL_TIMER, virtual);
  gicSetPpi(index, PPI_PHYSICAL_TIMER, physical);
}

/** When a timer's line will rise: its CVAL if it is enabled, not masked and not yet met, else never. */
function nextEvent(control: u64, compare: u64, now: u64): u64 {
  const waits = (control & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE && now < compare;
  return waits ? compare : NO_DEADLINE;
}

/** Counter value at which timerUpdate has to be called next; NO_DEADLINE when there is none. */
export function timerDeadline(cpu: usize): u64 {
  const now = counterNow(cpu);
  return min<u64>(
    nextEvent(load<u64>(cpu, CPU_CNTV_CTL), load<u64>(cpu, CPU_CNTV_CVAL), now),
    nextEvent(load<u64>(cpu, CPU_CNTP_CTL), load<u64>(cpu, CPU_CNTP_CVAL), now),
  );
}
