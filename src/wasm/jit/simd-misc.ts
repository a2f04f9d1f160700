/** Advanced SIMD two-register miscellaneous and across lanes, integer (ARM ARM C4.1.96). */
import { ones } from "../lib/bits";
import { Rd, Rn, bits } from "../a64/fields";
import { L_V, readV } from "./locals";
import * as W from "./opcodes";
import {
  EQ,
  GE,
  GT,
  LE,
  LT,
  clearUpper,
  compare,
  constant,
  extend,
  isScalar,
  isUnsigned,
  isWide,
  laned,
  setByte,
  shift,
  shuffle,
  sizeOf,
  write,
  writeFull,
  writeNarrow,
} from "./simd-emit";
import { emitReverse } from "./simd-permute";
import { get, set, simd } from "./writer";

/** CMGT CMGE CMEQ CMLE CMLT against zero. */
function compareWithZero(w: u32, size: u32, relation: u32): void {
  readV(Rn(w));
  constant(0, 0);
  compare(size, relation, false);
  write(w);
}

/** Pushes V<n>'s neighbours added, in lanes of twice the size. */
function pushPairSums(w: u32, size: u32): void {
  const unsigned = isUnsigned(w);
  readV(Rn(w));
  if (size == 0) simd(unsigned ? W.I16X8_EXTADD_PAIRWISE_U : W.I16X8_EXTADD_PAIRWISE_S);
  else if (size == 1) simd(unsigned ? W.I32X4_EXTADD_PAIRWISE_U : W.I32X4_EXTADD_PAIRWISE_S);
  else {
    const right = unsigned ? W.LANES_SHR_U : W.LANES_SHR_S;
    shift(3, W.LANES_SHL, 32);
    shift(3, right, 32);
    readV(Rn(w));
    shift(3, right, 32);
    laned(3, W.LANES_ADD);
  }
}

/** Reversal of bits in bytes: the two halves of a byte by tables of 16. */
function reverseBits(w: u32): void {
  constant(0xe060_a020_c040_8000, 0xf070_b030_d050_9010);
  readV(Rn(w));
  constant(0x0f0f_0f0f_0f0f_0f0f, 0x0f0f_0f0f_0f0f_0f0f);
  simd(W.V128_AND);
  simd(W.I8X16_SWIZZLE);
  constant(0x0e06_0a02_0c04_0800, 0x0f07_0b03_0d05_0901);
  readV(Rn(w));
  shift(0, W.LANES_SHR_U, 4);
  simd(W.I8X16_SWIZZLE);
  simd(W.V128_OR);
  write(w);
}

/** Translates two-register miscellaneous `w`; false, with nothing emitted, when there is no translation. */
export function emitTwoRegister(w: u32): bool {
  const size = sizeOf(w);
  const unsigned = isUnsigned(w);
  const opcode = bits(w, 12, 5);
  switch (opcode) {
    case 0x08:
      compareWithZero(w, size, unsigned ? GE : GT);
      return true;
    case 0x09:
      compareWithZero(w, size, unsigned ? LE : EQ);
      return true;
    case 0x0a:
      if (unsigned) return false;
      compareWithZero(w, size, LT);
      return true;
    case 0x0b:
      readV(Rn(w));
      laned(size, unsigned ? W.LANES_NEG : W.LANES_ABS);
      write(w);
      return true;
    default:
      return !isScalar(w) && emitVectorOnly(w, size, opcode);
  }
}

function emitVectorOnly(w: u32, size: u32, opcode: u32): bool {
  const unsigned = isUnsigned(w);
  switch (opcode) {
    case 0x00:
      return emitReverse(w, unsigned ? 2 : 3);
    case 0x01:
      return !unsigned && emitReverse(w, 1);
    case 0x02:
    case 0x06:
      if (size == 3) return false;
      pushPairSums(w, size);
      if (opcode == 0x06) {
        readV(Rd(w));
        laned(size + 1, W.LANES_ADD);
      }
      write(w);
      return true;
    case 0x05:
      if (unsigned && size == 1) {
        reverseBits(w);
        return true;
      }
      if (size != 0) return false;
      readV(Rn(w));
      simd(unsigned ? W.V128_NOT : W.I8X16_POPCNT);
      write(w);
      return true;
    case 0x12:
      if (unsigned || size == 3) return false;
      readV(Rn(w));
      writeNarrow(w, size);
      return true;
    case 0x13:
      if (!unsigned || size == 3) return false;
      readV(Rn(w));
      extend(size, isWide(w), true);
      shift(size + 1, W.LANES_SHL, 8 << size);
      writeFull(w);
      return true;
    default:
      return false;
  }
}

/** Pops a vector and combines its lower lanes, in `bytes` bytes, into the lowest by `op`; the rest of V<d> is zero. */
function fold(w: u32, size: u32, op: u32, bytes: u32): void {
  set(L_V);
  for (let distance = bytes >> 1; distance >= (<u32>1) << size; distance >>= 1) {
    get(L_V);
    get(L_V);
    get(L_V);
    for (let i: u32 = 0; i < 16; i++) setByte(i, (i + distance) & 15);
    shuffle();
    laned(size, op);
    set(L_V);
  }
  get(L_V);
  if (size == 3) clearUpper();
  else {
    constant(ones(8 << size), 0);
    simd(W.V128_AND);
  }
  writeFull(w);
}

/** ADDLV MAXV MINV ADDV. */
export function emitAcrossLanes(w: u32): bool {
  const size = sizeOf(w);
  const unsigned = isUnsigned(w);
  const bytes: u32 = isWide(w) ? 16 : 8;
  if (size == 3) return false;
  switch (bits(w, 12, 5)) {
    case 0x03:
      pushPairSums(w, size);
      fold(w, size + 1, W.LANES_ADD, bytes);
      return true;
    case 0x0a:
      readV(Rn(w));
      fold(w, size, unsigned ? W.LANES_MAX_U : W.LANES_MAX_S, bytes);
      return true;
    case 0x1a:
      readV(Rn(w));
      fold(w, size, unsigned ? W.LANES_MIN_U : W.LANES_MIN_S, bytes);
      return true;
    case 0x1b:
      if (unsigned) return false;
      readV(Rn(w));
      fold(w, size, W.LANES_ADD, bytes);
      return true;
    default:
      return false;
  }
}
