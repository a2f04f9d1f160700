/** Floating-point two-register miscellaneous and across-lanes rows of decode/simd-fp.decode but for conversions. */
import { UnsignedRecipEstimate, UnsignedRSqrtEstimate } from "../lib/softfloat/estimate";
import { Rd, Rn, vreg } from "./fields";
import * as element from "./fp-element";
import { Scalar } from "./fp-element";
import { Lanes, lanesEnd } from "./simd-fp-lanes";

function estimateUnsigned(cpu: usize, insn: u32, squareRoot: bool): void {
  const n = vreg(cpu, Rn(insn));
  const d = vreg(cpu, Rd(insn));
  const end = lanesEnd(insn);
  for (let i: usize = 0; i < end; i += 4) {
    const operand = load<u32>(n + i);
    store<u32>(d + i, squareRoot ? UnsignedRSqrtEstimate(operand) : UnsignedRecipEstimate(operand));
  }
  if (end == 8) store<u64>(d, 0, 8);
}

export function FCMGT_asisdmisc_FZ(cpu: usize, insn: u32): void {
  Scalar.withZero(cpu, insn, element.OP_FCMGT);
}
export function FCMEQ_asisdmisc_FZ(cpu: usize, insn: u32): void {
  Scalar.withZero(cpu, insn, element.OP_FCMEQ);
}
export function FCMLT_asisdmisc_FZ(cpu: usize, insn: u32): void {
  Scalar.withZero(cpu, insn, element.OP_FCMLT);
}
export function FCMGE_asisdmisc_FZ(cpu: usize, insn: u32): void {
  Scalar.withZero(cpu, insn, element.OP_FCMGE);
}
export function FCMLE_asisdmisc_FZ(cpu: usize, insn: u32): void {
  Scalar.withZero(cpu, insn, element.OP_FCMLE);
}
export function FRECPE_asisdmisc(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FRECPE);
}
export function FRECPX_asisdmisc(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FRECPX);
}
export function FRSQRTE_asisdmisc(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FRSQRTE);
}
export function FCMGT_asimdmisc_FZ(cpu: usize, insn: u32): void {
  Lanes.withZero(cpu, insn, element.OP_FCMGT);
}
export function FCMEQ_asimdmisc_FZ(cpu: usize, insn: u32): void {
  Lanes.withZero(cpu, insn, element.OP_FCMEQ);
}
export function FCMLT_asimdmisc_FZ(cpu: usize, insn: u32): void {
  Lanes.withZero(cpu, insn, element.OP_FCMLT);
}
export function FCMGE_asimdmisc_FZ(cpu: usize, insn: u32): void {
  Lanes.withZero(cpu, insn, element.OP_FCMGE);
}
export function FCMLE_asimdmisc_FZ(cpu: usize, insn: u32): void {
  Lanes.withZero(cpu, insn, element.OP_FCMLE);
}
export function FRECPE_asimdmisc(cpu: usize, insn: u32): void {
  Lanes.unary(cpu, insn, element.OP_FRECPE);
}
export function FRSQRTE_asimdmisc(cpu: usize, insn: u32): void {
  Lanes.unary(cpu, insn, element.OP_FRSQRTE);
}
export function FABS_asimdmisc(cpu: usize, insn: u32): void {
  Lanes.unary(cpu, insn, element.OP_FABS);
}
export function FNEG_asimdmisc(cpu: usize, insn: u32): void {
  Lanes.unary(cpu, insn, element.OP_FNEG);
}
export function FSQRT_asimdmisc(cpu: usize, insn: u32): void {
  Lanes.unary(cpu, insn, element.OP_FSQRT);
}
export function FRINTN_asimdmisc(cpu: usize, insn: u32): void {
  Lanes.unary(cpu, insn, element.OP_FRINTN);
}
export function FRINTM_asimdmisc(cpu: usize, insn: u32): void {
  Lanes.unary(cpu, insn, element.OP_FRINTM);
}
export function FRINTP_asimdmisc(cpu: usize, insn: u32): void {
  Lanes.unary(cpu, insn, element.OP_FRINTP);
}
export function FRINTZ_asimdmisc(cpu: usize, insn: u32): void {
  Lanes.unary(cpu, insn, element.OP_FRINTZ);
}
export function FRINTA_asimdmisc(cpu: usize, insn: u32): void {
  Lanes.unary(cpu, insn, element.OP_FRINTA);
}
export function FRINTX_asimdmisc(cpu: usize, insn: u32): void {
  Lanes.unary(cpu, insn, element.OP_FRINTX);
}
export function FRINTI_asimdmisc(cpu: usize, insn: u32): void {
  Lanes.unary(cpu, insn, element.OP_FRINTI);
}
export function URECPE_asimdmisc(cpu: usize, insn: u32): void {
  estimateUnsigned(cpu, insn, false);
}
export function URSQRTE_asimdmisc(cpu: usize, insn: u32): void {
  estimateUnsigned(cpu, insn, true);
}
export function FMAXNMV_asimdall(cpu: usize, insn: u32): void {
  Lanes.reduce(cpu, insn, element.OP_FMAXNM);
}
export function FMAXV_asimdall(cpu: usize, insn: u32): void {
  Lanes.reduce(cpu, insn, element.OP_FMAX);
}
export function FMINNMV_asimdall(cpu: usize, insn: u32): void {
  Lanes.reduce(cpu, insn, element.OP_FMINNM);
}
export function FMINV_asimdall(cpu: usize, insn: u32): void {
  Lanes.reduce(cpu, insn, element.OP_FMIN);
}
