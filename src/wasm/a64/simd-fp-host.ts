/**
 * Whole vectors by the host's arithmetic, four singles or two doubles at a time, under the conditions of
 * lib/softfloat/host-arithmetic. Each method answers with true when it has written V[d], otherwise nothing has changed and
 * the lanes are to be done one by one.
 */
import { FPProcessException, FPSR_IXC, NEGINF, POSINF, TIEAWAY, TIEEVEN } from "../lib/softfloat/format";
import { keepsDenormals, roundsAsHost } from "../lib/softfloat/host-arithmetic";
import { Rd, vreg } from "./fields";
import { isDouble } from "./fp-element";
import * as element from "./fp-element";

/** V[n], for 64-bit vectors twice over, so that all lanes are the instruction's. */
export function loadLanes(v: usize, insn: u32): v128 {
  return (insn & (1 << 30)) != 0 ? v128.load(v) : v128.load64_splat(v);
}

/** V[d] = value, its upper half cleared for 64-bit vectors. */
export function storeLanes(cpu: usize, insn: u32, value: v128): bool {
  const d = vreg(cpu, Rd(insn));
  store<u64>(d, i64x2.extract_lane(value, 0));
  store<u64>(d, (insn & (1 << 30)) != 0 ? i64x2.extract_lane(value, 1) : 0, 8);
  return true;
}

/** Lane tests: all ones where they hold. F is f32 or f64. */
class Test {
  @inline static finite<F>(x: v128): v128 {
    return v128.lt<F>(v128.abs<F>(x), v128.splat<F>(<F>Infinity));
  }

  /** Finite, and more than the least normal value. */
  @inline static ordinary<F>(x: v128): v128 {
    const least = sizeof<F>() == 8 ? <F>f64.MIN_NORMAL_VALUE : <F>f32.MIN_NORMAL_VALUE;
    return v128.and(Test.finite<F>(x), v128.gt<F>(v128.abs<F>(x), v128.splat<F>(least)));
  }

  @inline static number<F>(x: v128): v128 {
    return v128.eq<F>(x, x);
  }

  @inline static zero<F>(x: v128): v128 {
    return v128.eq<F>(x, v128.splat<F>(0));
  }

  /** For masks of either width. */
  @inline static everywhere(mask: v128): bool {
    return v128.all_true<i32>(mask);
  }
}

/** The methods that try all lanes at once: true when V[d] is written. */
export class HostLanes {
  /** Element.binary of all lanes. */
  @inline static binary(cpu: usize, insn: u32, op: u32, a: v128, b: v128): bool {
    return isDouble(insn) ? HostLanes.binaryAs<f64>(cpu, insn, op, a, b) : HostLanes.binaryAs<f32>(cpu, insn, op, a, b);
  }

  @inline static binaryAs<F>(cpu: usize, insn: u32, op: u32, a: v128, b: v128): bool {
    if (op == element.OP_FADD || op == element.OP_FSUB || op == element.OP_FABD) {
      if (!roundsAsHost(cpu)) return false;
      const sum = op == element.OP_FADD ? v128.add<F>(a, b) : v128.sub<F>(a, b);
      if (!Test.everywhere(Test.finite<F>(sum))) return false;
      return storeLanes(cpu, insn, op == element.OP_FABD ? v128.abs<F>(sum) : sum);
    }
    if (op == element.OP_FMUL || op == element.OP_FMULX || op == element.OP_FDIV) {
      if (!roundsAsHost(cpu)) return false;
      const result = op == element.OP_FDIV ? v128.div<F>(a, b) : v128.mul<F>(a, b);
      const exactZero = v128.and(Test.zero<F>(result), v128.or(Test.zero<F>(a), Test.zero<F>(b)));
      if (!Test.everywhere(v128.or(Test.ordinary<F>(result), exactZero))) return false;
      return storeLanes(cpu, insn, result);
    }
    if (op == element.OP_FMAX || op == element.OP_FMIN || op == element.OP_FMAXNM || op == element.OP_FMINNM) {
      const isMax = op == element.OP_FMAX || op == element.OP_FMAXNM;
      const result = isMax ? v128.max<F>(a, b) : v128.min<F>(a, b);
      if (!keepsDenormals(cpu) || !Test.everywhere(Test.number<F>(result))) return false;
      return storeLanes(cpu, insn, result);
    }
    if (op >= element.OP_FCMEQ && op <= element.OP_FCMLT) {
      if (!keepsDenormals(cpu)) return false;
      if (!Test.everywhere(v128.and(Test.number<F>(a), Test.number<F>(b)))) return false;
      return storeLanes(cpu, insn, HostLanes.compare<F>(op, a, b));
    }
    return false;
  }

  @inline static compare<F>(op: u32, a: v128, b: v128): v128 {
    switch (op) {
      case element.OP_FCMEQ:
        return v128.eq<F>(a, b);
      case element.OP_FCMGE:
        return v128.ge<F>(a, b);
      case element.OP_FCMGT:
        return v128.gt<F>(a, b);
      case element.OP_FACGE:
        return v128.ge<F>(v128.abs<F>(a), v128.abs<F>(b));
      case element.OP_FACGT:
        return v128.gt<F>(v128.abs<F>(a), v128.abs<F>(b));
      case element.OP_FCMLE:
        return v128.le<F>(a, b);
      default:
        return v128.lt<F>(a, b);
    }
  }

  /** Element.unary of all lanes. */
  @inline static unary(cpu: usize, insn: u32, op: u32, a: v128): bool {
    return isDouble(insn) ? HostLanes.unaryAs<f64>(cpu, insn, op, a) : HostLanes.unaryAs<f32>(cpu, insn, op, a);
  }

  @inline static unaryAs<F>(cpu: usize, insn: u32, op: u32, a: v128): bool {
    if (op == element.OP_FABS) return storeLanes(cpu, insn, v128.abs<F>(a));
    if (op == element.OP_FNEG) return storeLanes(cpu, insn, v128.neg<F>(a));
    if (op == element.OP_FSQRT) {
      const root = v128.sqrt<F>(a);
      if (!roundsAsHost(cpu) || !Test.everywhere(Test.finite<F>(root))) return false;
      return storeLanes(cpu, insn, root);
    }
    if (op >= element.OP_FRINTN && op <= element.OP_FRINTI && op != element.OP_FRINTA) {
      if (op == element.OP_FRINTX || op == element.OP_FRINTI ? !roundsAsHost(cpu) : !keepsDenormals(cpu)) return false;
      if (!Test.everywhere(Test.number<F>(a))) return false;
      if (op == element.OP_FRINTP) return storeLanes(cpu, insn, v128.ceil<F>(a));
      if (op == element.OP_FRINTM) return storeLanes(cpu, insn, v128.floor<F>(a));
      if (op == element.OP_FRINTZ) return storeLanes(cpu, insn, v128.trunc<F>(a));
      return storeLanes(cpu, insn, v128.nearest<F>(a));
    }
    return false;
  }

  /** addend + a * b, or with `negate` addend - a * b, in single precision; for doubles FPMulAdd is as fast. */
  @inline static mulAdd(cpu: usize, insn: u32, addend: v128, a: v128, b: v128, negate: bool): bool {
    if (isDouble(insn) || !roundsAsHost(cpu)) return false;
    return fusedSingles(cpu, insn, addend, negate ? v128.neg<f32>(a) : a, b);
  }
}

/** Single precision: the product is exact in doubles; see FPMulAdd for the ties. */
function fusedSingles(cpu: usize, insn: u32, addend: v128, a: v128, b: v128): bool {
  const low = sumOfSingles(addend, a, b);
  const high = sumOfSingles(upper(addend), upper(a), upper(b));
  if (!Test.everywhere(v128.and(isRoundedOnce(low), isRoundedOnce(high)))) return false;
  const singlesLow = f32x4.demote_f64x2_zero(low);
  const singlesHigh = f32x4.demote_f64x2_zero(high);
  return storeLanes(cpu, insn, v128.shuffle<u64>(singlesLow, singlesHigh, 0, 2));
}

function upper(x: v128): v128 {
  return v128.shuffle<u64>(x, x, 1, 1);
}

function sumOfSingles(addend: v128, a: v128, b: v128): v128 {
  const product = f64x2.mul(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
  return f64x2.add(product, f64x2.promote_low_f32x4(addend));
}

/** Well inside the range of single precision or zero, and not a tie. */
function isRoundedOnce(sum: v128): v128 {
  const magnitude = f64x2.abs(sum);
  const inside = v128.and(
    f64x2.lt(magnitude, f64x2.splat(1.7014118346046923e38)),
    f64x2.gt(magnitude, f64x2.splat(2.350988701644575e-38)),
  );
  const tie = i64x2.eq(v128.and(sum, i64x2.splat(0x1fff_ffff)), i64x2.splat(0x1000_0000));
  return v128.andnot(v128.or(inside, Test.zero<f64>(sum)), tie);
}

/** FCVT[NPMZ][SU] of single precision lanes. */
export function hostToIntegers(cpu: usize, insn: u32, x: v128, unsigned: bool, rounding: u32): bool {
  if (rounding == TIEAWAY || !keepsDenormals(cpu)) return false;
  let integral: v128;
  if (rounding == TIEEVEN) integral = f32x4.nearest(x);
  else if (rounding == POSINF) integral = f32x4.ceil(x);
  else if (rounding == NEGINF) integral = f32x4.floor(x);
  else integral = f32x4.trunc(x);
  const least = f32x4.splat(unsigned ? 0 : -2147483648.0);
  const limit = f32x4.splat(unsigned ? 4294967296.0 : 2147483648.0);
  if (!Test.everywhere(v128.and(f32x4.ge(integral, least), f32x4.lt(integral, limit)))) return false;
  if (!Test.everywhere(f32x4.eq(integral, x))) FPProcessException(cpu, FPSR_IXC);
  const result = unsigned ? i32x4.trunc_sat_f32x4_u(integral) : i32x4.trunc_sat_f32x4_s(integral);
  return storeLanes(cpu, insn, result);
}

/** SCVTF and UCVTF to single precision lanes. */
export function hostFromIntegers(cpu: usize, insn: u32, x: v128, unsigned: bool): bool {
  if (!roundsAsHost(cpu)) return false;
  return storeLanes(cpu, insn, unsigned ? f32x4.convert_i32x4_u(x) : f32x4.convert_i32x4_s(x));
}
