/** Numbers of vector operators for integer lanes, behind SIMD_PREFIX (WebAssembly Core Specification 5.4.9). */

/** load8_splat; those of 16, 32 and 64 bits follow. */
export const V128_LOAD_SPLAT: u32 = 0x07;
export const V128_CONST: u32 = 0x0c;
export const I8X16_SHUFFLE: u32 = 0x0d;
export const I8X16_SWIZZLE: u32 = 0x0e;
/** i8x16.splat; those of i16x8, i32x4 and i64x2 follow. */
export const SPLAT: u32 = 0x0f;
export const I8X16_EXTRACT_LANE_S: u32 = 0x15;
export const I8X16_EXTRACT_LANE_U: u32 = 0x16;
export const I8X16_REPLACE_LANE: u32 = 0x17;
export const I16X8_EXTRACT_LANE_S: u32 = 0x18;
export const I16X8_EXTRACT_LANE_U: u32 = 0x19;
export const I16X8_REPLACE_LANE: u32 = 0x1a;
export const I32X4_EXTRACT_LANE: u32 = 0x1b;
export const I32X4_REPLACE_LANE: u32 = 0x1c;
export const I64X2_EXTRACT_LANE: u32 = 0x1d;
export const I64X2_REPLACE_LANE: u32 = 0x1e;
export const I8X16_LT_U: u32 = 0x26;
export const V128_NOT: u32 = 0x4d;
export const V128_AND: u32 = 0x4e;
export const V128_ANDNOT: u32 = 0x4f;
export const V128_OR: u32 = 0x50;
export const V128_XOR: u32 = 0x51;
export const V128_BITSELECT: u32 = 0x52;
/** v128.load8_lane and v128.store8_lane; those of 16, 32 and 64 bits follow. */
export const V128_LOAD_LANE: u32 = 0x54;
export const V128_STORE_LANE: u32 = 0x58;
export const V128_LOAD32_ZERO: u32 = 0x5c;
export const I8X16_POPCNT: u32 = 0x62;
export const I16X8_EXTADD_PAIRWISE_S: u32 = 0x7c;
export const I16X8_EXTADD_PAIRWISE_U: u32 = 0x7d;
export const I32X4_EXTADD_PAIRWISE_S: u32 = 0x7e;
export const I32X4_EXTADD_PAIRWISE_U: u32 = 0x7f;

/** Arithmetic of i8x16 is at 0x60, that of i16x8, i32x4 and i64x2 each 0x20 further on; in those groups: */
export const LANES: u32 = 0x60;
export const LANES_ABS: u32 = 0;
export const LANES_NEG: u32 = 1;
/** extend_low_s from the narrower lanes; then high_s, low_u, high_u. Not for i8x16. */
export const LANES_EXTEND: u32 = 7;
export const LANES_SHL: u32 = 11;
export const LANES_SHR_S: u32 = 12;
export const LANES_SHR_U: u32 = 13;
export const LANES_ADD: u32 = 14;
export const LANES_SUB: u32 = 17;
/** Not for i8x16. */
export const LANES_MUL: u32 = 21;
/** Not for i64x2; nor are the next four. */
export const LANES_MIN_S: u32 = 22;
export const LANES_MIN_U: u32 = 23;
export const LANES_MAX_S: u32 = 24;
export const LANES_MAX_U: u32 = 25;
/** Only for i8x16 and i16x8. */
export const LANES_AVGR_U: u32 = 27;
/** extmul_low_s from the narrower lanes; then high_s, low_u, high_u. Not for i8x16. */
export const LANES_EXTMUL: u32 = 28;

/** Comparisons of i8x16 are at 0x23, those of i16x8 and i32x4 each 10 further on; those of i64x2 are at 0xd6. */
export const COMPARE: u32 = 0x23;
export const COMPARE_I64X2: u32 = 0xd6;
