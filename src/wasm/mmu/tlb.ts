/**
 * First-level TLB: per CPU, one set of 1024 direct-mapped entries for each EL, 32 bytes an entry.
 * A tag is the page's virtual address (top byte included), or TLB_INVALID, which no `va & PAGE_MASK` equals.
 */

import { CPU_TLB } from "../cpu/state";

/** u64 each: tags for loads and for stores. */
export const TLB_READ: usize = 0;
export const TLB_WRITE: usize = 8;
/** u32: linear-memory address = low 32 bits of va + addend. */
export const TLB_ADDEND: usize = 16;
export const TLB_ENTRY_SHIFT: u32 = 5;
export const TLB_ENTRIES: usize = 1024;
/** log2 of the size of one EL's set. */
export const TLB_SET_SHIFT: usize = 15;
/** `(va >> 7) & TLB_INDEX_MASK` is the byte offset of the entry for va. */
export const TLB_INDEX_MASK: usize = (TLB_ENTRIES - 1) << 5;
export const PAGE_MASK: u64 = 0xffff_ffff_ffff_f000;
export const TLB_INVALID: u64 = 1;

/** Empties the first-level TLB of `cpu`. */
export function flushTlb(cpu: usize): void {
  for (let entry = cpu + CPU_TLB; entry < cpu + CPU_TLB + (2 << TLB_SET_SHIFT); entry += 1 << TLB_ENTRY_SHIFT) {
    store<u64>(entry, TLB_INVALID, TLB_READ);
    store<u64>(entry, TLB_INVALID, TLB_WRITE);
  }
}

/** Drops the entries for the page of `va`, whatever their top byte. */
export function flushTlbPage(cpu: usize, va: u64): void {
  const offset = <usize>(va >> 7) & TLB_INDEX_MASK;
  for (let el: usize = 0; el < 2; el++) {
    const entry = cpu + CPU_TLB + (el << TLB_SET_SHIFT) + offset;
    store<u64>(entry, TLB_INVALID, TLB_READ);
    store<u64>(entry, TLB_INVALID, TLB_WRITE);
  }
}

/** Drops the entries where pages of the 2 MiB around `va` would be. */
export function flushTlbArea(cpu: usize, va: u64): void {
  const first = va & ~0x1f_ffff;
  for (let offset: u64 = 0; offset < 0x20_0000; offset += 0x1000) flushTlbPage(cpu, first + offset);
}

/** Drops the store tags of all mappings of the page at linear-memory address `page`: code was found in it. */
export function dropWriteTags(cpu: usize, page: usize): void {
  for (let entry = cpu + CPU_TLB; entry < cpu + CPU_TLB + (2 << TLB_SET_SHIFT); entry += 1 << TLB_ENTRY_SHIFT) {
    const tag = load<u64>(entry, TLB_WRITE);
    if (tag != TLB_INVALID && <u32>tag + load<u32>(entry, TLB_ADDEND) == <u32>page)
      store<u64>(entry, TLB_INVALID, TLB_WRITE);
  }
}
