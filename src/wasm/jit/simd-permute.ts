/** Advanced SIMD permute, extract and table lookup; reversal of elements (ARM ARM C4.1.96). */
import { Rd, Rm, Rn, bits } from "../a64/fields";
import { readV } from "./locals";
import * as W from "./opcodes";
import {
  beginPattern,
  isWide,
  laned,
  patternOfUnzip,
  pushOperands,
  setByte,
  setElement,
  shuffle,
  sizeOf,
  splat,
  write,
} from "./simd-emit";
import { simd } from "./writer";

/** UZP1 TRN1 ZIP1 UZP2 TRN2 ZIP2. */
export function emitPermute(w: u32): bool {
  const size = sizeOf(w);
  const bytes: u32 = isWide(w) ? 16 : 8;
  const half = (bytes >> size) >> 1;
  const second: u32 = 16 >> size;
  const part = bits(w, 14, 1);
  const kind = bits(w, 12, 2);
  if (kind == 0) return false;
  pushOperands(w);
  if (kind == 1) patternOfUnzip(size, bytes, part);
  else {
    beginPattern();
    for (let i: u32 = 0; i < half; i++) {
      const source = kind == 2 ? 2 * i + part : part * half + i;
      setElement(size, 2 * i, source);
      setElement(size, 2 * i + 1, second + source);
    }
  }
  shuffle();
  write(w);
  return true;
}

/** EXT. */
export function emitExtract(w: u32): bool {
  const bytes: u32 = isWide(w) ? 16 : 8;
  const first = bits(w, 11, 4);
  if (first >= bytes) return false;
  pushOperands(w);
  beginPattern();
  for (let i: u32 = 0; i < bytes; i++) {
    const from = i + first;
    setByte(i, from < bytes ? from : 16 + from - bytes);
  }
  shuffle();
  write(w);
  return true;
}

/** REV16, REV32, REV64: elements in containers of 1 << container bytes change places. */
export function emitReverse(w: u32, container: u32): bool {
  const size = sizeOf(w);
  if (size >= container) return false;
  readV(Rn(w));
  readV(Rn(w));
  const flipped = (1 << container) - (1 << size);
  for (let i: u32 = 0; i < 16; i++) setByte(i, i ^ flipped);
  shuffle();
  write(w);
  return true;
}

/** TBL and TBX: one lookup a table register; an index outside it gives 0. */
export function emitTable(w: u32): bool {
  const registers = bits(w, 13, 2) + 1;
  const keeps = bits(w, 12, 1) != 0;
  for (let i: u32 = 0; i < registers; i++) {
    readV((Rn(w) + i) & 31);
    readV(Rm(w));
    if (i > 0) {
      splat(0, 16 * i);
      laned(0, W.LANES_SUB);
    }
    simd(W.I8X16_SWIZZLE);
    if (i > 0) simd(W.V128_OR);
  }
  if (keeps) {
    readV(Rd(w));
    readV(Rm(w));
    splat(0, 16 * registers);
    simd(W.I8X16_LT_U);
    simd(W.V128_BITSELECT);
  }
  write(w);
  return true;
}
