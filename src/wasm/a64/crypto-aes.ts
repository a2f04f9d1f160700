/**
 * AESE, AESD, AESMC, AESIMC (ARM ARM C7, FIPS 197). Byte 4 * column + row of a register is the state's element.
 *
 * Substitution is by arithmetic, with the byte shuffle as 16 table lookups at once (M. Hamburg, Accelerating AES with Vector
 * Permute Instructions, CHES 2009): a byte is i + k * 0x12, i and k of the subfield GF(2^4) in a basis where they are nibbles,
 * and with j = i + k and the constant a its inverse is a sum of functions of 1/(1/i + a/k) + j and 1/(1/j + a/k) + i. The
 * affine parts of the boxes are in the tables of both ends.
 */
import { readD, readN, writeAll } from "./simd-operands";

/** Tables of 16 bytes. 1/k and a/k: of k = 0 they are infinite, 0x80, which is outside of every table: what is looked up by it is 0. */
const INVERSES = memory.data<u64>([0x0e04_0f06_080c_0180, 0x0507_0902_0a0b_0d03], 16);
const QUOTIENTS = memory.data<u64>([0x0702_0b03_0406_0c80, 0x0e0f_0801_0509_0a0d], 16);
/** For a box, three pairs: i and k, as one byte, of a low nibble and of a high one; the two parts of the result. */
const S_BOX = memory.data<u64>(
  [
    0x4b5b_6d7d_3626_1000, 0x0616_2030_7b6b_5d4d, 0xe9ce_5077_9eb9_2700, 0xf7d0_4e69_80a7_391e, 0xa6b6_f211_b701_5400,
    0xe245_e3a7_1044_55f3, 0x899f_c2a3_2ab5_4b00, 0xd4e8_613c_165d_fe77,
  ],
  16,
);
const INVERSE_S_BOX = memory.data<u64>(
  [
    0xbca0_f8e4_5844_1c00, 0xcad6_8e92_2e32_6a76, 0xef35_c51f_f02a_da00, 0x3be1_11cb_24fe_0ed4, 0xd175_ceee_3f4a_1f00,
    0x6af1_209b_a4bb_5584, 0x3d24_23b2_8fab_1e00, 0x3aac_9196_1907_b588,
  ],
  16,
);
/** The constant of the affine transformation (FIPS 197 5.1.1), which SubBytes adds behind the tables and InvSubBytes before them. */
const AFFINE: u8 = 0x63;

/** The byte of the table at `table` for each byte of `places`; 0 for what is not below 16. */
function lookUp(table: usize, places: v128): v128 {
  return i8x16.swizzle(v128.load(table), places);
}

/** SubBytes() or InvSubBytes() without AFFINE, by the tables of `box`. */
function substitute(box: usize, a: v128): v128 {
  const nibble = i8x16.splat(15);
  const both = v128.xor(lookUp(box, v128.and(a, nibble)), lookUp(box + 16, i8x16.shr_u(a, 4)));
  const k = v128.and(both, nibble);
  const i = i8x16.shr_u(both, 4);
  const j = v128.xor(i, k);
  const quotient = lookUp(QUOTIENTS, k);
  const first = v128.xor(lookUp(INVERSES, i), quotient);
  const second = v128.xor(lookUp(INVERSES, j), quotient);
  return v128.xor(
    lookUp(box + 32, v128.xor(lookUp(INVERSES, first), j)),
    lookUp(box + 48, v128.xor(lookUp(INVERSES, second), i)),
  );
}

/** Each byte times x in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
function timesX(a: v128): v128 {
  return v128.xor(i8x16.shl(a, 1), v128.and(i8x16.shr_s(a, 7), i8x16.splat(0x1b)));
}

/** In each column, the element one row below. */
function nextRow(a: v128): v128 {
  return i8x16.shuffle(a, a, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
}
/** In each column, the element two rows below. */
function oppositeRow(a: v128): v128 {
  return i16x8.shuffle(a, a, 1, 0, 3, 2, 5, 4, 7, 6);
}

/** MixColumns(): 2a + 3b + c + d = 2(a + b) + b + (c + d). */
function mixColumns(a: v128): v128 {
  const below = nextRow(a);
  const sum = v128.xor(a, below);
  return v128.xor(timesX(sum), v128.xor(below, oppositeRow(sum)));
}

/** AESE of the state d and the round key n: a function of V[d], V[n] and V[m], as compiled code calls it. */
export function aese(d: v128, n: v128, _m: v128): v128 {
  const a = v128.xor(d, n);
  const shifted = i8x16.shuffle(a, a, 0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11);
  return v128.xor(substitute(S_BOX, shifted), i8x16.splat(AFFINE));
}
/** AESD in the same way. */
export function aesd(d: v128, n: v128, _m: v128): v128 {
  const a = v128.xor(v128.xor(d, n), i8x16.splat(AFFINE));
  const shifted = i8x16.shuffle(a, a, 0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3);
  return substitute(INVERSE_S_BOX, shifted);
}
export function AESE_cryptoaes(cpu: usize, insn: u32): void {
  writeAll(cpu, insn, aese(readD(cpu, insn), readN(cpu, insn), i64x2.splat(0)));
}
export function AESD_cryptoaes(cpu: usize, insn: u32): void {
  writeAll(cpu, insn, aesd(readD(cpu, insn), readN(cpu, insn), i64x2.splat(0)));
}
export function AESMC_cryptoaes(cpu: usize, insn: u32): void {
  writeAll(cpu, insn, mixColumns(readN(cpu, insn)));
}
/** The inverse matrix is MixColumns' after adding 4(a + c) to rows a and c and 4(b + d) to b and d. */
export function AESIMC_cryptoaes(cpu: usize, insn: u32): void {
  const n = readN(cpu, insn);
  const four = timesX(timesX(v128.xor(n, oppositeRow(n))));
  writeAll(cpu, insn, mixColumns(v128.xor(n, four)));
}
