/**
 * First-level TLB: per CPU, and for each EL, 1024 direct-mapped entries for loads and as many for stores, 16 bytes an entry: what is copied
 * from one page to another may use the same place twice.
 * A tag is the page's virtual address (top byte included), or TLB_INVALID, which no `va & PAGE_MASK` equals.
 */

import { CPU_TLB, CPU_TLB_FILLED } from "../cpu/state";

export const TLB_ENTRIES: usize = 1024;
export const TLB_ENTRY_SHIFT: u32 = 4;
/** Where in an EL's set the entries for loads and those for stores begin. */
export const TLB_READ: usize = 0;
export const TLB_WRITE: usize = TLB_ENTRIES << TLB_ENTRY_SHIFT;
/** In an entry, u64 tag and u32 addend: linear-memory address = low 32 bits of va + addend. */
export const TLB_ADDEND: usize = 8;
/** log2 of the size of one EL's set. */
export const TLB_SET_SHIFT: usize = 15;
const TLB_END: usize = CPU_TLB + (2 << TLB_SET_SHIFT);
/** `(va >> TLB_INDEX_SHIFT) & TLB_INDEX_MASK` is the byte offset of the entry for va. */
export const TLB_INDEX_SHIFT: u64 = 8;
export const TLB_INDEX_MASK: usize = (TLB_ENTRIES - 1) << TLB_ENTRY_SHIFT;
export const PAGE_MASK: u64 = 0xffff_ffff_ffff_f000;
export const TLB_INVALID: u64 = 1;

/** Which entries were filled since all were empty, so that emptying them again is no walk of the whole TLB: u16 each, a bit and a number. */
const FILLED: usize = CPU_TLB_FILLED + 4;
const MOST_FILLED: u32 = 768;
const FILLED_PRIVATE: u32 = 0x8000;

/**
 * Fills the entry for the page `page` of `el` in the half TLB_READ or TLB_WRITE; `isPrivate` when only the address space in use has that
 * page (nG).
 */
export function fillTlb(cpu: usize, half: usize, el: u32, page: u64, addend: u32, isPrivate: bool): void {
  const entry = cpu + CPU_TLB + ((<usize>el) << TLB_SET_SHIFT) + half + placeOf(page);
  store<u64>(entry, page);
  store<u32>(entry, addend, TLB_ADDEND);
  const filled = load<u32>(cpu, CPU_TLB_FILLED);
  if (filled > MOST_FILLED) return;
  store<u32>(cpu, filled + 1, CPU_TLB_FILLED);
  if (filled == MOST_FILLED) return;
  const number = <u32>(entry - cpu - CPU_TLB) >> TLB_ENTRY_SHIFT;
  store<u16>(cpu + FILLED + (filled << 1), <u16>(isPrivate ? number | FILLED_PRIVATE : number));
}
function placeOf(va: u64): usize {
  return <usize>(va >> TLB_INDEX_SHIFT) & TLB_INDEX_MASK;
}
/** The tag that is in the place of `page`. */
export function tlbTag(cpu: usize, half: usize, el: u32, page: u64): u64 {
  return load<u64>(cpu + CPU_TLB + ((<usize>el) << TLB_SET_SHIFT) + half + placeOf(page));
}

/** Empties the first-level TLB of `cpu`, whatever is in it. */
export function resetTlb(cpu: usize): void {
  for (let entry = cpu + CPU_TLB; entry < cpu + TLB_END; entry += 1 << TLB_ENTRY_SHIFT) store<u64>(entry, TLB_INVALID);
  store<u32>(cpu, 0, CPU_TLB_FILLED);
}

function dropFilled(cpu: usize, filled: u32): void {
  const number = <usize>(filled & ~FILLED_PRIVATE);
  store<u64>(cpu + CPU_TLB + (number << TLB_ENTRY_SHIFT), TLB_INVALID);
}
function filledAt(cpu: usize, i: u32): u32 {
  return <u32>load<u16>(cpu + FILLED + (i << 1));
}

/** Empties the first-level TLB of `cpu`. */
export function flushTlb(cpu: usize): void {
  const count = load<u32>(cpu, CPU_TLB_FILLED);
  if (count > MOST_FILLED) {
    resetTlb(cpu);
    return;
  }
  for (let i: u32 = 0; i < count; i++) dropFilled(cpu, filledAt(cpu, i));
  store<u32>(cpu, 0, CPU_TLB_FILLED);
}

/** Drops what only the address space in use has. */
export function flushTlbPrivate(cpu: usize): void {
  const count = load<u32>(cpu, CPU_TLB_FILLED);
  if (count > MOST_FILLED) {
    resetTlb(cpu);
    return;
  }
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const filled = filledAt(cpu, i);
    if ((filled & FILLED_PRIVATE) != 0) {
      dropFilled(cpu, filled);
      continue;
    }
    store<u16>(cpu + FILLED + (kept << 1), <u16>filled);
    kept++;
  }
  store<u32>(cpu, kept, CPU_TLB_FILLED);
}

/** Drops the entries for the page of `va`, whatever their top byte. */
export function flushTlbPage(cpu: usize, va: u64): void {
  for (let half = cpu + CPU_TLB; half < cpu + TLB_END; half += TLB_WRITE) {
    store<u64>(half + placeOf(va), TLB_INVALID);
  }
}

/** Drops the entries where pages of the 2 MiB around `va` would be. */
export function flushTlbArea(cpu: usize, va: u64): void {
  const first = va & ~0x1f_ffff;
  for (let offset: u64 = 0; offset < 0x20_0000; offset += 0x1000) flushTlbPage(cpu, first + offset);
}

/** Drops the store tags of all mappings of the page at linear-memory address `page`: code was found in it. */
export function dropWriteTags(cpu: usize, page: usize): void {
  for (let set = cpu + CPU_TLB; set < cpu + TLB_END; set += 1 << TLB_SET_SHIFT) {
    for (let entry = set + TLB_WRITE; entry < set + 2 * TLB_WRITE; entry += 1 << TLB_ENTRY_SHIFT) {
      const tag = load<u64>(entry);
      if (tag != TLB_INVALID && <u32>tag + load<u32>(entry, TLB_ADDEND) == <u32>page) store<u64>(entry, TLB_INVALID);
    }
  }
}
