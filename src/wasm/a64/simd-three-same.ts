/** Advanced SIMD three same, integer: vectors and scalars (ARM ARM C4.1.90). Register shifts are in simd-shift-register.ts. */
import { evenLanes, joinLow, oddLanes } from "./simd-lane-sizes";
import {
  addLanes,
  eqLanes,
  geSLanes,
  geULanes,
  gtSLanes,
  gtULanes,
  maxSLanes,
  maxULanes,
  minSLanes,
  minULanes,
  mulLanes,
  shrSLanes,
  shrULanes,
  splatLanes,
  subLanes,
} from "./simd-lanes";
import { isQ, readD, readM, readN, readShapedM, readShapedN, sizeOf, writeD } from "./simd-operands";
import { addSatS, addSatU, doubleMulHigh, subSatS, subSatU } from "./simd-saturate";

/** (a + b) >> 1 without the carry's loss: the bits both have, and half of those that one has. */
function halvingAdd(size: u32, a: v128, b: v128, halfDifference: v128): v128 {
  return addLanes(size, v128.and(a, b), halfDifference);
}

/** (a + b + 1) >> 1. */
function roundingHalvingAdd(size: u32, a: v128, b: v128, halfDifference: v128): v128 {
  return subLanes(size, v128.or(a, b), halfDifference);
}

/** (a - b) >> 1 from the halves, less the borrow between the lowest bits. */
function halvingSub(size: u32, a: v128, b: v128, halfA: v128, halfB: v128): v128 {
  const borrow = v128.and(v128.andnot(b, a), splatLanes(size, 1));
  return subLanes(size, subLanes(size, halfA, halfB), borrow);
}

export function SHADD_asimdsame(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  writeD(cpu, insn, halvingAdd(size, n, m, shrSLanes(size, v128.xor(n, m), 1)));
}
export function SRHADD_asimdsame(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  writeD(cpu, insn, roundingHalvingAdd(size, n, m, shrSLanes(size, v128.xor(n, m), 1)));
}
export function SHSUB_asimdsame(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  writeD(cpu, insn, halvingSub(size, n, m, shrSLanes(size, n, 1), shrSLanes(size, m, 1)));
}
export function UHADD_asimdsame(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  writeD(cpu, insn, halvingAdd(size, n, m, shrULanes(size, v128.xor(n, m), 1)));
}
export function URHADD_asimdsame(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  writeD(cpu, insn, roundingHalvingAdd(size, n, m, shrULanes(size, v128.xor(n, m), 1)));
}
export function UHSUB_asimdsame(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  writeD(cpu, insn, halvingSub(size, n, m, shrULanes(size, n, 1), shrULanes(size, m, 1)));
}

export function SQADD_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, addSatS(cpu, sizeOf(insn), readShapedN(cpu, insn), readShapedM(cpu, insn)));
}
export function SQADD_asisdsame(cpu: usize, insn: u32): void {
  SQADD_asimdsame(cpu, insn);
}
export function UQADD_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, addSatU(cpu, sizeOf(insn), readShapedN(cpu, insn), readShapedM(cpu, insn)));
}
export function UQADD_asisdsame(cpu: usize, insn: u32): void {
  UQADD_asimdsame(cpu, insn);
}
export function SQSUB_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, subSatS(cpu, sizeOf(insn), readShapedN(cpu, insn), readShapedM(cpu, insn)));
}
export function SQSUB_asisdsame(cpu: usize, insn: u32): void {
  SQSUB_asimdsame(cpu, insn);
}
export function UQSUB_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, subSatU(cpu, sizeOf(insn), readShapedN(cpu, insn), readShapedM(cpu, insn)));
}
export function UQSUB_asisdsame(cpu: usize, insn: u32): void {
  UQSUB_asimdsame(cpu, insn);
}
export function SQDMULH_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, doubleMulHigh(cpu, sizeOf(insn), readShapedN(cpu, insn), readShapedM(cpu, insn), 0));
}
export function SQDMULH_asisdsame(cpu: usize, insn: u32): void {
  SQDMULH_asimdsame(cpu, insn);
}
export function SQRDMULH_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, doubleMulHigh(cpu, sizeOf(insn), readShapedN(cpu, insn), readShapedM(cpu, insn), 1));
}
export function SQRDMULH_asisdsame(cpu: usize, insn: u32): void {
  SQRDMULH_asimdsame(cpu, insn);
}

// Logical: `size` is the operation.
export function AND_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.and(readN(cpu, insn), readM(cpu, insn)));
}
export function BIC_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.andnot(readN(cpu, insn), readM(cpu, insn)));
}
export function ORR_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.or(readN(cpu, insn), readM(cpu, insn)));
}
export function ORN_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.or(readN(cpu, insn), v128.not(readM(cpu, insn))));
}
export function EOR_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.xor(readN(cpu, insn), readM(cpu, insn)));
}
export function BSL_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.bitselect(readN(cpu, insn), readM(cpu, insn), readD(cpu, insn)));
}
export function BIT_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.bitselect(readN(cpu, insn), readD(cpu, insn), readM(cpu, insn)));
}
export function BIF_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.bitselect(readD(cpu, insn), readN(cpu, insn), readM(cpu, insn)));
}

export function CMGT_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, gtSLanes(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function CMGT_asisdsame(cpu: usize, insn: u32): void {
  CMGT_asimdsame(cpu, insn);
}
export function CMHI_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, gtULanes(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function CMHI_asisdsame(cpu: usize, insn: u32): void {
  CMHI_asimdsame(cpu, insn);
}
export function CMGE_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, geSLanes(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function CMGE_asisdsame(cpu: usize, insn: u32): void {
  CMGE_asimdsame(cpu, insn);
}
export function CMHS_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, geULanes(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function CMHS_asisdsame(cpu: usize, insn: u32): void {
  CMHS_asimdsame(cpu, insn);
}
export function CMEQ_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, eqLanes(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function CMEQ_asisdsame(cpu: usize, insn: u32): void {
  CMEQ_asimdsame(cpu, insn);
}
export function ADD_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, addLanes(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function ADD_asisdsame(cpu: usize, insn: u32): void {
  ADD_asimdsame(cpu, insn);
}
export function SUB_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, subLanes(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function SUB_asisdsame(cpu: usize, insn: u32): void {
  SUB_asimdsame(cpu, insn);
}
export function CMTST_asimdsame(cpu: usize, insn: u32): void {
  const tested = v128.and(readN(cpu, insn), readM(cpu, insn));
  writeD(cpu, insn, v128.not(eqLanes(sizeOf(insn), tested, i64x2.splat(0))));
}
export function CMTST_asisdsame(cpu: usize, insn: u32): void {
  CMTST_asimdsame(cpu, insn);
}

export function SMAX_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, maxSLanes(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function UMAX_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, maxULanes(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function SMIN_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, minSLanes(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function UMIN_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, minULanes(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function MUL_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, mulLanes(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}

function differenceS(size: u32, a: v128, b: v128): v128 {
  return subLanes(size, maxSLanes(size, a, b), minSLanes(size, a, b));
}
function differenceU(size: u32, a: v128, b: v128): v128 {
  return subLanes(size, maxULanes(size, a, b), minULanes(size, a, b));
}

export function SABD_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, differenceS(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function SABA_asimdsame(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const difference = differenceS(size, readN(cpu, insn), readM(cpu, insn));
  writeD(cpu, insn, addLanes(size, readD(cpu, insn), difference));
}
export function UABD_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, differenceU(sizeOf(insn), readN(cpu, insn), readM(cpu, insn)));
}
export function UABA_asimdsame(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const difference = differenceU(size, readN(cpu, insn), readM(cpu, insn));
  writeD(cpu, insn, addLanes(size, readD(cpu, insn), difference));
}
export function MLA_asimdsame(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const product = mulLanes(size, readN(cpu, insn), readM(cpu, insn));
  writeD(cpu, insn, addLanes(size, readD(cpu, insn), product));
}
export function MLS_asimdsame(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const product = mulLanes(size, readN(cpu, insn), readM(cpu, insn));
  writeD(cpu, insn, subLanes(size, readD(cpu, insn), product));
}

/** Polynomial product of bytes modulo x^8: for each bit of m, n shifted to its place. */
function mulPolynomial(n: v128, m: v128): v128 {
  let result = i64x2.splat(0);
  for (let bit = 0; bit < 8; bit++) {
    const chosen = i8x16.shr_s(i8x16.shl(m, 7 - bit), 7);
    result = v128.xor(result, v128.and(chosen, i8x16.shl(n, bit)));
  }
  return result;
}
export function PMUL_asimdsame(cpu: usize, insn: u32): void {
  writeD(cpu, insn, mulPolynomial(readN(cpu, insn), readM(cpu, insn)));
}

/** The even lanes of n:m; with Q = 0 the operands are 64-bit, and their pair lies in the low half. */
function pairEven(insn: u32, n: v128, m: v128): v128 {
  if (isQ(insn)) return evenLanes(sizeOf(insn), n, m);
  return evenLanes(sizeOf(insn), joinLow(n, m), n);
}
function pairOdd(insn: u32, n: v128, m: v128): v128 {
  if (isQ(insn)) return oddLanes(sizeOf(insn), n, m);
  return oddLanes(sizeOf(insn), joinLow(n, m), n);
}

export function SMAXP_asimdsame(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  writeD(cpu, insn, maxSLanes(sizeOf(insn), pairEven(insn, n, m), pairOdd(insn, n, m)));
}
export function UMAXP_asimdsame(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  writeD(cpu, insn, maxULanes(sizeOf(insn), pairEven(insn, n, m), pairOdd(insn, n, m)));
}
export function SMINP_asimdsame(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  writeD(cpu, insn, minSLanes(sizeOf(insn), pairEven(insn, n, m), pairOdd(insn, n, m)));
}
export function UMINP_asimdsame(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  writeD(cpu, insn, minULanes(sizeOf(insn), pairEven(insn, n, m), pairOdd(insn, n, m)));
}
export function ADDP_asimdsame(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  const m = readM(cpu, insn);
  writeD(cpu, insn, addLanes(sizeOf(insn), pairEven(insn, n, m), pairOdd(insn, n, m)));
}

/** ADDP (scalar): the sum of both 64-bit elements. */
export function ADDP_asisdpair(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  writeD(cpu, insn, i64x2.add(n, i64x2.shuffle(n, n, 1, 0)));
}
