/**
 * Operands and results of Advanced SIMD instructions. Bits 30 and 28 of every data-processing encoding tell its
 * shape: 128-bit vector (Q = 1), 64-bit vector (Q = 0) or scalar (both set), whose element size is `size`, bits 23:22.
 */
import { CPU_FPSR } from "../cpu/state";
import { Rd, Rm, Rn, bits, vreg } from "./fields";

/** FPSR.QC: cumulative saturation. */
const FPSR_QC: u32 = 1 << 27;

/** Ones in the low 8, 16, 32 and 64 bits. */
const SCALAR_MASKS = memory.data<u64>([0xff, 0, 0xffff, 0, 0xffff_ffff, 0, 0xffff_ffff_ffff_ffff, 0], 16);

/** Element size of most encodings, bits 23:22: 8 << size bits. */
export function sizeOf(insn: u32): u32 {
  return (insn >> 22) & 3;
}
/** Bit 30: all 128 bits of the registers, or the upper half of a narrow operand. */
export function isQ(insn: u32): bool {
  return ((insn >> 30) & 1) != 0;
}
/** Bit 28: the scalar form of an instruction that has both. */
export function isScalar(insn: u32): bool {
  return ((insn >> 28) & 1) != 0;
}

/** V[n], all 128 bits. */
export function readN(cpu: usize, insn: u32): v128 {
  return v128.load(vreg(cpu, Rn(insn)));
}
/** V[m], all 128 bits. */
export function readM(cpu: usize, insn: u32): v128 {
  return v128.load(vreg(cpu, Rm(insn)));
}
/** V[d], all 128 bits. */
export function readD(cpu: usize, insn: u32): v128 {
  return v128.load(vreg(cpu, Rd(insn)));
}

/** V[d] = value, all 128 bits. */
export function writeAll(cpu: usize, insn: u32, value: v128): void {
  v128.store(vreg(cpu, Rd(insn)), value);
}

/** `value` with everything above element 0 of `size` zeroed. */
export function lowElement(size: u32, value: v128): v128 {
  return v128.and(value, v128.load(SCALAR_MASKS + ((<usize>size) << 4)));
}

/** `value` cut to the shape of `insn`, with `size` for scalars. */
export function toShape(insn: u32, size: u32, value: v128): v128 {
  const shape = (insn >> 28) & 5;
  if (shape == 4) return value;
  return lowElement(shape == 5 ? size : 3, value);
}

/** Operands cut to the shape of `insn`: what saturating instructions read, so that no other lane sets FPSR.QC. */
export function readShapedN(cpu: usize, insn: u32): v128 {
  return toShape(insn, sizeOf(insn), readN(cpu, insn));
}
/** V[m] in the same way. */
export function readShapedM(cpu: usize, insn: u32): v128 {
  return toShape(insn, sizeOf(insn), readM(cpu, insn));
}

/** V[d] = value in the shape of `insn`. */
export function writeD(cpu: usize, insn: u32, value: v128): void {
  v128.store(vreg(cpu, Rd(insn)), toShape(insn, sizeOf(insn), value));
}

/** The 64 bits of V[n] that a widening instruction reads: the upper half for the second forms (Q = 1), element 0 of a scalar. */
export function readNHalf(cpu: usize, insn: u32): v128 {
  return readHalf(insn, vreg(cpu, Rn(insn)));
}
/** The same of V[m]. */
export function readMHalf(cpu: usize, insn: u32): v128 {
  return readHalf(insn, vreg(cpu, Rm(insn)));
}
function readHalf(insn: u32, register: usize): v128 {
  if (isScalar(insn)) return lowElement(sizeOf(insn), v128.load(register));
  return v128.load64_zero(register + ((<usize>bits(insn, 30, 1)) << 3));
}

/** What narrowing to `size` reads: all of V[n], or the one element of twice the size. */
export function readWideN(cpu: usize, insn: u32, size: u32): v128 {
  const n = readN(cpu, insn);
  return isScalar(insn) ? lowElement(size + 1, n) : n;
}

/** Result of a narrowing instruction (upper 64 bits zero): the second forms (Q = 1) write the upper half of V[d] only. */
export function writeNarrow(cpu: usize, insn: u32, size: u32, value: v128): void {
  const d = vreg(cpu, Rd(insn));
  if (isScalar(insn)) v128.store(d, lowElement(size, value));
  else if (isQ(insn)) v128.store(d, i64x2.shuffle(v128.load(d), value, 0, 2));
  else v128.store(d, value);
}

/** Sets FPSR.QC when any bit of `saturated` is set. */
export function noteSaturation(cpu: usize, saturated: v128): void {
  if (v128.any_true(saturated)) setQC(cpu);
}
/** Sets FPSR.QC. */
export function setQC(cpu: usize): void {
  store<u32>(cpu, load<u32>(cpu, CPU_FPSR) | FPSR_QC, CPU_FPSR);
}
