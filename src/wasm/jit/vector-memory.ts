/** Loads and stores of SIMD and FP registers that have no record of their own (ARM ARM C4.1.88). */
import { Rm, Rn, Rt, Rt2, bits, sbits } from "../a64/fields";
import { instructionOffset } from "./exits";
import { pushShifted } from "./operands";
import {
  L_HOST,
  L_PAGE,
  L_VA,
  addImmediate,
  knowSignificantBits,
  readV,
  readX,
  sourceSlot,
  writeV,
  writeX,
} from "./locals";
import { translate } from "./translation";
import * as W from "./opcodes";
import { clearUpper, constant } from "./simd-emit";
import { structureRegisters, transferStructures } from "./vector-structures";
import { accessV, byte, get, set } from "./writer";

/** V<n> = 1 << size bytes `offset` bytes behind L_HOST, zero-extended. */
function loadVector(n: u32, size: u32, offset: u32): void {
  get(L_HOST);
  if (size == 4) accessV(W.V128_LOAD, offset);
  else if (size == 3) accessV(W.V128_LOAD64_ZERO, offset);
  else if (size == 2) accessV(W.V128_LOAD32_ZERO, offset);
  else {
    constant(0, 0);
    accessV(W.V128_LOAD8_LANE + size, offset);
    byte(0);
  }
  writeV(n);
  knowSignificantBits(n, 8 << size);
}
/** Stores lane `lane` of 1 << size bytes of V<n>; all of it when the size is 4. */
function storeVector(n: u32, size: u32, lane: u32, offset: u32): void {
  get(L_HOST);
  readV(n);
  if (size == 4) accessV(W.V128_STORE, offset);
  else {
    accessV(W.V128_STORE8_LANE + size, offset);
    byte(lane);
  }
}

/** Pushes Xn or SP. */
function pushBase(w: u32): void {
  readX(Rn(w) << 3);
}
/** Xn or SP = L_VA + `offset`. */
function writeBase(w: u32, offset: u64): void {
  get(L_VA);
  addImmediate(offset);
  writeX(Rn(w) << 3);
}

/** Transfers Rt, or Rt and Rt2, at L_VA. */
function transfer(w: u32, size: u32, isPair: bool): void {
  const isLoad = bits(w, 22, 1) != 0;
  translate(isPair ? 2 << size : 1 << size, !isLoad);
  if (isLoad) {
    loadVector(Rt(w), size, 0);
    if (isPair) loadVector(Rt2(w), size, 1 << size);
  } else {
    storeVector(Rt(w), size, 0, 0);
    if (isPair) storeVector(Rt2(w), size, 0, 1 << size);
  }
}

/** LDR (literal): S, D, Q. */
function literal(w: u32): void {
  const size = (w >> 30) + 2;
  get(L_PAGE);
  addImmediate(<u64>instructionOffset() + <u64>(sbits(w, 5, 19) << 2));
  set(L_VA);
  translate(1 << size, false);
  loadVector(Rt(w), size, 0);
}

/** LDP STP LDNP STNP: no-allocate, post-indexed, offset, pre-indexed. */
function pair(w: u32): void {
  const size = (w >> 30) + 2;
  const mode = bits(w, 23, 2);
  const offset = <u64>(sbits(w, 15, 7) << (<i64>size));
  pushBase(w);
  if (mode != 1) addImmediate(offset);
  set(L_VA);
  transfer(w, size, true);
  if (mode == 1) writeBase(w, offset);
  else if (mode == 3) writeBase(w, 0);
}

/** LDR STR LDUR STUR: unsigned offset; register; unscaled, post-indexed, pre-indexed. */
function single(w: u32): void {
  const size: u32 = bits(w, 23, 1) != 0 ? 4 : w >> 30;
  const mode = bits(w, 10, 2);
  const imm9 = <u64>sbits(w, 12, 9);
  const isUnsigned = bits(w, 24, 1) != 0;
  pushBase(w);
  if (isUnsigned) addImmediate((<u64>bits(w, 10, 12)) << (<u64>size));
  else if (mode == 2) {
    const option = bits(w, 13, 3);
    const amount: u32 = bits(w, 12, 1) != 0 ? size : 0;
    const isLong = (option & 3) == 3;
    pushShifted(sourceSlot(Rm(w)), isLong ? amount : ((4 + option) << 8) | amount, true);
    byte(W.I64_ADD);
  } else if (mode != 1) addImmediate(imm9);
  set(L_VA);
  const isLoad = bits(w, 22, 1) != 0;
  translate(1 << size, !isLoad);
  if (isLoad) loadVector(Rt(w), size, 0);
  else storeVector(Rt(w), size, 0, 0);
  if (isUnsigned) return;
  if (mode == 1) writeBase(w, imm9);
  else if (mode == 3) writeBase(w, 0);
}

/** The post-indexed forms of structures: by register, or (31) by the bytes transferred. */
function structureBase(w: u32, bytes: u32): void {
  if (bits(w, 23, 1) == 0) return;
  if (Rm(w) == 31) {
    writeBase(w, <u64>bytes);
    return;
  }
  get(L_VA);
  readX(sourceSlot(Rm(w)));
  byte(W.I64_ADD);
  writeX(Rn(w) << 3);
}

/** Registers of LD1, ST1; 0 when the code is another's. */
function registersInRow(w: u32): u32 {
  switch (bits(w, 12, 4)) {
    case 7:
      return 1;
    case 10:
      return 2;
    case 6:
      return 3;
    case 2:
      return 4;
    default:
      return 0;
  }
}

/** LD1 to LD4, ST1 to ST4 of whole registers: one check of the whole range. */
function wholeRegisters(w: u32): bool {
  const interleaved = structureRegisters(w);
  const count = interleaved != 0 ? interleaved : registersInRow(w);
  const size: u32 = bits(w, 30, 1) != 0 ? 4 : 3;
  if (count == 0) return false;
  const isLoad = bits(w, 22, 1) != 0;
  pushBase(w);
  set(L_VA);
  translate(count << size, !isLoad);
  if (interleaved != 0) transferStructures(w);
  else transferRow(w, count, size, isLoad);
  structureBase(w, count << size);
  return true;
}
function transferRow(w: u32, count: u32, size: u32, isLoad: bool): void {
  for (let i: u32 = 0; i < count; i++) {
    const n = (Rt(w) + i) & 31;
    if (isLoad) loadVector(n, size, i << size);
    else storeVector(n, size, 0, i << size);
  }
}

/** LD1R; LD1, ST1 of one lane. */
function oneElement(w: u32): bool {
  // R and opcode<0> give the number of structures' registers.
  if (bits(w, 21, 1) != 0 || bits(w, 13, 1) != 0) return false;
  const isLoad = bits(w, 22, 1) != 0;
  const isWide = bits(w, 30, 1) != 0;
  const scale = bits(w, 14, 2);
  const t = Rt(w);
  let size = scale;
  // Q:S:size, of which a lane's number has the upper bits.
  let lane = ((bits(w, 30, 1) << 3) | bits(w, 10, 3)) >> scale;
  if (scale == 3) size = bits(w, 10, 2);
  else if (scale == 2 && bits(w, 10, 1) != 0) {
    size = 3;
    lane >>= 1;
  }
  pushBase(w);
  set(L_VA);
  translate(1 << size, !isLoad);
  if (!isLoad) storeVector(t, size, lane, 0);
  else {
    get(L_HOST);
    if (scale == 3) {
      accessV(W.V128_LOAD8_SPLAT + size, 0);
      if (!isWide) clearUpper();
    } else {
      readV(t);
      accessV(W.V128_LOAD8_LANE + size, 0);
      byte(lane);
    }
    writeV(t);
  }
  structureBase(w, 1 << size);
  return true;
}

/** Translates `w` if it is one of these; false, with nothing emitted, when its handler is to be called. */
export function emitVectorMemory(w: u32): bool {
  if ((w & 0x3f00_0000) == 0x1c00_0000) {
    literal(w);
    return true;
  }
  if ((w & 0x3e00_0000) == 0x2c00_0000) {
    pair(w);
    return true;
  }
  if ((w & 0x3e00_0000) == 0x3c00_0000) {
    single(w);
    return true;
  }
  if ((w & 0xbf00_0000) == 0x0c00_0000) return wholeRegisters(w);
  if ((w & 0xbf00_0000) == 0x0d00_0000) return oneElement(w);
  return false;
}
