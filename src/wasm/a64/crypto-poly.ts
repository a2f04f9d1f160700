/** Polynomial arithmetic over GF(2): PMULL, PMULL2, CRC32 and CRC32C (ARM ARM C6 and C7). */
import { Rd, Rm, Rn, getX, setW } from "./fields";
import { readMHalf, readNHalf, writeAll } from "./simd-operands";

/** Eight products of bytes, which are in the lower halves of n's and m's lanes: for each bit of m, n shifted to its place. */
function multiplyBytes(n: v128, m: v128): v128 {
  let result = i64x2.splat(0);
  let rest = i16x8.shl(m, 8);
  for (let bit = 0; bit < 8; bit++) {
    result = v128.xor(i16x8.add(result, result), v128.and(i16x8.shr_s(rest, 15), n));
    rest = i16x8.add(rest, rest);
  }
  return result;
}
/** PMULL of bytes: a function of V[d], V[n] and V[m], which compiled code calls with what it has of them, as the next three are. */
export function pmullBytes(_d: v128, n: v128, m: v128): v128 {
  return multiplyBytes(i16x8.extend_low_i8x16_u(n), i16x8.extend_low_i8x16_u(m));
}
/** PMULL2 of bytes. */
export function pmull2Bytes(_d: v128, n: v128, m: v128): v128 {
  return multiplyBytes(i16x8.extend_high_i8x16_u(n), i16x8.extend_high_i8x16_u(m));
}
export function PMULL_asimddiff_8(cpu: usize, insn: u32): void {
  const n = i16x8.extend_low_i8x16_u(readNHalf(cpu, insn));
  const m = i16x8.extend_low_i8x16_u(readMHalf(cpu, insn));
  writeAll(cpu, insn, multiplyBytes(n, m));
}

/** Every fourth bit. An integer product of such words adds at most 8 ones in four bits: carries stay inside them. */
const FOURTH_BITS: u64 = 0x1111_1111_1111_1111;

/** Product of 32-bit polynomials, by the classes of their bits modulo 4. */
function mulPolynomial32(x: u64, y: u64): u64 {
  const x0 = x & FOURTH_BITS;
  const x1 = x & (FOURTH_BITS << 1);
  const x2 = x & (FOURTH_BITS << 2);
  const x3 = x & (FOURTH_BITS << 3);
  const y0 = y & FOURTH_BITS;
  const y1 = y & (FOURTH_BITS << 1);
  const y2 = y & (FOURTH_BITS << 2);
  const y3 = y & (FOURTH_BITS << 3);
  const z0 = (x0 * y0) ^ (x1 * y3) ^ (x2 * y2) ^ (x3 * y1);
  const z1 = (x0 * y1) ^ (x1 * y0) ^ (x2 * y3) ^ (x3 * y2);
  const z2 = (x0 * y2) ^ (x1 * y1) ^ (x2 * y0) ^ (x3 * y3);
  const z3 = (x0 * y3) ^ (x1 * y2) ^ (x2 * y1) ^ (x3 * y0);
  return (z0 & FOURTH_BITS) | (z1 & (FOURTH_BITS << 1)) | (z2 & (FOURTH_BITS << 2)) | (z3 & (FOURTH_BITS << 3));
}

/** The 128-bit product of 64-bit polynomials from three of halves (Karatsuba). */
function multiply64(n: u64, m: u64): v128 {
  const low = mulPolynomial32(n & 0xffff_ffff, m & 0xffff_ffff);
  const high = mulPolynomial32(n >> 32, m >> 32);
  const middle = mulPolynomial32((n ^ (n >> 32)) & 0xffff_ffff, (m ^ (m >> 32)) & 0xffff_ffff) ^ low ^ high;
  return i64x2.replace_lane(i64x2.splat(<i64>(low ^ (middle << 32))), 1, <i64>(high ^ (middle >> 32)));
}
/** PMULL of doublewords. */
export function pmullDoublewords(_d: v128, n: v128, m: v128): v128 {
  return multiply64(i64x2.extract_lane(n, 0), i64x2.extract_lane(m, 0));
}
/** PMULL2 of doublewords. */
export function pmull2Doublewords(_d: v128, n: v128, m: v128): v128 {
  return multiply64(i64x2.extract_lane(n, 1), i64x2.extract_lane(m, 1));
}
export function PMULL_asimddiff_64(cpu: usize, insn: u32): void {
  writeAll(cpu, insn, pmullDoublewords(i64x2.splat(0), readNHalf(cpu, insn), readMHalf(cpu, insn)));
}

/** Polynomials with bit 31 for x^0: CRC32 (IEEE 802.3) and CRC32C (Castagnoli). */
const CRC32_POLYNOMIAL: u32 = 0xedb8_8320;
const CRC32C_POLYNOMIAL: u32 = 0x82f6_3b78;

/** Eight tables of 256 words each: what a byte becomes after 1, 2 .. 8 bytes of zeros. Filled on the first use. */
const CRC32_TABLES = memory.data(8192, 16);
const CRC32C_TABLES = memory.data(8192, 16);

function fillTables(tables: usize, polynomial: u32): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    store<u32>(tables + ((<usize>byte) << 2), crc);
  }
  for (let at: usize = 1024; at < 8192; at += 4) {
    const crc = load<u32>(tables + at - 1024);
    store<u32>(tables + at, load<u32>(tables + ((<usize>(crc & 0xff)) << 2)) ^ (crc >> 8));
  }
}

/** The tables of a polynomial: number k is 1024 * k bytes behind the address. Entry 1 of a filled table is never 0. */
export function crcTables(castagnoli: bool): usize {
  const tables = castagnoli ? CRC32C_TABLES : CRC32_TABLES;
  if (load<u32>(tables, 4) == 0) fillTables(tables, castagnoli ? CRC32C_POLYNOMIAL : CRC32_POLYNOMIAL);
  return tables;
}

/** Entry of table `number` for a byte of `value`. */
function entry(tables: usize, number: usize, value: u64): u32 {
  return load<u32>(tables + (number << 10) + ((<usize>(value & 0xff)) << 2));
}

/** W[d] = the CRC of sizeof<T>() bytes of X[m] after W[n]. Bit 12 of the instruction tells CRC32C. */
function crc<T>(cpu: usize, insn: u32): void {
  const tables = crcTables((insn & 0x1000) != 0);
  const accumulator = <u64>(<u32>getX(cpu, Rn(insn)));
  const mixed = getX(cpu, Rm(insn)) ^ accumulator;
  let result = sizeof<T>() < 4 ? <u32>(accumulator >> (sizeof<T>() * 8)) : 0;
  result ^= entry(tables, sizeof<T>() - 1, mixed);
  if (sizeof<T>() > 1) result ^= entry(tables, sizeof<T>() - 2, mixed >> 8);
  if (sizeof<T>() > 2)
    result ^= entry(tables, sizeof<T>() - 3, mixed >> 16) ^ entry(tables, sizeof<T>() - 4, mixed >> 24);
  if (sizeof<T>() > 4) {
    result ^= entry(tables, 3, mixed >> 32) ^ entry(tables, 2, mixed >> 40);
    result ^= entry(tables, 1, mixed >> 48) ^ entry(tables, 0, mixed >> 56);
  }
  setW(cpu, Rd(insn), result);
}

export function CRC32B(cpu: usize, insn: u32): void {
  crc<u8>(cpu, insn);
}
export function CRC32H(cpu: usize, insn: u32): void {
  crc<u16>(cpu, insn);
}
export function CRC32W(cpu: usize, insn: u32): void {
  crc<u32>(cpu, insn);
}
export function CRC32X(cpu: usize, insn: u32): void {
  crc<u64>(cpu, insn);
}
export function CRC32CB(cpu: usize, insn: u32): void {
  crc<u8>(cpu, insn);
}
export function CRC32CH(cpu: usize, insn: u32): void {
  crc<u16>(cpu, insn);
}
export function CRC32CW(cpu: usize, insn: u32): void {
  crc<u32>(cpu, insn);
}
export function CRC32CX(cpu: usize, insn: u32): void {
  crc<u64>(cpu, insn);
}
