/** Saturating lane arithmetic: each function sets FPSR.QC when a lane saturates. Lanes outside the instruction's shape are zero. */
import { evenLanes, extendMulS, extendS, extendU, narrow } from "./simd-lane-sizes";
import {
  addLanes,
  eqLanes,
  gtSLanes,
  gtULanes,
  minSigned,
  shlLanes,
  shrSLanes,
  splatLanes,
  subLanes,
} from "./simd-lanes";
import { noteSaturation } from "./simd-operands";

/** Where `overflow` is set, the end of the signed range on the side of `a`; `wrapped` elsewhere. */
function saturateTowards(size: u32, a: v128, wrapped: v128, overflowSigns: v128): v128 {
  const top = (8 << size) - 1;
  const limit = v128.xor(shrSLanes(size, a, top), splatLanes(size, minSigned(size) - 1));
  return v128.bitselect(limit, wrapped, shrSLanes(size, overflowSigns, top));
}

/** Signed saturating a + b in lanes of 8 << size bits; sets FPSR.QC where one saturates. */
export function addSatS(cpu: usize, size: u32, a: v128, b: v128): v128 {
  const sum = addLanes(size, a, b);
  const signs = v128.and(v128.and(v128.xor(a, sum), v128.xor(b, sum)), splatLanes(size, minSigned(size)));
  noteSaturation(cpu, signs);
  return saturateTowards(size, a, sum, signs);
}

/** Signed saturating a - b in lanes of 8 << size bits; sets FPSR.QC where one saturates. */
export function subSatS(cpu: usize, size: u32, a: v128, b: v128): v128 {
  const difference = subLanes(size, a, b);
  const signs = v128.and(v128.and(v128.xor(a, b), v128.xor(a, difference)), splatLanes(size, minSigned(size)));
  noteSaturation(cpu, signs);
  return saturateTowards(size, a, difference, signs);
}

/** Unsigned saturating a + b in lanes of 8 << size bits; sets FPSR.QC where one saturates. */
export function addSatU(cpu: usize, size: u32, a: v128, b: v128): v128 {
  const sum = addLanes(size, a, b);
  const overflow = gtULanes(size, a, sum);
  noteSaturation(cpu, overflow);
  return v128.or(sum, overflow);
}

/** Unsigned saturating a - b in lanes of 8 << size bits; sets FPSR.QC where one saturates. */
export function subSatU(cpu: usize, size: u32, a: v128, b: v128): v128 {
  const overflow = gtULanes(size, b, a);
  noteSaturation(cpu, overflow);
  return v128.andnot(subLanes(size, a, b), overflow);
}

/** Lanes that hold the most negative value. */
function isMinimum(size: u32, a: v128): v128 {
  return eqLanes(size, a, splatLanes(size, minSigned(size)));
}

/** SQABS and SQNEG: `wrapped` is |a| or -a, which only the most negative value makes negative itself. */
export function saturateMinimum(cpu: usize, size: u32, a: v128, wrapped: v128): v128 {
  const overflow = isMinimum(size, a);
  noteSaturation(cpu, overflow);
  return v128.xor(wrapped, overflow);
}

/** 2 * a * b of the low halves' lanes at twice their size (SQDMULL; sizes 1 and 2). */
export function doubleMulLong(cpu: usize, size: u32, a: v128, b: v128): v128 {
  const doubled = shlLanes(size + 1, extendMulS(size, a, b), 1);
  return saturateMinimum(cpu, size + 1, doubled, doubled);
}

/** (2 * a * b + rounding) >> esize (SQDMULH, SQRDMULH; sizes 1 and 2); `round` is 0 or 1. */
export function doubleMulHigh(cpu: usize, size: u32, a: v128, b: v128, round: u64): v128 {
  const shift: i32 = (8 << size) - 1;
  const rounding = splatLanes(size + 1, round << (<u64>(shift - 1)));
  const low = shrSLanes(size + 1, addLanes(size + 1, extendMulS(size, a, b), rounding), shift);
  const upperA = i64x2.shuffle(a, a, 1, 0);
  const upperB = i64x2.shuffle(b, b, 1, 0);
  const high = shrSLanes(size + 1, addLanes(size + 1, extendMulS(size, upperA, upperB), rounding), shift);
  const overflow = v128.and(isMinimum(size, a), isMinimum(size, b));
  noteSaturation(cpu, overflow);
  return v128.xor(evenLanes(size, low, high), overflow);
}

/** Lanes of size + 1, signed, to signed lanes of `size` in the low 64 bits (SQXTN). */
export function narrowSatS(cpu: usize, size: u32, a: v128): v128 {
  let result: v128;
  if (size == 0) result = i8x16.narrow_i16x8_s(a, i64x2.splat(0));
  else if (size == 1) result = i16x8.narrow_i32x4_s(a, i64x2.splat(0));
  else {
    const high = i64x2.splat(0x7fff_ffff);
    const low = i64x2.splat(-0x8000_0000);
    const clamped = v128.bitselect(high, a, i64x2.gt_s(a, high));
    result = narrow(2, v128.bitselect(low, clamped, i64x2.lt_s(a, low)));
  }
  noteSaturation(cpu, v128.xor(extendS(size, result), a));
  return result;
}

/** Lanes of size + 1, signed, to unsigned lanes of `size` (SQXTUN). */
export function narrowSatSU(cpu: usize, size: u32, a: v128): v128 {
  let result: v128;
  if (size == 0) result = i8x16.narrow_i16x8_u(a, i64x2.splat(0));
  else if (size == 1) result = i16x8.narrow_i32x4_u(a, i64x2.splat(0));
  else {
    const high = i64x2.splat(0xffff_ffff);
    const clamped = v128.bitselect(high, a, i64x2.gt_s(a, high));
    result = narrow(2, v128.andnot(clamped, gtSLanes(3, i64x2.splat(0), a)));
  }
  noteSaturation(cpu, v128.xor(extendU(size, result), a));
  return result;
}

/** Lanes of size + 1, unsigned, to unsigned lanes of `size` (UQXTN). */
export function narrowSatU(cpu: usize, size: u32, a: v128): v128 {
  const high = splatLanes(size + 1, ((<u64>1) << (8 << size)) - 1);
  const overflow = gtULanes(size + 1, a, high);
  noteSaturation(cpu, overflow);
  return narrow(size, v128.or(a, overflow));
}
