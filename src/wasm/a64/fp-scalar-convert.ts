/** Scalar conversions between floating-point and general registers: rows of decode/fp-scalar.decode. */
import { FixedToFP, FPToFixed } from "../lib/softfloat/convert";
import { FPRoundingMode, NEGINF, POSINF, TIEAWAY, TIEEVEN, ZERO } from "../lib/softfloat/format";
import { bits, getX, Rd, Rn, setX, vreg } from "./fields";
import { getElement, setScalar } from "./fp-element";

/** sf: 64 or 32. */
function width(insn: u32): u32 {
  return insn >> 31 != 0 ? 64 : 32;
}

/** Fraction bits of the fixed-point rows. */
function fractionBits(insn: u32): u32 {
  return 64 - bits(insn, 10, 6);
}

/** X[d] = the fixed-point value of V[n]. */
function toFixed(cpu: usize, insn: u32, fbits: u32, unsigned: bool, rounding: u32): void {
  const result =
    bits(insn, 22, 2) == 1
      ? FPToFixed<u64>(cpu, getElement<u64>(cpu, Rn(insn)), fbits, unsigned, rounding, width(insn))
      : FPToFixed<u32>(cpu, getElement<u32>(cpu, Rn(insn)), fbits, unsigned, rounding, width(insn));
  setX(cpu, Rd(insn), result);
}

/** V[d] = the value of X[n] with `fbits` fraction bits. */
function fromFixed(cpu: usize, insn: u32, fbits: u32, unsigned: bool): void {
  const x = getX(cpu, Rn(insn));
  const value = width(insn) == 64 ? <i64>x : unsigned ? <i64>(<u64>(<u32>x)) : <i64>(<i32>x);
  const sign = <u32>(!unsigned && value < 0);
  const magnitude = sign != 0 ? <u64>(0 - value) : <u64>value;
  const rounding = FPRoundingMode(cpu);
  if (bits(insn, 22, 2) == 1) setScalar<u64>(cpu, Rd(insn), FixedToFP<u64>(cpu, sign, magnitude, fbits, rounding));
  else setScalar<u32>(cpu, Rd(insn), FixedToFP<u32>(cpu, sign, magnitude, fbits, rounding));
}

export function SCVTF_float2fix(cpu: usize, insn: u32): void {
  fromFixed(cpu, insn, fractionBits(insn), false);
}
export function UCVTF_float2fix(cpu: usize, insn: u32): void {
  fromFixed(cpu, insn, fractionBits(insn), true);
}
export function FCVTZS_float2fix(cpu: usize, insn: u32): void {
  toFixed(cpu, insn, fractionBits(insn), false, ZERO);
}
export function FCVTZU_float2fix(cpu: usize, insn: u32): void {
  toFixed(cpu, insn, fractionBits(insn), true, ZERO);
}
export function SCVTF_float2int(cpu: usize, insn: u32): void {
  fromFixed(cpu, insn, 0, false);
}
export function UCVTF_float2int(cpu: usize, insn: u32): void {
  fromFixed(cpu, insn, 0, true);
}
export function FCVTNS_float2int(cpu: usize, insn: u32): void {
  toFixed(cpu, insn, 0, false, TIEEVEN);
}
export function FCVTNU_float2int(cpu: usize, insn: u32): void {
  toFixed(cpu, insn, 0, true, TIEEVEN);
}
export function FCVTAS_float2int(cpu: usize, insn: u32): void {
  toFixed(cpu, insn, 0, false, TIEAWAY);
}
export function FCVTAU_float2int(cpu: usize, insn: u32): void {
  toFixed(cpu, insn, 0, true, TIEAWAY);
}
export function FCVTPS_float2int(cpu: usize, insn: u32): void {
  toFixed(cpu, insn, 0, false, POSINF);
}
export function FCVTPU_float2int(cpu: usize, insn: u32): void {
  toFixed(cpu, insn, 0, true, POSINF);
}
export function FCVTMS_float2int(cpu: usize, insn: u32): void {
  toFixed(cpu, insn, 0, false, NEGINF);
}
export function FCVTMU_float2int(cpu: usize, insn: u32): void {
  toFixed(cpu, insn, 0, true, NEGINF);
}
export function FCVTZS_float2int(cpu: usize, insn: u32): void {
  toFixed(cpu, insn, 0, false, ZERO);
}
export function FCVTZU_float2int(cpu: usize, insn: u32): void {
  toFixed(cpu, insn, 0, true, ZERO);
}

export function FMOV_W_S(cpu: usize, insn: u32): void {
  setX(cpu, Rd(insn), <u64>getElement<u32>(cpu, Rn(insn)));
}
export function FMOV_S_W(cpu: usize, insn: u32): void {
  setScalar<u32>(cpu, Rd(insn), <u32>getX(cpu, Rn(insn)));
}
export function FMOV_X_D(cpu: usize, insn: u32): void {
  setX(cpu, Rd(insn), getElement<u64>(cpu, Rn(insn)));
}
export function FMOV_D_X(cpu: usize, insn: u32): void {
  setScalar<u64>(cpu, Rd(insn), getX(cpu, Rn(insn)));
}
export function FMOV_X_V1D(cpu: usize, insn: u32): void {
  setX(cpu, Rd(insn), load<u64>(vreg(cpu, Rn(insn)), 8));
}
/** The only scalar move that keeps the other half of V[d]. */
export function FMOV_V1D_X(cpu: usize, insn: u32): void {
  store<u64>(vreg(cpu, Rd(insn)), getX(cpu, Rn(insn)), 8);
}
