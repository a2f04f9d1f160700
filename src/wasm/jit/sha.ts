/** The message schedules of SHA1 and SHA256, and SHA1H, as v128 operations (ARM ARM C7; FIPS 180-4). */
import { Rd, Rm, Rn } from "../a64/fields";
import { L_V, L_W, L_ZERO, knowSignificantBits, readV } from "./locals";
import * as W from "./opcodes";
import { laned, pushOperands, setElement, shift, shuffle, writeFull } from "./simd-emit";
import { byte, get, i32c, set, simd } from "./writer";

/** log2 of the size of a word, and of a doubleword. */
const WORD: u32 = 2;
const DOUBLEWORD: u32 = 3;

/** Pops two vectors, pushes the words `a` to `d` of both. */
function pickWords(a: u32, b: u32, c: u32, d: u32): void {
  setElement(WORD, 0, a);
  setElement(WORD, 1, b);
  setElement(WORD, 2, c);
  setElement(WORD, 3, d);
  shuffle();
}
/** Pops two vectors, pushes the doublewords `a` and `b` of both. */
function pickDoublewords(a: u32, b: u32): void {
  setElement(DOUBLEWORD, 0, a);
  setElement(DOUBLEWORD, 1, b);
  shuffle();
}
/** Pushes each word of L_V shifted right. */
function pushShifted(amount: u32): void {
  get(L_V);
  shift(WORD, W.LANES_SHR_U, amount);
}
/** Pushes each word of L_V rotated right. */
function pushRotated(amount: u32): void {
  pushShifted(amount);
  get(L_V);
  shift(WORD, W.LANES_SHL, 32 - amount);
  simd(W.V128_OR);
}
/** Pushes of each word of L_V its two rotations and its shift, added in GF(2): a small sigma. */
function pushSigma(first: u32, second: u32, shifted: u32): void {
  pushRotated(first);
  pushRotated(second);
  simd(W.V128_XOR);
  pushShifted(shifted);
  simd(W.V128_XOR);
}

/** SHA1SU0. */
export function emitSha1Su0(w: u32): void {
  readV(Rd(w));
  readV(Rn(w));
  pickDoublewords(1, 2);
  readV(Rd(w));
  simd(W.V128_XOR);
  readV(Rm(w));
  simd(W.V128_XOR);
  writeFull(w);
}
/** SHA1SU1: word 3 needs word 0 of the result. */
export function emitSha1Su1(w: u32): void {
  readV(Rd(w));
  readV(Rn(w));
  get(L_ZERO);
  pickWords(1, 2, 3, 4);
  simd(W.V128_XOR);
  set(L_V);
  pushRotated(31);
  pushRotated(30);
  get(L_ZERO);
  pickWords(4, 4, 4, 0);
  simd(W.V128_XOR);
  writeFull(w);
}
/** SHA1H. */
export function emitSha1H(w: u32): void {
  get(L_ZERO);
  readV(Rn(w));
  simd(W.I32X4_EXTRACT_LANE);
  byte(0);
  i32c(2);
  byte(W.I32_ROTR);
  simd(W.I32X4_REPLACE_LANE);
  byte(0);
  writeFull(w);
  knowSignificantBits(Rd(w), 32);
}

/** SHA256SU0. */
export function emitSha256Su0(w: u32): void {
  readV(Rd(w));
  readV(Rn(w));
  pickWords(1, 2, 3, 4);
  set(L_V);
  readV(Rd(w));
  pushSigma(7, 18, 3);
  laned(WORD, W.LANES_ADD);
  writeFull(w);
}
/** SHA256SU1: words 2 and 3 need words 0 and 1 of the result. */
export function emitSha256Su1(w: u32): void {
  readV(Rd(w));
  pushOperands(w);
  pickWords(1, 2, 3, 4);
  laned(WORD, W.LANES_ADD);
  set(L_W);
  readV(Rm(w));
  readV(Rm(w));
  pickDoublewords(1, 1);
  addSigma();
  // No operand is read any more: V<d> has the lower half meanwhile.
  writeFull(w);
  readV(Rd(w));
  readV(Rd(w));
  readV(Rd(w));
  pickDoublewords(0, 0);
  addSigma();
  pickDoublewords(0, 3);
  writeFull(w);
}
/** Pops a vector, pushes its sigma added to L_W. */
function addSigma(): void {
  set(L_V);
  get(L_W);
  pushSigma(17, 19, 10);
  laned(WORD, W.LANES_ADD);
}
