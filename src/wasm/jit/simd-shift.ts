/** Advanced SIMD shift by immediate and its scalar forms, without the saturating ones (ARM ARM C4.1.96). */
import { ones } from "../lib/bits";
import { Rd, Rm, Rn, bits } from "../a64/fields";
import { L_T, L_U, readV } from "./locals";
import * as W from "./opcodes";
import {
  constant,
  extend,
  isScalar,
  isUnsigned,
  isWide,
  laned,
  replicate,
  shift,
  significantLanes,
  sizeOf,
  splat,
  writeFull,
  writeNarrow,
  writeSignificant,
} from "./simd-emit";
import { byte, get, i64c, set, simd } from "./writer";

/** Pushes V<n> shifted right, by up to the width of an element. */
function pushRight(w: u32, size: u32, amount: u32): void {
  const width: u32 = 8 << size;
  const unsigned = isUnsigned(w);
  if (amount == width && unsigned) {
    constant(0, 0);
    return;
  }
  readV(Rn(w));
  shift(size, unsigned ? W.LANES_SHR_U : W.LANES_SHR_S, amount == width ? width - 1 : amount);
}
/** Pushes it rounded: the last bit shifted out is added, which cannot overflow. */
function pushRounded(w: u32, size: u32, amount: u32): void {
  pushRight(w, size, amount);
  readV(Rn(w));
  shift(size, W.LANES_SHR_U, amount - 1);
  splat(size, 1);
  simd(W.V128_AND);
  laned(size, W.LANES_ADD);
}

/** SLI and SRI: V<d> keeps the bits of `kept`. */
function insert(w: u32, size: u32, kept: u64): void {
  const mask = replicate(size, kept);
  readV(Rd(w));
  constant(mask, mask);
  simd(W.V128_AND);
  simd(W.V128_OR);
}

/** SHRN, RSHRN from lanes of twice the size. */
function narrow(w: u32, size: u32, amount: u32, rounds: bool): void {
  readV(Rn(w));
  shift(size + 1, W.LANES_SHR_U, amount);
  if (rounds) {
    readV(Rn(w));
    shift(size + 1, W.LANES_SHR_U, amount - 1);
    splat(size + 1, 1);
    simd(W.V128_AND);
    laned(size + 1, W.LANES_ADD);
  }
  writeNarrow(w, size);
}

/** Pops two i64 and pushes the lower one of the stack when L_U is below `bound`, the upper one when it is not. */
function selectBelow(bound: i64): void {
  get(L_U);
  i64c(<u64>bound);
  byte(W.I64_LT_S);
  byte(W.SELECT);
}
/** Pushes lane `lane` of V<n>, of 32 or 64 bits, as i64. */
function pushLane(n: u32, size: u32, lane: u32, unsigned: bool): void {
  readV(n);
  simd(size == 3 ? W.I64X2_EXTRACT_LANE : W.I32X4_EXTRACT_LANE);
  byte(lane);
  if (size == 2) byte(unsigned ? W.I64_EXTEND_I32_U : W.I64_EXTEND_I32_S);
}
/** Pushes L_T shifted by L_U, -128 to 127: to the left, to the right when it is negative. */
function pushShiftedEitherWay(unsigned: bool): void {
  if (unsigned) i64c(0);
  get(L_T);
  if (!unsigned) i64c(63);
  i64c(0);
  get(L_U);
  byte(W.I64_SUB);
  // All bits go out, or all but copies of the sign.
  if (unsigned) byte(W.I64_SHR_U);
  selectBelow(-63);
  if (!unsigned) byte(W.I64_SHR_S);
  get(L_T);
  get(L_U);
  byte(W.I64_SHL);
  i64c(0);
  selectBelow(64);
  selectBelow(0);
}

/** SSHL, USHL of lanes of 32 and 64 bits, lane by lane. */
export function emitShiftByRegister(w: u32): bool {
  const size = sizeOf(w);
  if (size < 2 || (isScalar(w) && size != 3)) return false;
  const unsigned = isUnsigned(w);
  const lanes: u32 = (isWide(w) ? 16 : 8) >> size;
  const significant = significantLanes(Rn(w), Rn(w), size);
  constant(0, 0);
  for (let lane: u32 = 0; lane < lanes; lane++) {
    pushLane(Rn(w), size, lane, unsigned);
    set(L_T);
    pushLane(Rm(w), size, lane, false);
    byte(W.I64_EXTEND8_S);
    set(L_U);
    pushShiftedEitherWay(unsigned);
    if (size == 2) byte(W.I32_WRAP_I64);
    simd(size == 3 ? W.I64X2_REPLACE_LANE : W.I32X4_REPLACE_LANE);
    byte(lane);
  }
  writeSignificant(w, significant);
  return true;
}

/** Translates shift by immediate `w`; false, with nothing emitted, when there is no translation. */
export function emitShiftImmediate(w: u32): bool {
  const immh = bits(w, 19, 4);
  if (immh == 0) return false;
  const size = 31 - clz<u32>(immh);
  const width: u32 = 8 << size;
  const right = 2 * width - bits(w, 16, 7);
  const left = bits(w, 16, 7) - width;
  const unsigned = isUnsigned(w);
  const opcode = bits(w, 11, 5);
  // V<d> takes part in SSRA, USRA, SRSRA, URSRA, SRI and SLI.
  const addsToD = (opcode & 0x1b) == 0x02 || opcode == 0x08 || (opcode == 0x0a && unsigned);
  const significant = significantLanes(Rn(w), addsToD ? Rd(w) : Rn(w), size);
  switch (opcode) {
    case 0x00:
      pushRight(w, size, right);
      break;
    case 0x02:
      pushRight(w, size, right);
      readV(Rd(w));
      laned(size, W.LANES_ADD);
      break;
    case 0x04:
      pushRounded(w, size, right);
      break;
    case 0x06:
      pushRounded(w, size, right);
      readV(Rd(w));
      laned(size, W.LANES_ADD);
      break;
    case 0x08:
      pushRight(w, size, right);
      insert(w, size, ~ones(width - right));
      break;
    case 0x0a:
      readV(Rn(w));
      shift(size, W.LANES_SHL, left);
      if (unsigned) insert(w, size, ones(left));
      break;
    case 0x10:
    case 0x11:
      if (unsigned) return false;
      narrow(w, size, right, bits(w, 11, 1) != 0);
      return true;
    case 0x14:
      readV(Rn(w));
      extend(size, isWide(w), unsigned);
      shift(size + 1, W.LANES_SHL, left);
      writeFull(w);
      return true;
    default:
      return false;
  }
  writeSignificant(w, significant);
  return true;
}
