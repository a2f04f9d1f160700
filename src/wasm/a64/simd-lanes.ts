/**
 * Lane arithmetic on whole vectors for an element size that is known when the instruction runs: `size` is 0..3 for
 * 8, 16, 32 and 64 bits, as the instruction field. Lanes wrap; comparisons give all ones or zero.
 */

/** Each lane's sign bit inverted orders unsigned 64-bit lanes as signed ones. */
function flipSign64(a: v128): v128 {
  return v128.xor(a, i64x2.splat(i64.MIN_VALUE));
}

/** a + b in lanes of 8 << size bits, modulo. */
export function addLanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.add(a, b);
    case 1:
      return i16x8.add(a, b);
    case 2:
      return i32x4.add(a, b);
    default:
      return i64x2.add(a, b);
  }
}

/** a - b in lanes of 8 << size bits, modulo. */
export function subLanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.sub(a, b);
    case 1:
      return i16x8.sub(a, b);
    case 2:
      return i32x4.sub(a, b);
    default:
      return i64x2.sub(a, b);
  }
}

/** Bytes have no multiplication of their own: even and odd ones as 16-bit lanes. */
function mulBytes(a: v128, b: v128): v128 {
  const even = v128.and(i16x8.mul(a, b), i16x8.splat(0xff));
  const odd = i16x8.shl(i16x8.mul(i16x8.shr_u(a, 8), i16x8.shr_u(b, 8)), 8);
  return v128.or(even, odd);
}

/** Sizes 0..2. */
export function mulLanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return mulBytes(a, b);
    case 1:
      return i16x8.mul(a, b);
    default:
      return i32x4.mul(a, b);
  }
}

/** -a in lanes of 8 << size bits, modulo. */
export function negLanes(size: u32, a: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.neg(a);
    case 1:
      return i16x8.neg(a);
    case 2:
      return i32x4.neg(a);
    default:
      return i64x2.neg(a);
  }
}

/** The most negative value stays as it is. */
export function absLanes(size: u32, a: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.abs(a);
    case 1:
      return i16x8.abs(a);
    case 2:
      return i32x4.abs(a);
    default:
      return i64x2.abs(a);
  }
}

/** `count` is less than the element size. */
export function shlLanes(size: u32, a: v128, count: i32): v128 {
  switch (size) {
    case 0:
      return i8x16.shl(a, count);
    case 1:
      return i16x8.shl(a, count);
    case 2:
      return i32x4.shl(a, count);
    default:
      return i64x2.shl(a, count);
  }
}

/** Arithmetic shift right of lanes of 8 << size bits; `count` below the lane's width. */
export function shrSLanes(size: u32, a: v128, count: i32): v128 {
  switch (size) {
    case 0:
      return i8x16.shr_s(a, count);
    case 1:
      return i16x8.shr_s(a, count);
    case 2:
      return i32x4.shr_s(a, count);
    default:
      return i64x2.shr_s(a, count);
  }
}

/** Logical shift right of lanes of 8 << size bits; `count` below the lane's width. */
export function shrULanes(size: u32, a: v128, count: i32): v128 {
  switch (size) {
    case 0:
      return i8x16.shr_u(a, count);
    case 1:
      return i16x8.shr_u(a, count);
    case 2:
      return i32x4.shr_u(a, count);
    default:
      return i64x2.shr_u(a, count);
  }
}

/** Sizes 0..2. */
export function minSLanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.min_s(a, b);
    case 1:
      return i16x8.min_s(a, b);
    default:
      return i32x4.min_s(a, b);
  }
}

/** Sizes 0..2. */
export function maxSLanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.max_s(a, b);
    case 1:
      return i16x8.max_s(a, b);
    default:
      return i32x4.max_s(a, b);
  }
}

/** Sizes 0..2. */
export function minULanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.min_u(a, b);
    case 1:
      return i16x8.min_u(a, b);
    default:
      return i32x4.min_u(a, b);
  }
}

/** Sizes 0..2. */
export function maxULanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.max_u(a, b);
    case 1:
      return i16x8.max_u(a, b);
    default:
      return i32x4.max_u(a, b);
  }
}

/** All ones where a = b, in lanes of 8 << size bits. */
export function eqLanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.eq(a, b);
    case 1:
      return i16x8.eq(a, b);
    case 2:
      return i32x4.eq(a, b);
    default:
      return i64x2.eq(a, b);
  }
}

/** All ones where a > b, signed, in lanes of 8 << size bits. */
export function gtSLanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.gt_s(a, b);
    case 1:
      return i16x8.gt_s(a, b);
    case 2:
      return i32x4.gt_s(a, b);
    default:
      return i64x2.gt_s(a, b);
  }
}

/** All ones where a >= b, signed, in lanes of 8 << size bits. */
export function geSLanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.ge_s(a, b);
    case 1:
      return i16x8.ge_s(a, b);
    case 2:
      return i32x4.ge_s(a, b);
    default:
      return i64x2.ge_s(a, b);
  }
}

/** All ones where a > b, unsigned, in lanes of 8 << size bits. */
export function gtULanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.gt_u(a, b);
    case 1:
      return i16x8.gt_u(a, b);
    case 2:
      return i32x4.gt_u(a, b);
    default:
      return i64x2.gt_s(flipSign64(a), flipSign64(b));
  }
}

/** All ones where a >= b, unsigned, in lanes of 8 << size bits. */
export function geULanes(size: u32, a: v128, b: v128): v128 {
  switch (size) {
    case 0:
      return i8x16.ge_u(a, b);
    case 1:
      return i16x8.ge_u(a, b);
    case 2:
      return i32x4.ge_u(a, b);
    default:
      return i64x2.ge_s(flipSign64(a), flipSign64(b));
  }
}

/** The low bits of `value` in every lane. */
export function splatLanes(size: u32, value: u64): v128 {
  switch (size) {
    case 0:
      return i8x16.splat(<i8>value);
    case 1:
      return i16x8.splat(<i16>value);
    case 2:
      return i32x4.splat(<i32>value);
    default:
      return i64x2.splat(<i64>value);
  }
}

/** The most negative value of an element. */
export function minSigned(size: u32): u64 {
  return (<u64>1) << ((8 << size) - 1);
}
