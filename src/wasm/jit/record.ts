/** What the compiler asks of a record (scripts/interp/records.mjs) apart from its translation. */
import { wordAddress } from "../cpu/code-frame";
import { predecode } from "../cpu/predecode";
import * as R from "../cpu/records.gen";

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

/** Exception generation and return, and hints that wait: the interpreter's (ARM ARM C4.1.86, C4.1.95). */
function isException(w: u32): bool {
  return w >> 24 == 0xd4 || w == 0xd69f_03e0;
}

/** System instructions that change nothing that a region relies on between two of its instructions. */
function isPlainSystem(w: u32): bool {
  if (w >> 22 != 0x354) return true;
  const key = (w >> 5) & 0xffff;
  // MSR DAIFSet, DAIFClr.
  if ((w & 0xffff_f01f) == 0xd503_401f) return true;
  switch (key) {
    // NZCV, FPCR, FPSR, TPIDR_EL0, TPIDRRO_EL0, TPIDR_EL1, DAIF.
    case 0xda10:
    case 0xda20:
    case 0xda21:
    case 0xde82:
    case 0xde83:
    case 0xc684:
    case 0xda11:
    // DC ZVA, DC CVAC, CTR_EL0, DCZID_EL0, CNTVCT_EL0.
    case 0x5ba1:
    case 0x5bd1:
    case 0xd801:
    case 0xd807:
    case 0xdf02:
      return true;
    // SP_EL0: reads of what Linux keeps its current task in; the region has no copy of it at EL1.
    case 0xc208:
      return (w & (1 << 21)) != 0;
    default:
      return false;
  }
}

/** What only the interpreter executes: the region is left in front of it. */
export function isInterpreted(kind: u32, w: u32): bool {
  if (kind == R.REC_UNDEFINED || kind == R.REC_STOP) return true;
  return kind == R.REC_CALL && (isException(w) || !isPlainSystem(w));
}

/** True when nothing in the region follows the record but what branches to it. */
export function endsBlock(kind: u32, w: u32): bool {
  return (kind >= R.REC_B_IN && kind <= R.REC_BLR) || kind == R.REC_PAGE_END || isInterpreted(kind, w);
}
