/** Advanced SIMD copy, scalar copy and modified immediate (ARM ARM C4.1.96). */
import { ones } from "../lib/bits";
import { Rd, Rn, bits } from "../a64/fields";
import {
  knowSignificantBits,
  readV,
  readW,
  readX,
  significantBits,
  sourceSlot,
  targetSlot,
  writeV,
  writeW,
  writeX,
} from "./locals";
import * as W from "./opcodes";
import {
  beginPattern,
  clearUpper,
  constant,
  isScalar,
  isUnsigned,
  isWide,
  pushElement,
  replicate,
  setByte,
  setElement,
  shuffle,
  sizeOf,
  write,
  writeFull,
} from "./simd-emit";
import { byte, i64c, simd } from "./writer";

/** DUP (element), its scalar form too: an element and zeros. */
function duplicateElement(w: u32, size: u32, index: u32): void {
  const n = Rn(w);
  if (!isScalar(w)) {
    pushElement(n, size, index);
    write(w);
    return;
  }
  readV(n);
  constant(0, 0);
  const length: u32 = 1 << size;
  for (let i: u32 = 0; i < 16; i++) setByte(i, i < length ? (index << size) + i : 16);
  shuffle();
  writeFull(w);
  knowSignificantBits(Rd(w), 8 << size);
}

function pushGeneral(w: u32, size: u32): void {
  if (size == 3) readX(sourceSlot(Rn(w)));
  else readW(sourceSlot(Rn(w)));
}

/** SMOV, UMOV. */
function toGeneral(w: u32, size: u32, index: u32, signed: bool): void {
  const slot = targetSlot(Rd(w));
  readV(Rn(w));
  if (size == 0) simd(signed ? W.I8X16_EXTRACT_LANE_S : W.I8X16_EXTRACT_LANE_U);
  else if (size == 1) simd(signed ? W.I16X8_EXTRACT_LANE_S : W.I16X8_EXTRACT_LANE_U);
  else simd(size == 2 ? W.I32X4_EXTRACT_LANE : W.I64X2_EXTRACT_LANE);
  byte(index);
  if (size == 3) writeX(slot);
  else if (signed && isWide(w)) {
    byte(W.I64_EXTEND_I32_S);
    writeX(slot);
  } else writeW(slot);
}

/** INS (general). */
function insertGeneral(w: u32, size: u32, index: u32): void {
  readV(Rd(w));
  pushGeneral(w, size);
  if (size == 0) simd(W.I8X16_REPLACE_LANE);
  else if (size == 1) simd(W.I16X8_REPLACE_LANE);
  else simd(size == 2 ? W.I32X4_REPLACE_LANE : W.I64X2_REPLACE_LANE);
  byte(index);
  writeFull(w);
}
/** INS (element). */
function insertElement(w: u32, size: u32, index: u32): void {
  readV(Rd(w));
  readV(Rn(w));
  beginPattern();
  setElement(size, index, (16 >> size) + (bits(w, 11, 4) >> size));
  shuffle();
  writeFull(w);
}

/** Translates copy `w`; false, with nothing emitted, when there is no translation. */
export function emitCopy(w: u32): bool {
  const imm5 = bits(w, 16, 5);
  const size = <u32>ctz<u32>(imm5);
  if (size > 3) return false;
  const index = imm5 >> (size + 1);
  if (isUnsigned(w)) {
    insertElement(w, size, index);
    return true;
  }
  switch (bits(w, 11, 4)) {
    case 0:
      duplicateElement(w, size, index);
      return true;
    case 1:
      pushGeneral(w, size);
      simd(W.I8X16_SPLAT + size);
      write(w);
      return true;
    case 3:
      insertGeneral(w, size, index);
      return true;
    case 5:
      toGeneral(w, size, index, true);
      return true;
    case 7:
      toGeneral(w, size, index, false);
      return true;
    default:
      return false;
  }
}

/** FMOV between general registers and S, D or the upper D of V registers. */
export function emitMoveGeneral(w: u32): bool {
  const type = bits(w, 22, 2);
  const size: u32 = type == 0 ? 2 : 3;
  if (type == 2) {
    if (bits(w, 16, 1) != 0) insertGeneral(w, size, 1);
    else toGeneral(w, size, 1, false);
    return true;
  }
  if (bits(w, 16, 1) == 0) {
    toGeneral(w, size, 0, false);
    return true;
  }
  // Zero-extended to 64 bits, then with an upper half of zeros.
  readX(sourceSlot(Rn(w)));
  if (size == 2) {
    i64c(0xffff_ffff);
    byte(W.I64_AND);
  }
  simd(W.I64X2_SPLAT);
  clearUpper();
  writeFull(w);
  knowSignificantBits(Rd(w), 8 << size);
  return true;
}

/** FMOV (register): S, D. */
export function emitMoveScalar(w: u32): bool {
  const significant: u32 = sizeOf(w) == 0 ? 32 : 64;
  const known = significantBits(Rn(w));
  readV(Rn(w));
  if (known > significant) {
    if (significant == 64) clearUpper();
    else {
      constant(0xffff_ffff, 0);
      simd(W.V128_AND);
    }
  }
  writeFull(w);
  knowSignificantBits(Rd(w), min<u32>(significant, known));
  return true;
}

/** AdvSIMDExpandImm of op, cmode and imm8. */
function expandImmediate(op: u32, cmode: u32, imm8: u32): u64 {
  const value = <u64>imm8;
  if (cmode < 8) return replicate(2, value << (<u64>((cmode >> 1) * 8)));
  if (cmode < 12) return replicate(1, value << (<u64>(((cmode >> 1) & 1) * 8)));
  if (cmode < 14) {
    const amount: u32 = (cmode & 1) != 0 ? 16 : 8;
    return replicate(2, (value << (<u64>amount)) | ones(amount));
  }
  if (cmode == 14) {
    if (op == 0) return replicate(0, value);
    let bytes: u64 = 0;
    for (let i: u64 = 0; i < 8; i++) if (((value >> i) & 1) != 0) bytes |= (<u64>0xff) << (i * 8);
    return bytes;
  }
  // Floating point: sign, inverted exponent bit and its copies, the rest.
  const sign = value >> 7;
  const positiveExponent = (value & 0x40) == 0;
  const rest = value & 0x3f;
  if (op == 0) return replicate(2, (sign << 31) | (positiveExponent ? 0x4000_0000 : 0x3e00_0000) | (rest << 19));
  return (sign << 63) | (positiveExponent ? <u64>0x4000_0000_0000_0000 : <u64>0x3fc0_0000_0000_0000) | (rest << 48);
}

/** MOVI MVNI ORR BIC FMOV (vector, immediate). */
export function emitModifiedImmediate(w: u32): bool {
  const op = bits(w, 29, 1);
  const cmode = bits(w, 12, 4);
  const imm8 = (bits(w, 16, 3) << 5) | bits(w, 5, 5);
  const expanded = expandImmediate(op, cmode, imm8);
  const inverted = op != 0 && cmode < 14;
  const value = inverted ? ~expanded : expanded;
  if (cmode < 12 && (cmode & 1) != 0) {
    readV(Rd(w));
    constant(value, value);
    simd(inverted ? W.V128_AND : W.V128_OR);
    write(w);
  } else {
    constant(value, isWide(w) ? value : 0);
    writeV(Rd(w));
    if (!isWide(w)) knowSignificantBits(Rd(w), 64);
  }
  return true;
}
