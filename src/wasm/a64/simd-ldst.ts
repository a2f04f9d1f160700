/** Loads and stores of SIMD&FP registers: literal, pair and single register forms (ARM ARM C4.1.88). */
import { CPU_PC } from "../cpu/state";
import { Rm, Rn, Rt, Rt2, bits, getX, getXSP, sbits, setXSP } from "./fields";
import { loadV, loadVPair, storeV, storeVPair } from "./simd-access";

function imm9(insn: u32): u64 {
  return <u64>sbits(insn, 12, 9);
}

/** ExtendReg() of Rm with the scale of sizeof<T>() when S is set. */
function regOffset<T>(cpu: usize, insn: u32): u64 {
  const m = getX(cpu, Rm(insn));
  const shift: u64 = bits(insn, 12, 1) == 0 ? 0 : <u64>ctz<u32>(sizeof<T>());
  switch (bits(insn, 13, 3)) {
    case 2:
      return (<u64>(<u32>m)) << shift;
    case 6:
      return (<u64>(<i64>(<i32>m))) << shift;
    default:
      return m << shift;
  }
}

function literal<T>(cpu: usize, insn: u32): void {
  loadV<T>(cpu, Rt(insn), load<u64>(cpu, CPU_PC) + ((<u64>sbits(insn, 5, 19)) << 2));
}

/** imm7 of pairs in bytes. */
function pairOffset<T>(insn: u32): u64 {
  return <u64>sbits(insn, 15, 7) * sizeof<T>();
}

function ldpOffset<T>(cpu: usize, insn: u32): void {
  loadVPair<T>(cpu, Rt(insn), Rt2(insn), getXSP(cpu, Rn(insn)) + pairOffset<T>(insn));
}
function ldpPost<T>(cpu: usize, insn: u32): void {
  const base = getXSP(cpu, Rn(insn));
  if (loadVPair<T>(cpu, Rt(insn), Rt2(insn), base)) setXSP(cpu, Rn(insn), base + pairOffset<T>(insn));
}
function ldpPre<T>(cpu: usize, insn: u32): void {
  const va = getXSP(cpu, Rn(insn)) + pairOffset<T>(insn);
  if (loadVPair<T>(cpu, Rt(insn), Rt2(insn), va)) setXSP(cpu, Rn(insn), va);
}
function ldrUnscaled<T>(cpu: usize, insn: u32): void {
  loadV<T>(cpu, Rt(insn), getXSP(cpu, Rn(insn)) + imm9(insn));
}
function ldrPost<T>(cpu: usize, insn: u32): void {
  const base = getXSP(cpu, Rn(insn));
  if (loadV<T>(cpu, Rt(insn), base)) setXSP(cpu, Rn(insn), base + imm9(insn));
}
function ldrPre<T>(cpu: usize, insn: u32): void {
  const va = getXSP(cpu, Rn(insn)) + imm9(insn);
  if (loadV<T>(cpu, Rt(insn), va)) setXSP(cpu, Rn(insn), va);
}
function ldrRegister<T>(cpu: usize, insn: u32): void {
  loadV<T>(cpu, Rt(insn), getXSP(cpu, Rn(insn)) + regOffset<T>(cpu, insn));
}
function ldrUnsigned<T>(cpu: usize, insn: u32): void {
  loadV<T>(cpu, Rt(insn), getXSP(cpu, Rn(insn)) + <u64>bits(insn, 10, 12) * sizeof<T>());
}

function stpOffset<T>(cpu: usize, insn: u32): void {
  storeVPair<T>(cpu, Rt(insn), Rt2(insn), getXSP(cpu, Rn(insn)) + pairOffset<T>(insn));
}
function stpPost<T>(cpu: usize, insn: u32): void {
  const base = getXSP(cpu, Rn(insn));
  if (storeVPair<T>(cpu, Rt(insn), Rt2(insn), base)) setXSP(cpu, Rn(insn), base + pairOffset<T>(insn));
}
function stpPre<T>(cpu: usize, insn: u32): void {
  const va = getXSP(cpu, Rn(insn)) + pairOffset<T>(insn);
  if (storeVPair<T>(cpu, Rt(insn), Rt2(insn), va)) setXSP(cpu, Rn(insn), va);
}
function strUnscaled<T>(cpu: usize, insn: u32): void {
  storeV<T>(cpu, Rt(insn), getXSP(cpu, Rn(insn)) + imm9(insn));
}
function strPost<T>(cpu: usize, insn: u32): void {
  const base = getXSP(cpu, Rn(insn));
  if (storeV<T>(cpu, Rt(insn), base)) setXSP(cpu, Rn(insn), base + imm9(insn));
}
function strPre<T>(cpu: usize, insn: u32): void {
  const va = getXSP(cpu, Rn(insn)) + imm9(insn);
  if (storeV<T>(cpu, Rt(insn), va)) setXSP(cpu, Rn(insn), va);
}
function strRegister<T>(cpu: usize, insn: u32): void {
  storeV<T>(cpu, Rt(insn), getXSP(cpu, Rn(insn)) + regOffset<T>(cpu, insn));
}
function strUnsigned<T>(cpu: usize, insn: u32): void {
  storeV<T>(cpu, Rt(insn), getXSP(cpu, Rn(insn)) + <u64>bits(insn, 10, 12) * sizeof<T>());
}

export function LDR_S_loadlit(cpu: usize, insn: u32): void {
  literal<u32>(cpu, insn);
}
export function LDR_D_loadlit(cpu: usize, insn: u32): void {
  literal<u64>(cpu, insn);
}
export function LDR_Q_loadlit(cpu: usize, insn: u32): void {
  literal<v128>(cpu, insn);
}
export function STNP_S_ldstnapair_offs(cpu: usize, insn: u32): void {
  stpOffset<u32>(cpu, insn);
}
export function STNP_D_ldstnapair_offs(cpu: usize, insn: u32): void {
  stpOffset<u64>(cpu, insn);
}
export function STNP_Q_ldstnapair_offs(cpu: usize, insn: u32): void {
  stpOffset<v128>(cpu, insn);
}
export function LDNP_S_ldstnapair_offs(cpu: usize, insn: u32): void {
  ldpOffset<u32>(cpu, insn);
}
export function LDNP_D_ldstnapair_offs(cpu: usize, insn: u32): void {
  ldpOffset<u64>(cpu, insn);
}
export function LDNP_Q_ldstnapair_offs(cpu: usize, insn: u32): void {
  ldpOffset<v128>(cpu, insn);
}
export function STP_S_ldstpair_post(cpu: usize, insn: u32): void {
  stpPost<u32>(cpu, insn);
}
export function STP_D_ldstpair_post(cpu: usize, insn: u32): void {
  stpPost<u64>(cpu, insn);
}
export function STP_Q_ldstpair_post(cpu: usize, insn: u32): void {
  stpPost<v128>(cpu, insn);
}
export function LDP_S_ldstpair_post(cpu: usize, insn: u32): void {
  ldpPost<u32>(cpu, insn);
}
export function LDP_D_ldstpair_post(cpu: usize, insn: u32): void {
  ldpPost<u64>(cpu, insn);
}
export function LDP_Q_ldstpair_post(cpu: usize, insn: u32): void {
  ldpPost<v128>(cpu, insn);
}
export function STP_S_ldstpair_off(cpu: usize, insn: u32): void {
  stpOffset<u32>(cpu, insn);
}
export function STP_D_ldstpair_off(cpu: usize, insn: u32): void {
  stpOffset<u64>(cpu, insn);
}
export function STP_Q_ldstpair_off(cpu: usize, insn: u32): void {
  stpOffset<v128>(cpu, insn);
}
export function LDP_S_ldstpair_off(cpu: usize, insn: u32): void {
  ldpOffset<u32>(cpu, insn);
}
export function LDP_D_ldstpair_off(cpu: usize, insn: u32): void {
  ldpOffset<u64>(cpu, insn);
}
export function LDP_Q_ldstpair_off(cpu: usize, insn: u32): void {
  ldpOffset<v128>(cpu, insn);
}
export function STP_S_ldstpair_pre(cpu: usize, insn: u32): void {
  stpPre<u32>(cpu, insn);
}
export function STP_D_ldstpair_pre(cpu: usize, insn: u32): void {
  stpPre<u64>(cpu, insn);
}
export function STP_Q_ldstpair_pre(cpu: usize, insn: u32): void {
  stpPre<v128>(cpu, insn);
}
export function LDP_S_ldstpair_pre(cpu: usize, insn: u32): void {
  ldpPre<u32>(cpu, insn);
}
export function LDP_D_ldstpair_pre(cpu: usize, insn: u32): void {
  ldpPre<u64>(cpu, insn);
}
export function LDP_Q_ldstpair_pre(cpu: usize, insn: u32): void {
  ldpPre<v128>(cpu, insn);
}
export function STUR_B_ldst_unscaled(cpu: usize, insn: u32): void {
  strUnscaled<u8>(cpu, insn);
}
export function STUR_H_ldst_unscaled(cpu: usize, insn: u32): void {
  strUnscaled<u16>(cpu, insn);
}
export function STUR_S_ldst_unscaled(cpu: usize, insn: u32): void {
  strUnscaled<u32>(cpu, insn);
}
export function STUR_D_ldst_unscaled(cpu: usize, insn: u32): void {
  strUnscaled<u64>(cpu, insn);
}
export function STUR_Q_ldst_unscaled(cpu: usize, insn: u32): void {
  strUnscaled<v128>(cpu, insn);
}
export function LDUR_B_ldst_unscaled(cpu: usize, insn: u32): void {
  ldrUnscaled<u8>(cpu, insn);
}
export function LDUR_H_ldst_unscaled(cpu: usize, insn: u32): void {
  ldrUnscaled<u16>(cpu, insn);
}
export function LDUR_S_ldst_unscaled(cpu: usize, insn: u32): void {
  ldrUnscaled<u32>(cpu, insn);
}
export function LDUR_D_ldst_unscaled(cpu: usize, insn: u32): void {
  ldrUnscaled<u64>(cpu, insn);
}
export function LDUR_Q_ldst_unscaled(cpu: usize, insn: u32): void {
  ldrUnscaled<v128>(cpu, insn);
}
export function STR_B_ldst_immpost(cpu: usize, insn: u32): void {
  strPost<u8>(cpu, insn);
}
export function STR_H_ldst_immpost(cpu: usize, insn: u32): void {
  strPost<u16>(cpu, insn);
}
export function STR_S_ldst_immpost(cpu: usize, insn: u32): void {
  strPost<u32>(cpu, insn);
}
export function STR_D_ldst_immpost(cpu: usize, insn: u32): void {
  strPost<u64>(cpu, insn);
}
export function STR_Q_ldst_immpost(cpu: usize, insn: u32): void {
  strPost<v128>(cpu, insn);
}
export function LDR_B_ldst_immpost(cpu: usize, insn: u32): void {
  ldrPost<u8>(cpu, insn);
}
export function LDR_H_ldst_immpost(cpu: usize, insn: u32): void {
  ldrPost<u16>(cpu, insn);
}
export function LDR_S_ldst_immpost(cpu: usize, insn: u32): void {
  ldrPost<u32>(cpu, insn);
}
export function LDR_D_ldst_immpost(cpu: usize, insn: u32): void {
  ldrPost<u64>(cpu, insn);
}
export function LDR_Q_ldst_immpost(cpu: usize, insn: u32): void {
  ldrPost<v128>(cpu, insn);
}
export function STR_B_ldst_immpre(cpu: usize, insn: u32): void {
  strPre<u8>(cpu, insn);
}
export function STR_H_ldst_immpre(cpu: usize, insn: u32): void {
  strPre<u16>(cpu, insn);
}
export function STR_S_ldst_immpre(cpu: usize, insn: u32): void {
  strPre<u32>(cpu, insn);
}
export function STR_D_ldst_immpre(cpu: usize, insn: u32): void {
  strPre<u64>(cpu, insn);
}
export function STR_Q_ldst_immpre(cpu: usize, insn: u32): void {
  strPre<v128>(cpu, insn);
}
export function LDR_B_ldst_immpre(cpu: usize, insn: u32): void {
  ldrPre<u8>(cpu, insn);
}
export function LDR_H_ldst_immpre(cpu: usize, insn: u32): void {
  ldrPre<u16>(cpu, insn);
}
export function LDR_S_ldst_immpre(cpu: usize, insn: u32): void {
  ldrPre<u32>(cpu, insn);
}
export function LDR_D_ldst_immpre(cpu: usize, insn: u32): void {
  ldrPre<u64>(cpu, insn);
}
export function LDR_Q_ldst_immpre(cpu: usize, insn: u32): void {
  ldrPre<v128>(cpu, insn);
}
export function STR_B_ldst_regoff(cpu: usize, insn: u32): void {
  strRegister<u8>(cpu, insn);
}
export function STR_H_ldst_regoff(cpu: usize, insn: u32): void {
  strRegister<u16>(cpu, insn);
}
export function STR_S_ldst_regoff(cpu: usize, insn: u32): void {
  strRegister<u32>(cpu, insn);
}
export function STR_D_ldst_regoff(cpu: usize, insn: u32): void {
  strRegister<u64>(cpu, insn);
}
export function STR_Q_ldst_regoff(cpu: usize, insn: u32): void {
  strRegister<v128>(cpu, insn);
}
export function LDR_B_ldst_regoff(cpu: usize, insn: u32): void {
  ldrRegister<u8>(cpu, insn);
}
export function LDR_H_ldst_regoff(cpu: usize, insn: u32): void {
  ldrRegister<u16>(cpu, insn);
}
export function LDR_S_ldst_regoff(cpu: usize, insn: u32): void {
  ldrRegister<u32>(cpu, insn);
}
export function LDR_D_ldst_regoff(cpu: usize, insn: u32): void {
  ldrRegister<u64>(cpu, insn);
}
export function LDR_Q_ldst_regoff(cpu: usize, insn: u32): void {
  ldrRegister<v128>(cpu, insn);
}
export function STR_B_ldst_pos(cpu: usize, insn: u32): void {
  strUnsigned<u8>(cpu, insn);
}
export function STR_H_ldst_pos(cpu: usize, insn: u32): void {
  strUnsigned<u16>(cpu, insn);
}
export function STR_S_ldst_pos(cpu: usize, insn: u32): void {
  strUnsigned<u32>(cpu, insn);
}
export function STR_D_ldst_pos(cpu: usize, insn: u32): void {
  strUnsigned<u64>(cpu, insn);
}
export function STR_Q_ldst_pos(cpu: usize, insn: u32): void {
  strUnsigned<v128>(cpu, insn);
}
export function LDR_B_ldst_pos(cpu: usize, insn: u32): void {
  ldrUnsigned<u8>(cpu, insn);
}
export function LDR_H_ldst_pos(cpu: usize, insn: u32): void {
  ldrUnsigned<u16>(cpu, insn);
}
export function LDR_S_ldst_pos(cpu: usize, insn: u32): void {
  ldrUnsigned<u32>(cpu, insn);
}
export function LDR_D_ldst_pos(cpu: usize, insn: u32): void {
  ldrUnsigned<u64>(cpu, insn);
}
export function LDR_Q_ldst_pos(cpu: usize, insn: u32): void {
  ldrUnsigned<v128>(cpu, insn);
}
