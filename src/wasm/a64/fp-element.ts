/**
 * What the floating-point instructions do with one element, on bit patterns (T: u32 or u64), scalar and vector alike.
 * The operation is a constant at every call and the methods are inlined, so the switches fold away.
 */
import { FPAdd, FPDiv, FPMul, FPMulX, FPSqrt, FPSub } from "../lib/softfloat/arithmetic";
import { FPCompareEQ, FPCompareGE, FPCompareGT, FPMax, FPMaxNum, FPMin, FPMinNum } from "../lib/softfloat/compare";
import { FPRoundInt } from "../lib/softfloat/convert";
import { FPRecipEstimate, FPRecpX, FPRSqrtEstimate } from "../lib/softfloat/estimate";
import { FPAbs, FPNeg, FPRoundingMode, NEGINF, POSINF, TIEAWAY, TIEEVEN, ZERO } from "../lib/softfloat/format";
import { FPMulAdd, FPRecipStepFused, FPRSqrtStepFused } from "../lib/softfloat/fused";
import { Rd, Rm, Rn, vreg } from "./fields";

/** Operations of Element.binary. */
export const OP_FADD: u32 = 0;
export const OP_FSUB: u32 = 1;
export const OP_FMUL: u32 = 2;
export const OP_FDIV: u32 = 3;
export const OP_FMULX: u32 = 4;
export const OP_FMAX: u32 = 5;
export const OP_FMIN: u32 = 6;
export const OP_FMAXNM: u32 = 7;
export const OP_FMINNM: u32 = 8;
export const OP_FNMUL: u32 = 9;
export const OP_FABD: u32 = 10;
export const OP_FRECPS: u32 = 11;
export const OP_FRSQRTS: u32 = 12;
/** Comparisons: all ones or all zeros. */
export const OP_FCMEQ: u32 = 13;
export const OP_FCMGE: u32 = 14;
export const OP_FCMGT: u32 = 15;
export const OP_FACGE: u32 = 16;
export const OP_FACGT: u32 = 17;
/** The same with the operands exchanged. */
export const OP_FCMLE: u32 = 18;
export const OP_FCMLT: u32 = 19;

/** Operations of Element.unary. */
export const OP_FABS: u32 = 0;
export const OP_FNEG: u32 = 1;
export const OP_FSQRT: u32 = 2;
export const OP_FRINTN: u32 = 3;
export const OP_FRINTP: u32 = 4;
export const OP_FRINTM: u32 = 5;
export const OP_FRINTZ: u32 = 6;
export const OP_FRINTA: u32 = 7;
export const OP_FRINTX: u32 = 8;
export const OP_FRINTI: u32 = 9;
export const OP_FRECPE: u32 = 10;
export const OP_FRSQRTE: u32 = 11;
export const OP_FRECPX: u32 = 12;

/** Double precision: the low bit of ptype, and sz of the vector instructions. */
export function isDouble(insn: u32): bool {
  return (insn & (1 << 22)) != 0;
}

/** Element 0 of V[n]. */
export function getElement<T>(cpu: usize, n: u32): T {
  return load<T>(vreg(cpu, n));
}

/** V[n] = value, the other elements become 0. */
export function setScalar<T>(cpu: usize, n: u32, value: T): void {
  const v = vreg(cpu, n);
  store<u64>(v, <u64>value);
  store<u64>(v, 0, 8);
}

/** Operations on one element, to be inlined with a constant `op`. */
export class Element {
  @inline static binary<T>(cpu: usize, op: u32, a: T, b: T): T {
    switch (op) {
      case OP_FADD:
        return FPAdd<T>(cpu, a, b);
      case OP_FSUB:
        return FPSub<T>(cpu, a, b);
      case OP_FMUL:
        return FPMul<T>(cpu, a, b);
      case OP_FDIV:
        return FPDiv<T>(cpu, a, b);
      case OP_FMULX:
        return FPMulX<T>(cpu, a, b);
      case OP_FMAX:
        return FPMax<T>(cpu, a, b);
      case OP_FMIN:
        return FPMin<T>(cpu, a, b);
      case OP_FMAXNM:
        return FPMaxNum<T>(cpu, a, b);
      case OP_FMINNM:
        return FPMinNum<T>(cpu, a, b);
      case OP_FNMUL:
        return FPNeg<T>(FPMul<T>(cpu, a, b));
      case OP_FABD:
        return FPAbs<T>(FPSub<T>(cpu, a, b));
      case OP_FRECPS:
        return FPRecipStepFused<T>(cpu, a, b);
      case OP_FRSQRTS:
        return FPRSqrtStepFused<T>(cpu, a, b);
      case OP_FCMEQ:
        return <T>(0 - <u64>FPCompareEQ<T>(cpu, a, b));
      case OP_FCMGE:
        return <T>(0 - <u64>FPCompareGE<T>(cpu, a, b));
      case OP_FCMGT:
        return <T>(0 - <u64>FPCompareGT<T>(cpu, a, b));
      case OP_FACGE:
        return <T>(0 - <u64>FPCompareGE<T>(cpu, FPAbs<T>(a), FPAbs<T>(b)));
      case OP_FACGT:
        return <T>(0 - <u64>FPCompareGT<T>(cpu, FPAbs<T>(a), FPAbs<T>(b)));
      case OP_FCMLE:
        return <T>(0 - <u64>FPCompareGE<T>(cpu, b, a));
      case OP_FCMLT:
        return <T>(0 - <u64>FPCompareGT<T>(cpu, b, a));
      default:
        return unreachable();
    }
  }

  @inline static unary<T>(cpu: usize, op: u32, a: T): T {
    switch (op) {
      case OP_FABS:
        return FPAbs<T>(a);
      case OP_FNEG:
        return FPNeg<T>(a);
      case OP_FSQRT:
        return FPSqrt<T>(cpu, a);
      case OP_FRINTN:
        return FPRoundInt<T>(cpu, a, TIEEVEN, false);
      case OP_FRINTP:
        return FPRoundInt<T>(cpu, a, POSINF, false);
      case OP_FRINTM:
        return FPRoundInt<T>(cpu, a, NEGINF, false);
      case OP_FRINTZ:
        return FPRoundInt<T>(cpu, a, ZERO, false);
      case OP_FRINTA:
        return FPRoundInt<T>(cpu, a, TIEAWAY, false);
      case OP_FRINTX:
        return FPRoundInt<T>(cpu, a, FPRoundingMode(cpu), true);
      case OP_FRINTI:
        return FPRoundInt<T>(cpu, a, FPRoundingMode(cpu), false);
      case OP_FRECPE:
        return FPRecipEstimate<T>(cpu, a);
      case OP_FRSQRTE:
        return FPRSqrtEstimate<T>(cpu, a);
      case OP_FRECPX:
        return FPRecpX<T>(cpu, a);
      default:
        return unreachable();
    }
  }

  /** addend + a * b, or with `negate` addend - a * b. */
  @inline static mulAdd<T>(cpu: usize, addend: T, a: T, b: T, negate: bool): T {
    return FPMulAdd<T>(cpu, addend, negate ? FPNeg<T>(a) : a, b);
  }
}

/** Whole scalar instructions, by isDouble(). */
export class Scalar {
  @inline static unary(cpu: usize, insn: u32, op: u32): void {
    if (isDouble(insn)) setScalar<u64>(cpu, Rd(insn), Element.unary<u64>(cpu, op, getElement<u64>(cpu, Rn(insn))));
    else setScalar<u32>(cpu, Rd(insn), Element.unary<u32>(cpu, op, getElement<u32>(cpu, Rn(insn))));
  }

  @inline static binary(cpu: usize, insn: u32, op: u32): void {
    if (isDouble(insn)) {
      const n = getElement<u64>(cpu, Rn(insn));
      setScalar<u64>(cpu, Rd(insn), Element.binary<u64>(cpu, op, n, getElement<u64>(cpu, Rm(insn))));
    } else {
      const n = getElement<u32>(cpu, Rn(insn));
      setScalar<u32>(cpu, Rd(insn), Element.binary<u32>(cpu, op, n, getElement<u32>(cpu, Rm(insn))));
    }
  }

  /** The second operand is +0.0. */
  @inline static withZero(cpu: usize, insn: u32, op: u32): void {
    if (isDouble(insn)) setScalar<u64>(cpu, Rd(insn), Element.binary<u64>(cpu, op, getElement<u64>(cpu, Rn(insn)), 0));
    else setScalar<u32>(cpu, Rd(insn), Element.binary<u32>(cpu, op, getElement<u32>(cpu, Rn(insn)), 0));
  }

  /** V[d] = elements 0 and 1 of V[n] combined. */
  @inline static pairwise(cpu: usize, insn: u32, op: u32): void {
    const n = vreg(cpu, Rn(insn));
    if (isDouble(insn)) setScalar<u64>(cpu, Rd(insn), Element.binary<u64>(cpu, op, load<u64>(n), load<u64>(n, 8)));
    else setScalar<u32>(cpu, Rd(insn), Element.binary<u32>(cpu, op, load<u32>(n), load<u32>(n, 4)));
  }
}
