/** Advanced SIMD shift by immediate and its scalar forms, without the saturating ones (ARM ARM C4.1.96). */
import { Rd, Rn, bits } from "../a64/fields";
import { readV } from "./locals";
import * as V from "./simd-opcodes";
import {
  constant,
  extend,
  isUnsigned,
  isWide,
  laned,
  ones,
  replicate,
  shift,
  significantLanes,
  splat,
  writeFull,
  writeNarrow,
  writeSignificant,
} from "./simd-emit";
import { simd } from "./writer";

/** Pushes V<n> shifted right, by up to the width of an element. */
function pushRight(w: u32, size: u32, amount: u32): void {
  const width: u32 = 8 << size;
  const unsigned = isUnsigned(w);
  if (amount == width && unsigned) {
    constant(0, 0);
    return;
  }
  readV(Rn(w));
  shift(size, unsigned ? V.LANES_SHR_U : V.LANES_SHR_S, amount == width ? width - 1 : amount);
}
/** Pushes it rounded: the last bit shifted out is added, which cannot overflow. */
function pushRounded(w: u32, size: u32, amount: u32): void {
  pushRight(w, size, amount);
  readV(Rn(w));
  shift(size, V.LANES_SHR_U, amount - 1);
  splat(size, 1);
  simd(V.V128_AND);
  laned(size, V.LANES_ADD);
}

/** SLI and SRI: V<d> keeps the bits of `kept`. */
function insert(w: u32, size: u32, kept: u64): void {
  const mask = replicate(size, kept);
  readV(Rd(w));
  constant(mask, mask);
  simd(V.V128_AND);
  simd(V.V128_OR);
}

/** SHRN, RSHRN from lanes of twice the size. */
function narrow(w: u32, size: u32, amount: u32, rounds: bool): void {
  readV(Rn(w));
  shift(size + 1, V.LANES_SHR_U, amount);
  if (rounds) {
    readV(Rn(w));
    shift(size + 1, V.LANES_SHR_U, amount - 1);
    splat(size + 1, 1);
    simd(V.V128_AND);
    laned(size + 1, V.LANES_ADD);
  }
  writeNarrow(w, size);
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
      laned(size, V.LANES_ADD);
      break;
    case 0x04:
      pushRounded(w, size, right);
      break;
    case 0x06:
      pushRounded(w, size, right);
      readV(Rd(w));
      laned(size, V.LANES_ADD);
      break;
    case 0x08:
      pushRight(w, size, right);
      insert(w, size, ~ones(width - right));
      break;
    case 0x0a:
      readV(Rn(w));
      shift(size, V.LANES_SHL, left);
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
      shift(size + 1, V.LANES_SHL, left);
      writeFull(w);
      return true;
    default:
      return false;
  }
  writeSignificant(w, significant);
  return true;
}
