/** From a guest's virtual address to one of linear memory: the first-level TLB inline, hostForCompiled for what it does not have. */
import { CPU_TLB } from "../cpu/state";
import { HOST_SHARED, HOST_UNPRIVILEGED, HOST_WRITE } from "../mmu/slow";
import { TLB_ADDEND, TLB_INDEX_MASK, TLB_INDEX_SHIFT, TLB_READ, TLB_WRITE } from "../mmu/tlb";
import { LABEL_IF, close, leaveUndone, pushLabel } from "./exits";
import { hintLikely } from "./hints";
import { L_CPU, L_ENTRY, L_HOST, L_TLB, L_VA } from "./locals";
import * as W from "./opcodes";
import { access, byte, get, i32c, i64c, leb, set, tee } from "./writer";

/** Index of the imported hostForCompiled. */
export const FUNCTION_HOST: u32 = 0;

let usesTlb: bool = false;

export function beginTranslation(): void {
  usesTlb = false;
}
/** True when the region needs L_TLB. */
export function tlbIsUsed(): bool {
  return usesTlb;
}

/** Opens an `if` for the condition on the stack, nearly always true, that leaves an i32. */
export function openHostIf(): void {
  hintLikely();
  byte(W.IF);
  byte(W.TYPE_I32);
  pushLabel(LABEL_IF);
}
/** Pops a virtual address and pushes what hostForCompiled says of it: 0 where only the interpreter can do the access. */
export function callHost(how: u32): void {
  i32c(how);
  byte(W.CALL);
  leb(FUNCTION_HOST);
}
/** Makes what callHost has pushed the value of the open `if`, leaving the region when it is 0. */
export function hostOrLeave(): void {
  tee(L_HOST);
  byte(W.I32_EQZ);
  leaveUndone();
  get(L_HOST);
}
export function howOf(size: u32, isWrite: bool): u32 {
  return (size << 2) | (isWrite ? HOST_WRITE : 0);
}

/** Pushes 1 when the TLB at `base` + `offset` has the page of [L_VA, L_VA + size), which is one page; L_ENTRY is its entry. */
function pushIsInTlb(base: u32, half: usize, size: u32): void {
  get(L_VA);
  byte(W.I32_WRAP_I64);
  i32c(<u32>TLB_INDEX_SHIFT);
  byte(W.I32_SHR_U);
  i32c(<u32>TLB_INDEX_MASK);
  byte(W.I32_AND);
  get(base);
  byte(W.I32_ADD);
  tee(L_ENTRY);
  access(W.I64_LOAD, half);
  get(L_VA);
  if (size > 1) {
    i64c(<u64>(size - 1));
    byte(W.I64_ADD);
  }
  i64c(0xffff_ffff_ffff_f000);
  byte(W.I64_AND);
  byte(W.I64_EQ);
}
/** `base` is the local, and `offset` the distance from it, where the TLB begins. Pushes the address. */
function pushHost(base: u32, offset: usize, how: u32): void {
  const half = offset + ((how & HOST_WRITE) != 0 ? TLB_WRITE : TLB_READ);
  pushIsInTlb(base, half, (how & ~HOST_SHARED) >> 2);
  openHostIf();
  get(L_VA);
  byte(W.I32_WRAP_I64);
  get(L_ENTRY);
  access(W.I32_LOAD, half + TLB_ADDEND);
  byte(W.I32_ADD);
  byte(W.ELSE);
  get(L_CPU);
  get(L_VA);
  callHost(how);
  if ((how & HOST_SHARED) == 0) hostOrLeave();
  close();
}

/** Emits L_HOST = linear-memory address of [L_VA, L_VA + size), leaving the region when only the interpreter can do the access. */
export function translate(size: u32, isWrite: bool): void {
  usesTlb = true;
  pushHost(L_TLB, 0, howOf(size, isWrite));
  set(L_HOST);
}
/** The same with EL0's permissions and so by EL0's TLB, which lies at CPU_TLB. */
export function translateUnprivileged(size: u32, isWrite: bool): void {
  pushHost(L_CPU, CPU_TLB, howOf(size, isWrite) | HOST_UNPRIVILEGED);
  set(L_HOST);
}
/** Pushes the address of [L_VA, L_VA + size), in which several accesses lie, or 0 where each of them has to ask for itself. */
export function pushShared(size: u32, isWrite: bool): void {
  usesTlb = true;
  pushHost(L_TLB, 0, howOf(size, isWrite) | HOST_SHARED);
}
