/**
 * From a virtual address to the record that executes there. Direct-mapped, 4096 entries of 16 bytes a CPU; an entry
 * holds for one context, a number that changes with the exception level and whenever a translation may have changed.
 */
import { hostAddress } from "../mmu/ram";
import { abortInstruction, translate, translatedAddress } from "../mmu/translate";
import { ACCESS_FETCH, FAULT_EXTERNAL } from "../mmu/fault";
import { recordAt } from "./code-frame";
import { EC_PC_ALIGNMENT, raiseWithAddress } from "./exception";
import { CPU_EL, CPU_JUMP_CACHE, CPU_JUMP_CONTEXT, CPU_PC } from "./state";

export { CPU_JUMP_CONTEXT } from "./state";

/** u64 virtual address; u32 record; u32 context. */
export const JUMP_VA: usize = 0;
export const JUMP_RECORD: usize = 8;
export const JUMP_CONTEXT: usize = 12;
const JUMP_ENTRIES: usize = 4096;
/** `(va << 2) & JUMP_CACHE_MASK` is the byte offset of the entry for va. */
export const JUMP_CACHE_MASK: usize = (JUMP_ENTRIES - 1) << 4;

/** Bits of the context that are not the exception level. */
const CONTEXT_STEP: u32 = 2;

/** Makes every entry of `cpu` stale: translations, code frames or the exception level changed. */
export function newJumpContext(cpu: usize): void {
  const generation = (load<u32>(cpu, CPU_JUMP_CONTEXT) & ~1) + CONTEXT_STEP;
  // After 2^31 changes old entries would look valid again.
  if (generation == 0) memory.fill(cpu + CPU_JUMP_CACHE, 0xff, JUMP_ENTRIES << 4);
  setJumpContext(cpu, generation);
}

/** Enters the context of the current exception level, keeping entries of both levels. */
export function updateJumpContext(cpu: usize): void {
  setJumpContext(cpu, load<u32>(cpu, CPU_JUMP_CONTEXT));
}

function setJumpContext(cpu: usize, generation: u32): void {
  store<u32>(cpu, (generation & ~1) | load<u32>(cpu, CPU_EL), CPU_JUMP_CONTEXT);
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
  store<u64>(entry, va, JUMP_VA);
  store<u32>(entry, <u32>record, JUMP_RECORD);
  store<u32>(entry, load<u32>(cpu, CPU_JUMP_CONTEXT), JUMP_CONTEXT);
  return record;
}
