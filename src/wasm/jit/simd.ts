/** Advanced SIMD integer instructions as v128 operations. */

/** Translates instruction `w` if it is one of these; false when its handler is to be called. */
export function emitSimd(w: u32): bool {
  return false;
}
