/** Fields of A64 instruction words by the ARM ARM's names, and the registers that they name. */
import { CPU_V, CPU_X } from "../cpu/state";

/** Destination register, bits 4:0. */
export function Rd(insn: u32): u32 {
  return insn & 31;
}
/** Transfer register, bits 4:0. */
export function Rt(insn: u32): u32 {
  return insn & 31;
}
/** First operand or base register, bits 9:5. */
export function Rn(insn: u32): u32 {
  return (insn >> 5) & 31;
}
/** Second transfer register, bits 14:10. */
export function Rt2(insn: u32): u32 {
  return (insn >> 10) & 31;
}
/** Addend register, bits 14:10. */
export function Ra(insn: u32): u32 {
  return (insn >> 10) & 31;
}
/** Second operand or index register, bits 20:16. */
export function Rm(insn: u32): u32 {
  return (insn >> 16) & 31;
}
/** Status or compare register, bits 20:16. */
export function Rs(insn: u32): u32 {
  return (insn >> 16) & 31;
}
/** `width` bits of the word from bit `lsb`. */
export function bits(insn: u32, lsb: u32, width: u32): u32 {
  return (insn >> lsb) & ((1 << width) - 1);
}
/** The same, sign-extended to 64 bits. */
export function sbits(insn: u32, lsb: u32, width: u32): i64 {
  return <i64>(<i32>(insn << (32 - lsb - width)) >> (32 - width));
}

/** X[n], register 31 reads as zero. */
export function getX(cpu: usize, n: u32): u64 {
  return load<u64>(cpu + ((n == 31 ? 32 : <usize>n) << 3), CPU_X);
}
/** X[n] = value, register 31 discards it. */
export function setX(cpu: usize, n: u32, value: u64): void {
  if (n != 31) store<u64>(cpu + ((<usize>n) << 3), value, CPU_X);
}
/** W[n] = value, zero-extended. */
export function setW(cpu: usize, n: u32, value: u32): void {
  setX(cpu, n, <u64>value);
}
/** X[n] or SP for 31, as base addresses use it. */
export function getXSP(cpu: usize, n: u32): u64 {
  return load<u64>(cpu + ((<usize>n) << 3), CPU_X);
}
/** X[n] = value, or SP for 31. */
export function setXSP(cpu: usize, n: u32, value: u64): void {
  store<u64>(cpu + ((<usize>n) << 3), value, CPU_X);
}
/** Address of V[n] in linear memory: 16 bytes, element 0 first. */
export function vreg(cpu: usize, n: u32): usize {
  return cpu + CPU_V + ((<usize>n) << 4);
}
