/** AESMC and AESIMC as v128 operations (FIPS 197 5.1.3 and 5.3.3). Byte 4 * column + row of a register is the state's element. */
import { Rn } from "../a64/fields";
import { L_V, L_W, readV } from "./locals";
import * as W from "./opcodes";
import { setByte, shift, shuffle, splat, writeFull } from "./simd-emit";
import { get, set, simd, tee } from "./writer";

/** Pops a state into `local`, pushes it with each column's elements moved up by `rows`. */
function pushRotatedColumns(local: u32, rows: u32): void {
  tee(local);
  get(local);
  for (let i: u32 = 0; i < 16; i++) setByte(i, (i & 12) | ((i + rows) & 3));
  shuffle();
}
/** Pops a vector, pushes each byte times x in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1; uses L_W. */
function timesX(): void {
  tee(L_W);
  shift(0, W.LANES_SHL, 1);
  get(L_W);
  shift(0, W.LANES_SHR_S, 7);
  splat(0, 0x1b);
  simd(W.V128_AND);
  simd(W.V128_XOR);
}

/** AESMC; with `inverse` AESIMC, whose matrix is AESMC's after adding 4(a + c) to rows a and c, 4(b + d) to b and d. */
export function emitMixColumns(w: u32, inverse: bool): void {
  readV(Rn(w));
  if (inverse) {
    pushRotatedColumns(L_V, 2);
    get(L_V);
    simd(W.V128_XOR);
    timesX();
    timesX();
    get(L_V);
    simd(W.V128_XOR);
  }
  // 2a + 3b + c + d = 2(a + b) + b + (c + d).
  pushRotatedColumns(L_V, 1);
  tee(L_W);
  get(L_V);
  simd(W.V128_XOR);
  get(L_W);
  set(L_V);
  pushRotatedColumns(L_W, 2);
  get(L_V);
  simd(W.V128_XOR);
  get(L_W);
  timesX();
  simd(W.V128_XOR);
  writeFull(w);
}
