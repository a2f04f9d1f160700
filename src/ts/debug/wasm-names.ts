/** Names of WebAssembly's instructions by number (Core Specification, index of instructions; relaxed SIMD proposal). */

/** Words of a list by their place in it; `-n` is n numbers without an instruction. */
function names(list: string): (string | null)[] {
  return list
    .trim()
    .split(/\s+/)
    .flatMap((word) => {
      const gap = /^-(\d+)$/.exec(word);
      if (gap !== null) return Array.from({ length: Number(gap[1]) }, () => null);
      return [word];
    });
}
const each = (type: string, list: string): string => list.replace(/[^\s]+/g, (name) => `${type}.${name}`);

const INTEGER_COMPARE = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const FLOAT_COMPARE = "eq ne lt gt le ge";
const INTEGER = "clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr";
const FLOAT = "abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign";
const LANE_ARITHMETIC = "add add_sat_s add_sat_u sub sub_sat_s sub_sat_u";
const FLOAT_LANES = "sqrt add sub mul div min max pmin pmax";

/** Instructions of one byte, from 0x00 on. */
export const PLAIN_NAMES = names(`
  unreachable nop block loop if else -5 end br br_if br_table return
  call call_indirect return_call return_call_indirect -6 drop select -4
  local.get local.set local.tee global.get global.set -3
  i32.load i64.load f32.load f64.load
  i32.load8_s i32.load8_u i32.load16_s i32.load16_u
  i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u
  i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32
  memory.size memory.grow i32.const i64.const f32.const f64.const
  i32.eqz ${each("i32", INTEGER_COMPARE)} i64.eqz ${each("i64", INTEGER_COMPARE)}
  ${each("f32", FLOAT_COMPARE)} ${each("f64", FLOAT_COMPARE)}
  ${each("i32", INTEGER)} ${each("i64", INTEGER)} ${each("f32", FLOAT)} ${each("f64", FLOAT)}
  i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u
  i64.extend_i32_s i64.extend_i32_u i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u
  f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64
  f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32
  i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64
  i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s`);

/** Those behind 0xfc. */
export const MISC_NAMES = names(`
  i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u
  i64.trunc_sat_f32_s i64.trunc_sat_f32_u i64.trunc_sat_f64_s i64.trunc_sat_f64_u
  -2 memory.copy memory.fill`);

/** Those behind 0xfd. */
export const SIMD_NAMES = names(`
  v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u v128.load32x2_s v128.load32x2_u
  v128.load8_splat v128.load16_splat v128.load32_splat v128.load64_splat v128.store v128.const
  i8x16.shuffle i8x16.swizzle i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat
  ${each("i8x16", "extract_lane_s extract_lane_u replace_lane")} ${each("i16x8", "extract_lane_s extract_lane_u replace_lane")}
  ${["i32x4", "i64x2", "f32x4", "f64x2"].map((type) => each(type, "extract_lane replace_lane")).join(" ")}
  ${["i8x16", "i16x8", "i32x4"].map((type) => each(type, INTEGER_COMPARE)).join(" ")}
  ${["f32x4", "f64x2"].map((type) => each(type, FLOAT_COMPARE)).join(" ")}
  ${each("v128", "not and andnot or xor bitselect any_true")}
  ${each("v128", "load8_lane load16_lane load32_lane load64_lane store8_lane store16_lane store32_lane store64_lane")}
  v128.load32_zero v128.load64_zero f32x4.demote_f64x2_zero f64x2.promote_low_f32x4
  ${each("i8x16", "abs neg popcnt all_true bitmask narrow_i16x8_s narrow_i16x8_u")}
  ${each("f32x4", "ceil floor trunc nearest")} ${each("i8x16", `shl shr_s shr_u ${LANE_ARITHMETIC}`)}
  f64x2.ceil f64x2.floor ${each("i8x16", "min_s min_u max_s max_u")} f64x2.trunc i8x16.avgr_u
  ${each("i16x8", "extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u")} ${each("i32x4", "extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u")}
  ${each("i16x8", "abs neg q15mulr_sat_s all_true bitmask narrow_i32x4_s narrow_i32x4_u")} ${each("i16x8", widening("extend", "i8x16"))}
  ${each("i16x8", `shl shr_s shr_u ${LANE_ARITHMETIC}`)} f64x2.nearest ${each("i16x8", "mul min_s min_u max_s max_u")} -1
  i16x8.avgr_u ${each("i16x8", widening("extmul", "i8x16"))}
  i32x4.abs i32x4.neg -1 i32x4.all_true i32x4.bitmask -2 ${each("i32x4", widening("extend", "i16x8"))}
  ${each("i32x4", "shl shr_s shr_u add")} -2 i32x4.sub -3 ${each("i32x4", "mul min_s min_u max_s max_u dot_i16x8_s")} -1
  ${each("i32x4", widening("extmul", "i16x8"))}
  i64x2.abs i64x2.neg -1 i64x2.all_true i64x2.bitmask -2 ${each("i64x2", widening("extend", "i32x4"))}
  ${each("i64x2", "shl shr_s shr_u add")} -2 i64x2.sub -3 ${each("i64x2", "mul eq ne lt_s gt_s le_s ge_s")}
  ${each("i64x2", widening("extmul", "i32x4"))}
  f32x4.abs f32x4.neg -1 ${each("f32x4", FLOAT_LANES)} f64x2.abs f64x2.neg -1 ${each("f64x2", FLOAT_LANES)}
  i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u
  i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u
  i8x16.relaxed_swizzle i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u
  i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero
  f32x4.relaxed_madd f32x4.relaxed_nmadd f64x2.relaxed_madd f64x2.relaxed_nmadd
  i8x16.relaxed_laneselect i16x8.relaxed_laneselect i32x4.relaxed_laneselect i64x2.relaxed_laneselect
  f32x4.relaxed_min f32x4.relaxed_max f64x2.relaxed_min f64x2.relaxed_max
  i16x8.relaxed_q15mulr_s i16x8.relaxed_dot_i8x16_i7x16_s i32x4.relaxed_dot_i8x16_i7x16_add_s`);

function widening(name: string, from: string): string {
  return ["low", "high"]
    .map((half) => `${name}_${half}_${from}_s`)
    .concat(["low", "high"].map((half) => `${name}_${half}_${from}_u`))
    .join(" ");
}
