/**
 * From a virtual address to the record that executes there. Direct-mapped, 4096 entries of 16 bytes a CPU; an entry
 * holds for one context, a number that changes with the exception level and whenever a translation may have changed.
 */
import { hostAddress } from "../mmu/ram";
import { abortInstruction, translate, translatedAddress, translatedAttributes } from "../mmu/translate";
import { ATTR_NG } from "../mmu/walk";
import { ACCESS_FETCH, FAULT_EXTERNAL } from "../mmu/fault";
import { recordAt } from "./code-frame";
import { EC_PC_ALIGNMENT, raiseWithAddress } from "./exception";
import {
  CPU_EL,
  CPU_JUMP_CACHE,
  CPU_JUMP_CONTEXT,
  CPU_JUMP_GENERATIONS,
  CPU_JUMP_PAGES,
  CPU_JUMP_PRIVATE,
  CPU_PC,
} from "./state";

export { CPU_JUMP_CONTEXT } from "./state";

/** u64 virtual address; u32 record; u32 context. */
export const JUMP_VA: usize = 0;
export const JUMP_RECORD: usize = 8;
export const JUMP_CONTEXT: usize = 12;
const JUMP_ENTRIES: usize = 4096;
/** `(va << 2) & JUMP_CACHE_MASK` is the byte offset of the entry for va. */
export const JUMP_CACHE_MASK: usize = (JUMP_ENTRIES - 1) << 4;

/** A bit for each page that findRecord has been in since the last newJumpContext, by its low address bits. */
const PAGE_BITS: usize = 4096;
function pageByte(cpu: usize, va: u64): usize {
  return cpu + CPU_JUMP_PAGES + ((<usize>(va >> 12) & (PAGE_BITS - 1)) >> 3);
}
function pageBit(va: u64): u8 {
  const number = <u32>(va >> 12) & 7;
  return <u8>((<u32>1) << number);
}
/** True when entries for the page of `va` may be there. */
export function jumpsHavePage(cpu: usize, va: u64): bool {
  return (load<u8>(pageByte(cpu, va)) & pageBit(va)) != 0;
}

/** Makes every entry of `cpu` stale: translations or code frames changed. */
export function newJumpContext(cpu: usize): void {
  memory.fill(cpu + CPU_JUMP_PAGES, 0, PAGE_BITS >> 3);
  store<u32>(cpu, 0, CPU_JUMP_PRIVATE);
  newGeneration(cpu, 0);
  newGeneration(cpu, 1);
  updateJumpContext(cpu);
}

/** Makes the entries stale that come from pages of one address space: EL1 hardly ever executes any. */
export function newPrivateContext(cpu: usize): void {
  newGeneration(cpu, 0);
  if (load<u32>(cpu, CPU_JUMP_PRIVATE) != 0) newGeneration(cpu, 1);
  store<u32>(cpu, 0, CPU_JUMP_PRIVATE);
  updateJumpContext(cpu);
}

function newGeneration(cpu: usize, el: usize): void {
  const at = cpu + CPU_JUMP_GENERATIONS + (el << 2);
  const next = (load<u32>(at) + 1) & 0x7fff_ffff;
  // After 2^31 changes old entries would look valid again. At the first one there are none yet.
  if (next <= 1) memory.fill(cpu + CPU_JUMP_CACHE, 0xff, JUMP_ENTRIES << 4);
  store<u32>(at, max<u32>(next, 1));
}

/** Enters the context of the current exception level, keeping entries of both levels. */
export function updateJumpContext(cpu: usize): void {
  const el = load<u32>(cpu, CPU_EL);
  const generation = load<u32>(cpu + CPU_JUMP_GENERATIONS + ((<usize>el) << 2));
  store<u32>(cpu, (generation << 1) | el, CPU_JUMP_CONTEXT);
}

/** The record for `va`, or 0 with an instruction abort or PC alignment fault raised; CPU_PC is then `va`. */
export function findRecord(cpu: usize, va: u64): usize {
  const entry = cpu + CPU_JUMP_CACHE + (((<usize>va) << 2) & JUMP_CACHE_MASK);
  if (load<u64>(entry, JUMP_VA) == va && load<u32>(entry, JUMP_CONTEXT) == load<u32>(cpu, CPU_JUMP_CONTEXT)) {
    return <usize>load<u32>(entry, JUMP_RECORD);
  }
  store<u64>(cpu, va, CPU_PC);
  if ((va & 3) != 0) {
    raiseWithAddress(cpu, EC_PC_ALIGNMENT, 0, va);
    return 0;
  }
  if (!translate(cpu, va, ACCESS_FETCH, load<u32>(cpu, CPU_EL))) return 0;
  const host = hostAddress(translatedAddress(cpu), 4);
  if (host == 0) {
    abortInstruction(cpu, va, FAULT_EXTERNAL);
    return 0;
  }
  const record = recordAt(host);
  store<u8>(pageByte(cpu, va), load<u8>(pageByte(cpu, va)) | pageBit(va));
  if (load<u32>(cpu, CPU_EL) != 0 && (translatedAttributes(cpu) & ATTR_NG) != 0) store<u32>(cpu, 1, CPU_JUMP_PRIVATE);
  store<u64>(entry, va, JUMP_VA);
  store<u32>(entry, <u32>record, JUMP_RECORD);
  store<u32>(entry, load<u32>(cpu, CPU_JUMP_CONTEXT), JUMP_CONTEXT);
  return record;
}
