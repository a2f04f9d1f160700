/** SHA1 and SHA256 instructions (ARM ARM C7, FIPS 180-4). Element 0 of a register is the first word. */
import { Rd, Rm, Rn, vreg } from "./fields";
import { readD, readM, readN } from "./simd-operands";

function choose(x: u32, y: u32, z: u32): u32 {
  return ((y ^ z) & x) ^ z;
}
function parity(x: u32, y: u32, z: u32): u32 {
  return x ^ y ^ z;
}
function majority(x: u32, y: u32, z: u32): u32 {
  return (x & y) | ((x | y) & z);
}

const SHA1_CHOOSE: u32 = 0;
const SHA1_PARITY: u32 = 1;

/** Four rounds of SHA1 with words a..d in V[d], e in V[n], and the schedule plus constant in V[m]. */
function sha1Rounds(cpu: usize, insn: u32, mixing: u32): void {
  const to = vreg(cpu, Rd(insn));
  const schedule = vreg(cpu, Rm(insn));
  let a = load<u32>(to);
  let b = load<u32>(to, 4);
  let c = load<u32>(to, 8);
  let d = load<u32>(to, 12);
  let e = load<u32>(vreg(cpu, Rn(insn)));
  for (let round: usize = 0; round < 4; round++) {
    let mixed: u32;
    if (mixing == SHA1_CHOOSE) mixed = choose(b, c, d);
    else if (mixing == SHA1_PARITY) mixed = parity(b, c, d);
    else mixed = majority(b, c, d);
    const next = e + rotl<u32>(a, 5) + mixed + load<u32>(schedule + (round << 2));
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  v128.store(to, i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(a), 1, b), 2, c), 3, d));
}

export function SHA1C_cryptosha3(cpu: usize, insn: u32): void {
  sha1Rounds(cpu, insn, SHA1_CHOOSE);
}
export function SHA1P_cryptosha3(cpu: usize, insn: u32): void {
  sha1Rounds(cpu, insn, SHA1_PARITY);
}
export function SHA1M_cryptosha3(cpu: usize, insn: u32): void {
  sha1Rounds(cpu, insn, SHA1_PARITY + 1);
}
export function SHA1SU0_cryptosha3(cpu: usize, insn: u32): void {
  const d = readD(cpu, insn);
  const shifted = i64x2.shuffle(d, readN(cpu, insn), 1, 2);
  v128.store(vreg(cpu, Rd(insn)), v128.xor(v128.xor(shifted, d), readM(cpu, insn)));
}
export function SHA1H_cryptosha2(cpu: usize, insn: u32): void {
  const value = rotl<u32>(load<u32>(vreg(cpu, Rn(insn))), 30);
  v128.store(vreg(cpu, Rd(insn)), i32x4.replace_lane(i64x2.splat(0), 0, value));
}
export function SHA1SU1_cryptosha2(cpu: usize, insn: u32): void {
  const zero = i64x2.splat(0);
  const mixed = v128.xor(readD(cpu, insn), i32x4.shuffle(readN(cpu, insn), zero, 1, 2, 3, 4));
  const rotated = rotateRight(mixed, 31);
  const first = i32x4.shuffle(rotateRight(mixed, 30), zero, 4, 4, 4, 0);
  v128.store(vreg(cpu, Rd(insn)), v128.xor(rotated, first));
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

/** Four rounds of SHA256 on a..d and e..h (register addresses); writes a..d, or e..h when `second` is set, to V[d]. */
function sha256Rounds(cpu: usize, insn: u32, abcd: usize, efgh: usize, second: bool): void {
  const schedule = vreg(cpu, Rm(insn));
  let a = load<u32>(abcd);
  let b = load<u32>(abcd, 4);
  let c = load<u32>(abcd, 8);
  let d = load<u32>(abcd, 12);
  let e = load<u32>(efgh);
  let f = load<u32>(efgh, 4);
  let g = load<u32>(efgh, 8);
  let h = load<u32>(efgh, 12);
  for (let round: usize = 0; round < 4; round++) {
    const t1 = h + upperSigma1(e) + choose(e, f, g) + load<u32>(schedule + (round << 2));
    const t2 = upperSigma0(a) + majority(a, b, c);
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const x = second ? e : a;
  const y = second ? f : b;
  const z = second ? g : c;
  const w = second ? h : d;
  v128.store(
    vreg(cpu, Rd(insn)),
    i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(x), 1, y), 2, z), 3, w),
  );
}

export function SHA256H_cryptosha3(cpu: usize, insn: u32): void {
  sha256Rounds(cpu, insn, vreg(cpu, Rd(insn)), vreg(cpu, Rn(insn)), false);
}
export function SHA256H2_cryptosha3(cpu: usize, insn: u32): void {
  sha256Rounds(cpu, insn, vreg(cpu, Rn(insn)), vreg(cpu, Rd(insn)), true);
}
export function SHA256SU0_cryptosha2(cpu: usize, insn: u32): void {
  const d = readD(cpu, insn);
  const next = i32x4.shuffle(d, readN(cpu, insn), 1, 2, 3, 4);
  const sigma = v128.xor(v128.xor(rotateRight(next, 7), rotateRight(next, 18)), i32x4.shr_u(next, 3));
  v128.store(vreg(cpu, Rd(insn)), i32x4.add(d, sigma));
}

function lowerSigma1(a: v128): v128 {
  return v128.xor(v128.xor(rotateRight(a, 17), rotateRight(a, 19)), i32x4.shr_u(a, 10));
}
/** Words 2 and 3 need words 0 and 1 of the result. */
export function SHA256SU1_cryptosha3(cpu: usize, insn: u32): void {
  const m = readM(cpu, insn);
  const sum = i32x4.add(readD(cpu, insn), i32x4.shuffle(readN(cpu, insn), m, 1, 2, 3, 4));
  const low = i32x4.add(sum, lowerSigma1(i64x2.shuffle(m, m, 1, 1)));
  const high = i32x4.add(sum, lowerSigma1(i64x2.shuffle(low, low, 0, 0)));
  v128.store(vreg(cpu, Rd(insn)), i64x2.shuffle(low, high, 0, 3));
}
