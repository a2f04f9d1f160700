/**
 * First-level TLB: per CPU, one set of 1024 direct-mapped entries for each EL, 32 bytes an entry.
 * A tag is the page's virtual address (top byte included), or TLB_INVALID, which no `va & PAGE_MASK` equals.
 */

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
