/** Advanced SIMD three different, integer: widening and narrowing arithmetic (ARM ARM C4.1.90). PMULL is in crypto.ts. */
import { Rd, vreg } from "./fields";
import { extendMulS, extendMulU, extendS, extendU, narrowHigh } from "./simd-lane-sizes";
import { absLanes, addLanes, splatLanes, subLanes } from "./simd-lanes";
import { isScalar, lowElement, readD, readM, readMHalf, readN, readNHalf, sizeOf, writeNarrow } from "./simd-operands";
import { addSatS, doubleMulLong, subSatS } from "./simd-saturate";

/** V[d] = lanes of twice the size: all 128 bits, or the one element of a scalar. */
export function writeWide(cpu: usize, insn: u32, value: v128): void {
  v128.store(vreg(cpu, Rd(insn)), isScalar(insn) ? lowElement(sizeOf(insn) + 1, value) : value);
}

/** V[d] += product or V[d] -= product, saturating, with the scalar's other lanes left out. */
export function accumulateSaturating(cpu: usize, insn: u32, product: v128, subtract: bool): void {
  const size = sizeOf(insn) + 1;
  const d = isScalar(insn) ? lowElement(size, readD(cpu, insn)) : readD(cpu, insn);
  writeWide(cpu, insn, subtract ? subSatS(cpu, size, d, product) : addSatS(cpu, size, d, product));
}

export function SADDL_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const n = extendS(size, readNHalf(cpu, insn));
  writeWide(cpu, insn, addLanes(size + 1, n, extendS(size, readMHalf(cpu, insn))));
}
export function SADDW_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  writeWide(cpu, insn, addLanes(size + 1, readN(cpu, insn), extendS(size, readMHalf(cpu, insn))));
}
export function SSUBL_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const n = extendS(size, readNHalf(cpu, insn));
  writeWide(cpu, insn, subLanes(size + 1, n, extendS(size, readMHalf(cpu, insn))));
}
export function SSUBW_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  writeWide(cpu, insn, subLanes(size + 1, readN(cpu, insn), extendS(size, readMHalf(cpu, insn))));
}
export function UADDL_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const n = extendU(size, readNHalf(cpu, insn));
  writeWide(cpu, insn, addLanes(size + 1, n, extendU(size, readMHalf(cpu, insn))));
}
export function UADDW_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  writeWide(cpu, insn, addLanes(size + 1, readN(cpu, insn), extendU(size, readMHalf(cpu, insn))));
}
export function USUBL_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const n = extendU(size, readNHalf(cpu, insn));
  writeWide(cpu, insn, subLanes(size + 1, n, extendU(size, readMHalf(cpu, insn))));
}
export function USUBW_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  writeWide(cpu, insn, subLanes(size + 1, readN(cpu, insn), extendU(size, readMHalf(cpu, insn))));
}

/** Lanes of size + 1 to their high halves, rounded by half a unit of them when `round` is 1. */
function highHalf(size: u32, wide: v128, round: u64): v128 {
  return narrowHigh(size, addLanes(size + 1, wide, splatLanes(size + 1, round << ((8 << size) - 1))));
}

export function ADDHN_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const wide = addLanes(size + 1, readN(cpu, insn), readM(cpu, insn));
  writeNarrow(cpu, insn, size, highHalf(size, wide, 0));
}
export function RADDHN_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const wide = addLanes(size + 1, readN(cpu, insn), readM(cpu, insn));
  writeNarrow(cpu, insn, size, highHalf(size, wide, 1));
}
export function SUBHN_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const wide = subLanes(size + 1, readN(cpu, insn), readM(cpu, insn));
  writeNarrow(cpu, insn, size, highHalf(size, wide, 0));
}
export function RSUBHN_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const wide = subLanes(size + 1, readN(cpu, insn), readM(cpu, insn));
  writeNarrow(cpu, insn, size, highHalf(size, wide, 1));
}

/** |n - m| at twice the size, where the difference always fits. */
function differenceLongS(cpu: usize, insn: u32): v128 {
  const size = sizeOf(insn);
  return absLanes(
    size + 1,
    subLanes(size + 1, extendS(size, readNHalf(cpu, insn)), extendS(size, readMHalf(cpu, insn))),
  );
}
function differenceLongU(cpu: usize, insn: u32): v128 {
  const size = sizeOf(insn);
  return absLanes(
    size + 1,
    subLanes(size + 1, extendU(size, readNHalf(cpu, insn)), extendU(size, readMHalf(cpu, insn))),
  );
}

export function SABDL_asimddiff(cpu: usize, insn: u32): void {
  writeWide(cpu, insn, differenceLongS(cpu, insn));
}
export function SABAL_asimddiff(cpu: usize, insn: u32): void {
  writeWide(cpu, insn, addLanes(sizeOf(insn) + 1, readD(cpu, insn), differenceLongS(cpu, insn)));
}
export function UABDL_asimddiff(cpu: usize, insn: u32): void {
  writeWide(cpu, insn, differenceLongU(cpu, insn));
}
export function UABAL_asimddiff(cpu: usize, insn: u32): void {
  writeWide(cpu, insn, addLanes(sizeOf(insn) + 1, readD(cpu, insn), differenceLongU(cpu, insn)));
}

export function SMULL_asimddiff(cpu: usize, insn: u32): void {
  writeWide(cpu, insn, extendMulS(sizeOf(insn), readNHalf(cpu, insn), readMHalf(cpu, insn)));
}
export function SMLAL_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const product = extendMulS(size, readNHalf(cpu, insn), readMHalf(cpu, insn));
  writeWide(cpu, insn, addLanes(size + 1, readD(cpu, insn), product));
}
export function SMLSL_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const product = extendMulS(size, readNHalf(cpu, insn), readMHalf(cpu, insn));
  writeWide(cpu, insn, subLanes(size + 1, readD(cpu, insn), product));
}
export function UMULL_asimddiff(cpu: usize, insn: u32): void {
  writeWide(cpu, insn, extendMulU(sizeOf(insn), readNHalf(cpu, insn), readMHalf(cpu, insn)));
}
export function UMLAL_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const product = extendMulU(size, readNHalf(cpu, insn), readMHalf(cpu, insn));
  writeWide(cpu, insn, addLanes(size + 1, readD(cpu, insn), product));
}
export function UMLSL_asimddiff(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const product = extendMulU(size, readNHalf(cpu, insn), readMHalf(cpu, insn));
  writeWide(cpu, insn, subLanes(size + 1, readD(cpu, insn), product));
}

export function SQDMULL_asimddiff(cpu: usize, insn: u32): void {
  writeWide(cpu, insn, doubleMulLong(cpu, sizeOf(insn), readNHalf(cpu, insn), readMHalf(cpu, insn)));
}
export function SQDMLAL_asimddiff(cpu: usize, insn: u32): void {
  accumulateSaturating(cpu, insn, doubleMulLong(cpu, sizeOf(insn), readNHalf(cpu, insn), readMHalf(cpu, insn)), false);
}
export function SQDMLSL_asimddiff(cpu: usize, insn: u32): void {
  accumulateSaturating(cpu, insn, doubleMulLong(cpu, sizeOf(insn), readNHalf(cpu, insn), readMHalf(cpu, insn)), true);
}
export function SQDMULL_asisddiff(cpu: usize, insn: u32): void {
  SQDMULL_asimddiff(cpu, insn);
}
export function SQDMLAL_asisddiff(cpu: usize, insn: u32): void {
  SQDMLAL_asimddiff(cpu, insn);
}
export function SQDMLSL_asisddiff(cpu: usize, insn: u32): void {
  SQDMLSL_asimddiff(cpu, insn);
}
