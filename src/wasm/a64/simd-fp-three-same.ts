/** Floating-point three-same and pairwise rows of decode/simd-fp.decode, vector and scalar. */
import * as element from "./fp-element";
import { Scalar } from "./fp-element";
import { Lanes } from "./simd-fp-lanes";

export function FMULX_asisdsame(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FMULX);
}
export function FCMEQ_asisdsame(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FCMEQ);
}
export function FRECPS_asisdsame(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FRECPS);
}
export function FRSQRTS_asisdsame(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FRSQRTS);
}
export function FCMGE_asisdsame(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FCMGE);
}
export function FACGE_asisdsame(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FACGE);
}
export function FABD_asisdsame(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FABD);
}
export function FCMGT_asisdsame(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FCMGT);
}
export function FACGT_asisdsame(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FACGT);
}
export function FMAXNMP_asisdpair(cpu: usize, insn: u32): void {
  Scalar.pairwise(cpu, insn, element.OP_FMAXNM);
}
export function FADDP_asisdpair(cpu: usize, insn: u32): void {
  Scalar.pairwise(cpu, insn, element.OP_FADD);
}
export function FMAXP_asisdpair(cpu: usize, insn: u32): void {
  Scalar.pairwise(cpu, insn, element.OP_FMAX);
}
export function FMINNMP_asisdpair(cpu: usize, insn: u32): void {
  Scalar.pairwise(cpu, insn, element.OP_FMINNM);
}
export function FMINP_asisdpair(cpu: usize, insn: u32): void {
  Scalar.pairwise(cpu, insn, element.OP_FMIN);
}
export function FMAXNM_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FMAXNM);
}
export function FMLA_asimdsame(cpu: usize, insn: u32): void {
  Lanes.mulAdd(cpu, insn, false);
}
export function FADD_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FADD);
}
export function FMULX_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FMULX);
}
export function FCMEQ_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FCMEQ);
}
export function FMAX_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FMAX);
}
export function FRECPS_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FRECPS);
}
export function FMINNM_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FMINNM);
}
export function FMLS_asimdsame(cpu: usize, insn: u32): void {
  Lanes.mulAdd(cpu, insn, true);
}
export function FSUB_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FSUB);
}
export function FMIN_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FMIN);
}
export function FRSQRTS_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FRSQRTS);
}
export function FMUL_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FMUL);
}
export function FCMGE_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FCMGE);
}
export function FACGE_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FACGE);
}
export function FDIV_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FDIV);
}
export function FABD_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FABD);
}
export function FCMGT_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FCMGT);
}
export function FACGT_asimdsame(cpu: usize, insn: u32): void {
  Lanes.binary(cpu, insn, element.OP_FACGT);
}
export function FMAXNMP_asimdsame(cpu: usize, insn: u32): void {
  Lanes.pairwise(cpu, insn, element.OP_FMAXNM);
}
export function FADDP_asimdsame(cpu: usize, insn: u32): void {
  Lanes.pairwise(cpu, insn, element.OP_FADD);
}
export function FMAXP_asimdsame(cpu: usize, insn: u32): void {
  Lanes.pairwise(cpu, insn, element.OP_FMAX);
}
export function FMINNMP_asimdsame(cpu: usize, insn: u32): void {
  Lanes.pairwise(cpu, insn, element.OP_FMINNM);
}
export function FMINP_asimdsame(cpu: usize, insn: u32): void {
  Lanes.pairwise(cpu, insn, element.OP_FMIN);
}
