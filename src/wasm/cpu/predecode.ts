/** From an instruction word to its record: which kind of the run loop, with which operands (scripts/interp/records.mjs). */
import * as D from "../a64/decode.gen";
import { Ra, Rd, Rm, Rn, Rt, Rt2, bits, sbits } from "../a64/fields";
import { logicalImmediate, ones } from "../lib/bits";
import { wordAddress } from "./code-frame";
import { conditionMask } from "./condition";
import { predecodeSimd } from "./predecode-simd";
import * as R from "./records.gen";
import { CPU_SINK, CPU_SP, CPU_XZR } from "./state";

/** Slots of register 31 by how an operand reads it: as zero, as a discarded result, as SP. */
function zr(n: u32): u32 {
  return n == 31 ? <u32>CPU_XZR : n << 3;
}
function wr(n: u32): u32 {
  return n == 31 ? <u32>CPU_SINK : n << 3;
}
function sp(n: u32): u32 {
  return n == 31 ? <u32>CPU_SP : n << 3;
}

function emit(p: usize, kind: u32, rd: u32, rn: u32, rm: u32, imm: u64): void {
  store<u64>(p, imm, 8);
  store<u16>(p, <u16>rd, 2);
  store<u16>(p, <u16>rn, 4);
  store<u16>(p, <u16>rm, 6);
  store<u16>(p, <u16>kind);
}

/** Kinds come in runs: shape << 1 | sf from a first one (ALU), or W, then everything of X (the other groups). */
const X_KINDS: u32 = R.REC_UBFX_X - R.REC_UBFX_W;
const SHAPE_REG: u32 = 0;
const SHAPE_LSL: u32 = 2;
const SHAPE_SHIFT: u32 = 4;
const SHAPE_IMM: u32 = 6;

function immediate(p: usize, w: u32, first: u32, imm: u64, toSP: bool, fromSP: bool): void {
  const sf = w >> 31;
  const rd = toSP ? sp(Rd(w)) : wr(Rd(w));
  emit(p, first + SHAPE_IMM + sf, rd, fromSP ? sp(Rn(w)) : zr(Rn(w)), 0, imm);
}

function addSubImmediate(p: usize, w: u32, first: u32, flags: bool): void {
  immediate(p, w, first, (<u64>bits(w, 10, 12)) << (bits(w, 22, 1) != 0 ? 12 : 0), !flags, true);
}

function logicalImm(p: usize, w: u32, first: u32, flags: bool): void {
  immediate(p, w, first, logicalImmediate(bits(w, 22, 1), bits(w, 16, 6), bits(w, 10, 6)), !flags, false);
}

function shifted(p: usize, w: u32, first: u32): void {
  const sf = w >> 31;
  const how = bits(w, 22, 2);
  const amount = bits(w, 10, 6);
  let shape = SHAPE_SHIFT;
  if (how == 0) shape = amount == 0 ? SHAPE_REG : SHAPE_LSL;
  if (first == R.REC_ORR_REG_W && shape == SHAPE_REG && Rn(w) == 31) {
    emit(p, sf != 0 ? R.REC_MOV_X : R.REC_MOV_W, wr(Rd(w)), 0, zr(Rm(w)), 0);
    return;
  }
  emit(p, first + shape + sf, wr(Rd(w)), zr(Rn(w)), zr(Rm(w)), <u64>((how << 8) | amount));
}

function extended(p: usize, w: u32, first: u32, flags: bool): void {
  const how = ((4 + bits(w, 13, 3)) << 8) | bits(w, 10, 3);
  emit(p, first + SHAPE_SHIFT + (w >> 31), flags ? wr(Rd(w)) : sp(Rd(w)), sp(Rn(w)), zr(Rm(w)), <u64>how);
}

function three(p: usize, w: u32, kind: u32, imm: u64): void {
  emit(p, kind + (w >> 31) * X_KINDS, wr(Rd(w)), zr(Rn(w)), zr(Rm(w)), imm);
}

function conditionalCompare(p: usize, w: u32, kind: u32, operand: u32): void {
  const low = conditionMask(bits(w, 12, 4)) | (bits(w, 0, 4) << 16);
  emit(p, kind + (w >> 31) * X_KINDS, 0, zr(Rn(w)), zr(Rm(w)), <u64>low | ((<u64>operand) << 32));
}

function bitfield(p: usize, w: u32, row: u32): void {
  const sf = w >> 31;
  const width: u32 = sf != 0 ? 64 : 32;
  const R_ = bits(w, 16, 6);
  const S = bits(w, 10, 6);
  const right = S >= R_;
  const length = right ? S - R_ + 1 : S + 1;
  const left = right ? 0 : width - R_;
  const rd = wr(Rd(w));
  const rn = zr(Rn(w));
  if (row == D.ROW_UBFM) {
    const kind = (right ? R.REC_UBFX_W : R.REC_UBFIZ_W) + sf * X_KINDS;
    emit(p, kind, rd, rn, right ? R_ : left, ones(length));
  } else if (row == D.ROW_SBFM) {
    // Up to the top, then down arithmetically: to bit 0, or to the field's place.
    emit(
      p,
      R.REC_SBFX_W + sf * X_KINDS,
      rd,
      rn,
      width - 1 - S,
      <u64>(right ? width - 1 - S + R_ : width - 1 - S - left),
    );
  } else {
    emit(p, R.REC_BFM_W + sf * X_KINDS, rd, rn, R_, ones(length) << (<u64>left));
  }
}

/** Branch to `offset` bytes from the instruction at page offset `at`. */
function branch(p: usize, kinds: u32, at: u32, w: u32, rn: u32, offset: i64): void {
  const target = <i64>at + offset;
  const stays = target >= 0 && target < 0x1000;
  const low = <u32>(stays ? (<i32>offset) << 2 : <i32>target);
  const kind = kinds + (stays ? 0 : R.REC_B_OUT - R.REC_B_IN);
  emit(p, kind, zr(Rt(w)), 0, rn, <u64>low | ((<u64>(at + 4)) << 32));
}

/** size << 2 | opc of a load or store, as the record list numbers it. */
function memoryKind(w: u32, mode: u32): u32 {
  return R.REC_STRB_OFF + (((w >> 30) << 2) | bits(w, 22, 2)) * 5 + mode;
}

/** Loads write register 31 nowhere, stores read it as zero. */
function transferSlot(w: u32, isLoad: bool, n: u32): u32 {
  return isLoad ? wr(n) : zr(n);
}

function memory(p: usize, w: u32, mode: u32, rm: u32, imm: u64): void {
  emit(p, memoryKind(w, mode), transferSlot(w, bits(w, 22, 2) != 0, Rt(w)), sp(Rn(w)), rm, imm);
}

function memoryRegister(p: usize, w: u32): void {
  const option = bits(w, 13, 3);
  const amount = bits(w, 12, 1) != 0 ? w >> 30 : 0;
  if (option == 3) memory(p, w, 3, zr(Rm(w)), <u64>amount);
  else memory(p, w, 4, zr(Rm(w)), <u64>(((4 + option) << 8) | amount));
}

function pair(p: usize, w: u32, kind: u32, mode: u32): void {
  const isLoad = bits(w, 22, 1) != 0;
  const scale: u64 = w >> 31 != 0 ? 3 : 2;
  const imm = <u64>(sbits(w, 15, 7) << scale);
  emit(p, kind + mode, transferSlot(w, isLoad, Rt(w)), sp(Rn(w)), transferSlot(w, isLoad, Rt2(w)), imm);
}

function pairOf(w: u32, word: u32, long: u32): u32 {
  return w >> 31 != 0 ? long : word;
}

/** FP, SIMD and their loads and stores: bits 27 and 26 of the word, in no other group (ARM ARM C4.1). */
function isFloatingPoint(w: u32): bool {
  return (w & 0x0c00_0000) == 0x0c00_0000;
}

/** Decodes the word of record `p` in `frame`. */
export function predecode(frame: usize, p: usize): void {
  const w = load<u32>(wordAddress(frame, p));
  const at = <u32>((p - frame) >> 2);
  const row = D.decodeRow(w);
  const handler = D.handlerOfRow(row);
  if (handler != 0) {
    if (predecodeSimd(p, w, row)) return;
    const kind = isFloatingPoint(w) ? R.REC_CALL_FP : R.REC_CALL;
    emit(p, kind, 0, 0, 0, <u64>w | ((<u64>handler) << 32));
    return;
  }
  switch (row) {
    case D.ROW_ADR:
      emit(p, R.REC_ADR, wr(Rd(w)), 0, 0, <u64>(<i64>at + ((sbits(w, 5, 19) << 2) | <i64>bits(w, 29, 2))));
      return;
    case D.ROW_ADRP:
      emit(p, R.REC_ADR, wr(Rd(w)), 0, 0, <u64>(((sbits(w, 5, 19) << 2) | <i64>bits(w, 29, 2)) << 12));
      return;
    case D.ROW_ADD_imm:
      return addSubImmediate(p, w, R.REC_ADD_REG_W, false);
    case D.ROW_ADDS_imm:
      return addSubImmediate(p, w, R.REC_ADDS_REG_W, true);
    case D.ROW_SUB_imm:
      return addSubImmediate(p, w, R.REC_SUB_REG_W, false);
    case D.ROW_SUBS_imm:
      return addSubImmediate(p, w, R.REC_SUBS_REG_W, true);
    case D.ROW_AND_imm:
      return logicalImm(p, w, R.REC_AND_REG_W, false);
    case D.ROW_ORR_imm:
      return logicalImm(p, w, R.REC_ORR_REG_W, false);
    case D.ROW_EOR_imm:
      return logicalImm(p, w, R.REC_EOR_REG_W, false);
    case D.ROW_ANDS_imm:
      return logicalImm(p, w, R.REC_ANDS_REG_W, true);
    case D.ROW_MOVN:
    case D.ROW_MOVZ: {
      let value = (<u64>bits(w, 5, 16)) << (<u64>(bits(w, 21, 2) << 4));
      if (row == D.ROW_MOVN) value = ~value;
      emit(p, R.REC_MOV_CONST, wr(Rd(w)), 0, 0, w >> 31 != 0 ? value : value & 0xffff_ffff);
      return;
    }
    case D.ROW_MOVK: {
      const amount = bits(w, 21, 2) << 4;
      const value = (<u64>bits(w, 5, 16)) << (<u64>amount);
      if (w >> 31 != 0) emit(p, R.REC_MOVK_X, wr(Rd(w)), 0, amount, value);
      else emit(p, R.REC_MOVK_W, wr(Rd(w)), 0, 0, value | ((<u64>~((<u32>0xffff) << amount)) << 32));
      return;
    }
    case D.ROW_SBFM:
    case D.ROW_BFM:
    case D.ROW_UBFM:
      return bitfield(p, w, row);
    case D.ROW_EXTR:
      return three(p, w, R.REC_EXTR_W, <u64>bits(w, 10, 6));

    case D.ROW_B_cond:
      return branch(p, R.REC_B_COND_IN, at, w, conditionMask(bits(w, 0, 4)), sbits(w, 5, 19) << 2);
    case D.ROW_CBZ:
      return branch(p, R.REC_CBZ_IN_W + (w >> 31), at, w, 0, sbits(w, 5, 19) << 2);
    case D.ROW_CBNZ:
      return branch(p, R.REC_CBNZ_IN_W + (w >> 31), at, w, 0, sbits(w, 5, 19) << 2);
    case D.ROW_TBZ:
      return branch(p, R.REC_TBZ_IN, at, w, ((w >> 31) << 5) | bits(w, 19, 5), sbits(w, 5, 14) << 2);
    case D.ROW_TBNZ:
      return branch(p, R.REC_TBNZ_IN, at, w, ((w >> 31) << 5) | bits(w, 19, 5), sbits(w, 5, 14) << 2);
    case D.ROW_B:
      return branch(p, R.REC_B_IN, at, w, 0, sbits(w, 0, 26) << 2);
    case D.ROW_BL:
      return branch(p, R.REC_BL_IN, at, w, 0, sbits(w, 0, 26) << 2);
    case D.ROW_BR:
    case D.ROW_RET:
      emit(p, R.REC_BR, 0, zr(Rn(w)), 0, 0);
      return;
    case D.ROW_BLR:
      emit(p, R.REC_BLR, 0, zr(Rn(w)), 0, (<u64>(at + 4)) << 32);
      return;

    case D.ROW_LDST_unscaled:
      return memory(p, w, 0, 0, <u64>sbits(w, 12, 9));
    case D.ROW_LDST_post:
      return memory(p, w, 1, 0, <u64>sbits(w, 12, 9));
    case D.ROW_LDST_pre:
      return memory(p, w, 2, 0, <u64>sbits(w, 12, 9));
    case D.ROW_LDST_imm:
      return memory(p, w, 0, 0, (<u64>bits(w, 10, 12)) << (<u64>(w >> 30)));
    case D.ROW_LDST_reg:
      return memoryRegister(p, w);
    case D.ROW_LDR_lit:
      emit(
        p,
        bits(w, 30, 1) != 0 ? R.REC_LDR_X_LIT : R.REC_LDR_W_LIT,
        wr(Rt(w)),
        0,
        0,
        <u64>(<i64>at + (sbits(w, 5, 19) << 2)),
      );
      return;
    case D.ROW_LDRSW_lit:
      emit(p, R.REC_LDRSW_LIT, wr(Rt(w)), 0, 0, <u64>(<i64>at + (sbits(w, 5, 19) << 2)));
      return;
    case D.ROW_STNP:
    case D.ROW_STP_off:
      return pair(p, w, pairOf(w, R.REC_STP_W_OFF, R.REC_STP_X_OFF), 0);
    case D.ROW_STP_post:
      return pair(p, w, pairOf(w, R.REC_STP_W_OFF, R.REC_STP_X_OFF), 1);
    case D.ROW_STP_pre:
      return pair(p, w, pairOf(w, R.REC_STP_W_OFF, R.REC_STP_X_OFF), 2);
    case D.ROW_LDNP:
    case D.ROW_LDP_off:
      return pair(p, w, pairOf(w, R.REC_LDP_W_OFF, R.REC_LDP_X_OFF), 0);
    case D.ROW_LDP_post:
      return pair(p, w, pairOf(w, R.REC_LDP_W_OFF, R.REC_LDP_X_OFF), 1);
    case D.ROW_LDP_pre:
      return pair(p, w, pairOf(w, R.REC_LDP_W_OFF, R.REC_LDP_X_OFF), 2);
    case D.ROW_LDPSW_off:
      return pair(p, w, R.REC_LDPSW_OFF, 0);
    case D.ROW_LDPSW_post:
      return pair(p, w, R.REC_LDPSW_OFF, 1);
    case D.ROW_LDPSW_pre:
      return pair(p, w, R.REC_LDPSW_OFF, 2);

    case D.ROW_UDIV:
      return three(p, w, R.REC_UDIV_W, 0);
    case D.ROW_SDIV:
      return three(p, w, R.REC_SDIV_W, 0);
    case D.ROW_LSLV:
      return three(p, w, R.REC_LSLV_W, 0);
    case D.ROW_LSRV:
      return three(p, w, R.REC_LSRV_W, 0);
    case D.ROW_ASRV:
      return three(p, w, R.REC_ASRV_W, 0);
    case D.ROW_RORV:
      return three(p, w, R.REC_RORV_W, 0);
    case D.ROW_RBIT:
      return three(p, w, R.REC_RBIT_W, 0);
    case D.ROW_REV16:
      return three(p, w, R.REC_REV16_W, 0);
    case D.ROW_REV_w:
    case D.ROW_REV_x:
      return three(p, w, R.REC_REV_W, 0);
    case D.ROW_REV32:
      emit(p, R.REC_REV32, wr(Rd(w)), zr(Rn(w)), 0, 0);
      return;
    case D.ROW_CLZ:
      return three(p, w, R.REC_CLZ_W, 0);
    case D.ROW_CLS:
      return three(p, w, R.REC_CLS_W, 0);
    case D.ROW_AND_reg:
      return shifted(p, w, R.REC_AND_REG_W);
    case D.ROW_BIC_reg:
      return shifted(p, w, R.REC_BIC_REG_W);
    case D.ROW_ORR_reg:
      return shifted(p, w, R.REC_ORR_REG_W);
    case D.ROW_ORN_reg:
      return shifted(p, w, R.REC_ORN_REG_W);
    case D.ROW_EOR_reg:
      return shifted(p, w, R.REC_EOR_REG_W);
    case D.ROW_EON_reg:
      return shifted(p, w, R.REC_EON_REG_W);
    case D.ROW_ANDS_reg:
      return shifted(p, w, R.REC_ANDS_REG_W);
    case D.ROW_BICS_reg:
      return shifted(p, w, R.REC_BICS_REG_W);
    case D.ROW_ADD_reg:
      return shifted(p, w, R.REC_ADD_REG_W);
    case D.ROW_ADDS_reg:
      return shifted(p, w, R.REC_ADDS_REG_W);
    case D.ROW_SUB_reg:
      return shifted(p, w, R.REC_SUB_REG_W);
    case D.ROW_SUBS_reg:
      return shifted(p, w, R.REC_SUBS_REG_W);
    case D.ROW_ADD_ext:
      return extended(p, w, R.REC_ADD_REG_W, false);
    case D.ROW_ADDS_ext:
      return extended(p, w, R.REC_ADDS_REG_W, true);
    case D.ROW_SUB_ext:
      return extended(p, w, R.REC_SUB_REG_W, false);
    case D.ROW_SUBS_ext:
      return extended(p, w, R.REC_SUBS_REG_W, true);
    case D.ROW_ADC:
      return three(p, w, R.REC_ADC_W, 0);
    case D.ROW_ADCS:
      return three(p, w, R.REC_ADCS_W, 0);
    case D.ROW_SBC:
      return three(p, w, R.REC_SBC_W, 0);
    case D.ROW_SBCS:
      return three(p, w, R.REC_SBCS_W, 0);
    case D.ROW_CCMN_reg:
      return conditionalCompare(p, w, R.REC_CCMN_REG_W, 0);
    case D.ROW_CCMP_reg:
      return conditionalCompare(p, w, R.REC_CCMP_REG_W, 0);
    case D.ROW_CCMN_imm:
      return conditionalCompare(p, w, R.REC_CCMN_IMM_W, Rm(w));
    case D.ROW_CCMP_imm:
      return conditionalCompare(p, w, R.REC_CCMP_IMM_W, Rm(w));
    case D.ROW_CSEL:
      return three(p, w, R.REC_CSEL_W, <u64>conditionMask(bits(w, 12, 4)));
    case D.ROW_CSINC:
      return three(p, w, R.REC_CSINC_W, <u64>conditionMask(bits(w, 12, 4)));
    case D.ROW_CSINV:
      return three(p, w, R.REC_CSINV_W, <u64>conditionMask(bits(w, 12, 4)));
    case D.ROW_CSNEG:
      return three(p, w, R.REC_CSNEG_W, <u64>conditionMask(bits(w, 12, 4)));
    case D.ROW_MADD:
      return three(p, w, R.REC_MADD_W, <u64>zr(Ra(w)));
    case D.ROW_MSUB:
      return three(p, w, R.REC_MSUB_W, <u64>zr(Ra(w)));
    case D.ROW_SMADDL:
      emit(p, R.REC_SMADDL, wr(Rd(w)), zr(Rn(w)), zr(Rm(w)), <u64>zr(Ra(w)));
      return;
    case D.ROW_SMSUBL:
      emit(p, R.REC_SMSUBL, wr(Rd(w)), zr(Rn(w)), zr(Rm(w)), <u64>zr(Ra(w)));
      return;
    case D.ROW_UMADDL:
      emit(p, R.REC_UMADDL, wr(Rd(w)), zr(Rn(w)), zr(Rm(w)), <u64>zr(Ra(w)));
      return;
    case D.ROW_UMSUBL:
      emit(p, R.REC_UMSUBL, wr(Rd(w)), zr(Rn(w)), zr(Rm(w)), <u64>zr(Ra(w)));
      return;
    case D.ROW_SMULH:
      emit(p, R.REC_SMULH, wr(Rd(w)), zr(Rn(w)), zr(Rm(w)), 0);
      return;
    case D.ROW_UMULH:
      emit(p, R.REC_UMULH, wr(Rd(w)), zr(Rn(w)), zr(Rm(w)), 0);
      return;
    case D.ROW_CLREX:
      emit(p, R.REC_CLREX, 0, 0, 0, 0);
      return;
    case D.ROW_YIELD:
      emit(p, R.REC_YIELD, 0, 0, 0, 0);
      return;
    case D.ROW_NOP:
    case D.ROW_DSB:
    case D.ROW_DMB:
    case D.ROW_PRFM_lit:
    case D.ROW_PRFUM:
    case D.ROW_PRFM_reg:
    case D.ROW_PRFM_imm:
      emit(p, R.REC_NOP, 0, 0, 0, 0);
      return;
    default:
      emit(p, R.REC_UNDEFINED, 0, 0, 0, 0);
  }
}
