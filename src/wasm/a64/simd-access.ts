/**
 * Guest memory accesses of SIMD&FP registers by virtual address, at the current EL. The whole access is one
 * load or store of linear memory when it lies in one page that the first-level TLB has; otherwise it goes in
 * parts of at most 8 bytes through mmu/access. After a fault no register has changed.
 */
import { faulted } from "../cpu/exception";
import { CPU_EL, CPU_TLB } from "../cpu/state";
import { readVa, writeVa } from "../mmu/access";
import { misaligned } from "../mmu/slow";
import { PAGE_MASK, TLB_ADDEND, TLB_INDEX_MASK, TLB_INDEX_SHIFT, TLB_READ, TLB_SET_SHIFT, TLB_WRITE } from "../mmu/tlb";
import { vreg } from "./fields";

/** Linear-memory address of [va, va + length) for loads, or 0 when the TLB does not have it as one range. */
export function hostForLoad(cpu: usize, va: u64, length: u32): usize {
  const entry =
    cpu +
    CPU_TLB +
    ((<usize>load<u32>(cpu, CPU_EL)) << TLB_SET_SHIFT) +
    (<usize>(va >> TLB_INDEX_SHIFT) & TLB_INDEX_MASK);
  if (load<u64>(entry, TLB_READ) != ((va + (length - 1)) & PAGE_MASK)) return 0;
  return <usize>(<u32>va + load<u32>(entry, TLB_READ + TLB_ADDEND));
}

/** The same for stores. */
export function hostForStore(cpu: usize, va: u64, length: u32): usize {
  const entry =
    cpu +
    CPU_TLB +
    ((<usize>load<u32>(cpu, CPU_EL)) << TLB_SET_SHIFT) +
    (<usize>(va >> TLB_INDEX_SHIFT) & TLB_INDEX_MASK);
  if (load<u64>(entry, TLB_WRITE) != ((va + (length - 1)) & PAGE_MASK)) return 0;
  return <usize>(<u32>va + load<u32>(entry, TLB_WRITE + TLB_ADDEND));
}

/** sizeof<T>() bytes of linear memory, zero-extended to a register (T: u8 u16 u32 u64 v128). */
function loadExtended<T>(host: usize): v128 {
  if (sizeof<T>() == 16) return v128.load(host);
  if (sizeof<T>() == 8) return v128.load64_zero(host);
  if (sizeof<T>() == 4) return v128.load32_zero(host);
  if (sizeof<T>() == 2) return v128.load16_lane(host, i64x2.splat(0), 0);
  return v128.load8_lane(host, i64x2.splat(0), 0);
}

function storeLow<T>(host: usize, value: v128): void {
  if (sizeof<T>() == 16) v128.store(host, value);
  else if (sizeof<T>() == 8) v128.store64_lane(host, value, 0);
  else if (sizeof<T>() == 4) v128.store32_lane(host, value, 0);
  else if (sizeof<T>() == 2) v128.store16_lane(host, value, 0);
  else v128.store8_lane(host, value, 0);
}

/** Zero-extended load through mmu/access; meaningless when faulted(cpu) afterwards. */
export function loadInParts<T>(cpu: usize, va: u64): v128 {
  if (sizeof<T>() == 16) {
    if (misaligned(cpu, va, 16, false)) return i64x2.splat(0);
    const low = readVa<u64>(cpu, va);
    if (faulted(cpu)) return i64x2.splat(0);
    return i64x2.replace_lane(i64x2.splat(low), 1, readVa<u64>(cpu, va + 8));
  }
  if (sizeof<T>() == 8) return i64x2.replace_lane(i64x2.splat(0), 0, readVa<u64>(cpu, va));
  if (sizeof<T>() == 4) return i32x4.replace_lane(i64x2.splat(0), 0, readVa<u32>(cpu, va));
  if (sizeof<T>() == 2) return i16x8.replace_lane(i64x2.splat(0), 0, readVa<u16>(cpu, va));
  return i8x16.replace_lane(i64x2.splat(0), 0, readVa<u8>(cpu, va));
}

/** Store of the low sizeof<T>() bytes through mmu/access; false after a fault. */
export function storeInParts<T>(cpu: usize, va: u64, value: v128): bool {
  if (sizeof<T>() == 16) {
    if (misaligned(cpu, va, 16, true)) return false;
    writeVa<u64>(cpu, va, v128.extract_lane<u64>(value, 0));
    if (faulted(cpu)) return false;
    writeVa<u64>(cpu, va + 8, v128.extract_lane<u64>(value, 1));
  } else if (sizeof<T>() == 8) writeVa<u64>(cpu, va, v128.extract_lane<u64>(value, 0));
  else if (sizeof<T>() == 4) writeVa<u32>(cpu, va, v128.extract_lane<u32>(value, 0));
  else if (sizeof<T>() == 2) writeVa<u16>(cpu, va, v128.extract_lane<u16>(value, 0));
  else writeVa<u8>(cpu, va, v128.extract_lane<u8>(value, 0));
  return !faulted(cpu);
}

/** V[t] = sizeof<T>() bytes at va, zero-extended; false, with V[t] unchanged, after a fault. */
export function loadV<T>(cpu: usize, t: u32, va: u64): bool {
  const host = hostForLoad(cpu, va, sizeof<T>());
  if (host != 0) {
    v128.store(vreg(cpu, t), loadExtended<T>(host));
    return true;
  }
  const value = loadInParts<T>(cpu, va);
  if (faulted(cpu)) return false;
  v128.store(vreg(cpu, t), value);
  return true;
}

/** The low sizeof<T>() bytes of V[t] to va; false after a fault. */
export function storeV<T>(cpu: usize, t: u32, va: u64): bool {
  const value = v128.load(vreg(cpu, t));
  const host = hostForStore(cpu, va, sizeof<T>());
  if (host == 0) return storeInParts<T>(cpu, va, value);
  storeLow<T>(host, value);
  return true;
}

/** V[t], V[t2] = two adjacent values at va. */
export function loadVPair<T>(cpu: usize, t: u32, t2: u32, va: u64): bool {
  const host = hostForLoad(cpu, va, 2 * sizeof<T>());
  let first: v128;
  let second: v128;
  if (host != 0) {
    first = loadExtended<T>(host);
    second = loadExtended<T>(host + sizeof<T>());
  } else {
    first = loadInParts<T>(cpu, va);
    if (faulted(cpu)) return false;
    second = loadInParts<T>(cpu, va + sizeof<T>());
    if (faulted(cpu)) return false;
  }
  v128.store(vreg(cpu, t), first);
  v128.store(vreg(cpu, t2), second);
  return true;
}

/** The low sizeof<T>() bytes of V[t], then those of V[t2], to va; false after a fault. */
export function storeVPair<T>(cpu: usize, t: u32, t2: u32, va: u64): bool {
  const first = v128.load(vreg(cpu, t));
  const second = v128.load(vreg(cpu, t2));
  const host = hostForStore(cpu, va, 2 * sizeof<T>());
  if (host == 0) return storeInParts<T>(cpu, va, first) && storeInParts<T>(cpu, va + sizeof<T>(), second);
  storeLow<T>(host, first);
  storeLow<T>(host + sizeof<T>(), second);
  return true;
}
