/** Advanced SIMD integer and cryptographic instructions as v128 operations; moves, loads and stores of SIMD and FP registers. */
import { emitVectorCrypto } from "./crypto";
import { emitCopy, emitModifiedImmediate, emitMoveGeneral, emitMoveScalar } from "./simd-copy";
import { emitAcrossLanes, emitTwoRegister } from "./simd-misc";
import { emitExtract, emitPermute, emitTable } from "./simd-permute";
import { emitShiftImmediate } from "./simd-shift";
import { emitByElement, emitThreeDifferent } from "./simd-three-diff";
import { emitPairwiseScalar, emitThreeSame } from "./simd-three-same";
import { emitVectorMemory } from "./vector-memory";

/** The groups of ARM ARM C4.1.96 with bits 28:24 01110. */
function emitVector(w: u32): bool {
  if ((w & 0x9f20_0400) == 0x0e20_0400) return emitThreeSame(w);
  if ((w & 0x9f3e_0c00) == 0x0e20_0800) return emitTwoRegister(w);
  if ((w & 0x9f3e_0c00) == 0x0e30_0800) return emitAcrossLanes(w);
  if ((w & 0xbf20_fc00) == 0x0e20_e000) return emitVectorCrypto(w);
  if ((w & 0x9f20_0c00) == 0x0e20_0000) return emitThreeDifferent(w);
  if ((w & 0x9fe0_8400) == 0x0e00_0400) return emitCopy(w);
  if ((w & 0xbf20_8c00) == 0x0e00_0800) return emitPermute(w);
  if ((w & 0xbfe0_8c00) == 0x0e00_0000) return emitTable(w);
  if ((w & 0xbfe0_8400) == 0x2e00_0000) return emitExtract(w);
  return emitVectorCrypto(w);
}

/** FMOV (general): W and S, X and D, X and the upper half. */
function movesGeneral(w: u32): bool {
  if ((w & 0xfffe_fc00) == 0x1e26_0000 || (w & 0xfffe_fc00) == 0x9e66_0000) return true;
  return (w & 0xfffe_fc00) == 0x9eae_0000;
}

/** Translates instruction `w` if it is one of these; false, with nothing emitted, when its handler is to be called. */
export function emitSimd(w: u32): bool {
  // Loads and stores are those with bits 27 and 25 1 and 0.
  if ((w & 0x0a00_0000) == 0x0800_0000) return emitVectorMemory(w);
  if ((w & 0x9f00_0000) == 0x0e00_0000) return emitVector(w);
  if ((w & 0x9f00_0400) == 0x0f00_0000) return emitByElement(w);
  if ((w & 0x9ff8_0c00) == 0x0f00_0400) return emitModifiedImmediate(w);
  if ((w & 0x9f80_0400) == 0x0f00_0400 || (w & 0xdf80_0400) == 0x5f00_0400) return emitShiftImmediate(w);
  if (movesGeneral(w)) return emitMoveGeneral(w);
  if ((w & 0xffbf_fc00) == 0x1e20_4000) return emitMoveScalar(w);
  // Scalar forms.
  if ((w & 0xdf20_0400) == 0x5e20_0400) return emitThreeSame(w);
  if ((w & 0xdffe_0c00) == 0x5ee0_0800) return emitTwoRegister(w);
  if ((w & 0xffff_fc00) == 0x5ef1_b800) return emitPairwiseScalar(w);
  if ((w & 0xffe0_fc00) == 0x5e00_0400) return emitCopy(w);
  return emitVectorCrypto(w);
}
