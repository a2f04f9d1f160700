/** Advanced SIMD permute, extract, table lookup and across lanes, integer (ARM ARM C4.1.90). */
import { Rd, Rn, bits, vreg } from "./fields";
import { evenLanes, joinLow, oddLanes } from "./simd-lane-sizes";
import { addLanes, maxSLanes, maxULanes, minSLanes, minULanes } from "./simd-lanes";
import { isQ, lowElement, readD, readM, readN, sizeOf, writeD } from "./simd-operands";
import { pairwiseLongS, pairwiseLongU } from "./simd-two-reg-misc";

/** V[n], or for 64-bit vectors both operands in one register: their even and odd lanes are then in its low half. */
function permuteFirst(cpu: usize, insn: u32): v128 {
  const n = readN(cpu, insn);
  return isQ(insn) ? n : joinLow(n, readM(cpu, insn));
}

export function UZP1_asimdperm(cpu: usize, insn: u32): void {
  writeD(cpu, insn, evenLanes(sizeOf(insn), permuteFirst(cpu, insn), readM(cpu, insn)));
}
export function UZP2_asimdperm(cpu: usize, insn: u32): void {
  writeD(cpu, insn, oddLanes(sizeOf(insn), permuteFirst(cpu, insn), readM(cpu, insn)));
}
export function TRN1_asimdperm(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  switch (sizeOf(insn)) {
    case 0:
      return writeD(cpu, insn, i8x16.shuffle(n, m, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30));
    case 1:
      return writeD(cpu, insn, i16x8.shuffle(n, m, 0, 8, 2, 10, 4, 12, 6, 14));
    case 2:
      return writeD(cpu, insn, i32x4.shuffle(n, m, 0, 4, 2, 6));
    default:
      return writeD(cpu, insn, i64x2.shuffle(n, m, 0, 2));
  }
}
/** ZIP2 of 64-bit vectors is the upper half of what ZIP1 makes of the 128-bit ones. */
function zipUpper64(cpu: usize, insn: u32): void {
  ZIP1_asimdperm(cpu, insn | (1 << 30));
  const d = vreg(cpu, Rd(insn));
  v128.store(d, v128.load64_zero(d + 8));
}
export function ZIP1_asimdperm(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  switch (sizeOf(insn)) {
    case 0:
      return writeD(cpu, insn, i8x16.shuffle(n, m, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    case 1:
      return writeD(cpu, insn, i16x8.shuffle(n, m, 0, 8, 1, 9, 2, 10, 3, 11));
    case 2:
      return writeD(cpu, insn, i32x4.shuffle(n, m, 0, 4, 1, 5));
    default:
      return writeD(cpu, insn, i64x2.shuffle(n, m, 0, 2));
  }
}
export function TRN2_asimdperm(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  switch (sizeOf(insn)) {
    case 0:
      return writeD(cpu, insn, i8x16.shuffle(n, m, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31));
    case 1:
      return writeD(cpu, insn, i16x8.shuffle(n, m, 1, 9, 3, 11, 5, 13, 7, 15));
    case 2:
      return writeD(cpu, insn, i32x4.shuffle(n, m, 1, 5, 3, 7));
    default:
      return writeD(cpu, insn, i64x2.shuffle(n, m, 1, 3));
  }
}
export function ZIP2_asimdperm(cpu: usize, insn: u32): void {
  if (!isQ(insn)) return zipUpper64(cpu, insn);
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  switch (sizeOf(insn)) {
    case 0:
      return writeD(cpu, insn, i8x16.shuffle(n, m, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
    case 1:
      return writeD(cpu, insn, i16x8.shuffle(n, m, 4, 12, 5, 13, 6, 14, 7, 15));
    case 2:
      return writeD(cpu, insn, i32x4.shuffle(n, m, 2, 6, 3, 7));
    default:
      return writeD(cpu, insn, i64x2.shuffle(n, m, 1, 3));
  }
}

/** 0, 1, 2 .. 15: the bytes' own numbers. */
const BYTE_NUMBERS = memory.data<u8>([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], 16);

/** swizzle gives 0 for numbers above 15, so n and m supply their parts of the 32 bytes without overlap. */
export function EXT_asimdext(cpu: usize, insn: u32): void {
  const wanted = i8x16.add(v128.load(BYTE_NUMBERS), i8x16.splat(<i8>bits(insn, 11, 4)));
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  if (!isQ(insn)) return writeD(cpu, insn, i8x16.swizzle(joinLow(n, m), wanted));
  const upper = i8x16.swizzle(m, i8x16.sub(wanted, i8x16.splat(16)));
  writeD(cpu, insn, v128.or(i8x16.swizzle(n, wanted), upper));
}

/** Bytes of the table of 1 to 4 registers from V[n] that the bytes of V[m] name; 0 for those outside it. */
function lookUp(cpu: usize, insn: u32): v128 {
  const registers = bits(insn, 13, 2) + 1;
  let numbers = readM(cpu, insn);
  let result = i64x2.splat(0);
  for (let r: u32 = 0; r < registers; r++) {
    result = v128.or(result, i8x16.swizzle(v128.load(vreg(cpu, (Rn(insn) + r) & 31)), numbers));
    numbers = i8x16.sub(numbers, i8x16.splat(16));
  }
  return result;
}

export function TBL_asimdtbl(cpu: usize, insn: u32): void {
  writeD(cpu, insn, lookUp(cpu, insn));
}
export function TBX_asimdtbl(cpu: usize, insn: u32): void {
  const end = <i8>((bits(insn, 13, 2) + 1) << 4);
  const inside = i8x16.lt_u(readM(cpu, insn), i8x16.splat(end));
  writeD(cpu, insn, v128.bitselect(lookUp(cpu, insn), readD(cpu, insn), inside));
}

/** Upper and lower halves of all 128, 64, 32 and 16 bits exchanged: step by step they bring every lane to lane 0. */
function swap64(a: v128): v128 {
  return i64x2.shuffle(a, a, 1, 0);
}
function swap32(a: v128): v128 {
  return i32x4.shuffle(a, a, 1, 0, 3, 2);
}
function swap16(a: v128): v128 {
  return i16x8.shuffle(a, a, 1, 0, 3, 2, 5, 4, 7, 6);
}
function swap8(a: v128): v128 {
  return i8x16.shuffle(a, a, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
}

/** V[d] = element 0 of `value`, of `size`. */
function writeElement(cpu: usize, insn: u32, size: u32, value: v128): void {
  v128.store(vreg(cpu, Rd(insn)), lowElement(size, value));
}

/** Sum of all lanes, in lane 0 (and in every other). */
function sumLanes(size: u32, a: v128): v128 {
  let sum = addLanes(size, a, swap64(a));
  if (size < 3) sum = addLanes(size, sum, swap32(sum));
  if (size < 2) sum = addLanes(size, sum, swap16(sum));
  if (size < 1) sum = addLanes(size, sum, swap8(sum));
  return sum;
}

/** V[n] with zeros above a 64-bit vector. */
function summands(cpu: usize, insn: u32): v128 {
  const n = readN(cpu, insn);
  return isQ(insn) ? n : lowElement(3, n);
}

export function ADDV_asimdall(cpu: usize, insn: u32): void {
  writeElement(cpu, insn, sizeOf(insn), sumLanes(sizeOf(insn), summands(cpu, insn)));
}
export function SADDLV_asimdall(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  writeElement(cpu, insn, size + 1, sumLanes(size + 1, pairwiseLongS(size, summands(cpu, insn))));
}
export function UADDLV_asimdall(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  writeElement(cpu, insn, size + 1, sumLanes(size + 1, pairwiseLongU(size, summands(cpu, insn))));
}

/** V[n], with a 64-bit vector twice, which changes no maximum. */
function candidates(cpu: usize, insn: u32): v128 {
  const n = readN(cpu, insn);
  return isQ(insn) ? n : joinLow(n, n);
}
export function SMAXV_asimdall(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  let best = candidates(cpu, insn);
  best = maxSLanes(size, best, swap64(best));
  best = maxSLanes(size, best, swap32(best));
  if (size < 2) best = maxSLanes(size, best, swap16(best));
  if (size < 1) best = maxSLanes(size, best, swap8(best));
  writeElement(cpu, insn, size, best);
}
export function UMAXV_asimdall(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  let best = candidates(cpu, insn);
  best = maxULanes(size, best, swap64(best));
  best = maxULanes(size, best, swap32(best));
  if (size < 2) best = maxULanes(size, best, swap16(best));
  if (size < 1) best = maxULanes(size, best, swap8(best));
  writeElement(cpu, insn, size, best);
}
export function SMINV_asimdall(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  let best = candidates(cpu, insn);
  best = minSLanes(size, best, swap64(best));
  best = minSLanes(size, best, swap32(best));
  if (size < 2) best = minSLanes(size, best, swap16(best));
  if (size < 1) best = minSLanes(size, best, swap8(best));
  writeElement(cpu, insn, size, best);
}
export function UMINV_asimdall(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  let best = candidates(cpu, insn);
  best = minULanes(size, best, swap64(best));
  best = minULanes(size, best, swap32(best));
  if (size < 2) best = minULanes(size, best, swap16(best));
  if (size < 1) best = minULanes(size, best, swap8(best));
  writeElement(cpu, insn, size, best);
}
