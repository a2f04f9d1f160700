/** Records of loads and stores with a base register: what each kind accesses, and how it makes its address. */
import * as R from "../cpu/records.gen";

/** Addressing modes, in the order of kinds; behind them those with an index register. */
export const OFF: u32 = 0;
export const POST: u32 = 1;
export const PRE: u32 = 2;
const SINGLE_MODES: u32 = 5;
const PAIR_MODES: u32 = 3;

/** Of the kind last described: its mode; bytes of the whole access; operation among those of its group; whether V registers are of 16 bytes. */
export let mode: u32 = 0;
export let size: u32 = 0;
export let isStore: bool = false;
export let operation: u32 = 0;
export let isQ: bool = false;

function describeSingle(index: u32): void {
  mode = index % SINGLE_MODES;
  operation = index / SINGLE_MODES;
  size = 1 << (operation >> 2);
  isStore = (operation & 3) == 0;
}
/** STP_W STP_X LDP_W LDP_X LDPSW. */
function describePair(index: u32): void {
  mode = index % PAIR_MODES;
  operation = index / PAIR_MODES;
  size = operation == 1 || operation == 3 ? 16 : 8;
  isStore = operation < 2;
}
/** LDR STR LDP STP, four of a mode, of D registers and then of Q. */
function describeVector(index: u32): void {
  const ofLetter: u32 = 4 * PAIR_MODES;
  isQ = index >= ofLetter;
  mode = (index % ofLetter) >> 2;
  operation = index & 3;
  size = (isQ ? 16 : 8) << (operation >> 1);
  isStore = (operation & 1) != 0;
}

/** Describes `kind`; false when it is no load or store with a base register. */
export function describeAccess(kind: u32): bool {
  if (kind < R.REC_STRB_OFF || kind >= R.REC_B_IN) return false;
  if (kind < R.REC_LDR_W_LIT) describeSingle(kind - R.REC_STRB_OFF);
  else if (kind < R.REC_STP_W_OFF) return false;
  else if (kind < R.REC_LDR_D_OFF) describePair(kind - R.REC_STP_W_OFF);
  else describeVector(kind - R.REC_LDR_D_OFF);
  return true;
}

/** Slot of the base register. */
export function baseOf(record: usize): u32 {
  return <u32>load<u16>(record, 4);
}
/** Distance of the access last described from the base register as it was. */
export function distanceOf(record: usize): i32 {
  return mode == POST ? 0 : load<i32>(record, 8);
}
