/**
 * Data accesses of outlined handlers by virtual address, at the current EL. The run loop has the same fast path
 * inline (cpu/interp). After each call the caller tests faulted(cpu); a faulting load returns 0, a faulting store has stored nothing.
 */
import { CPU_EL, CPU_TLB } from "../cpu/state";
import { loadSlow, storeSlow } from "./slow";
import { PAGE_MASK, TLB_ADDEND, TLB_INDEX_MASK, TLB_INDEX_SHIFT, TLB_READ, TLB_SET_SHIFT, TLB_WRITE } from "./tlb";

/** Zero-extended load of sizeof<T>() bytes (T: u8 u16 u32 u64), at the current EL. */
export function readVa<T>(cpu: usize, va: u64): T {
  return readVaAs<T>(cpu, va, load<u32>(cpu, CPU_EL));
}

/** Store of sizeof<T>() bytes at the current EL. */
export function writeVa<T>(cpu: usize, va: u64, value: T): void {
  writeVaAs<T>(cpu, va, value, load<u32>(cpu, CPU_EL));
}

/** As readVa, with the permissions of `el` (LDTR uses 0). */
export function readVaAs<T>(cpu: usize, va: u64, el: u32): T {
  const entry = cpu + CPU_TLB + ((<usize>el) << TLB_SET_SHIFT) + (<usize>(va >> TLB_INDEX_SHIFT) & TLB_INDEX_MASK);
  if (load<u64>(entry, TLB_READ) == ((va + (sizeof<T>() - 1)) & PAGE_MASK)) {
    return load<T>(<usize>(<u32>va + load<u32>(entry, TLB_READ + TLB_ADDEND)));
  }
  return <T>loadSlow(cpu, va, sizeof<T>(), el);
}

/** As writeVa, with the permissions of `el` (STTR uses 0). */
export function writeVaAs<T>(cpu: usize, va: u64, value: T, el: u32): void {
  const entry = cpu + CPU_TLB + ((<usize>el) << TLB_SET_SHIFT) + (<usize>(va >> TLB_INDEX_SHIFT) & TLB_INDEX_MASK);
  if (load<u64>(entry, TLB_WRITE) == ((va + (sizeof<T>() - 1)) & PAGE_MASK)) {
    store<T>(<usize>(<u32>va + load<u32>(entry, TLB_WRITE + TLB_ADDEND)), value);
    return;
  }
  storeSlow(cpu, va, <u64>value, sizeof<T>(), el);
}
