/** Advanced SIMD vector by indexed element, integer: vectors and scalars (ARM ARM C4.1.90). */
import { bits, vreg } from "./fields";
import { extendMulS, extendMulU } from "./simd-lane-sizes";
import { addLanes, mulLanes, subLanes } from "./simd-lanes";
import { isScalar, lowElement, readD, readN, readNHalf, readShapedN, sizeOf, writeD } from "./simd-operands";
import { doubleMulHigh, doubleMulLong } from "./simd-saturate";
import { accumulateSaturating, writeWide } from "./simd-three-diff";

/**
 * The element of V[m] in all lanes: 16-bit ones are indexed by H:L:M in V0-V15, 32-bit ones by H:L in all
 * registers. A scalar instruction has it in element 0 alone, so that no other lane sets FPSR.QC.
 */
function elementM(cpu: usize, insn: u32): v128 {
  const index = (bits(insn, 11, 1) << 1) | bits(insn, 21, 1);
  let lanes: v128;
  if (sizeOf(insn) == 1) {
    const element = (index << 1) | bits(insn, 20, 1);
    lanes = v128.load16_splat(vreg(cpu, bits(insn, 16, 4)) + ((<usize>element) << 1));
  } else {
    lanes = v128.load32_splat(vreg(cpu, bits(insn, 16, 5)) + ((<usize>index) << 2));
  }
  return isScalar(insn) ? lowElement(sizeOf(insn), lanes) : lanes;
}

export function MUL_asimdelem_R(cpu: usize, insn: u32): void {
  writeD(cpu, insn, mulLanes(sizeOf(insn), readN(cpu, insn), elementM(cpu, insn)));
}
export function MLA_asimdelem_R(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const product = mulLanes(size, readN(cpu, insn), elementM(cpu, insn));
  writeD(cpu, insn, addLanes(size, readD(cpu, insn), product));
}
export function MLS_asimdelem_R(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const product = mulLanes(size, readN(cpu, insn), elementM(cpu, insn));
  writeD(cpu, insn, subLanes(size, readD(cpu, insn), product));
}

export function SMULL_asimdelem_L(cpu: usize, insn: u32): void {
  writeWide(cpu, insn, extendMulS(sizeOf(insn), readNHalf(cpu, insn), elementM(cpu, insn)));
}
export function SMLAL_asimdelem_L(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const product = extendMulS(size, readNHalf(cpu, insn), elementM(cpu, insn));
  writeWide(cpu, insn, addLanes(size + 1, readD(cpu, insn), product));
}
export function SMLSL_asimdelem_L(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const product = extendMulS(size, readNHalf(cpu, insn), elementM(cpu, insn));
  writeWide(cpu, insn, subLanes(size + 1, readD(cpu, insn), product));
}
export function UMULL_asimdelem_L(cpu: usize, insn: u32): void {
  writeWide(cpu, insn, extendMulU(sizeOf(insn), readNHalf(cpu, insn), elementM(cpu, insn)));
}
export function UMLAL_asimdelem_L(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const product = extendMulU(size, readNHalf(cpu, insn), elementM(cpu, insn));
  writeWide(cpu, insn, addLanes(size + 1, readD(cpu, insn), product));
}
export function UMLSL_asimdelem_L(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const product = extendMulU(size, readNHalf(cpu, insn), elementM(cpu, insn));
  writeWide(cpu, insn, subLanes(size + 1, readD(cpu, insn), product));
}

export function SQDMULL_asimdelem_L(cpu: usize, insn: u32): void {
  writeWide(cpu, insn, doubleMulLong(cpu, sizeOf(insn), readNHalf(cpu, insn), elementM(cpu, insn)));
}
export function SQDMULL_asisdelem_L(cpu: usize, insn: u32): void {
  SQDMULL_asimdelem_L(cpu, insn);
}
export function SQDMLAL_asimdelem_L(cpu: usize, insn: u32): void {
  accumulateSaturating(cpu, insn, doubleMulLong(cpu, sizeOf(insn), readNHalf(cpu, insn), elementM(cpu, insn)), false);
}
export function SQDMLAL_asisdelem_L(cpu: usize, insn: u32): void {
  SQDMLAL_asimdelem_L(cpu, insn);
}
export function SQDMLSL_asimdelem_L(cpu: usize, insn: u32): void {
  accumulateSaturating(cpu, insn, doubleMulLong(cpu, sizeOf(insn), readNHalf(cpu, insn), elementM(cpu, insn)), true);
}
export function SQDMLSL_asisdelem_L(cpu: usize, insn: u32): void {
  SQDMLSL_asimdelem_L(cpu, insn);
}

export function SQDMULH_asimdelem_R(cpu: usize, insn: u32): void {
  writeD(cpu, insn, doubleMulHigh(cpu, sizeOf(insn), readShapedN(cpu, insn), elementM(cpu, insn), 0));
}
export function SQDMULH_asisdelem_R(cpu: usize, insn: u32): void {
  SQDMULH_asimdelem_R(cpu, insn);
}
export function SQRDMULH_asimdelem_R(cpu: usize, insn: u32): void {
  writeD(cpu, insn, doubleMulHigh(cpu, sizeOf(insn), readShapedN(cpu, insn), elementM(cpu, insn), 1));
}
export function SQRDMULH_asisdelem_R(cpu: usize, insn: u32): void {
  SQRDMULH_asimdelem_R(cpu, insn);
}
