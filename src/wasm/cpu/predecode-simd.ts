/** Records of the hot loads and stores of SIMD&FP registers: their rows have outlined handlers too, for what the record leaves. */
import * as D from "../a64/decode.gen";
import { Rn, Rt, Rt2, bits, sbits } from "../a64/fields";
import * as R from "./records.gen";
import { fpTrapped } from "./exception";
import { leaveAfterCall, saveState } from "./leave";
import { CPU_BUDGET, CPU_EXIT, CPU_PC, CPU_SP, CPU_V } from "./state";

/**
 * What a record leaves to its row's outlined handler, for the instruction at `word` (linear memory) and `pc`. True when
 * the run loop has to return: the state is saved.
 */
export function callOutlined(cpu: usize, word: usize, pc: u64, nzcv: u32, budget: i32): bool {
  if (fpTrapped(cpu)) {
    saveState(cpu, pc, nzcv, budget);
    return true;
  }
  store<u64>(cpu, pc, CPU_PC);
  store<i32>(cpu, budget, CPU_BUDGET);
  const insn = load<u32>(word);
  call_indirect<void>(D.handlerOfRow(D.decodeRow(insn)), cpu, insn);
  if (load<u32>(cpu, CPU_EXIT) == 0) return false;
  leaveAfterCall(cpu, pc, nzcv, budget);
  return true;
}

function vectorSlot(n: u32): u16 {
  return <u16>(CPU_V + ((<usize>n) << 4));
}
function baseSlot(w: u32): u16 {
  return <u16>(Rn(w) == 31 ? <u32>CPU_SP : Rn(w) << 3);
}

function emit(p: usize, w: u32, kind: u32, rm: u16, imm: i64): bool {
  store<i64>(p, imm, 8);
  store<u16>(p, vectorSlot(Rt(w)), 2);
  store<u16>(p, baseSlot(w), 4);
  store<u16>(p, rm, 6);
  store<u16>(p, <u16>kind);
  return true;
}

function single(p: usize, w: u32, kind: u32): bool {
  return emit(p, w, kind, 0, sbits(w, 12, 9));
}
function unsignedOffset(p: usize, w: u32, kind: u32, scale: u32): bool {
  return emit(p, w, kind, 0, <i64>(bits(w, 10, 12) << scale));
}
function pair(p: usize, w: u32, kind: u32, scale: u32): bool {
  return emit(p, w, kind, vectorSlot(Rt2(w)), sbits(w, 15, 7) << (<i64>scale));
}

/** Makes the record of word `w` of `row`; false when the run loop has none for it. */
export function predecodeSimd(p: usize, w: u32, row: u32): bool {
  switch (row) {
    case D.ROW_LDR_D_ldst_pos:
      return unsignedOffset(p, w, R.REC_LDR_D_OFF, 3);
    case D.ROW_LDUR_D_ldst_unscaled:
      return single(p, w, R.REC_LDR_D_OFF);
    case D.ROW_LDR_D_ldst_immpost:
      return single(p, w, R.REC_LDR_D_POST);
    case D.ROW_LDR_D_ldst_immpre:
      return single(p, w, R.REC_LDR_D_PRE);
    case D.ROW_LDNP_D_ldstnapair_offs:
    case D.ROW_LDP_D_ldstpair_off:
      return pair(p, w, R.REC_LDP_D_OFF, 3);
    case D.ROW_LDP_D_ldstpair_post:
      return pair(p, w, R.REC_LDP_D_POST, 3);
    case D.ROW_LDP_D_ldstpair_pre:
      return pair(p, w, R.REC_LDP_D_PRE, 3);
    case D.ROW_STR_D_ldst_pos:
      return unsignedOffset(p, w, R.REC_STR_D_OFF, 3);
    case D.ROW_STUR_D_ldst_unscaled:
      return single(p, w, R.REC_STR_D_OFF);
    case D.ROW_STR_D_ldst_immpost:
      return single(p, w, R.REC_STR_D_POST);
    case D.ROW_STR_D_ldst_immpre:
      return single(p, w, R.REC_STR_D_PRE);
    case D.ROW_STNP_D_ldstnapair_offs:
    case D.ROW_STP_D_ldstpair_off:
      return pair(p, w, R.REC_STP_D_OFF, 3);
    case D.ROW_STP_D_ldstpair_post:
      return pair(p, w, R.REC_STP_D_POST, 3);
    case D.ROW_STP_D_ldstpair_pre:
      return pair(p, w, R.REC_STP_D_PRE, 3);
    case D.ROW_LDR_Q_ldst_pos:
      return unsignedOffset(p, w, R.REC_LDR_Q_OFF, 4);
    case D.ROW_LDUR_Q_ldst_unscaled:
      return single(p, w, R.REC_LDR_Q_OFF);
    case D.ROW_LDR_Q_ldst_immpost:
      return single(p, w, R.REC_LDR_Q_POST);
    case D.ROW_LDR_Q_ldst_immpre:
      return single(p, w, R.REC_LDR_Q_PRE);
    case D.ROW_LDNP_Q_ldstnapair_offs:
    case D.ROW_LDP_Q_ldstpair_off:
      return pair(p, w, R.REC_LDP_Q_OFF, 4);
    case D.ROW_LDP_Q_ldstpair_post:
      return pair(p, w, R.REC_LDP_Q_POST, 4);
    case D.ROW_LDP_Q_ldstpair_pre:
      return pair(p, w, R.REC_LDP_Q_PRE, 4);
    case D.ROW_STR_Q_ldst_pos:
      return unsignedOffset(p, w, R.REC_STR_Q_OFF, 4);
    case D.ROW_STUR_Q_ldst_unscaled:
      return single(p, w, R.REC_STR_Q_OFF);
    case D.ROW_STR_Q_ldst_immpost:
      return single(p, w, R.REC_STR_Q_POST);
    case D.ROW_STR_Q_ldst_immpre:
      return single(p, w, R.REC_STR_Q_PRE);
    case D.ROW_STNP_Q_ldstnapair_offs:
    case D.ROW_STP_Q_ldstpair_off:
      return pair(p, w, R.REC_STP_Q_OFF, 4);
    case D.ROW_STP_Q_ldstpair_post:
      return pair(p, w, R.REC_STP_Q_POST, 4);
    case D.ROW_STP_Q_ldstpair_pre:
      return pair(p, w, R.REC_STP_Q_PRE, 4);
    default:
      return false;
  }
}
