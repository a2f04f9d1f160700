/**
 * Loads and stores of a block that have one base register share one look at the TLB: the first of them asks for the whole range in
 * which they lie. Where that is not one page, or not one of RAM with all permissions that they need, each of them asks for itself.
 */
import * as R from "../cpu/records.gen";
import { OFF, POST, PRE, baseOf, describeAccess, distanceOf, isStore, mode, size } from "./access-records";
import { close, openIf } from "./exits";
import { hintUnlikely } from "./hints";
import { GROUPS, L_CPU, L_GROUP, L_HOST, L_VA, addImmediate, readX } from "./locals";
import * as W from "./opcodes";
import { recordOf } from "./record";
import { callHost, findShared, hostOrLeave, howOf } from "./translation";
import { byte, get, i32c, set, tee } from "./writer";

/** What locateInGroup says of an access that asks for itself. */
export const NOT_IN_GROUP: usize = usize.MAX_VALUE;

/** The most bytes from a group's first to its last: with more it would often lie in two pages. */
const MAX_SPAN: i32 = 256;

/**
 * 20 bytes a group: slot of its base register, or NO_SLOT; how far that has moved since the group began; begin and end of the range, from
 * where the register pointed then; whether stores are in it.
 */
const table = memory.data(40, 4);
const GROUP_SIZE: usize = 20;
const MOVED: usize = 4;
const LOW: usize = 8;
const HIGH: usize = 12;
const WRITES: usize = 16;
const NO_SLOT: u32 = 0xffff;

/** Where the block's code is; the word being translated and the one behind the block. */
let frame: usize = 0;
let current: u32 = 0;
let end: u32 = 0;
/** The group that a new one takes the place of when both are shared. */
let turn: u32 = 0;

function group(index: u32): usize {
  return table + index * GROUP_SIZE;
}

/** A block of `length` instructions from `word` of `codeFrame` on begins. */
export function beginGroups(codeFrame: usize, word: u32, length: u32): void {
  frame = codeFrame;
  end = word + length;
  turn = 0;
  for (let i: u32 = 0; i < GROUPS; i++) store<u32>(group(i), NO_SLOT);
}
/** The instruction at `word` is translated next. */
export function atGroupWord(word: u32): void {
  current = word;
}

/** How far the instruction last followed has moved the base register. */
let step: i32 = 0;

/** Of data processing: false when it writes register `slot` otherwise than by adding a constant. */
function integerKeeps(record: usize, kind: u32, slot: u32): bool {
  if (<u32>load<u16>(record, 2) != slot) return true;
  if ((kind != R.REC_ADD_IMM_X && kind != R.REC_SUB_IMM_X) || <u32>load<u16>(record, 4) != slot) return false;
  step = kind == R.REC_ADD_IMM_X ? load<i32>(record, 8) : -load<i32>(record, 8);
  return true;
}
/** Of loads and stores: false when they load `slot`. */
function accessKeeps(record: usize, slot: u32): bool {
  const loadsBase = <u32>load<u16>(record, 2) == slot || <u32>load<u16>(record, 6) == slot;
  // Field 6 is an index register, or a second register that is loaded.
  if (!isStore && loadsBase) return false;
  if (baseOf(record) == slot && (mode == POST || mode == PRE)) step = load<i32>(record, 8);
  return true;
}
/** Handlers: of those that may change how addresses are translated nothing is known. */
function calledKeeps(w: u32, kind: u32, slot: u32): bool {
  const n = slot >> 3;
  if (kind == R.REC_CALL_FP) return (w & 31) != n && ((w >> 5) & 31) != n;
  const isMrs = w >> 20 == 0xd53;
  return isMrs && (w & 31) != n;
}
/** False when it is not known behind `record` how far `slot` has moved; otherwise `step` is how far the instruction has moved it. */
function keeps(record: usize, slot: u32): bool {
  const kind = <u32>load<u16>(record);
  step = 0;
  if (describeAccess(kind)) return accessKeeps(record, slot);
  if (kind == R.REC_CALL || kind == R.REC_CALL_FP) return calledKeeps(load<u32>(record, 8), kind, slot);
  if (kind == R.REC_NOP) return true;
  // Data processing and loads of literals have their target where ADD has it.
  const known =
    (kind >= R.REC_ADD_REG_W && kind < R.REC_STRB_OFF) || (kind >= R.REC_LDR_W_LIT && kind <= R.REC_LDRSW_LIT);
  return known && integerKeeps(record, kind, slot);
}

/** Follows `record`, which has been translated. */
export function followGroups(record: usize): void {
  for (let i: u32 = 0; i < GROUPS; i++) {
    const g = group(i);
    const slot = load<u32>(g);
    if (slot == NO_SLOT) continue;
    if (keeps(record, slot)) store<i32>(g, load<i32>(g, MOVED) + step, MOVED);
    else store<u32>(g, NO_SLOT);
  }
}

function isByBase(record: usize, slot: u32): bool {
  return describeAccess(<u32>load<u16>(record)) && mode <= PRE && baseOf(record) == slot;
}

/** The range last found, and whether stores are in it. */
let low: i32 = 0;
let high: i32 = 0;
let writes: bool = false;

/** Finds the range of what may share a look with the access being translated, whose base register is `slot`; false when it is alone. */
function findRange(slot: u32): bool {
  let moved: i32 = 0;
  let accesses: u32 = 0;
  low = i32.MAX_VALUE;
  high = i32.MIN_VALUE;
  writes = false;
  for (let word = current; word < end; word++) {
    const record = recordOf(frame, frame + ((<usize>word) << 4));
    if (isByBase(record, slot)) {
      const begin = moved + distanceOf(record);
      const newLow = min(low, begin);
      const newHigh = max(high, begin + <i32>size);
      if (newHigh - newLow <= MAX_SPAN) {
        low = newLow;
        high = newHigh;
        accesses++;
        writes = writes || isStore;
      }
    }
    if (!keeps(record, slot)) break;
    moved += step;
  }
  return accesses >= 2;
}

/** True when the access last described, of `slot`, lies in group `g`. */
function contains(g: usize, slot: u32, distance: i32): bool {
  if (load<u32>(g) != slot) return false;
  const begin = load<i32>(g, MOVED) + distance;
  const inRange = begin >= load<i32>(g, LOW) && begin + <i32>size <= load<i32>(g, HIGH);
  return inRange && (!isStore || load<u32>(g, WRITES) != 0);
}

/** A group that nothing shares any longer, or else the older one. */
function freeGroup(): u32 {
  for (let i: u32 = 0; i < GROUPS; i++) if (load<u32>(group(i)) == NO_SLOT) return i;
  const older = turn;
  turn = (turn + 1) % GROUPS;
  return older;
}

/** Begins a group with the access being translated; its number, or GROUPS when nothing would share it. */
function open(slot: u32): u32 {
  const shared = findRange(slot);
  // What a record that is compiled has displaced is kept for one record at a time.
  const record = recordOf(frame, frame + ((<usize>current) << 4));
  describeAccess(<u32>load<u16>(record));
  if (!shared) return GROUPS;
  const index = freeGroup();
  const g = group(index);
  store<u32>(g, slot);
  store<i32>(g, 0, MOVED);
  store<i32>(g, low, LOW);
  store<i32>(g, high, HIGH);
  store<u32>(g, writes ? 1 : 0, WRITES);
  readX(slot);
  addImmediate(<u64>(<i64>low));
  set(L_VA);
  findShared(<u32>(high - low), writes, L_GROUP + index);
  return index;
}

/**
 * Emits L_HOST of the access last described, which is `record`'s, as one of a group: it begins as many bytes behind it as this returns.
 * NOT_IN_GROUP, with nothing emitted, when it has to ask for itself.
 */
export function locateInGroup(record: usize): usize {
  if (mode > PRE) return NOT_IN_GROUP;
  const slot = baseOf(record);
  const distance = distanceOf(record);
  // A register that is loaded and written back to: CONSTRAINED UNPREDICTABLE.
  const loadsBase = <u32>load<u16>(record, 2) == slot || <u32>load<u16>(record, 6) == slot;
  if (mode != OFF && !isStore && loadsBase) return NOT_IN_GROUP;
  let index: u32 = 0;
  while (index < GROUPS && !contains(group(index), slot, distance)) index++;
  if (index == GROUPS) index = open(slot);
  if (index == GROUPS) return NOT_IN_GROUP;
  const g = group(index);
  const offset = load<i32>(g, MOVED) + distance - load<i32>(g, LOW);
  get(L_GROUP + index);
  tee(L_HOST);
  byte(W.I32_EQZ);
  hintUnlikely();
  openIf();
  get(L_CPU);
  readX(slot);
  addImmediate(<u64>(<i64>distance));
  callHost(howOf(size, isStore));
  hostOrLeave();
  if (offset != 0) {
    get(L_HOST);
    i32c(<u32>offset);
    byte(W.I32_SUB);
    set(L_HOST);
  }
  close();
  return <usize>offset;
}
