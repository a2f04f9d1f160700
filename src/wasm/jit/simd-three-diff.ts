/** Advanced SIMD three different and by indexed element, integer, without the saturating ones (ARM ARM C4.1.96). */
import { Rd, Rm, Rn, bits } from "../a64/fields";
import { readV } from "./locals";
import * as W from "./opcodes";
import {
  extend,
  isUnsigned,
  isWide,
  laned,
  pushElement,
  pushOperands,
  shift,
  sizeOf,
  splat,
  write,
  writeFull,
  writeNarrow,
} from "./simd-emit";
import { absoluteDifference } from "./simd-three-same";

/** Pops two vectors and multiplies the lanes of a half to twice their size. */
function multiplyLong(w: u32, size: u32): void {
  laned(size + 1, W.LANES_EXTMUL + (isWide(w) ? 1 : 0) + (isUnsigned(w) ? 2 : 0));
}
/** Pushes a half of V<n> with its lanes extended. */
function pushExtended(w: u32, n: u32, size: u32): void {
  readV(n);
  extend(size, isWide(w), isUnsigned(w));
}

/** ADDHN SUBHN RADDHN RSUBHN: the upper halves of sums. */
function narrowHigh(w: u32, size: u32, op: u32): void {
  pushOperands(w);
  laned(size + 1, op);
  if (isUnsigned(w)) {
    splat(size + 1, (<u64>1) << (<u64>((8 << size) - 1)));
    laned(size + 1, W.LANES_ADD);
  }
  shift(size + 1, W.LANES_SHR_U, 8 << size);
  writeNarrow(w, size);
}

/** Translates three-different instruction `w`; false, with nothing emitted, when there is no translation. */
export function emitThreeDifferent(w: u32): bool {
  const size = sizeOf(w);
  const opcode = bits(w, 12, 4);
  if (size == 3) return false;
  switch (opcode) {
    case 0:
    case 2:
      pushExtended(w, Rn(w), size);
      pushExtended(w, Rm(w), size);
      laned(size + 1, opcode == 0 ? W.LANES_ADD : W.LANES_SUB);
      break;
    case 1:
    case 3:
      readV(Rn(w));
      pushExtended(w, Rm(w), size);
      laned(size + 1, opcode == 1 ? W.LANES_ADD : W.LANES_SUB);
      break;
    case 4:
    case 6:
      narrowHigh(w, size, opcode == 4 ? W.LANES_ADD : W.LANES_SUB);
      return true;
    case 5:
    case 7:
      absoluteDifference(w, size);
      extend(size, isWide(w), true);
      if (opcode == 7) break;
      readV(Rd(w));
      laned(size + 1, W.LANES_ADD);
      break;
    case 8:
    case 10:
      readV(Rd(w));
      pushOperands(w);
      multiplyLong(w, size);
      laned(size + 1, opcode == 8 ? W.LANES_ADD : W.LANES_SUB);
      break;
    case 12:
      pushOperands(w);
      multiplyLong(w, size);
      break;
    default:
      return false;
  }
  writeFull(w);
  return true;
}

/** Pushes V<n> and the element of V<m> in all lanes. */
function pushByElement(w: u32, size: u32): void {
  const high = bits(w, 11, 1);
  const low = bits(w, 21, 1);
  readV(Rn(w));
  if (size == 1) pushElement(bits(w, 16, 4), size, (high << 2) | (low << 1) | bits(w, 20, 1));
  else pushElement(bits(w, 16, 5), size, (high << 1) | low);
}

/** MLA MLS MUL MLAL MLSL MULL by element. */
export function emitByElement(w: u32): bool {
  const size = sizeOf(w);
  if (size != 1 && size != 2) return false;
  const opcode = bits(w, 12, 4);
  const unsigned = isUnsigned(w);
  switch (opcode) {
    case 0:
    case 4:
      if (!unsigned) return false;
      readV(Rd(w));
      pushByElement(w, size);
      laned(size, W.LANES_MUL);
      laned(size, opcode == 0 ? W.LANES_ADD : W.LANES_SUB);
      write(w);
      return true;
    case 8:
      if (unsigned) return false;
      pushByElement(w, size);
      laned(size, W.LANES_MUL);
      write(w);
      return true;
    case 2:
    case 6:
      readV(Rd(w));
      pushByElement(w, size);
      multiplyLong(w, size);
      laned(size + 1, opcode == 2 ? W.LANES_ADD : W.LANES_SUB);
      writeFull(w);
      return true;
    case 10:
      pushByElement(w, size);
      multiplyLong(w, size);
      writeFull(w);
      return true;
    default:
      return false;
  }
}
