/** Advanced SIMD copy, scalar copy and modified immediate (ARM ARM C4.1.90). */
import { Rd, Rn, bits, getX, setW, setX, vreg } from "./fields";
import { splatLanes } from "./simd-lanes";
import { readD, writeD } from "./simd-operands";

/** log2 of the element size in bytes: the place of the lowest bit set in imm5. */
function copySize(insn: u32): u32 {
  return ctz<u32>(bits(insn, 16, 5));
}

/** Address of the element of V[n] that the bits of imm5 above the size name. */
function elementN(cpu: usize, insn: u32, size: u32): usize {
  return vreg(cpu, Rn(insn)) + ((<usize>(bits(insn, 16, 5) >> (size + 1))) << size);
}

function loadUnsigned(address: usize, size: u32): u64 {
  switch (size) {
    case 0:
      return <u64>load<u8>(address);
    case 1:
      return <u64>load<u16>(address);
    case 2:
      return <u64>load<u32>(address);
    default:
      return load<u64>(address);
  }
}

function storeElement(address: usize, size: u32, value: u64): void {
  switch (size) {
    case 0:
      return store<u8>(address, <u8>value);
    case 1:
      return store<u16>(address, <u16>value);
    case 2:
      return store<u32>(address, <u32>value);
    default:
      return store<u64>(address, value);
  }
}

function splatFrom(address: usize, size: u32): v128 {
  switch (size) {
    case 0:
      return v128.load8_splat(address);
    case 1:
      return v128.load16_splat(address);
    case 2:
      return v128.load32_splat(address);
    default:
      return v128.load64_splat(address);
  }
}

export function DUP_asimdins_DV_v(cpu: usize, insn: u32): void {
  const size = copySize(insn);
  writeD(cpu, insn, splatFrom(elementN(cpu, insn, size), size));
}
export function DUP_asimdins_DR_r(cpu: usize, insn: u32): void {
  writeD(cpu, insn, splatLanes(copySize(insn), getX(cpu, Rn(insn))));
}
export function DUP_asisdone_only(cpu: usize, insn: u32): void {
  const size = copySize(insn);
  const value = loadUnsigned(elementN(cpu, insn, size), size);
  v128.store(vreg(cpu, Rd(insn)), i64x2.replace_lane(i64x2.splat(0), 0, value));
}

function signedElement(cpu: usize, insn: u32): i64 {
  const size = copySize(insn);
  const toSign = <i64>(64 - (8 << size));
  return ((<i64>loadUnsigned(elementN(cpu, insn, size), size)) << toSign) >> toSign;
}
export function SMOV_asimdins_W_w(cpu: usize, insn: u32): void {
  setW(cpu, Rd(insn), <u32>signedElement(cpu, insn));
}
export function SMOV_asimdins_X_x(cpu: usize, insn: u32): void {
  setX(cpu, Rd(insn), <u64>signedElement(cpu, insn));
}
export function UMOV_asimdins_W_w(cpu: usize, insn: u32): void {
  const size = copySize(insn);
  setX(cpu, Rd(insn), loadUnsigned(elementN(cpu, insn, size), size));
}
export function UMOV_asimdins_X_x(cpu: usize, insn: u32): void {
  setX(cpu, Rd(insn), load<u64>(elementN(cpu, insn, 3)));
}

/** Address of the element of V[d] that imm5 names. */
function elementD(cpu: usize, insn: u32, size: u32): usize {
  return vreg(cpu, Rd(insn)) + ((<usize>(bits(insn, 16, 5) >> (size + 1))) << size);
}
export function INS_asimdins_IR_r(cpu: usize, insn: u32): void {
  const size = copySize(insn);
  storeElement(elementD(cpu, insn, size), size, getX(cpu, Rn(insn)));
}
export function INS_asimdins_IV_v(cpu: usize, insn: u32): void {
  const size = copySize(insn);
  const source = vreg(cpu, Rn(insn)) + ((<usize>(bits(insn, 11, 4) >> size)) << size);
  storeElement(elementD(cpu, insn, size), size, loadUnsigned(source, size));
}

/** a:b:c:d:e:f:g:h. */
function imm8Of(insn: u32): u32 {
  return (bits(insn, 16, 3) << 5) | bits(insn, 5, 5);
}

/** AdvSIMDExpandImm() for 32-bit elements shifted by cmode<2:1> bytes. */
function shifted32(insn: u32): v128 {
  return i32x4.splat(<i32>(imm8Of(insn) << (bits(insn, 13, 2) << 3)));
}
/** The same for 16-bit elements and cmode<1>. */
function shifted16(insn: u32): v128 {
  return i16x8.splat(<i16>(imm8Of(insn) << (bits(insn, 13, 1) << 3)));
}
/** The same with ones shifted in, by 8 or 16 bits as cmode<0> says. */
function shiftedOnes(insn: u32): v128 {
  const shift = 8 << bits(insn, 12, 1);
  return i32x4.splat(<i32>((imm8Of(insn) << shift) | ((1 << shift) - 1)));
}
/** Each bit of imm8 as a byte of ones or zeros. */
function byteMask(insn: u32): v128 {
  const bitOfByte = v128.load(BIT_OF_BYTE);
  return i8x16.eq(v128.and(i8x16.splat(<i8>imm8Of(insn)), bitOfByte), bitOfByte);
}
const BIT_OF_BYTE = memory.data<u8>([1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128], 16);

export function MOVI_asimdimm_L_sl(cpu: usize, insn: u32): void {
  writeD(cpu, insn, shifted32(insn));
}
export function MOVI_asimdimm_L_hl(cpu: usize, insn: u32): void {
  writeD(cpu, insn, shifted16(insn));
}
export function MOVI_asimdimm_M_sm(cpu: usize, insn: u32): void {
  writeD(cpu, insn, shiftedOnes(insn));
}
export function MVNI_asimdimm_L_sl(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.not(shifted32(insn)));
}
export function MVNI_asimdimm_L_hl(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.not(shifted16(insn)));
}
export function MVNI_asimdimm_M_sm(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.not(shiftedOnes(insn)));
}
export function ORR_asimdimm_L_sl(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.or(readD(cpu, insn), shifted32(insn)));
}
export function ORR_asimdimm_L_hl(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.or(readD(cpu, insn), shifted16(insn)));
}
export function BIC_asimdimm_L_sl(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.andnot(readD(cpu, insn), shifted32(insn)));
}
export function BIC_asimdimm_L_hl(cpu: usize, insn: u32): void {
  writeD(cpu, insn, v128.andnot(readD(cpu, insn), shifted16(insn)));
}
export function MOVI_asimdimm_N_b(cpu: usize, insn: u32): void {
  writeD(cpu, insn, i8x16.splat(<i8>imm8Of(insn)));
}
export function MOVI_asimdimm_D_ds(cpu: usize, insn: u32): void {
  writeD(cpu, insn, byteMask(insn));
}
export function MOVI_asimdimm_D2_d(cpu: usize, insn: u32): void {
  writeD(cpu, insn, byteMask(insn));
}

/** VFPExpandImm() for single precision: sign, NOT(b) and five times b, then cdefgh on top of the fraction. */
export function FMOV_asimdimm_S_s(cpu: usize, insn: u32): void {
  const imm8 = imm8Of(insn);
  const exponent: u32 = (imm8 & 0x40) != 0 ? 0x3e00_0000 : 0x4000_0000;
  writeD(cpu, insn, i32x4.splat(<i32>(((imm8 & 0x80) << 24) | exponent | ((imm8 & 0x3f) << 19))));
}
/** The same for double precision: eight times b. */
export function FMOV_asimdimm_D2_d(cpu: usize, insn: u32): void {
  const imm8 = <u64>imm8Of(insn);
  const exponent: u64 = (imm8 & 0x40) != 0 ? 0x3fc0_0000_0000_0000 : 0x4000_0000_0000_0000;
  writeD(cpu, insn, i64x2.splat(<i64>(((imm8 & 0x80) << 56) | exponent | ((imm8 & 0x3f) << 48))));
}
