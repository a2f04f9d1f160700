/** Floating-point conversion rows of decode/simd-fp.decode, vector and scalar. */
import { FixedToFP, FPConvert, FPToFixed } from "../lib/softfloat/convert";
import { FPRoundingMode, NEGINF, ODD, POSINF, TIEAWAY, TIEEVEN, ZERO } from "../lib/softfloat/format";
import { bits, Rd, Rn, vreg } from "./fields";
import { getElement, isDouble, setScalar } from "./fp-element";
import { hostFromIntegers, hostToIntegers, loadLanes } from "./simd-fp-host";
import { lanesEnd } from "./simd-fp-lanes";

/** Of the shift by immediate rows, where bit 3 of immh is the place of sz. */
function fractionBits(insn: u32): u32 {
  return (isDouble(insn) ? 128 : 64) - bits(insn, 16, 7);
}

/** The integer of the element's own width. */
function toFixed<T>(cpu: usize, x: T, fbits: u32, unsigned: bool, rounding: u32): T {
  return <T>FPToFixed<T>(cpu, x, fbits, unsigned, rounding, <u32>sizeof<T>() * 8);
}

function fromFixed<T>(cpu: usize, x: T, fbits: u32, unsigned: bool): T {
  const value = sizeof<T>() == 8 ? <i64>x : unsigned ? <i64>(<u64>x) : <i64>(<i32>x);
  const sign = <u32>(!unsigned && value < 0);
  return FixedToFP<T>(cpu, sign, sign != 0 ? <u64>(0 - value) : <u64>value, fbits, FPRoundingMode(cpu));
}

function scalarToFixed(cpu: usize, insn: u32, fbits: u32, unsigned: bool, rounding: u32): void {
  const d = Rd(insn);
  const n = Rn(insn);
  if (isDouble(insn)) setScalar<u64>(cpu, d, toFixed<u64>(cpu, getElement<u64>(cpu, n), fbits, unsigned, rounding));
  else setScalar<u32>(cpu, d, toFixed<u32>(cpu, getElement<u32>(cpu, n), fbits, unsigned, rounding));
}

function scalarFromFixed(cpu: usize, insn: u32, fbits: u32, unsigned: bool): void {
  const d = Rd(insn);
  const n = Rn(insn);
  if (isDouble(insn)) setScalar<u64>(cpu, d, fromFixed<u64>(cpu, getElement<u64>(cpu, n), fbits, unsigned));
  else setScalar<u32>(cpu, d, fromFixed<u32>(cpu, getElement<u32>(cpu, n), fbits, unsigned));
}

function vectorToFixed(cpu: usize, insn: u32, fbits: u32, unsigned: bool, rounding: u32): void {
  const n = vreg(cpu, Rn(insn));
  const d = vreg(cpu, Rd(insn));
  if (isDouble(insn)) {
    store<u64>(d, toFixed<u64>(cpu, load<u64>(n), fbits, unsigned, rounding));
    store<u64>(d, toFixed<u64>(cpu, load<u64>(n, 8), fbits, unsigned, rounding), 8);
    return;
  }
  if (fbits == 0 && hostToIntegers(cpu, insn, loadLanes(n, insn), unsigned, rounding)) return;
  const end = lanesEnd(insn);
  for (let i: usize = 0; i < end; i += 4) {
    store<u32>(d + i, toFixed<u32>(cpu, load<u32>(n + i), fbits, unsigned, rounding));
  }
  if (end == 8) store<u64>(d, 0, 8);
}

function vectorFromFixed(cpu: usize, insn: u32, fbits: u32, unsigned: bool): void {
  const n = vreg(cpu, Rn(insn));
  const d = vreg(cpu, Rd(insn));
  if (isDouble(insn)) {
    store<u64>(d, fromFixed<u64>(cpu, load<u64>(n), fbits, unsigned));
    store<u64>(d, fromFixed<u64>(cpu, load<u64>(n, 8), fbits, unsigned), 8);
    return;
  }
  if (fbits == 0 && hostFromIntegers(cpu, insn, loadLanes(n, insn), unsigned)) return;
  const end = lanesEnd(insn);
  for (let i: usize = 0; i < end; i += 4) store<u32>(d + i, fromFixed<u32>(cpu, load<u32>(n + i), fbits, unsigned));
  if (end == 8) store<u64>(d, 0, 8);
}

/** The 64 bits of a narrowed vector: to the lower half of V[d], or with Q to the upper, which keeps the lower. */
function setNarrowed(cpu: usize, insn: u32, value: u64): void {
  const d = vreg(cpu, Rd(insn));
  if (lanesEnd(insn) == 8) {
    store<u64>(d, value);
    store<u64>(d, 0, 8);
  } else {
    store<u64>(d, value, 8);
  }
}

function narrowDoubles(cpu: usize, insn: u32, rounding: u32): void {
  const n = vreg(cpu, Rn(insn));
  const low = <u64>FPConvert<u64, u32>(cpu, load<u64>(n), rounding);
  const high = <u64>FPConvert<u64, u32>(cpu, load<u64>(n, 8), rounding);
  setNarrowed(cpu, insn, low | (high << 32));
}

/** Double to single, or single to half precision. */
export function FCVTN_asimdmisc(cpu: usize, insn: u32): void {
  const rounding = FPRoundingMode(cpu);
  if (isDouble(insn)) {
    narrowDoubles(cpu, insn, rounding);
    return;
  }
  const n = vreg(cpu, Rn(insn));
  let result: u64 = 0;
  for (let i: usize = 0; i < 4; i += 1) {
    result |= (<u64>FPConvert<u32, u16>(cpu, load<u32>(n + i * 4), rounding)) << (<u64>i * 16);
  }
  setNarrowed(cpu, insn, result);
}

/** Double to single precision, rounded to odd. */
export function FCVTXN_asimdmisc(cpu: usize, insn: u32): void {
  narrowDoubles(cpu, insn, ODD);
}
export function FCVTXN_asisdmisc(cpu: usize, insn: u32): void {
  setScalar<u32>(cpu, Rd(insn), FPConvert<u64, u32>(cpu, getElement<u64>(cpu, Rn(insn)), ODD));
}

/** Half to single, or single to double precision, from the lower half of V[n] or with Q the upper. */
export function FCVTL_asimdmisc(cpu: usize, insn: u32): void {
  const source = load<u64>(vreg(cpu, Rn(insn)) + lanesEnd(insn) - 8);
  const d = vreg(cpu, Rd(insn));
  const rounding = FPRoundingMode(cpu);
  if (isDouble(insn)) {
    store<u64>(d, FPConvert<u32, u64>(cpu, <u32>source, rounding));
    store<u64>(d, FPConvert<u32, u64>(cpu, <u32>(source >> 32), rounding), 8);
    return;
  }
  for (let i: usize = 0; i < 4; i += 1) {
    store<u32>(d + i * 4, FPConvert<u16, u32>(cpu, <u16>(source >> (<u64>i * 16)), rounding));
  }
}

export function FCVTNS_asisdmisc(cpu: usize, insn: u32): void {
  scalarToFixed(cpu, insn, 0, false, TIEEVEN);
}
export function FCVTNU_asisdmisc(cpu: usize, insn: u32): void {
  scalarToFixed(cpu, insn, 0, true, TIEEVEN);
}
export function FCVTMS_asisdmisc(cpu: usize, insn: u32): void {
  scalarToFixed(cpu, insn, 0, false, NEGINF);
}
export function FCVTMU_asisdmisc(cpu: usize, insn: u32): void {
  scalarToFixed(cpu, insn, 0, true, NEGINF);
}
export function FCVTAS_asisdmisc(cpu: usize, insn: u32): void {
  scalarToFixed(cpu, insn, 0, false, TIEAWAY);
}
export function FCVTAU_asisdmisc(cpu: usize, insn: u32): void {
  scalarToFixed(cpu, insn, 0, true, TIEAWAY);
}
export function FCVTPS_asisdmisc(cpu: usize, insn: u32): void {
  scalarToFixed(cpu, insn, 0, false, POSINF);
}
export function FCVTPU_asisdmisc(cpu: usize, insn: u32): void {
  scalarToFixed(cpu, insn, 0, true, POSINF);
}
export function FCVTZS_asisdmisc(cpu: usize, insn: u32): void {
  scalarToFixed(cpu, insn, 0, false, ZERO);
}
export function FCVTZU_asisdmisc(cpu: usize, insn: u32): void {
  scalarToFixed(cpu, insn, 0, true, ZERO);
}
export function SCVTF_asisdmisc(cpu: usize, insn: u32): void {
  scalarFromFixed(cpu, insn, 0, false);
}
export function UCVTF_asisdmisc(cpu: usize, insn: u32): void {
  scalarFromFixed(cpu, insn, 0, true);
}
export function FCVTNS_asimdmisc(cpu: usize, insn: u32): void {
  vectorToFixed(cpu, insn, 0, false, TIEEVEN);
}
export function FCVTNU_asimdmisc(cpu: usize, insn: u32): void {
  vectorToFixed(cpu, insn, 0, true, TIEEVEN);
}
export function FCVTMS_asimdmisc(cpu: usize, insn: u32): void {
  vectorToFixed(cpu, insn, 0, false, NEGINF);
}
export function FCVTMU_asimdmisc(cpu: usize, insn: u32): void {
  vectorToFixed(cpu, insn, 0, true, NEGINF);
}
export function FCVTAS_asimdmisc(cpu: usize, insn: u32): void {
  vectorToFixed(cpu, insn, 0, false, TIEAWAY);
}
export function FCVTAU_asimdmisc(cpu: usize, insn: u32): void {
  vectorToFixed(cpu, insn, 0, true, TIEAWAY);
}
export function FCVTPS_asimdmisc(cpu: usize, insn: u32): void {
  vectorToFixed(cpu, insn, 0, false, POSINF);
}
export function FCVTPU_asimdmisc(cpu: usize, insn: u32): void {
  vectorToFixed(cpu, insn, 0, true, POSINF);
}
export function FCVTZS_asimdmisc(cpu: usize, insn: u32): void {
  vectorToFixed(cpu, insn, 0, false, ZERO);
}
export function FCVTZU_asimdmisc(cpu: usize, insn: u32): void {
  vectorToFixed(cpu, insn, 0, true, ZERO);
}
export function SCVTF_asimdmisc(cpu: usize, insn: u32): void {
  vectorFromFixed(cpu, insn, 0, false);
}
export function UCVTF_asimdmisc(cpu: usize, insn: u32): void {
  vectorFromFixed(cpu, insn, 0, true);
}
export function SCVTF_asisdshf(cpu: usize, insn: u32): void {
  scalarFromFixed(cpu, insn, fractionBits(insn), false);
}
export function FCVTZS_asisdshf(cpu: usize, insn: u32): void {
  scalarToFixed(cpu, insn, fractionBits(insn), false, ZERO);
}
export function UCVTF_asisdshf(cpu: usize, insn: u32): void {
  scalarFromFixed(cpu, insn, fractionBits(insn), true);
}
export function FCVTZU_asisdshf(cpu: usize, insn: u32): void {
  scalarToFixed(cpu, insn, fractionBits(insn), true, ZERO);
}
export function SCVTF_asimdshf(cpu: usize, insn: u32): void {
  vectorFromFixed(cpu, insn, fractionBits(insn), false);
}
export function FCVTZS_asimdshf(cpu: usize, insn: u32): void {
  vectorToFixed(cpu, insn, fractionBits(insn), false, ZERO);
}
export function UCVTF_asimdshf(cpu: usize, insn: u32): void {
  vectorFromFixed(cpu, insn, fractionBits(insn), true);
}
export function FCVTZU_asimdshf(cpu: usize, insn: u32): void {
  vectorToFixed(cpu, insn, fractionBits(insn), true, ZERO);
}
