/**
 * Shifts of one element by any signed amount, and the loops over the elements of a register for what has no vector
 * operation. T is the element type: i8..i64 for signed elements, u8..u64 for unsigned ones.
 */
import { Rd, Rm, Rn, vreg } from "./fields";
import { isQ, isScalar, lowElement, setQC, sizeOf } from "./simd-operands";

/** Bytes of the elements that an instruction of this shape works on. */
export function elementBytes<T>(insn: u32): usize {
  if (isScalar(insn)) return sizeof<T>();
  return isQ(insn) ? 16 : 8;
}

/** Zeroes what lies above the elements of V[d]. */
export function clearAbove(insn: u32, d: usize, size: u32): void {
  if (isScalar(insn)) v128.store(d, lowElement(size, v128.load(d)));
  else if (!isQ(insn)) store<u64>(d, 0, 8);
}

/** The result of a left shift that lost bits: the end of the range of T that `value` is nearer to. */
function saturated<T>(cpu: usize, value: T): T {
  setQC(cpu);
  if (isSigned<T>())
    return value < 0 ? <T>((<i64>1) << (sizeof<T>() * 8 - 1)) : <T>(((<u64>1) << (sizeof<T>() * 8 - 1)) - 1);
  return <T>-1;
}

/** `value` shifted left by 0 or more; `saturating` tells what becomes of lost bits. */
export function shiftLeft<T>(cpu: usize, value: T, shift: i32, saturating: bool): T {
  const esize: i32 = sizeof<T>() * 8;
  if (value == 0) return 0;
  if (shift >= esize) return saturating ? saturated<T>(cpu, value) : 0;
  const result = <T>(value << (<T>shift));
  if (saturating && <T>(result >> <T>shift) != value) return saturated<T>(cpu, value);
  return result;
}

/** `value` shifted right by 1 or more; rounding adds the last bit that went out. */
export function shiftRight<T>(value: T, shift: i32, rounding: bool): T {
  const wide: u64 = isSigned<T>() ? <u64>(<i64>value) : <u64>value;
  if (isSigned<T>()) {
    const result = <i64>wide >> <i64>min<i32>(shift, 63);
    const carry = (<i64>wide >> <i64>min<i32>(shift - 1, 63)) & 1;
    return <T>(rounding ? result + carry : result);
  }
  const result = shift > 63 ? 0 : wide >> <u64>shift;
  const carry = shift > 64 ? 0 : (wide >> <u64>(shift - 1)) & 1;
  return <T>(rounding ? result + carry : result);
}

/** SSHL, SRSHL, SQSHL, SQRSHL and the unsigned ones: by the signed lowest byte of each element of V[m]. */
function shiftElements<T>(cpu: usize, insn: u32, rounding: bool, saturating: bool): void {
  const d = vreg(cpu, Rd(insn));
  const n = vreg(cpu, Rn(insn));
  const m = vreg(cpu, Rm(insn));
  const end = elementBytes<T>(insn);
  for (let at: usize = 0; at < end; at += sizeof<T>()) {
    const value = load<T>(n + at);
    const shift = <i32>load<i8>(m + at);
    if (shift >= 0) store<T>(d + at, shiftLeft<T>(cpu, value, shift, saturating));
    else store<T>(d + at, shiftRight<T>(value, -shift, rounding));
  }
  clearAbove(insn, d, sizeOf(insn));
}

function shiftRegisterS(cpu: usize, insn: u32, rounding: bool, saturating: bool): void {
  switch (sizeOf(insn)) {
    case 0:
      shiftElements<i8>(cpu, insn, rounding, saturating);
      break;
    case 1:
      shiftElements<i16>(cpu, insn, rounding, saturating);
      break;
    case 2:
      shiftElements<i32>(cpu, insn, rounding, saturating);
      break;
    default:
      shiftElements<i64>(cpu, insn, rounding, saturating);
  }
}

function shiftRegisterU(cpu: usize, insn: u32, rounding: bool, saturating: bool): void {
  switch (sizeOf(insn)) {
    case 0:
      shiftElements<u8>(cpu, insn, rounding, saturating);
      break;
    case 1:
      shiftElements<u16>(cpu, insn, rounding, saturating);
      break;
    case 2:
      shiftElements<u32>(cpu, insn, rounding, saturating);
      break;
    default:
      shiftElements<u64>(cpu, insn, rounding, saturating);
  }
}

export function SSHL_asimdsame(cpu: usize, insn: u32): void {
  shiftRegisterS(cpu, insn, false, false);
}
export function SSHL_asisdsame(cpu: usize, insn: u32): void {
  shiftRegisterS(cpu, insn, false, false);
}
export function USHL_asimdsame(cpu: usize, insn: u32): void {
  shiftRegisterU(cpu, insn, false, false);
}
export function USHL_asisdsame(cpu: usize, insn: u32): void {
  shiftRegisterU(cpu, insn, false, false);
}
export function SQSHL_asimdsame(cpu: usize, insn: u32): void {
  shiftRegisterS(cpu, insn, false, true);
}
export function SQSHL_asisdsame(cpu: usize, insn: u32): void {
  shiftRegisterS(cpu, insn, false, true);
}
export function UQSHL_asimdsame(cpu: usize, insn: u32): void {
  shiftRegisterU(cpu, insn, false, true);
}
export function UQSHL_asisdsame(cpu: usize, insn: u32): void {
  shiftRegisterU(cpu, insn, false, true);
}
export function SRSHL_asimdsame(cpu: usize, insn: u32): void {
  shiftRegisterS(cpu, insn, true, false);
}
export function SRSHL_asisdsame(cpu: usize, insn: u32): void {
  shiftRegisterS(cpu, insn, true, false);
}
export function URSHL_asimdsame(cpu: usize, insn: u32): void {
  shiftRegisterU(cpu, insn, true, false);
}
export function URSHL_asisdsame(cpu: usize, insn: u32): void {
  shiftRegisterU(cpu, insn, true, false);
}
export function SQRSHL_asimdsame(cpu: usize, insn: u32): void {
  shiftRegisterS(cpu, insn, true, true);
}
export function SQRSHL_asisdsame(cpu: usize, insn: u32): void {
  shiftRegisterS(cpu, insn, true, true);
}
export function UQRSHL_asimdsame(cpu: usize, insn: u32): void {
  shiftRegisterU(cpu, insn, true, true);
}
export function UQRSHL_asisdsame(cpu: usize, insn: u32): void {
  shiftRegisterU(cpu, insn, true, true);
}
