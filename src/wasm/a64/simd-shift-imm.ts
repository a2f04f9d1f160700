/** Advanced SIMD shift by immediate, integer: vectors and scalars (ARM ARM C4.1.90). */
import { Rd, Rn, bits, vreg } from "./fields";
import { extendS, extendU, narrow } from "./simd-lane-sizes";
import { addLanes, shlLanes, shrSLanes, shrULanes, splatLanes } from "./simd-lanes";
import { isQ, readD, readN, readWideN, setQC, toShape, writeNarrow } from "./simd-operands";
import { narrowSatS, narrowSatSU, narrowSatU } from "./simd-saturate";
import { clearAbove, elementBytes, shiftLeft } from "./simd-shift-element";

/** HighestSetBit(immh): log2 of the element size in bytes; of the narrow one where sizes differ. */
function shiftSize(insn: u32): u32 {
  return 31 - clz<u32>(bits(insn, 19, 4));
}

/** Right shifts: 1 to the element size. */
function rightAmount(insn: u32): i32 {
  return (16 << shiftSize(insn)) - <i32>bits(insn, 16, 7);
}

/** Left shifts: 0 to the element size - 1. */
function leftAmount(insn: u32): i32 {
  return <i32>bits(insn, 16, 7) - (8 << shiftSize(insn));
}

/** V[d] = value in the shape of the instruction, whose element size is immh's. */
function writeShifted(cpu: usize, insn: u32, value: v128): void {
  v128.store(vreg(cpu, Rd(insn)), toShape(insn, shiftSize(insn), value));
}

/** Shifts right by 1 to the element size, which wasm would take as 0. */
function shiftRightS(size: u32, a: v128, amount: i32): v128 {
  return shrSLanes(size, a, min<i32>(amount, (8 << size) - 1));
}
function shiftRightU(size: u32, a: v128, amount: i32): v128 {
  return amount == 8 << size ? i64x2.splat(0) : shrULanes(size, a, amount);
}

/** The last bit that goes out is added: the sum of the rounding constant cannot be lost that way. */
function roundingShiftRightS(size: u32, a: v128, amount: i32): v128 {
  const carry = v128.and(shrSLanes(size, a, amount - 1), splatLanes(size, 1));
  return addLanes(size, shiftRightS(size, a, amount), carry);
}
function roundingShiftRightU(size: u32, a: v128, amount: i32): v128 {
  const carry = v128.and(shrULanes(size, a, amount - 1), splatLanes(size, 1));
  return addLanes(size, shiftRightU(size, a, amount), carry);
}

export function SSHR_asimdshf(cpu: usize, insn: u32): void {
  writeShifted(cpu, insn, shiftRightS(shiftSize(insn), readN(cpu, insn), rightAmount(insn)));
}
export function SSHR_asisdshf(cpu: usize, insn: u32): void {
  SSHR_asimdshf(cpu, insn);
}
export function SSRA_asimdshf(cpu: usize, insn: u32): void {
  const shifted = shiftRightS(shiftSize(insn), readN(cpu, insn), rightAmount(insn));
  writeShifted(cpu, insn, addLanes(shiftSize(insn), readD(cpu, insn), shifted));
}
export function SSRA_asisdshf(cpu: usize, insn: u32): void {
  SSRA_asimdshf(cpu, insn);
}
export function SRSHR_asimdshf(cpu: usize, insn: u32): void {
  writeShifted(cpu, insn, roundingShiftRightS(shiftSize(insn), readN(cpu, insn), rightAmount(insn)));
}
export function SRSHR_asisdshf(cpu: usize, insn: u32): void {
  SRSHR_asimdshf(cpu, insn);
}
export function SRSRA_asimdshf(cpu: usize, insn: u32): void {
  const shifted = roundingShiftRightS(shiftSize(insn), readN(cpu, insn), rightAmount(insn));
  writeShifted(cpu, insn, addLanes(shiftSize(insn), readD(cpu, insn), shifted));
}
export function SRSRA_asisdshf(cpu: usize, insn: u32): void {
  SRSRA_asimdshf(cpu, insn);
}
export function USHR_asimdshf(cpu: usize, insn: u32): void {
  writeShifted(cpu, insn, shiftRightU(shiftSize(insn), readN(cpu, insn), rightAmount(insn)));
}
export function USHR_asisdshf(cpu: usize, insn: u32): void {
  USHR_asimdshf(cpu, insn);
}
export function USRA_asimdshf(cpu: usize, insn: u32): void {
  const shifted = shiftRightU(shiftSize(insn), readN(cpu, insn), rightAmount(insn));
  writeShifted(cpu, insn, addLanes(shiftSize(insn), readD(cpu, insn), shifted));
}
export function USRA_asisdshf(cpu: usize, insn: u32): void {
  USRA_asimdshf(cpu, insn);
}
export function URSHR_asimdshf(cpu: usize, insn: u32): void {
  writeShifted(cpu, insn, roundingShiftRightU(shiftSize(insn), readN(cpu, insn), rightAmount(insn)));
}
export function URSHR_asisdshf(cpu: usize, insn: u32): void {
  URSHR_asimdshf(cpu, insn);
}
export function URSRA_asimdshf(cpu: usize, insn: u32): void {
  const shifted = roundingShiftRightU(shiftSize(insn), readN(cpu, insn), rightAmount(insn));
  writeShifted(cpu, insn, addLanes(shiftSize(insn), readD(cpu, insn), shifted));
}
export function URSRA_asisdshf(cpu: usize, insn: u32): void {
  URSRA_asimdshf(cpu, insn);
}

export function SHL_asimdshf(cpu: usize, insn: u32): void {
  writeShifted(cpu, insn, shlLanes(shiftSize(insn), readN(cpu, insn), leftAmount(insn)));
}
export function SHL_asisdshf(cpu: usize, insn: u32): void {
  SHL_asimdshf(cpu, insn);
}

/** SLI and SRI keep the bits of V[d] that the shifted ones of V[n] do not reach. */
export function SLI_asimdshf(cpu: usize, insn: u32): void {
  const size = shiftSize(insn);
  const reached = shlLanes(size, i64x2.splat(-1), leftAmount(insn));
  const shifted = shlLanes(size, readN(cpu, insn), leftAmount(insn));
  writeShifted(cpu, insn, v128.bitselect(shifted, readD(cpu, insn), reached));
}
export function SLI_asisdshf(cpu: usize, insn: u32): void {
  SLI_asimdshf(cpu, insn);
}
export function SRI_asimdshf(cpu: usize, insn: u32): void {
  const size = shiftSize(insn);
  const reached = shiftRightU(size, i64x2.splat(-1), rightAmount(insn));
  const shifted = shiftRightU(size, readN(cpu, insn), rightAmount(insn));
  writeShifted(cpu, insn, v128.bitselect(shifted, readD(cpu, insn), reached));
}
export function SRI_asisdshf(cpu: usize, insn: u32): void {
  SRI_asimdshf(cpu, insn);
}

/** SQSHL and UQSHL; T is the element type. */
function saturatingLeft<T>(cpu: usize, insn: u32): void {
  const d = vreg(cpu, Rd(insn));
  const n = vreg(cpu, Rn(insn));
  const end = elementBytes<T>(insn);
  const amount = leftAmount(insn);
  for (let at: usize = 0; at < end; at += sizeof<T>()) {
    store<T>(d + at, shiftLeft<T>(cpu, load<T>(n + at), amount, true));
  }
  clearAbove(insn, d, shiftSize(insn));
}

/** SQSHLU: signed elements to unsigned ones; negative ones saturate to 0. S and U are the two types of the element. */
function saturatingLeftUnsigned<S, U>(cpu: usize, insn: u32): void {
  const d = vreg(cpu, Rd(insn));
  const n = vreg(cpu, Rn(insn));
  const end = elementBytes<S>(insn);
  const amount = leftAmount(insn);
  for (let at: usize = 0; at < end; at += sizeof<S>()) {
    const value = load<S>(n + at);
    if (value < 0) {
      setQC(cpu);
      store<U>(d + at, 0);
    } else {
      store<U>(d + at, shiftLeft<U>(cpu, <U>value, amount, true));
    }
  }
  clearAbove(insn, d, shiftSize(insn));
}

export function SQSHL_asimdshf(cpu: usize, insn: u32): void {
  switch (shiftSize(insn)) {
    case 0:
      return saturatingLeft<i8>(cpu, insn);
    case 1:
      return saturatingLeft<i16>(cpu, insn);
    case 2:
      return saturatingLeft<i32>(cpu, insn);
    default:
      return saturatingLeft<i64>(cpu, insn);
  }
}
export function SQSHL_asisdshf(cpu: usize, insn: u32): void {
  SQSHL_asimdshf(cpu, insn);
}
export function UQSHL_asimdshf(cpu: usize, insn: u32): void {
  switch (shiftSize(insn)) {
    case 0:
      return saturatingLeft<u8>(cpu, insn);
    case 1:
      return saturatingLeft<u16>(cpu, insn);
    case 2:
      return saturatingLeft<u32>(cpu, insn);
    default:
      return saturatingLeft<u64>(cpu, insn);
  }
}
export function UQSHL_asisdshf(cpu: usize, insn: u32): void {
  UQSHL_asimdshf(cpu, insn);
}
export function SQSHLU_asimdshf(cpu: usize, insn: u32): void {
  switch (shiftSize(insn)) {
    case 0:
      return saturatingLeftUnsigned<i8, u8>(cpu, insn);
    case 1:
      return saturatingLeftUnsigned<i16, u16>(cpu, insn);
    case 2:
      return saturatingLeftUnsigned<i32, u32>(cpu, insn);
    default:
      return saturatingLeftUnsigned<i64, u64>(cpu, insn);
  }
}
export function SQSHLU_asisdshf(cpu: usize, insn: u32): void {
  SQSHLU_asimdshf(cpu, insn);
}

export function SHRN_asimdshf(cpu: usize, insn: u32): void {
  const size = shiftSize(insn);
  const wide = shiftRightU(size + 1, readWideN(cpu, insn, size), rightAmount(insn));
  writeNarrow(cpu, insn, size, narrow(size, wide));
}
export function RSHRN_asimdshf(cpu: usize, insn: u32): void {
  const size = shiftSize(insn);
  const wide = roundingShiftRightU(size + 1, readWideN(cpu, insn, size), rightAmount(insn));
  writeNarrow(cpu, insn, size, narrow(size, wide));
}
export function SQSHRN_asimdshf(cpu: usize, insn: u32): void {
  const size = shiftSize(insn);
  const wide = shiftRightS(size + 1, readWideN(cpu, insn, size), rightAmount(insn));
  writeNarrow(cpu, insn, size, narrowSatS(cpu, size, wide));
}
export function SQSHRN_asisdshf(cpu: usize, insn: u32): void {
  SQSHRN_asimdshf(cpu, insn);
}
export function SQRSHRN_asimdshf(cpu: usize, insn: u32): void {
  const size = shiftSize(insn);
  const wide = roundingShiftRightS(size + 1, readWideN(cpu, insn, size), rightAmount(insn));
  writeNarrow(cpu, insn, size, narrowSatS(cpu, size, wide));
}
export function SQRSHRN_asisdshf(cpu: usize, insn: u32): void {
  SQRSHRN_asimdshf(cpu, insn);
}
export function UQSHRN_asimdshf(cpu: usize, insn: u32): void {
  const size = shiftSize(insn);
  const wide = shiftRightU(size + 1, readWideN(cpu, insn, size), rightAmount(insn));
  writeNarrow(cpu, insn, size, narrowSatU(cpu, size, wide));
}
export function UQSHRN_asisdshf(cpu: usize, insn: u32): void {
  UQSHRN_asimdshf(cpu, insn);
}
export function UQRSHRN_asimdshf(cpu: usize, insn: u32): void {
  const size = shiftSize(insn);
  const wide = roundingShiftRightU(size + 1, readWideN(cpu, insn, size), rightAmount(insn));
  writeNarrow(cpu, insn, size, narrowSatU(cpu, size, wide));
}
export function UQRSHRN_asisdshf(cpu: usize, insn: u32): void {
  UQRSHRN_asimdshf(cpu, insn);
}
export function SQSHRUN_asimdshf(cpu: usize, insn: u32): void {
  const size = shiftSize(insn);
  const wide = shiftRightS(size + 1, readWideN(cpu, insn, size), rightAmount(insn));
  writeNarrow(cpu, insn, size, narrowSatSU(cpu, size, wide));
}
export function SQSHRUN_asisdshf(cpu: usize, insn: u32): void {
  SQSHRUN_asimdshf(cpu, insn);
}
export function SQRSHRUN_asimdshf(cpu: usize, insn: u32): void {
  const size = shiftSize(insn);
  const wide = roundingShiftRightS(size + 1, readWideN(cpu, insn, size), rightAmount(insn));
  writeNarrow(cpu, insn, size, narrowSatSU(cpu, size, wide));
}
export function SQRSHRUN_asisdshf(cpu: usize, insn: u32): void {
  SQRSHRUN_asimdshf(cpu, insn);
}

/** The half of V[n] that SSHLL and USHLL (Q = 0) or their second forms read. */
function halfN(cpu: usize, insn: u32): v128 {
  return v128.load64_zero(vreg(cpu, Rn(insn)) + (isQ(insn) ? 8 : 0));
}

export function SSHLL_asimdshf(cpu: usize, insn: u32): void {
  const size = shiftSize(insn);
  const wide = extendS(size, halfN(cpu, insn));
  v128.store(vreg(cpu, Rd(insn)), shlLanes(size + 1, wide, leftAmount(insn)));
}
export function USHLL_asimdshf(cpu: usize, insn: u32): void {
  const size = shiftSize(insn);
  const wide = extendU(size, halfN(cpu, insn));
  v128.store(vreg(cpu, Rd(insn)), shlLanes(size + 1, wide, leftAmount(insn)));
}
