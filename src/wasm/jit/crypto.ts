/**
 * Cryptographic instructions. CRC32 is lookups in the interpreter's tables; what is a few v128 operations is emitted as these. The
 * others are functions of the engine which take V<d>, V<n> and V<m> and give V<d>: a call of one leaves the CPU's state alone.
 */
import { aesd, aese } from "../a64/crypto-aes";
import { crcTables, pmull2Bytes, pmull2Doublewords, pmullBytes, pmullDoublewords } from "../a64/crypto-poly";
import { sha1c, sha1m, sha1p, sha256h, sha256h2 } from "../a64/crypto-sha";
import { Rd, Rm, Rn, bits } from "../a64/fields";
import { emitMixColumns } from "./aes";
import { emitEngineCall } from "./handlers";
import { L_T, L_ZERO, readV, readW, readX, sourceSlot, targetSlot, writeW } from "./locals";
import * as W from "./opcodes";
import { emitSha1H, emitSha1Su0, emitSha1Su1, emitSha256Su0, emitSha256Su1 } from "./sha";
import { isWide, sizeOf, writeFull } from "./simd-emit";
import { access, byte, get, i32c, i64c, set } from "./writer";

/** Number among the module's types of functions of three vectors that give one. */
export const TYPE_VECTORS: u32 = 6;
/** Index of the imported callVectors, for hosts where regions have no table to call by. */
export const FUNCTION_VECTORS: u32 = 5;
/** Calls function `index`. */
export function callVectors(d: v128, n: v128, m: v128, index: u32): v128 {
  return call_indirect<v128>(index, d, n, m);
}

/** Operands of a function: V<d>, V<n>, V<m>. */
const D: u32 = 1;
const N: u32 = 2;
const M: u32 = 4;

function pushOperand(n: u32, isRead: bool): void {
  if (isRead) readV(n);
  else get(L_ZERO);
}
/** Emits V<d> = function `index` of the operands of set `reads`; zeros stand for others. */
function emitVectors(w: u32, index: u32, reads: u32): bool {
  pushOperand(Rd(w), (reads & D) != 0);
  pushOperand(Rn(w), (reads & N) != 0);
  pushOperand(Rm(w), (reads & M) != 0);
  emitEngineCall(index, TYPE_VECTORS, FUNCTION_VECTORS);
  writeFull(w);
  return true;
}

function emitAes(w: u32): bool {
  switch (bits(w, 12, 5)) {
    case 0b00100:
      return emitVectors(w, <u32>aese.index, D | N);
    case 0b00101:
      return emitVectors(w, <u32>aesd.index, D | N);
    case 0b00110:
    case 0b00111:
      emitMixColumns(w, (w & 0x1000) != 0);
      return true;
    default:
      return false;
  }
}
function emitTwoRegisterSha(w: u32): bool {
  switch (bits(w, 12, 5)) {
    case 0b00000:
      emitSha1H(w);
      return true;
    case 0b00001:
      emitSha1Su1(w);
      return true;
    case 0b00010:
      emitSha256Su0(w);
      return true;
    default:
      return false;
  }
}
function emitThreeRegisterSha(w: u32): bool {
  switch (bits(w, 12, 3)) {
    case 0b000:
      return emitVectors(w, <u32>sha1c.index, D | N | M);
    case 0b001:
      return emitVectors(w, <u32>sha1p.index, D | N | M);
    case 0b010:
      return emitVectors(w, <u32>sha1m.index, D | N | M);
    case 0b011:
      emitSha1Su0(w);
      return true;
    case 0b100:
      return emitVectors(w, <u32>sha256h.index, D | N | M);
    case 0b101:
      return emitVectors(w, <u32>sha256h2.index, D | N | M);
    case 0b110:
      emitSha256Su1(w);
      return true;
    default:
      return false;
  }
}
function emitPolynomialProduct(w: u32): bool {
  const upper = isWide(w);
  const size = sizeOf(w);
  if (size == 0) return emitVectors(w, upper ? <u32>pmull2Bytes.index : <u32>pmullBytes.index, N | M);
  if (size != 3) return false;
  return emitVectors(w, upper ? <u32>pmull2Doublewords.index : <u32>pmullDoublewords.index, N | M);
}

/** Translates AES, SHA and PMULL instruction `w` (ARM ARM C4.1.96); false, with nothing emitted, when it is none. */
export function emitVectorCrypto(w: u32): bool {
  if ((w & 0xfffe_0c00) == 0x4e28_0800) return emitAes(w);
  if ((w & 0xfffe_0c00) == 0x5e28_0800) return emitTwoRegisterSha(w);
  if ((w & 0xbf20_fc00) == 0x0e20_e000) return emitPolynomialProduct(w);
  return (w & 0xffe0_8c00) == 0x5e00_0000 && emitThreeRegisterSha(w);
}

/** Pushes the word that table `tables` has for byte `i` of L_T. */
function pushEntry(tables: usize, i: u32): void {
  get(L_T);
  if (i == 0) {
    byte(W.I32_WRAP_I64);
    i32c(2);
    byte(W.I32_SHL);
  } else {
    i64c(<u64>i * 8 - 2);
    byte(W.I64_SHR_U);
    byte(W.I32_WRAP_I64);
  }
  i32c(0x3fc);
  byte(W.I32_AND);
  access(W.I32_LOAD, tables);
}

/** Translates CRC32 or CRC32C instruction `w`; false, with nothing emitted, when it is neither. */
export function emitCrc(w: u32): bool {
  if ((w & 0x7fe0_e000) != 0x1ac0_4000) return false;
  const tables = crcTables(bits(w, 12, 1) != 0);
  const length: u32 = 1 << bits(w, 10, 2);
  readW(sourceSlot(Rn(w)));
  byte(W.I64_EXTEND_I32_U);
  readX(sourceSlot(Rm(w)));
  byte(W.I64_XOR);
  set(L_T);
  for (let i: u32 = 0; i < length; i++) {
    pushEntry(tables + ((<usize>(length - 1 - i)) << 10), i);
    // A balanced tree of sums: pairs, pairs of pairs …
    for (let rest = i; (rest & 1) != 0; rest >>= 1) byte(W.I32_XOR);
  }
  if (length < 4) {
    readW(sourceSlot(Rn(w)));
    i32c(8 * length);
    byte(W.I32_SHR_U);
    byte(W.I32_XOR);
  }
  writeW(targetSlot(Rd(w)));
  return true;
}
