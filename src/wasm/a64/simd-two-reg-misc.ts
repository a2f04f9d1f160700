/** Advanced SIMD two-register miscellaneous, integer: vectors and scalars (ARM ARM C4.1.90). */
import { Rd, Rn, vreg } from "./fields";
import { extendU, narrow } from "./simd-lane-sizes";
import { absLanes, addLanes, eqLanes, geSLanes, gtSLanes, negLanes, shlLanes } from "./simd-lanes";
import { readD, readN, readNHalf, readShapedN, readWideN, setQC, sizeOf, writeD, writeNarrow } from "./simd-operands";
import { narrowSatS, narrowSatSU, narrowSatU, saturateMinimum } from "./simd-saturate";
import { clearAbove, elementBytes } from "./simd-shift-element";

/** Bytes in reverse order in each 16, 32 and 64 bits. */
function reverseBytes16(a: v128): v128 {
  return i8x16.shuffle(a, a, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
}

export function REV64_asimdmisc(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  switch (sizeOf(insn)) {
    case 0:
      return writeD(cpu, insn, i8x16.shuffle(n, n, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
    case 1:
      return writeD(cpu, insn, i16x8.shuffle(n, n, 3, 2, 1, 0, 7, 6, 5, 4));
    default:
      return writeD(cpu, insn, i32x4.shuffle(n, n, 1, 0, 3, 2));
  }
}
export function REV32_asimdmisc(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  if (sizeOf(insn) == 0) writeD(cpu, insn, i8x16.shuffle(n, n, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
  else writeD(cpu, insn, i16x8.shuffle(n, n, 1, 0, 3, 2, 5, 4, 7, 6));
}
export function REV16_asimdmisc(cpu: usize, insn: u32): void {
  writeD(cpu, insn, reverseBytes16(readN(cpu, insn)));
}

/** Sums of neighbouring lanes of 8 << size bits at twice their size, signed. */
export function pairwiseLongS(size: u32, a: v128): v128 {
  switch (size) {
    case 0:
      return i16x8.extadd_pairwise_i8x16_s(a);
    case 1:
      return i32x4.extadd_pairwise_i16x8_s(a);
    default:
      return i64x2.add(i64x2.shr_s(i64x2.shl(a, 32), 32), i64x2.shr_s(a, 32));
  }
}
/** The same, unsigned. */
export function pairwiseLongU(size: u32, a: v128): v128 {
  switch (size) {
    case 0:
      return i16x8.extadd_pairwise_i8x16_u(a);
    case 1:
      return i32x4.extadd_pairwise_i16x8_u(a);
    default:
      return i64x2.add(v128.and(a, i64x2.splat(0xffff_ffff)), i64x2.shr_u(a, 32));
  }
}
export function SADDLP_asimdmisc(cpu: usize, insn: u32): void {
  writeD(cpu, insn, pairwiseLongS(sizeOf(insn), readN(cpu, insn)));
}
export function SADALP_asimdmisc(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  writeD(cpu, insn, addLanes(size + 1, readD(cpu, insn), pairwiseLongS(size, readN(cpu, insn))));
}
export function UADDLP_asimdmisc(cpu: usize, insn: u32): void {
  writeD(cpu, insn, pairwiseLongU(sizeOf(insn), readN(cpu, insn)));
}
export function UADALP_asimdmisc(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  writeD(cpu, insn, addLanes(size + 1, readD(cpu, insn), pairwiseLongU(size, readN(cpu, insn))));
}

/** SUQADD: signed V[d] + unsigned V[n]. The room up to the largest value always fits an unsigned element. */
function addUnsignedElements<T>(cpu: usize, insn: u32): void {
  const d = vreg(cpu, Rd(insn));
  const n = vreg(cpu, Rn(insn));
  const end = elementBytes<T>(insn);
  const mask: u64 = <u64>-1 >> (64 - 8 * sizeof<T>());
  const max: u64 = mask >> 1;
  for (let at: usize = 0; at < end; at += sizeof<T>()) {
    const value = <u64>(<i64>load<T>(d + at));
    const addend = <u64>load<T>(n + at) & mask;
    const over = addend > max - value;
    if (over) setQC(cpu);
    store<T>(d + at, <T>(over ? max : value + addend));
  }
  clearAbove(insn, d, sizeOf(insn));
}

/** USQADD: unsigned V[d] + signed V[n]; T is unsigned. */
function addSignedElements<T>(cpu: usize, insn: u32): void {
  const d = vreg(cpu, Rd(insn));
  const n = vreg(cpu, Rn(insn));
  const end = elementBytes<T>(insn);
  const max: u64 = <u64>-1 >> (64 - 8 * sizeof<T>());
  const toSign: i64 = 64 - 8 * sizeof<T>();
  for (let at: usize = 0; at < end; at += sizeof<T>()) {
    const value = <u64>load<T>(d + at);
    const addend = ((<i64>load<T>(n + at)) << toSign) >> toSign;
    const over = addend >= 0 ? <u64>addend > max - value : <u64>-addend > value;
    if (over) setQC(cpu);
    const limit: u64 = addend >= 0 ? max : 0;
    store<T>(d + at, <T>(over ? limit : value + <u64>addend));
  }
  clearAbove(insn, d, sizeOf(insn));
}

export function SUQADD_asimdmisc(cpu: usize, insn: u32): void {
  switch (sizeOf(insn)) {
    case 0:
      return addUnsignedElements<i8>(cpu, insn);
    case 1:
      return addUnsignedElements<i16>(cpu, insn);
    case 2:
      return addUnsignedElements<i32>(cpu, insn);
    default:
      return addUnsignedElements<i64>(cpu, insn);
  }
}
export function SUQADD_asisdmisc(cpu: usize, insn: u32): void {
  SUQADD_asimdmisc(cpu, insn);
}
export function USQADD_asimdmisc(cpu: usize, insn: u32): void {
  switch (sizeOf(insn)) {
    case 0:
      return addSignedElements<u8>(cpu, insn);
    case 1:
      return addSignedElements<u16>(cpu, insn);
    case 2:
      return addSignedElements<u32>(cpu, insn);
    default:
      return addSignedElements<u64>(cpu, insn);
  }
}
export function USQADD_asisdmisc(cpu: usize, insn: u32): void {
  USQADD_asimdmisc(cpu, insn);
}

/** CLZ, and CLS as the leading zeros below the sign of the bits that differ from their upper neighbour; T is signed. */
function countElements<T>(cpu: usize, insn: u32, signs: bool): void {
  const d = vreg(cpu, Rd(insn));
  const n = vreg(cpu, Rn(insn));
  const end = elementBytes<T>(insn);
  const mask: u32 = <u32>-1 >> (32 - 8 * sizeof<T>());
  for (let at: usize = 0; at < end; at += sizeof<T>()) {
    const value = <i32>load<T>(n + at);
    const counted = <u32>(signs ? value ^ (value >> 1) : value) & mask;
    store<T>(d + at, <T>(clz<u32>(counted) - (32 - 8 * sizeof<T>()) - <u32>signs));
  }
  clearAbove(insn, d, sizeOf(insn));
}

function countLeading(cpu: usize, insn: u32, signs: bool): void {
  switch (sizeOf(insn)) {
    case 0:
      return countElements<i8>(cpu, insn, signs);
    case 1:
      return countElements<i16>(cpu, insn, signs);
    default:
      return countElements<i32>(cpu, insn, signs);
  }
}
export function CLS_asimdmisc(cpu: usize, insn: u32): void {
  countLeading(cpu, insn, true);
}
export function CLZ_asimdmisc(cpu: usize, insn: u32): void {
  countLeading(cpu, insn, false);
}

export function CNT_asimdmisc(cpu: usize, insn: u32): void {
  writeD(cpu, insn, i8x16.popcnt(readN(cpu, insn)));
}
export function NOT_asimdmisc(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.not(readN(cpu, insn)));
}

/** Four bits in reverse order, for each value. */
const REVERSED_NIBBLES = memory.data<u8>([0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15], 16);

export function RBIT_asimdmisc(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  const reversed = v128.load(REVERSED_NIBBLES);
  const low = i8x16.swizzle(reversed, v128.and(n, i8x16.splat(15)));
  writeD(cpu, insn, v128.or(i8x16.shl(low, 4), i8x16.swizzle(reversed, i8x16.shr_u(n, 4))));
}

export function SQABS_asimdmisc(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const n = readShapedN(cpu, insn);
  writeD(cpu, insn, saturateMinimum(cpu, size, n, absLanes(size, n)));
}
export function SQABS_asisdmisc(cpu: usize, insn: u32): void {
  SQABS_asimdmisc(cpu, insn);
}
export function SQNEG_asimdmisc(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const n = readShapedN(cpu, insn);
  writeD(cpu, insn, saturateMinimum(cpu, size, n, negLanes(size, n)));
}
export function SQNEG_asisdmisc(cpu: usize, insn: u32): void {
  SQNEG_asimdmisc(cpu, insn);
}

export function CMGT_asimdmisc_Z(cpu: usize, insn: u32): void {
  writeD(cpu, insn, gtSLanes(sizeOf(insn), readN(cpu, insn), i64x2.splat(0)));
}
export function CMGT_asisdmisc_Z(cpu: usize, insn: u32): void {
  CMGT_asimdmisc_Z(cpu, insn);
}
export function CMGE_asimdmisc_Z(cpu: usize, insn: u32): void {
  writeD(cpu, insn, geSLanes(sizeOf(insn), readN(cpu, insn), i64x2.splat(0)));
}
export function CMGE_asisdmisc_Z(cpu: usize, insn: u32): void {
  CMGE_asimdmisc_Z(cpu, insn);
}
export function CMEQ_asimdmisc_Z(cpu: usize, insn: u32): void {
  writeD(cpu, insn, eqLanes(sizeOf(insn), readN(cpu, insn), i64x2.splat(0)));
}
export function CMEQ_asisdmisc_Z(cpu: usize, insn: u32): void {
  CMEQ_asimdmisc_Z(cpu, insn);
}
export function CMLE_asimdmisc_Z(cpu: usize, insn: u32): void {
  writeD(cpu, insn, geSLanes(sizeOf(insn), i64x2.splat(0), readN(cpu, insn)));
}
export function CMLE_asisdmisc_Z(cpu: usize, insn: u32): void {
  CMLE_asimdmisc_Z(cpu, insn);
}
export function CMLT_asimdmisc_Z(cpu: usize, insn: u32): void {
  writeD(cpu, insn, gtSLanes(sizeOf(insn), i64x2.splat(0), readN(cpu, insn)));
}
export function CMLT_asisdmisc_Z(cpu: usize, insn: u32): void {
  CMLT_asimdmisc_Z(cpu, insn);
}
export function ABS_asimdmisc(cpu: usize, insn: u32): void {
  writeD(cpu, insn, absLanes(sizeOf(insn), readN(cpu, insn)));
}
export function ABS_asisdmisc(cpu: usize, insn: u32): void {
  ABS_asimdmisc(cpu, insn);
}
export function NEG_asimdmisc(cpu: usize, insn: u32): void {
  writeD(cpu, insn, negLanes(sizeOf(insn), readN(cpu, insn)));
}
export function NEG_asisdmisc(cpu: usize, insn: u32): void {
  NEG_asimdmisc(cpu, insn);
}

export function XTN_asimdmisc(cpu: usize, insn: u32): void {
  writeNarrow(cpu, insn, sizeOf(insn), narrow(sizeOf(insn), readN(cpu, insn)));
}
export function SQXTN_asimdmisc(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  writeNarrow(cpu, insn, size, narrowSatS(cpu, size, readWideN(cpu, insn, size)));
}
export function SQXTN_asisdmisc(cpu: usize, insn: u32): void {
  SQXTN_asimdmisc(cpu, insn);
}
export function SQXTUN_asimdmisc(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  writeNarrow(cpu, insn, size, narrowSatSU(cpu, size, readWideN(cpu, insn, size)));
}
export function SQXTUN_asisdmisc(cpu: usize, insn: u32): void {
  SQXTUN_asimdmisc(cpu, insn);
}
export function UQXTN_asimdmisc(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  writeNarrow(cpu, insn, size, narrowSatU(cpu, size, readWideN(cpu, insn, size)));
}
export function UQXTN_asisdmisc(cpu: usize, insn: u32): void {
  UQXTN_asimdmisc(cpu, insn);
}
export function SHLL_asimdmisc(cpu: usize, insn: u32): void {
  const size = sizeOf(insn);
  const wide = shlLanes(size + 1, extendU(size, readNHalf(cpu, insn)), 8 << size);
  v128.store(vreg(cpu, Rd(insn)), wide);
}
