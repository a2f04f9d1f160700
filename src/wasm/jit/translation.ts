/** From a guest's virtual address to one of linear memory: the first-level TLB inline, hostOrStop for what it does not have. */
import { CPU_JIT_LEFT, CPU_TLB } from "../cpu/state";
import { HOST_SHARED, HOST_UNPRIVILEGED, HOST_WRITE, hostForCompiled } from "../mmu/slow";
import { TLB_ADDEND, TLB_INDEX_MASK, TLB_INDEX_SHIFT, TLB_READ, TLB_WRITE } from "../mmu/tlb";
import { LEFT_UNDONE, close, infoOf, instructionOffset, instructionsNotDone, leaveFailed, openIf } from "./exits";
import { hintLikely } from "./hints";
import { L_CPU, L_ENTRY, L_HOST, L_TLB, L_VA } from "./locals";
import * as W from "./opcodes";
import { access, byte, get, i32c, i64c, leb, set, tee } from "./writer";

/** Index of the imported hostOrStop. */
export const FUNCTION_HOST: u32 = 0;

let usesTlb: bool = false;

export function beginTranslation(): void {
  usesTlb = false;
}
/** True when the region needs L_TLB. */
export function tlbIsUsed(): bool {
  return usesTlb;
}

/** Of a request to hostOrStop: `how` of hostForCompiled below, the instruction's word in its page and the instructions not done above. */
const REQUEST_HOW: u32 = HOST_SHARED | 0xfff;
const REQUEST_WORD: u32 = 12;
const REQUEST_NOT_DONE: u32 = 22;

/** hostForCompiled, for the compiled instruction that `request` tells: a 0 leaves in CPU_JIT_LEFT where the region stops (L_INFO). */
export function hostOrStop(cpu: usize, va: u64, request: u32): usize {
  const host = hostForCompiled(cpu, va, request & REQUEST_HOW);
  if (host == 0) {
    const offset = ((request >> REQUEST_WORD) & 0x3ff) << 2;
    store<u32>(cpu, infoOf(offset, (request >> REQUEST_NOT_DONE) & 0x1ff, LEFT_UNDONE), CPU_JIT_LEFT);
  }
  return host;
}

/** Pops a virtual address and pushes what hostForCompiled says of it: 0 where only the interpreter can do the access. */
export function callHost(how: u32): void {
  i32c(how | ((instructionOffset() >> 2) << REQUEST_WORD) | (instructionsNotDone() << REQUEST_NOT_DONE));
  byte(W.CALL);
  leb(FUNCTION_HOST);
}
/** Makes what callHost has pushed L_HOST, leaving the region when it is 0. */
export function hostOrLeave(): void {
  tee(L_HOST);
  byte(W.I32_EQZ);
  leaveFailed();
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
/** `base` is the local, and `offset` the distance from it, where the TLB begins. Leaves the address in local `to`. */
function findHost(base: u32, offset: usize, how: u32, to: u32): void {
  const half = offset + ((how & HOST_WRITE) != 0 ? TLB_WRITE : TLB_READ);
  pushIsInTlb(base, half, (how & ~HOST_SHARED) >> 2);
  hintLikely();
  openIf();
  get(L_VA);
  byte(W.I32_WRAP_I64);
  get(L_ENTRY);
  access(W.I32_LOAD, half + TLB_ADDEND);
  byte(W.I32_ADD);
  set(to);
  byte(W.ELSE);
  get(L_CPU);
  get(L_VA);
  callHost(how);
  if ((how & HOST_SHARED) == 0) hostOrLeave();
  else set(to);
  close();
}

/** Emits L_HOST = linear-memory address of [L_VA, L_VA + size), leaving the region when only the interpreter can do the access. */
export function translate(size: u32, isWrite: bool): void {
  usesTlb = true;
  findHost(L_TLB, 0, howOf(size, isWrite), L_HOST);
}
/** The same with EL0's permissions and so by EL0's TLB, which lies at CPU_TLB. */
export function translateUnprivileged(size: u32, isWrite: bool): void {
  findHost(L_CPU, CPU_TLB, howOf(size, isWrite) | HOST_UNPRIVILEGED, L_HOST);
}
/** Emits `local` = address of [L_VA, L_VA + size), in which several accesses lie, or 0 where each of them has to ask for itself. */
export function findShared(size: u32, isWrite: bool, local: u32): void {
  usesTlb = true;
  findHost(L_TLB, 0, howOf(size, isWrite) | HOST_SHARED, local);
}
