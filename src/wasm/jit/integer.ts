/** Data processing of general registers: each record kind of the run loop as WebAssembly. */
import * as R from "../cpu/records.gen";
import { CPU_SINK } from "../cpu/state";
import { emitArithmetic, emitArithmeticKind } from "./arithmetic";
import { emitBitKind, emitReversed } from "./bit-fields";
import { L_PAGE, readW, readX, writeW, writeX } from "./locals";
import * as W from "./opcodes";
import { beginRecord, high, imm, low, rd, rm, rn, setWide } from "./operands";
import { byte, get, i64c, leb } from "./writer";

/** Kinds of X behind those of W in their group. */
const X_KINDS: u32 = R.REC_UBFX_X - R.REC_UBFX_W;

/** Kinds that exist for W and X, by their W kind. */
function emitWidthKind(kind: u32): bool {
  if (<usize>rd == CPU_SINK && kind != R.REC_ADCS_W && kind != R.REC_SBCS_W) return true;
  return emitBitKind(kind) || emitArithmeticKind(kind);
}

/** SMADDL, SMSUBL, UMADDL, UMSUBL. */
function longProduct(signed: bool, op: u32): void {
  const extend = signed ? W.I64_EXTEND_I32_S : W.I64_EXTEND_I32_U;
  readX(low);
  readW(rn);
  byte(extend);
  readW(rm);
  byte(extend);
  byte(W.I64_MUL);
  byte(op);
  writeX(rd);
}

/** Indices of the imported functions for 128-bit products. */
export const FUNCTION_UMULH: u32 = 2;
export const FUNCTION_SMULH: u32 = 3;

/** Kinds of one width. */
function emitSingleKind(kind: u32): bool {
  switch (kind) {
    case R.REC_MOV_W:
      readW(rm);
      writeW(rd);
      return true;
    case R.REC_MOV_X:
      readX(rm);
      writeX(rd);
      return true;
    case R.REC_MOV_CONST:
      i64c(imm);
      writeX(rd);
      return true;
    case R.REC_MOVK_W:
      if (<usize>rd == CPU_SINK) return true;
      readX(rd);
      i64c(<u64>high);
      byte(W.I64_AND);
      i64c(<u64>low);
      byte(W.I64_OR);
      writeX(rd);
      return true;
    case R.REC_MOVK_X:
      if (<usize>rd == CPU_SINK) return true;
      readX(rd);
      i64c(~((<u64>0xffff) << (<u64>rm)));
      byte(W.I64_AND);
      i64c(imm);
      byte(W.I64_OR);
      writeX(rd);
      return true;
    case R.REC_ADR:
      get(L_PAGE);
      i64c(imm);
      byte(W.I64_ADD);
      writeX(rd);
      return true;
    case R.REC_REV32:
      setWide(true);
      emitReversed(4, false);
      return true;
    case R.REC_SMADDL:
      longProduct(true, W.I64_ADD);
      return true;
    case R.REC_SMSUBL:
      longProduct(true, W.I64_SUB);
      return true;
    case R.REC_UMADDL:
      longProduct(false, W.I64_ADD);
      return true;
    case R.REC_UMSUBL:
      longProduct(false, W.I64_SUB);
      return true;
    case R.REC_UMULH:
    case R.REC_SMULH:
      readX(rn);
      readX(rm);
      byte(W.CALL);
      leb(kind == R.REC_UMULH ? FUNCTION_UMULH : FUNCTION_SMULH);
      writeX(rd);
      return true;
    case R.REC_NOP:
    case R.REC_YIELD:
      return true;
    default:
      return false;
  }
}

/** Translates `record` if it is one of these; false when it is not. */
export function emitInteger(record: usize): bool {
  const kind = <u32>load<u16>(record);
  beginRecord(record);
  if (kind >= R.REC_ADD_REG_W && kind <= R.REC_BICS_IMM_X) {
    // W and X alternate.
    const index = kind - R.REC_ADD_REG_W;
    setWide((index & 1) != 0);
    emitArithmetic(index >> 3, (index >> 1) & 3);
    return true;
  }
  if (kind >= R.REC_UBFX_W && kind < R.REC_UBFX_W + 2 * X_KINDS) {
    const isX = kind >= R.REC_UBFX_X;
    setWide(isX);
    return emitWidthKind(isX ? kind - X_KINDS : kind);
  }
  return emitSingleKind(kind);
}
