/**
 * SHA1 and SHA256 instructions (ARM ARM C7, FIPS 180-4). Element 0 of a register is the first word. Rounds are functions of V[d], V[n]
 * and V[m], as compiled code calls them.
 */
import { readD, readM, readN, writeAll } from "./simd-operands";

function choose(x: u32, y: u32, z: u32): u32 {
  return ((y ^ z) & x) ^ z;
}
function majority(x: u32, y: u32, z: u32): u32 {
  return (x & y) | ((x | y) & z);
}
function vector(a: u32, b: u32, c: u32, d: u32): v128 {
  return i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(a), 1, b), 2, c), 3, d);
}

const SHA1_CHOOSE: u32 = 0;
const SHA1_PARITY: u32 = 1;
const SHA1_MAJORITY: u32 = 2;

function mix(x: u32, y: u32, z: u32, mixing: u32): u32 {
  if (mixing == SHA1_CHOOSE) return choose(x, y, z);
  if (mixing == SHA1_PARITY) return x ^ y ^ z;
  return majority(x, y, z);
}

/** Four rounds of SHA1 with words a to d in `abcd`, e the first of `first`, and the schedule plus constant in `schedule`. */
function sha1Rounds(abcd: v128, first: v128, schedule: v128, mixing: u32): v128 {
  let a = <u32>i32x4.extract_lane(abcd, 0);
  let b = <u32>i32x4.extract_lane(abcd, 1);
  let c = <u32>i32x4.extract_lane(abcd, 2);
  let d = <u32>i32x4.extract_lane(abcd, 3);
  let e = <u32>i32x4.extract_lane(first, 0);
  // What is a, b … moves by one word a round.
  e += rotl<u32>(a, 5) + mix(b, c, d, mixing) + <u32>i32x4.extract_lane(schedule, 0);
  b = rotl<u32>(b, 30);
  d += rotl<u32>(e, 5) + mix(a, b, c, mixing) + <u32>i32x4.extract_lane(schedule, 1);
  a = rotl<u32>(a, 30);
  c += rotl<u32>(d, 5) + mix(e, a, b, mixing) + <u32>i32x4.extract_lane(schedule, 2);
  e = rotl<u32>(e, 30);
  b += rotl<u32>(c, 5) + mix(d, e, a, mixing) + <u32>i32x4.extract_lane(schedule, 3);
  return vector(b, c, rotl<u32>(d, 30), e);
}

export function sha1c(d: v128, n: v128, m: v128): v128 {
  return sha1Rounds(d, n, m, SHA1_CHOOSE);
}
export function sha1p(d: v128, n: v128, m: v128): v128 {
  return sha1Rounds(d, n, m, SHA1_PARITY);
}
export function sha1m(d: v128, n: v128, m: v128): v128 {
  return sha1Rounds(d, n, m, SHA1_MAJORITY);
}

/** Each word of `a` rotated right by 1 to 31. */
function rotateRight(a: v128, count: i32): v128 {
  return v128.or(i32x4.shr_u(a, count), i32x4.shl(a, 32 - count));
}

function upperSigma0(x: u32): u32 {
  return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22);
}
function upperSigma1(x: u32): u32 {
  return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25);
}

/** Four rounds of SHA256 on words a to d and e to h; gives the former, or the latter when `second` is set. */
function sha256Rounds(abcd: v128, efgh: v128, schedule: v128, second: bool): v128 {
  const a = <u32>i32x4.extract_lane(abcd, 0);
  let b = <u32>i32x4.extract_lane(abcd, 1);
  let c = <u32>i32x4.extract_lane(abcd, 2);
  let d = <u32>i32x4.extract_lane(abcd, 3);
  let e = <u32>i32x4.extract_lane(efgh, 0);
  let f = <u32>i32x4.extract_lane(efgh, 1);
  let g = <u32>i32x4.extract_lane(efgh, 2);
  let h = <u32>i32x4.extract_lane(efgh, 3);
  // What is a, b … moves by one word a round.
  h += upperSigma1(e) + choose(e, f, g) + <u32>i32x4.extract_lane(schedule, 0);
  d += h;
  h += upperSigma0(a) + majority(a, b, c);
  g += upperSigma1(d) + choose(d, e, f) + <u32>i32x4.extract_lane(schedule, 1);
  c += g;
  g += upperSigma0(h) + majority(h, a, b);
  f += upperSigma1(c) + choose(c, d, e) + <u32>i32x4.extract_lane(schedule, 2);
  b += f;
  f += upperSigma0(g) + majority(g, h, a);
  e += upperSigma1(b) + choose(b, c, d) + <u32>i32x4.extract_lane(schedule, 3);
  if (second) return vector(a + e, b, c, d);
  return vector(e + upperSigma0(f) + majority(f, g, h), f, g, h);
}

export function sha256h(d: v128, n: v128, m: v128): v128 {
  return sha256Rounds(d, n, m, false);
}
export function sha256h2(d: v128, n: v128, m: v128): v128 {
  return sha256Rounds(n, d, m, true);
}

function lowerSigma1(a: v128): v128 {
  return v128.xor(v128.xor(rotateRight(a, 17), rotateRight(a, 19)), i32x4.shr_u(a, 10));
}

export function SHA1C_cryptosha3(cpu: usize, insn: u32): void {
  writeAll(cpu, insn, sha1c(readD(cpu, insn), readN(cpu, insn), readM(cpu, insn)));
}
export function SHA1P_cryptosha3(cpu: usize, insn: u32): void {
  writeAll(cpu, insn, sha1p(readD(cpu, insn), readN(cpu, insn), readM(cpu, insn)));
}
export function SHA1M_cryptosha3(cpu: usize, insn: u32): void {
  writeAll(cpu, insn, sha1m(readD(cpu, insn), readN(cpu, insn), readM(cpu, insn)));
}
export function SHA256H_cryptosha3(cpu: usize, insn: u32): void {
  writeAll(cpu, insn, sha256h(readD(cpu, insn), readN(cpu, insn), readM(cpu, insn)));
}
export function SHA256H2_cryptosha3(cpu: usize, insn: u32): void {
  writeAll(cpu, insn, sha256h2(readD(cpu, insn), readN(cpu, insn), readM(cpu, insn)));
}

export function SHA1SU0_cryptosha3(cpu: usize, insn: u32): void {
  const d = readD(cpu, insn);
  const shifted = i64x2.shuffle(d, readN(cpu, insn), 1, 2);
  writeAll(cpu, insn, v128.xor(v128.xor(shifted, d), readM(cpu, insn)));
}
export function SHA1H_cryptosha2(cpu: usize, insn: u32): void {
  const value = rotl<u32>(i32x4.extract_lane(readN(cpu, insn), 0), 30);
  writeAll(cpu, insn, i32x4.replace_lane(i64x2.splat(0), 0, value));
}
export function SHA1SU1_cryptosha2(cpu: usize, insn: u32): void {
  const zero = i64x2.splat(0);
  const mixed = v128.xor(readD(cpu, insn), i32x4.shuffle(readN(cpu, insn), zero, 1, 2, 3, 4));
  const first = i32x4.shuffle(rotateRight(mixed, 30), zero, 4, 4, 4, 0);
  writeAll(cpu, insn, v128.xor(rotateRight(mixed, 31), first));
}
export function SHA256SU0_cryptosha2(cpu: usize, insn: u32): void {
  const d = readD(cpu, insn);
  const next = i32x4.shuffle(d, readN(cpu, insn), 1, 2, 3, 4);
  const sigma = v128.xor(v128.xor(rotateRight(next, 7), rotateRight(next, 18)), i32x4.shr_u(next, 3));
  writeAll(cpu, insn, i32x4.add(d, sigma));
}
/** Words 2 and 3 need words 0 and 1 of the result. */
export function SHA256SU1_cryptosha3(cpu: usize, insn: u32): void {
  const m = readM(cpu, insn);
  const sum = i32x4.add(readD(cpu, insn), i32x4.shuffle(readN(cpu, insn), m, 1, 2, 3, 4));
  const low = i32x4.add(sum, lowerSigma1(i64x2.shuffle(m, m, 1, 1)));
  const high = i32x4.add(sum, lowerSigma1(i64x2.shuffle(low, low, 0, 0)));
  writeAll(cpu, insn, i64x2.shuffle(low, high, 0, 3));
}
