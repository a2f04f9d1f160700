/**
 * Fused multiply-add. WebAssembly has it as a relaxed operation only, which a host may round twice; there single precision goes
 * through doubles and double precision to the handlers.
 */
import { beginFp, beginHost, orHandler, slowUnless, slowUnlessOrdinary, writeResult } from "./fp-guard";
import { L_D, readV } from "./locals";
import * as W from "./opcodes";
import { byte, get, i32c, simd, tee } from "./writer";

let fused: bool = false;

/** Tells whether the host has relaxed_madd, and rounds it once. */
export function jit_set_fused(on: bool): void {
  fused = on;
}
export function hasFused(): bool {
  return fused;
}

/** Pops three vectors a, b, c; pushes a * b + c, or with `negate` c - a * b. */
export function fusedLanes(isDoubles: bool, negate: bool): void {
  const op = isDoubles ? W.F64X2_RELAXED_MADD : W.F32X4_RELAXED_MADD;
  simd(negate ? op + 1 : op);
}

/** FMADD FMSUB FNMADD FNMSUB. */
export function emitFpMulAdd(w: u32, index: u32): bool {
  if ((w & (1 << 23)) != 0) return false;
  const isDoubles = (w & (1 << 22)) != 0;
  if (isDoubles && !fused) return false;
  beginFp(w, index, isDoubles);
  const n = (w >> 5) & 31;
  const m = (w >> 16) & 31;
  const a = (w >> 10) & 31;
  const d = w & 31;
  const negateAddend = (w & (1 << 21)) != 0;
  const negateProduct = ((w & (1 << 15)) != 0) != negateAddend;
  beginHost();
  if (fused) {
    readV(n);
    readV(m);
    readV(a);
    if (negateAddend) simd(isDoubles ? W.F64X2_NEG : W.F32X4_NEG);
    fusedLanes(isDoubles, negateProduct);
    simd(isDoubles ? W.F64X2_EXTRACT_LANE : W.F32X4_EXTRACT_LANE);
    byte(0);
  } else {
    addend(a);
    if (negateAddend) byte(W.F64_NEG);
    addend(n);
    addend(m);
    byte(W.F64_MUL);
    byte(negateProduct ? W.F64_SUB : W.F64_ADD);
    // Rounding twice goes wrong only where the first rounding makes a tie of what was none.
    tee(L_D);
    byte(W.I64_REINTERPRET_F64);
    byte(W.I32_WRAP_I64);
    i32c(0x1fff_ffff);
    byte(W.I32_AND);
    i32c(0x1000_0000);
    byte(W.I32_NE);
    slowUnless();
    get(L_D);
    byte(W.F32_DEMOTE_F64);
  }
  slowUnlessOrdinary(n, m);
  writeResult(d);
  orHandler((1 << n) | (1 << m) | (1 << a), 1 << d);
  return true;
}

/** Pushes the single precision element 0 of V<n> as a double. */
function addend(n: u32): void {
  readV(n);
  simd(W.F32X4_EXTRACT_LANE);
  byte(0);
  byte(W.F64_PROMOTE_F32);
}
