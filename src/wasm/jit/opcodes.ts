/** Numbers of the WebAssembly binary format that the compiler emits (WebAssembly Core Specification 5.3 and 5.4): the one list of them. */

/** Types: values, functions, references to them; and of a block without a value. */
export const TYPE_FUNC: u32 = 0x60;
export const TYPE_FUNCREF: u32 = 0x70;
export const TYPE_V128: u32 = 0x7b;
export const TYPE_F64: u32 = 0x7c;
export const TYPE_F32: u32 = 0x7d;
export const TYPE_I64: u32 = 0x7e;
export const TYPE_I32: u32 = 0x7f;
export const VOID: u32 = 0x40;

/** Instructions of one byte. */
export const BLOCK: u32 = 0x02;
export const LOOP: u32 = 0x03;
export const IF: u32 = 0x04;
export const ELSE: u32 = 0x05;
export const END: u32 = 0x0b;
export const BR: u32 = 0x0c;
export const BR_IF: u32 = 0x0d;
export const BR_TABLE: u32 = 0x0e;
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
export const F32_LOAD: u32 = 0x2a;
export const F64_LOAD: u32 = 0x2b;
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
export const F32_CONST: u32 = 0x43;
export const F64_CONST: u32 = 0x44;
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
export const I64_NE: u32 = 0x52;
export const I64_LT_S: u32 = 0x53;
export const F32_LT: u32 = 0x5d;
export const F32_GT: u32 = 0x5e;
export const F32_LE: u32 = 0x5f;
export const F32_GE: u32 = 0x60;
export const I32_CLZ: u32 = 0x67;
export const I32_ADD: u32 = 0x6a;
export const I32_SUB: u32 = 0x6b;
export const I32_MUL: u32 = 0x6c;
export const I32_DIV_S: u32 = 0x6d;
export const I32_DIV_U: u32 = 0x6e;
export const I32_AND: u32 = 0x71;
export const I32_OR: u32 = 0x72;
export const I32_XOR: u32 = 0x73;
export const I32_SHL: u32 = 0x74;
export const I32_SHR_S: u32 = 0x75;
export const I32_SHR_U: u32 = 0x76;
export const I32_ROTR: u32 = 0x78;
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
export const F32_ABS: u32 = 0x8b;
export const F32_NEG: u32 = 0x8c;
export const F32_CEIL: u32 = 0x8d;
export const F32_FLOOR: u32 = 0x8e;
export const F32_TRUNC: u32 = 0x8f;
export const F32_NEAREST: u32 = 0x90;
export const F32_SQRT: u32 = 0x91;
export const F32_ADD: u32 = 0x92;
export const F32_SUB: u32 = 0x93;
export const F32_MUL: u32 = 0x94;
export const F32_DIV: u32 = 0x95;
export const F32_MIN: u32 = 0x96;
export const F32_MAX: u32 = 0x97;
export const F32_COPYSIGN: u32 = 0x98;
export const F64_NEG: u32 = 0x9a;
export const F64_ADD: u32 = 0xa0;
export const F64_SUB: u32 = 0xa1;
export const F64_MUL: u32 = 0xa2;
export const I32_WRAP_I64: u32 = 0xa7;
export const I64_EXTEND_I32_S: u32 = 0xac;
export const I64_EXTEND_I32_U: u32 = 0xad;
export const F32_CONVERT_I32_S: u32 = 0xb2;
export const F32_DEMOTE_F64: u32 = 0xb6;
export const F64_CONVERT_I32_S: u32 = 0xb7;
export const F64_PROMOTE_F32: u32 = 0xbb;
export const I32_REINTERPRET_F32: u32 = 0xbc;
export const I64_REINTERPRET_F64: u32 = 0xbd;
export const I64_EXTEND8_S: u32 = 0xc2;
export const I64_EXTEND16_S: u32 = 0xc3;
export const I64_EXTEND32_S: u32 = 0xc4;

/** Operators of i64 are so far above those of i32: comparisons (0x45 to 0x4f), and arithmetic (0x67 to 0x78). */
export const COMPARE_TO_I64: u32 = 0x0b;
export const ARITHMETIC_TO_I64: u32 = 0x12;
/** Those of f64 above those of f32. */
export const COMPARE_TO_F64: u32 = 6;
export const ARITHMETIC_TO_F64: u32 = 0x0e;

/** A prefix, and behind it saturating truncations: i32 from f32 signed, unsigned, from f64; then the four to i64. */
export const TRUNC_SAT_PREFIX: u32 = 0xfc;

/** The prefix of vector operators, which the following numbers stand behind. */
export const SIMD_PREFIX: u32 = 0xfd;

export const V128_LOAD: u32 = 0x00;
/** Those of 16, 32 and 64 bits follow. */
export const V128_LOAD8_SPLAT: u32 = 0x07;
export const V128_LOAD32_SPLAT: u32 = 0x09;
export const V128_LOAD64_SPLAT: u32 = 0x0a;
export const V128_STORE: u32 = 0x0b;
export const V128_CONST: u32 = 0x0c;
export const I8X16_SHUFFLE: u32 = 0x0d;
export const I8X16_SWIZZLE: u32 = 0x0e;
/** Those of i16x8 and i32x4 follow, and then: */
export const I8X16_SPLAT: u32 = 0x0f;
export const I64X2_SPLAT: u32 = 0x12;
export const F32X4_SPLAT: u32 = 0x13;
export const F64X2_SPLAT: u32 = 0x14;
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
export const F32X4_EXTRACT_LANE: u32 = 0x1f;
export const F32X4_REPLACE_LANE: u32 = 0x20;
export const F64X2_EXTRACT_LANE: u32 = 0x21;
export const F64X2_REPLACE_LANE: u32 = 0x22;
/** Then ne, lt_s, lt_u, gt_s, gt_u, le_s, le_u, ge_s, ge_u; those of i16x8 and i32x4 are each 10 further on. */
export const I8X16_EQ: u32 = 0x23;
export const I8X16_LT_U: u32 = 0x26;
export const F32X4_EQ: u32 = 0x41;
export const F32X4_LT: u32 = 0x43;
export const F32X4_GT: u32 = 0x44;
export const F32X4_LE: u32 = 0x45;
export const F32X4_GE: u32 = 0x46;
export const V128_NOT: u32 = 0x4d;
export const V128_AND: u32 = 0x4e;
export const V128_ANDNOT: u32 = 0x4f;
export const V128_OR: u32 = 0x50;
export const V128_XOR: u32 = 0x51;
export const V128_BITSELECT: u32 = 0x52;
/** Those of 16, 32 and 64 bits follow. */
export const V128_LOAD8_LANE: u32 = 0x54;
/** Those of 16, 32 and 64 bits follow. */
export const V128_STORE8_LANE: u32 = 0x58;
export const V128_STORE64_LANE: u32 = 0x5b;
export const V128_LOAD32_ZERO: u32 = 0x5c;
export const V128_LOAD64_ZERO: u32 = 0x5d;
export const F64X2_PROMOTE_F32X4: u32 = 0x5f;
export const I8X16_POPCNT: u32 = 0x62;
export const F32X4_CEIL: u32 = 0x67;
export const F32X4_FLOOR: u32 = 0x68;
export const F32X4_TRUNC: u32 = 0x69;
export const F32X4_NEAREST: u32 = 0x6a;
export const F64X2_CEIL: u32 = 0x74;
export const F64X2_FLOOR: u32 = 0x75;
export const F64X2_TRUNC: u32 = 0x7a;
export const I16X8_EXTADD_PAIRWISE_S: u32 = 0x7c;
export const I16X8_EXTADD_PAIRWISE_U: u32 = 0x7d;
export const I32X4_EXTADD_PAIRWISE_S: u32 = 0x7e;
export const I32X4_EXTADD_PAIRWISE_U: u32 = 0x7f;
export const F64X2_NEAREST: u32 = 0x94;
export const I32X4_ALL_TRUE: u32 = 0xa3;
/** Then ne, lt_s, gt_s, le_s, ge_s. */
export const I64X2_EQ: u32 = 0xd6;
export const F32X4_ABS: u32 = 0xe0;
export const F32X4_NEG: u32 = 0xe1;
export const F32X4_SQRT: u32 = 0xe3;
export const F32X4_ADD: u32 = 0xe4;
export const F32X4_SUB: u32 = 0xe5;
export const F32X4_MUL: u32 = 0xe6;
export const F32X4_DIV: u32 = 0xe7;
export const F32X4_MIN: u32 = 0xe8;
export const F32X4_MAX: u32 = 0xe9;
export const F32X4_PMIN: u32 = 0xea;
export const F64X2_NEG: u32 = 0xed;
export const I32X4_TRUNC_SAT_F32X4_S: u32 = 0xf8;
export const F32X4_CONVERT_I32X4_S: u32 = 0xfa;
/** Fused where the host can, a * b + c; the next number is c - a * b. */
export const F32X4_RELAXED_MADD: u32 = 0x105;
export const F64X2_RELAXED_MADD: u32 = 0x107;

/** Operators of f64x2 are so far above those of f32x4: comparisons, and arithmetic. */
export const COMPARE_TO_F64X2: u32 = 6;
export const ARITHMETIC_TO_F64X2: u32 = 12;

/** Arithmetic of i8x16 is at LANES, that of i16x8, i32x4 and i64x2 each 0x20 further on; in those groups: */
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
