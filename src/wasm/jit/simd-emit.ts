/** What the translations of Advanced SIMD instructions share: operands, lanes, constants, shuffles. */
import { Rd, Rm, Rn, bits } from "../a64/fields";
import { L_V, L_ZERO, knowSignificantBits, readV, significantBits, writeV } from "./locals";
import * as W from "./opcodes";
import { byte, copyFrom, get, i32c, i64c, set, simd } from "./writer";

/** True for a 128-bit vector form: not for one of 64 bits (Q is 0) nor for a scalar one (bit 28 is 1). */
export function isWide(w: u32): bool {
  return (w & 0x5000_0000) == 0x4000_0000;
}
export function isScalar(w: u32): bool {
  return (w & 0x1000_0000) != 0;
}
/** Bit 29, which mostly tells unsigned forms from signed ones. */
export function isUnsigned(w: u32): bool {
  return bits(w, 29, 1) != 0;
}
/** log2 of the size of an element in bytes, where bits 23:22 have it. */
export function sizeOf(w: u32): u32 {
  return bits(w, 22, 2);
}
/** Pushes both source registers. */
export function pushOperands(w: u32): void {
  readV(Rn(w));
  readV(Rm(w));
}
/** Pops a vector into V<d>, all of it. */
export function writeFull(w: u32): void {
  writeV(Rd(w));
}
/** Pops a vector and pushes it with its upper half zero. */
export function clearUpper(): void {
  i64c(0);
  simd(W.I64X2_REPLACE_LANE);
  byte(1);
}
/** Pops a vector into V<d>, of which only the lower `significant` bits may be other than zero. Forms of 64 bits clear the upper half. */
export function writeSignificant(w: u32, significant: u32): void {
  const clears = !isWide(w) && significant > 64;
  if (clears) clearUpper();
  writeV(Rd(w));
  knowSignificantBits(Rd(w), clears ? 64 : significant);
}
/** The same where nothing is known of it. */
export function write(w: u32): void {
  writeSignificant(w, 128);
}
/** Lower bits that may be other than zero in what lanes of 1 << size bytes of V<a> and V<b> give, zero for zeros. */
export function significantLanes(a: u32, b: u32, size: u32): u32 {
  const lanes = max<u32>(significantBits(a), significantBits(b));
  return size == 3 ? max<u32>(lanes, 64) : lanes;
}

/** Pushes a constant. */
export function constant(low: u64, high: u64): void {
  if ((low | high) == 0) {
    get(L_ZERO);
    return;
  }
  simd(W.V128_CONST);
  for (let i: u64 = 0; i < 64; i += 8) byte(<u32>(low >> i) & 0xff);
  for (let i: u64 = 0; i < 64; i += 8) byte(<u32>(high >> i) & 0xff);
}
/** `value` in each element of 1 << size bytes of 64 bits. */
export function replicate(size: u32, value: u64): u64 {
  switch (size) {
    case 0:
      return (value & 0xff) * 0x0101_0101_0101_0101;
    case 1:
      return (value & 0xffff) * 0x0001_0001_0001_0001;
    case 2:
      return (value & 0xffff_ffff) * 0x0000_0001_0000_0001;
    default:
      return value;
  }
}
/** Pushes `value` in each lane. */
export function splat(size: u32, value: u64): void {
  if (size == 3) i64c(value);
  else i32c(<u32>value);
  simd(W.I8X16_SPLAT + size);
}

/** An operator of lanes of 1 << size bytes: LANES_*. */
export function laned(size: u32, op: u32): void {
  simd(W.LANES + (size << 5) + op);
}
/** Pops a vector and shifts its lanes. */
export function shift(size: u32, op: u32, amount: u32): void {
  if (amount == 0) return;
  i32c(amount);
  laned(size, op);
}
/** Extends the lanes of a half to twice their size. */
export function extend(size: u32, high: bool, unsigned: bool): void {
  laned(size + 1, W.LANES_EXTEND + (high ? 1 : 0) + (unsigned ? 2 : 0));
}

export const EQ: u32 = 0;
export const GT: u32 = 1;
export const GE: u32 = 2;
export const LE: u32 = 3;
export const LT: u32 = 4;

/** Pops two vectors and compares their lanes. Unsigned comparisons of i64x2 do not exist. */
export function compare(size: u32, relation: u32, unsigned: bool): void {
  let op: u32 = 0;
  if (size == 3) {
    // eq ne lt_s gt_s le_s ge_s
    if (relation == GT) op = 3;
    else if (relation == GE) op = 5;
    else if (relation == LE) op = 4;
    else if (relation == LT) op = 2;
    simd(W.I64X2_EQ + op);
    return;
  }
  // eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u
  if (relation == GT) op = 4;
  else if (relation == GE) op = 8;
  else if (relation == LE) op = 6;
  else if (relation == LT) op = 2;
  simd(W.I8X16_EQ + size * 10 + op + (unsigned && relation != EQ ? 1 : 0));
}

/** 16 bytes: the pattern of the next shuffle. */
const pattern = memory.data(16);

/** Byte `place` of the result is byte `source` of the first operand, of the second from 16 on. */
export function setByte(place: u32, source: u32): void {
  store<u8>(pattern + place, <u8>source);
}
/** The same for elements, counted through both operands. */
export function setElement(size: u32, place: u32, source: u32): void {
  const length: u32 = 1 << size;
  for (let i: u32 = 0; i < length; i++) setByte((place << size) + i, (source << size) + i);
}
/** Begins a pattern: the first operand as it is. */
export function beginPattern(): void {
  for (let i: u32 = 0; i < 16; i++) setByte(i, i);
}
/** Pops two vectors and pushes what the pattern says. */
export function shuffle(): void {
  simd(W.I8X16_SHUFFLE);
  copyFrom(pattern, 16);
}
/** Pattern: element `index` of the first operand everywhere. */
export function patternOfElement(size: u32, index: u32): void {
  const count: u32 = 16 >> size;
  for (let i: u32 = 0; i < count; i++) setElement(size, i, index);
}
/** Pattern: even (part 0) or odd elements of `bytes` bytes of both operands, one behind the other. */
export function patternOfUnzip(size: u32, bytes: u32, part: u32): void {
  const half = (bytes >> size) >> 1;
  beginPattern();
  for (let i: u32 = 0; i < half; i++) {
    setElement(size, i, 2 * i + part);
    setElement(size, half + i, (16 >> size) + 2 * i + part);
  }
}
/** Pushes V<n>'s element `index` in each lane. */
export function pushElement(n: u32, size: u32, index: u32): void {
  readV(n);
  readV(n);
  patternOfElement(size, index);
  shuffle();
}

/** Pops a vector of lanes of 2 << size bytes and puts the low halves of the lanes into V<d>'s low half, or its upper one (Q). */
export function writeNarrow(w: u32, size: u32): void {
  set(L_V);
  if (!isWide(w)) {
    get(L_V);
    get(L_V);
    patternOfUnzip(size, 16, 0);
    shuffle();
    clearUpper();
  } else {
    readV(Rd(w));
    get(L_V);
    beginPattern();
    const count: u32 = 8 >> size;
    for (let i: u32 = 0; i < count; i++) setElement(size, count + i, (16 >> size) + 2 * i);
    shuffle();
  }
  writeFull(w);
}
