/** Floating point natively: which instruction is whose (ARM ARM C4.1.96). */
import { emitFpGeneral } from "./fp-convert";
import { emitFpMulAdd } from "./fp-fused";
import { emitFpBinary, emitFpCompare, emitFpImmediate, emitFpSelect, emitFpUnary } from "./fp-scalar";
import { emitFpByElement, emitFpMisc, emitFpScalarPairwise, emitFpThreeSame } from "./fp-vector";

/** Translates instruction `w`, whose handler is `index`, if it is one of these; false when its handler is to be called. */
export function emitFp(w: u32, index: u32): bool {
  const group = w >> 24;
  // Half precision is the handlers'.
  if (group == 0x1e && (w & (1 << 21)) != 0 && (w & 0xfc00) != 0) return emitScalar(w, index);
  if ((group | 0x80) == 0x9e) return emitFpGeneral(w, index);
  if (group == 0x1f) return emitFpMulAdd(w, index);
  // Vectors, and with bit 28 their scalar forms.
  const scalar = (w & 0xd000_0000) == 0x5000_0000;
  if (!scalar && (w & 0x9000_0000) != 0) return false;
  const form = w & 0x0f20_0c00;
  if ((form & 0x0f20_0400) == 0x0e20_0400) return emitFpThreeSame(w, index);
  if (form == 0x0e20_0800) {
    if ((w & 0x001e_0000) == 0) return emitFpMisc(w, index);
    return scalar && (w & 0x001e_0000) == 0x0010_0000 && emitFpScalarPairwise(w, index);
  }
  if ((w & 0x2f80_0400) == 0x0f80_0000) return emitFpByElement(w, index);
  return false;
}

function emitScalar(w: u32, index: u32): bool {
  if ((w >> 22) & 2) return false;
  const low = (w >> 10) & 3;
  if (low == 1) return emitFpCompare(w, index, true);
  if (low == 2) return emitFpBinary(w, index);
  if (low == 3) return emitFpSelect(w, index);
  const kind = (w >> 12) & 15;
  if ((kind & 1) != 0) return emitFpImmediate(w, index);
  if ((kind & 3) == 2) return emitFpCompare(w, index, false);
  if ((kind & 7) == 4) return emitFpUnary(w, index);
  return false;
}
