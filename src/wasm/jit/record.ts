/** What the compiler asks of a record (scripts/interp/records.mjs) apart from its translation. */
import { wordAddress } from "../cpu/code-frame";
import { predecode } from "../cpu/predecode";
import * as R from "../cpu/records.gen";
import { pmContains } from "../cpu/performance-monitor";
import * as K from "../cpu/sysreg-keys";
import { iccExists } from "../gic/icc";
import { timerContains } from "../timer/generic-timer";

/** 16 bytes: the record that a compiled entry has displaced. */
const displaced = memory.data(16, 8);

/** Decodes record `p` of `frame` if that has not been done; returns it, or a copy of what it was before a compiled entry took its place. */
export function recordOf(frame: usize, p: usize): usize {
  const kind = <u32>load<u16>(p);
  if (kind == R.REC_UNDECODED) predecode(frame, p);
  if (kind != R.REC_COMPILED) return p;
  const low = load<u64>(p);
  const high = load<u64>(p, 8);
  predecode(frame, p);
  memory.copy(displaced, p, 16);
  store<u64>(p, low);
  store<u64>(p, high, 8);
  return displaced;
}

/** The instruction word of record `p`. */
export function wordOf(frame: usize, p: usize): u32 {
  return load<u32>(wordAddress(frame, p));
}

/** Conditional branches, whose other way is the next instruction. */
export function isConditional(kind: u32): bool {
  return (kind >= R.REC_B_COND_IN && kind <= R.REC_TBNZ_IN) || (kind >= R.REC_B_COND_OUT && kind <= R.REC_TBNZ_OUT);
}

/** A branch inside the page that the region may follow. */
export function staysInPage(kind: u32): bool {
  return kind == R.REC_B_IN || (kind >= R.REC_B_COND_IN && kind <= R.REC_TBNZ_IN);
}

const ERET: u32 = 0xd69f_03e0;

/** Exception generation and return (ARM ARM C4.1.86, C4.1.95). */
function isException(w: u32): bool {
  return w >> 24 == 0xd4 || w == ERET;
}

/** MSR, MRS, SYS, SYSL, MSR (immediate), hints and barriers (ARM ARM C4.1.89 to C4.1.92). */
function isSystem(w: u32): bool {
  return w >> 22 == 0x354;
}

/**
 * System instructions that a region does not go on behind: they change its stack pointer, what traps, or how its addresses are
 * translated, act on the interrupt controller or a timer, or wait.
 */
function endsRegion(w: u32): bool {
  const op0 = (w >> 19) & 3;
  const key = (w >> 5) & 0xffff;
  // MSR (immediate) but for DAIFSet and DAIFClr; barriers but for ISB; hints.
  if (op0 == 0) return (w & 0xffff_f01f) != 0xd503_401f && !isInstructionBarrier(w);
  if (op0 == 1) return false;
  // Of debug registers some decide about software step.
  const isWrite = (w & (1 << 21)) == 0;
  if (op0 == 2 || iccExists(key, isWrite)) return true;
  if (!isWrite) return false;
  const changes = key == K.SPSEL || key == K.CPACR_EL1 || key == K.SCTLR_EL1 || key == K.TCR_EL1;
  return changes || timerContains(key) || pmContains(key);
}

/** What only the interpreter executes: the region is left in front of it. */
export function isInterpreted(kind: u32, w: u32): bool {
  if (kind == R.REC_UNDEFINED || kind == R.REC_STOP) return true;
  return kind == R.REC_CALL && (isException(w) || (isSystem(w) && endsRegion(w)));
}

/** ISB: what follows may have been stored, or mapped, by what stands before it. */
export function isInstructionBarrier(w: u32): bool {
  return (w & 0xffff_f0ff) == 0xd503_30df;
}

/** True when nothing in the region follows the record but what branches to it. */
export function endsBlock(kind: u32, w: u32): bool {
  if (kind == R.REC_CALL && isInstructionBarrier(w)) return true;
  return (kind >= R.REC_B_IN && kind <= R.REC_BLR) || kind == R.REC_PAGE_END || isInterpreted(kind, w);
}

/**
 * True when a block ends with the record, and execution comes to the instruction behind it nevertheless: by a return from a call or an
 * exception, or because the interpreter does this one.
 */
export function goesOnBehind(kind: u32, w: u32): bool {
  if (kind == R.REC_BLR || kind == R.REC_BL_IN || kind == R.REC_BL_OUT) return true;
  return kind == R.REC_CALL && w != ERET;
}

/** RET (ARM ARM C6.2.254), which is a REC_BR as BR is. */
export function isReturnInstruction(w: u32): bool {
  return (w & 0xffff_fc1f) == 0xd65f_0000;
}
