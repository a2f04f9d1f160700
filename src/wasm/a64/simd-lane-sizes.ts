/**
 * Lanes that change their size or place: extension, narrowing, pairing. `size` is that of the narrow lanes, 0..2;
 * for the lanes of evenLanes and oddLanes 0..3.
 */

/** Lanes of the low half of `a` at twice their size, sign-extended (sizes 0..2). */
export function extendS(size: u32, a: v128): v128 {
  switch (size) {
    case 0:
      return i16x8.extend_low_i8x16_s(a);
    case 1:
      return i32x4.extend_low_i16x8_s(a);
    default:
      return i64x2.extend_low_i32x4_s(a);
  }
}

/** The same, zero-extended. */
export function extendU(size: u32, a: v128): v128 {
  switch (size) {
    case 0:
      return i16x8.extend_low_i8x16_u(a);
    case 1:
      return i32x4.extend_low_i16x8_u(a);
    default:
      return i64x2.extend_low_i32x4_u(a);
  }
}

/** Full products of the low halves' lanes, signed (sizes 0..2). */
export function extendMulS(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i16x8.extmul_low_i8x16_s(a, b);
    case 1:
      return i32x4.extmul_low_i16x8_s(a, b);
    default:
      return i64x2.extmul_low_i32x4_s(a, b);
  }
}

/** The same, unsigned. */
export function extendMulU(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i16x8.extmul_low_i8x16_u(a, b);
    case 1:
      return i32x4.extmul_low_i16x8_u(a, b);
    default:
      return i64x2.extmul_low_i32x4_u(a, b);
  }
}

/** The low half of each lane of size + 1, packed to the low 64 bits; the rest is zero (sizes 0..2). */
export function narrow(size: u32, a: v128): v128 {
  const zero = i64x2.splat(0);
  switch (size) {
    case 0:
      return i8x16.shuffle(a, zero, 0, 2, 4, 6, 8, 10, 12, 14, 16, 16, 16, 16, 16, 16, 16, 16);
    case 1:
      return i16x8.shuffle(a, zero, 0, 2, 4, 6, 8, 8, 8, 8);
    default:
      return i32x4.shuffle(a, zero, 0, 2, 4, 4);
  }
}

/** The high half of each lane of size + 1, packed to the low 64 bits; the rest is zero (sizes 0..2). */
export function narrowHigh(size: u32, a: v128): v128 {
  const zero = i64x2.splat(0);
  switch (size) {
    case 0:
      return i8x16.shuffle(a, zero, 1, 3, 5, 7, 9, 11, 13, 15, 16, 16, 16, 16, 16, 16, 16, 16);
    case 1:
      return i16x8.shuffle(a, zero, 1, 3, 5, 7, 8, 8, 8, 8);
    default:
      return i32x4.shuffle(a, zero, 1, 3, 4, 4);
  }
}

/** Even lanes of a, then even lanes of b (UZP1). */
export function evenLanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.shuffle(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    case 1:
      return i16x8.shuffle(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
    case 2:
      return i32x4.shuffle(a, b, 0, 2, 4, 6);
    default:
      return i64x2.shuffle(a, b, 0, 2);
  }
}

/** Odd lanes of a, then odd lanes of b (UZP2). */
export function oddLanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.shuffle(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    case 1:
      return i16x8.shuffle(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
    case 2:
      return i32x4.shuffle(a, b, 1, 3, 5, 7);
    default:
      return i64x2.shuffle(a, b, 1, 3);
  }
}

/** The low 64 bits of a, then those of b. */
export function joinLow(a: v128, b: v128): v128 {
  return i64x2.shuffle(a, b, 0, 2);
}
