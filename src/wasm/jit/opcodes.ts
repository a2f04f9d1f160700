/** Numbers of the WebAssembly binary format that the compiler emits (WebAssembly Core Specification 5.4). */
export const UNREACHABLE: u32 = 0x00;
export const BLOCK: u32 = 0x02;
export const LOOP: u32 = 0x03;
export const IF: u32 = 0x04;
export const ELSE: u32 = 0x05;
export const END: u32 = 0x0b;
export const BR: u32 = 0x0c;
export const BR_IF: u32 = 0x0d;
export const RETURN: u32 = 0x0f;
export const CALL: u32 = 0x10;
export const CALL_INDIRECT: u32 = 0x11;
export const RETURN_CALL_INDIRECT: u32 = 0x13;
export const DROP: u32 = 0x1a;
export const SELECT: u32 = 0x1b;
export const LOCAL_GET: u32 = 0x20;
export const LOCAL_SET: u32 = 0x21;
export const LOCAL_TEE: u32 = 0x22;
export const I32_LOAD: u32 = 0x28;
export const I64_LOAD: u32 = 0x29;
export const I32_LOAD16_U: u32 = 0x2f;
export const I64_LOAD8_S: u32 = 0x30;
export const I64_LOAD8_U: u32 = 0x31;
export const I64_LOAD16_S: u32 = 0x32;
export const I64_LOAD16_U: u32 = 0x33;
export const I64_LOAD32_S: u32 = 0x34;
export const I64_LOAD32_U: u32 = 0x35;
export const I32_STORE: u32 = 0x36;
export const I64_STORE: u32 = 0x37;
export const I64_STORE8: u32 = 0x3c;
export const I64_STORE16: u32 = 0x3d;
export const I64_STORE32: u32 = 0x3e;
export const I32_CONST: u32 = 0x41;
export const I64_CONST: u32 = 0x42;
export const I32_EQZ: u32 = 0x45;
export const I32_EQ: u32 = 0x46;
export const I32_NE: u32 = 0x47;
export const I32_LT_S: u32 = 0x48;
export const I32_LT_U: u32 = 0x49;
export const I32_GT_S: u32 = 0x4a;
export const I32_GT_U: u32 = 0x4b;
export const I32_LE_S: u32 = 0x4c;
export const I32_LE_U: u32 = 0x4d;
export const I32_GE_S: u32 = 0x4e;
export const I32_GE_U: u32 = 0x4f;
export const I64_EQZ: u32 = 0x50;
export const I64_EQ: u32 = 0x51;
export const I32_CLZ: u32 = 0x67;
export const I32_ADD: u32 = 0x6a;
export const I32_SUB: u32 = 0x6b;
export const I32_AND: u32 = 0x71;
export const I32_OR: u32 = 0x72;
export const I32_SHL: u32 = 0x74;
export const I32_SHR_U: u32 = 0x76;
export const I64_CLZ: u32 = 0x79;
export const I64_ADD: u32 = 0x7c;
export const I64_SUB: u32 = 0x7d;
export const I64_MUL: u32 = 0x7e;
export const I64_AND: u32 = 0x83;
export const I64_OR: u32 = 0x84;
export const I64_XOR: u32 = 0x85;
export const I64_SHL: u32 = 0x86;
export const I64_SHR_S: u32 = 0x87;
export const I64_SHR_U: u32 = 0x88;
export const I64_ROTR: u32 = 0x8a;
export const I32_WRAP_I64: u32 = 0xa7;
export const I64_EXTEND_I32_S: u32 = 0xac;
export const I64_EXTEND_I32_U: u32 = 0xad;
export const I64_EXTEND8_S: u32 = 0xc2;
export const I64_EXTEND16_S: u32 = 0xc3;
export const I64_EXTEND32_S: u32 = 0xc4;
export const SIMD_PREFIX: u32 = 0xfd;

/** Behind SIMD_PREFIX. */
export const V128_LOAD: u32 = 0x00;
/** load8_splat; those of 16, 32 and 64 bits follow. */
export const V128_LOAD_SPLAT: u32 = 0x07;
export const V128_STORE: u32 = 0x0b;
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
export const V128_STORE64_LANE: u32 = 0x5b;
export const V128_LOAD32_ZERO: u32 = 0x5c;
export const V128_LOAD64_ZERO: u32 = 0x5d;
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

/** An i32 operator of the range 0x45..0x4f is 0x0b below its i64 one, arithmetic of 0x67..0x78 is 0x12 below. */
export const COMPARE_TO_I64: u32 = 0x0b;
export const ARITHMETIC_TO_I64: u32 = 0x12;

/** Value types and the type of a block without a value. */
export const TYPE_I32: u32 = 0x7f;
export const TYPE_I64: u32 = 0x7e;
export const TYPE_F32: u32 = 0x7d;
export const TYPE_F64: u32 = 0x7c;
export const TYPE_V128: u32 = 0x7b;
export const VOID: u32 = 0x40;
