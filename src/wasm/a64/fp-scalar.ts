/** Scalar floating-point data processing, comparison, selection and immediates: rows of decode/fp-scalar.decode. */
import { conditionHolds } from "../cpu/condition";
import { CPU_NZCV } from "../cpu/state";
import { FPCompare } from "../lib/softfloat/compare";
import { FPConvert } from "../lib/softfloat/convert";
import { FPNeg, FPRoundingMode, fracBits } from "../lib/softfloat/format";
import { FPMulAdd } from "../lib/softfloat/fused";
import { bits, Ra, Rd, Rm, Rn } from "./fields";
import * as element from "./fp-element";
import { getElement, isDouble, Scalar, setScalar } from "./fp-element";

export function FMOV_floatdp1(cpu: usize, insn: u32): void {
  if (isDouble(insn)) setScalar<u64>(cpu, Rd(insn), getElement<u64>(cpu, Rn(insn)));
  else setScalar<u32>(cpu, Rd(insn), getElement<u32>(cpu, Rn(insn)));
}
export function FABS_floatdp1(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FABS);
}
export function FNEG_floatdp1(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FNEG);
}
export function FSQRT_floatdp1(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FSQRT);
}
export function FRINTN_floatdp1(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FRINTN);
}
export function FRINTP_floatdp1(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FRINTP);
}
export function FRINTM_floatdp1(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FRINTM);
}
export function FRINTZ_floatdp1(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FRINTZ);
}
export function FRINTA_floatdp1(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FRINTA);
}
export function FRINTX_floatdp1(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FRINTX);
}
export function FRINTI_floatdp1(cpu: usize, insn: u32): void {
  Scalar.unary(cpu, insn, element.OP_FRINTI);
}

/** ptype is the source, opc the destination: 0 single, 1 double, 3 half precision. */
export function FCVT_floatdp1(cpu: usize, insn: u32): void {
  const d = Rd(insn);
  const n = Rn(insn);
  const rounding = FPRoundingMode(cpu);
  switch ((bits(insn, 22, 2) << 2) | bits(insn, 15, 2)) {
    case 0b00_01:
      setScalar<u64>(cpu, d, FPConvert<u32, u64>(cpu, getElement<u32>(cpu, n), rounding));
      break;
    case 0b00_11:
      setScalar<u16>(cpu, d, FPConvert<u32, u16>(cpu, getElement<u32>(cpu, n), rounding));
      break;
    case 0b01_00:
      setScalar<u32>(cpu, d, FPConvert<u64, u32>(cpu, getElement<u64>(cpu, n), rounding));
      break;
    case 0b01_11:
      setScalar<u16>(cpu, d, FPConvert<u64, u16>(cpu, getElement<u64>(cpu, n), rounding));
      break;
    case 0b11_00:
      setScalar<u32>(cpu, d, FPConvert<u16, u32>(cpu, getElement<u16>(cpu, n), rounding));
      break;
    default:
      setScalar<u64>(cpu, d, FPConvert<u16, u64>(cpu, getElement<u16>(cpu, n), rounding));
  }
}

/** NZCV of V[n] compared with V[m], or with +0.0. */
function compare(cpu: usize, insn: u32, withZero: bool, signalNaNs: bool): u32 {
  if (isDouble(insn)) {
    const m = withZero ? 0 : getElement<u64>(cpu, Rm(insn));
    return FPCompare<u64>(cpu, getElement<u64>(cpu, Rn(insn)), m, signalNaNs);
  }
  const m = withZero ? 0 : getElement<u32>(cpu, Rm(insn));
  return FPCompare<u32>(cpu, getElement<u32>(cpu, Rn(insn)), m, signalNaNs);
}

export function FCMP_floatcmp(cpu: usize, insn: u32): void {
  store<u32>(cpu, compare(cpu, insn, false, false), CPU_NZCV);
}
export function FCMP_floatcmp_z(cpu: usize, insn: u32): void {
  store<u32>(cpu, compare(cpu, insn, true, false), CPU_NZCV);
}
export function FCMPE_floatcmp(cpu: usize, insn: u32): void {
  store<u32>(cpu, compare(cpu, insn, false, true), CPU_NZCV);
}
export function FCMPE_floatcmp_z(cpu: usize, insn: u32): void {
  store<u32>(cpu, compare(cpu, insn, true, true), CPU_NZCV);
}

/** ConditionHolds for the word's cond field. */
function holds(cpu: usize, insn: u32): bool {
  return conditionHolds(bits(insn, 12, 4), load<u32>(cpu, CPU_NZCV));
}

export function FCCMP_floatccmp(cpu: usize, insn: u32): void {
  store<u32>(cpu, holds(cpu, insn) ? compare(cpu, insn, false, false) : bits(insn, 0, 4), CPU_NZCV);
}
export function FCCMPE_floatccmp(cpu: usize, insn: u32): void {
  store<u32>(cpu, holds(cpu, insn) ? compare(cpu, insn, false, true) : bits(insn, 0, 4), CPU_NZCV);
}

export function FCSEL_floatsel(cpu: usize, insn: u32): void {
  const source = holds(cpu, insn) ? Rn(insn) : Rm(insn);
  if (isDouble(insn)) setScalar<u64>(cpu, Rd(insn), getElement<u64>(cpu, source));
  else setScalar<u32>(cpu, Rd(insn), getElement<u32>(cpu, source));
}

/** VFPExpandImm. */
function expandImm<T>(imm8: u32): T {
  const exponentBits: u64 = sizeof<T>() == 8 ? 11 : 8;
  const b = <u64>((imm8 >> 6) & 1);
  const exp =
    ((b ^ 1) << (exponentBits - 1)) | ((b * (((<u64>1) << (exponentBits - 3)) - 1)) << 2) | <u64>((imm8 >> 4) & 3);
  const frac = (<u64>(imm8 & 15)) << (<u64>(fracBits<T>() - 4));
  return <T>(((<u64>(imm8 >> 7)) << (sizeof<T>() * 8 - 1)) | (exp << (<u64>fracBits<T>())) | frac);
}

export function FMOV_floatimm(cpu: usize, insn: u32): void {
  if (isDouble(insn)) setScalar<u64>(cpu, Rd(insn), expandImm<u64>(bits(insn, 13, 8)));
  else setScalar<u32>(cpu, Rd(insn), expandImm<u32>(bits(insn, 13, 8)));
}

export function FMUL_floatdp2(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FMUL);
}
export function FDIV_floatdp2(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FDIV);
}
export function FADD_floatdp2(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FADD);
}
export function FSUB_floatdp2(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FSUB);
}
export function FMAX_floatdp2(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FMAX);
}
export function FMIN_floatdp2(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FMIN);
}
export function FMAXNM_floatdp2(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FMAXNM);
}
export function FMINNM_floatdp2(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FMINNM);
}
export function FNMUL_floatdp2(cpu: usize, insn: u32): void {
  Scalar.binary(cpu, insn, element.OP_FNMUL);
}

/** (-addend if negateAddend else addend) + (-n if negateProduct else n) * m. */
function mulAdd<T>(cpu: usize, insn: u32, negateAddend: bool, negateProduct: bool): void {
  const a = getElement<T>(cpu, Ra(insn));
  const n = getElement<T>(cpu, Rn(insn));
  const addend = negateAddend ? FPNeg<T>(a) : a;
  const factor = negateProduct ? FPNeg<T>(n) : n;
  setScalar<T>(cpu, Rd(insn), FPMulAdd<T>(cpu, addend, factor, getElement<T>(cpu, Rm(insn))));
}

export function FMADD_floatdp3(cpu: usize, insn: u32): void {
  if (isDouble(insn)) mulAdd<u64>(cpu, insn, false, false);
  else mulAdd<u32>(cpu, insn, false, false);
}
export function FMSUB_floatdp3(cpu: usize, insn: u32): void {
  if (isDouble(insn)) mulAdd<u64>(cpu, insn, false, true);
  else mulAdd<u32>(cpu, insn, false, true);
}
export function FNMADD_floatdp3(cpu: usize, insn: u32): void {
  if (isDouble(insn)) mulAdd<u64>(cpu, insn, true, true);
  else mulAdd<u32>(cpu, insn, true, true);
}
export function FNMSUB_floatdp3(cpu: usize, insn: u32): void {
  if (isDouble(insn)) mulAdd<u64>(cpu, insn, true, false);
  else mulAdd<u32>(cpu, insn, true, false);
}
