/** Advanced SIMD three same and its scalar forms, integer (ARM ARM C4.1.96). */
import { Rd, Rm, Rn, bits } from "../a64/fields";
import { L_V, L_W, readV, significantBits } from "./locals";
import * as W from "./opcodes";
import { emitShiftByRegister } from "./simd-shift";
import {
  EQ,
  GE,
  GT,
  compare,
  constant,
  isScalar,
  isUnsigned,
  isWide,
  laned,
  patternOfUnzip,
  pushOperands,
  shift,
  shuffle,
  significantLanes,
  sizeOf,
  splat,
  write,
  writeSignificant,
} from "./simd-emit";
import { byte, get, set, simd } from "./writer";

/** AND BIC ORR ORN EOR BSL BIT BIF, by U and size. */
function logic(w: u32): void {
  const d = Rd(w);
  const n = Rn(w);
  const m = Rm(w);
  let significant = significantLanes(n, m, 0);
  switch ((bits(w, 29, 1) << 2) | sizeOf(w)) {
    case 0:
      pushOperands(w);
      simd(W.V128_AND);
      significant = min<u32>(significantBits(n), significantBits(m));
      break;
    case 1:
      pushOperands(w);
      simd(W.V128_ANDNOT);
      break;
    case 2:
      // MOV is ORR of a register with itself.
      readV(n);
      if (n == m) break;
      readV(m);
      simd(W.V128_OR);
      break;
    case 3:
      pushOperands(w);
      simd(W.V128_NOT);
      simd(W.V128_OR);
      significant = 128;
      break;
    case 4:
      pushOperands(w);
      simd(W.V128_XOR);
      break;
    case 5:
      significant = max<u32>(significant, significantBits(d));
      pushOperands(w);
      readV(d);
      simd(W.V128_BITSELECT);
      break;
    case 6:
      significant = max<u32>(significant, significantBits(d));
      readV(n);
      readV(d);
      readV(m);
      simd(W.V128_BITSELECT);
      break;
    default:
      significant = max<u32>(significant, significantBits(d));
      readV(d);
      readV(n);
      readV(m);
      simd(W.V128_BITSELECT);
  }
  writeSignificant(w, significant);
}

/** CMGT CMGE CMHI CMHS. */
function ordered(w: u32, size: u32, relation: u32): void {
  const flipped = isUnsigned(w) && size == 3;
  readV(Rn(w));
  if (flipped) flipSigns();
  readV(Rm(w));
  if (flipped) flipSigns();
  compare(size, relation, isUnsigned(w));
  write(w);
}
/** Unsigned order of 64 bits is signed order with the top bits inverted. */
function flipSigns(): void {
  splat(3, 0x8000_0000_0000_0000);
  simd(W.V128_XOR);
}

/** CMTST, CMEQ. */
function equality(w: u32, size: u32): void {
  pushOperands(w);
  if (isUnsigned(w)) compare(size, EQ, false);
  else {
    simd(W.V128_AND);
    constant(0, 0);
    compare(size, EQ, false);
    simd(W.V128_NOT);
  }
  write(w);
}

/** Pops two vectors and multiplies their lanes: bytes, for which there is no operator, by products of 16 bits. */
export function multiplyLanes(size: u32): void {
  if (size != 0) {
    laned(size, W.LANES_MUL);
    return;
  }
  set(L_W);
  set(L_V);
  get(L_V);
  get(L_W);
  laned(1, W.LANES_EXTMUL + 2);
  get(L_V);
  get(L_W);
  laned(1, W.LANES_EXTMUL + 3);
  patternOfUnzip(0, 16, 0);
  shuffle();
}

/** Pushes both operands' pairs: lanes of even elements, then of odd ones. */
function pushPairs(w: u32, size: u32): void {
  const length: u32 = isWide(w) ? 16 : 8;
  pushOperands(w);
  patternOfUnzip(size, length, 0);
  shuffle();
  pushOperands(w);
  patternOfUnzip(size, length, 1);
  shuffle();
}

function minMax(w: u32, isMax: bool): u32 {
  return (isMax ? W.LANES_MAX_S : W.LANES_MIN_S) + (isUnsigned(w) ? 1 : 0);
}
/** Pushes absolute differences. */
export function absoluteDifference(w: u32, size: u32): void {
  pushOperands(w);
  laned(size, minMax(w, true));
  pushOperands(w);
  laned(size, minMax(w, false));
  laned(size, W.LANES_SUB);
}

/** Pushes half the sum: what both have, and half of what one has; rounded up it is what either has, less that half. */
function halvedSum(w: u32, size: u32, rounds: bool): void {
  const unsigned = isUnsigned(w);
  pushOperands(w);
  if (rounds && unsigned && size < 2) {
    laned(size, W.LANES_AVGR_U);
    return;
  }
  simd(rounds ? W.V128_OR : W.V128_AND);
  pushOperands(w);
  simd(W.V128_XOR);
  shift(size, unsigned ? W.LANES_SHR_U : W.LANES_SHR_S, 1);
  laned(size, rounds ? W.LANES_SUB : W.LANES_ADD);
}

/** Translates three-same instruction `w`; false, with nothing emitted, when there is no translation. */
export function emitThreeSame(w: u32): bool {
  const size = sizeOf(w);
  const unsigned = isUnsigned(w);
  const opcode = bits(w, 11, 5);
  if (isScalar(w) && size != 3) return false;
  if (opcode == 3) {
    if (isScalar(w)) return false;
    logic(w);
    return true;
  }
  switch (opcode) {
    case 0x06:
      ordered(w, size, GT);
      return true;
    case 0x07:
      ordered(w, size, GE);
      return true;
    case 0x08:
      return emitShiftByRegister(w);
    case 0x10:
      pushOperands(w);
      laned(size, unsigned ? W.LANES_SUB : W.LANES_ADD);
      writeSignificant(w, significantLanes(Rn(w), Rm(w), size));
      return true;
    case 0x11:
      equality(w, size);
      return true;
    case 0x17:
      if (unsigned || isScalar(w)) return false;
      pushPairs(w, size);
      laned(size, W.LANES_ADD);
      write(w);
      return true;
    default:
      return size != 3 && emitUpTo32(w, size, opcode);
  }
}

/** Those that have no lanes of 64 bits. */
function emitUpTo32(w: u32, size: u32, opcode: u32): bool {
  const unsigned = isUnsigned(w);
  let significant = significantLanes(Rn(w), Rm(w), size);
  switch (opcode) {
    case 0x00:
      halvedSum(w, size, false);
      break;
    case 0x02:
      halvedSum(w, size, true);
      break;
    case 0x0c:
    case 0x0d:
      pushOperands(w);
      laned(size, minMax(w, opcode == 0x0c));
      break;
    case 0x0e:
      absoluteDifference(w, size);
      break;
    case 0x0f:
      significant = max<u32>(significant, significantBits(Rd(w)));
      absoluteDifference(w, size);
      readV(Rd(w));
      laned(size, W.LANES_ADD);
      break;
    case 0x12:
      significant = max<u32>(significant, significantBits(Rd(w)));
      readV(Rd(w));
      pushOperands(w);
      multiplyLanes(size);
      laned(size, unsigned ? W.LANES_SUB : W.LANES_ADD);
      break;
    case 0x13:
      if (unsigned) return false;
      pushOperands(w);
      multiplyLanes(size);
      break;
    case 0x14:
    case 0x15:
      significant = 128;
      pushPairs(w, size);
      laned(size, minMax(w, opcode == 0x14));
      break;
    default:
      return false;
  }
  writeSignificant(w, significant);
  return true;
}

/** ADDP (scalar). */
export function emitPairwiseScalar(w: u32): bool {
  readV(Rn(w));
  simd(W.I64X2_EXTRACT_LANE);
  byte(0);
  readV(Rn(w));
  simd(W.I64X2_EXTRACT_LANE);
  byte(1);
  byte(W.I64_ADD);
  simd(W.I64X2_SPLAT);
  write(w);
  return true;
}
