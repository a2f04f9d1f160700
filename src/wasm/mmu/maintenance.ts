/** TLB maintenance, and what changes of the translation registers do (ARM ARM D5.10, C5.5). */
import { jumpsHavePage, newJumpContext, newPrivateContext } from "../cpu/jump-cache";
import { requestLeave } from "../cpu/state";
import { flushTlb, flushTlbArea, flushTlbPage, flushTlbPrivate } from "./tlb";
import { tlb2Flush, tlb2FlushArea, tlb2FlushAsid, tlb2FlushPage, tlb2HasPieces, tlb2InLargeRegion } from "./tlb2";

/** SCTLR_EL1 or TCR_EL1 changed: nothing that was cached holds. */
export function translationChanged(cpu: usize): void {
  flushAll(cpu);
  requestLeave(cpu);
}

/** TTBR0_EL1 or TTBR1_EL1 changed: the second level knows ASIDs, the first and the jump cache do not. Global pages stay. */
export function contextChanged(cpu: usize): void {
  flushTlbPrivate(cpu);
  newPrivateContext(cpu);
}

/** TLBI VMALLE1. */
export function flushAll(cpu: usize): void {
  flushTlb(cpu);
  tlb2Flush(cpu);
  newJumpContext(cpu);
}

/** TLBI ASIDE1. */
export function flushAsid(cpu: usize, asid: u32): void {
  flushTlb(cpu);
  tlb2FlushAsid(cpu, asid);
  newJumpContext(cpu);
}

/** TLBI VAE1, VAAE1 and their last-level forms: `operand` is the register's value, VA[55:12] in bits 43:0. */
export function flushPage(cpu: usize, operand: u64): void {
  const va = <u64>(<i64>(operand << 20) >> 8);
  if (tlb2InLargeRegion(cpu, va)) {
    flushAll(cpu);
    return;
  }
  if (tlb2HasPieces(cpu, va)) {
    flushTlbArea(cpu, va);
    tlb2FlushArea(cpu, va);
    newJumpContext(cpu);
  } else {
    flushTlbPage(cpu, va);
    tlb2FlushPage(cpu, va);
    if (jumpsHavePage(cpu, va)) newJumpContext(cpu);
  }
}
