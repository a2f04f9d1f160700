/** Floating point natively: scalar arithmetic, conversions, comparisons, and their vector forms. */

/** Translates instruction `w` if it is one of these; false when its handler is to be called. */
export function emitFp(w: u32): bool {
  return false;
}
