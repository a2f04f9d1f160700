/** Floating-point by-element rows of decode/simd-fp.decode, vector and scalar: the second operand is one element of V[m]. */
import { bits, Rd, Rm, Rn, vreg } from "./fields";
import { Element, getElement, isDouble, OP_FMUL, OP_FMULX, setScalar } from "./fp-element";
import { HostLanes, loadLanes } from "./simd-fp-host";
import { lanesEnd } from "./simd-fp-lanes";

/** H:L for single precision, H for double. */
function indexed<T>(cpu: usize, insn: u32): T {
  const index = sizeof<T>() == 8 ? bits(insn, 11, 1) : (bits(insn, 11, 1) << 1) | bits(insn, 21, 1);
  return load<T>(vreg(cpu, Rm(insn)) + <usize>index * sizeof<T>());
}

/** The same element in every lane. */
function indexedLanes(cpu: usize, insn: u32): v128 {
  return isDouble(insn) ? i64x2.splat(indexed<u64>(cpu, insn)) : i32x4.splat(indexed<u32>(cpu, insn));
}

class ByElement {
  @inline static scalar<T>(cpu: usize, insn: u32, op: u32): void {
    setScalar<T>(cpu, Rd(insn), Element.binary<T>(cpu, op, getElement<T>(cpu, Rn(insn)), indexed<T>(cpu, insn)));
  }

  @inline static vector(cpu: usize, insn: u32, op: u32): void {
    if (HostLanes.binary(cpu, insn, op, loadLanes(vreg(cpu, Rn(insn)), insn), indexedLanes(cpu, insn))) return;
    if (isDouble(insn)) ByElement.vectorAs<u64>(cpu, insn, op);
    else ByElement.vectorAs<u32>(cpu, insn, op);
  }

  @inline static vectorAs<T>(cpu: usize, insn: u32, op: u32): void {
    const n = vreg(cpu, Rn(insn));
    const d = vreg(cpu, Rd(insn));
    const factor = indexed<T>(cpu, insn);
    const end = lanesEnd(insn);
    for (let i: usize = 0; i < end; i += sizeof<T>()) {
      store<T>(d + i, Element.binary<T>(cpu, op, load<T>(n + i), factor));
    }
    if (end == 8) store<u64>(d, 0, 8);
  }
}

function scalarMulAddAs<T>(cpu: usize, insn: u32, negate: bool): void {
  const d = Rd(insn);
  const addend = getElement<T>(cpu, d);
  const n = getElement<T>(cpu, Rn(insn));
  setScalar<T>(cpu, d, Element.mulAdd<T>(cpu, addend, n, indexed<T>(cpu, insn), negate));
}

function scalarMulAdd(cpu: usize, insn: u32, negate: bool): void {
  if (isDouble(insn)) scalarMulAddAs<u64>(cpu, insn, negate);
  else scalarMulAddAs<u32>(cpu, insn, negate);
}

function vectorMulAddAs<T>(cpu: usize, insn: u32, negate: bool): void {
  const n = vreg(cpu, Rn(insn));
  const d = vreg(cpu, Rd(insn));
  const factor = indexed<T>(cpu, insn);
  const end = lanesEnd(insn);
  for (let i: usize = 0; i < end; i += sizeof<T>()) {
    store<T>(d + i, Element.mulAdd<T>(cpu, load<T>(d + i), load<T>(n + i), factor, negate));
  }
  if (end == 8) store<u64>(d, 0, 8);
}

function vectorMulAdd(cpu: usize, insn: u32, negate: bool): void {
  const n = loadLanes(vreg(cpu, Rn(insn)), insn);
  const d = loadLanes(vreg(cpu, Rd(insn)), insn);
  if (HostLanes.mulAdd(cpu, insn, d, n, indexedLanes(cpu, insn), negate)) return;
  if (isDouble(insn)) vectorMulAddAs<u64>(cpu, insn, negate);
  else vectorMulAddAs<u32>(cpu, insn, negate);
}

export function FMLA_asisdelem(cpu: usize, insn: u32): void {
  scalarMulAdd(cpu, insn, false);
}
export function FMLS_asisdelem(cpu: usize, insn: u32): void {
  scalarMulAdd(cpu, insn, true);
}
export function FMUL_asisdelem(cpu: usize, insn: u32): void {
  if (isDouble(insn)) ByElement.scalar<u64>(cpu, insn, OP_FMUL);
  else ByElement.scalar<u32>(cpu, insn, OP_FMUL);
}
export function FMULX_asisdelem(cpu: usize, insn: u32): void {
  if (isDouble(insn)) ByElement.scalar<u64>(cpu, insn, OP_FMULX);
  else ByElement.scalar<u32>(cpu, insn, OP_FMULX);
}
export function FMLA_asimdelem(cpu: usize, insn: u32): void {
  vectorMulAdd(cpu, insn, false);
}
export function FMLS_asimdelem(cpu: usize, insn: u32): void {
  vectorMulAdd(cpu, insn, true);
}
export function FMUL_asimdelem(cpu: usize, insn: u32): void {
  ByElement.vector(cpu, insn, OP_FMUL);
}
export function FMULX_asimdelem(cpu: usize, insn: u32): void {
  ByElement.vector(cpu, insn, OP_FMULX);
}
