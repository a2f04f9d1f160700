/** Guest RAM: the one range of physical addresses that is linear memory. */
import { GUEST_RAM_BASE, RAM_BASE } from "../layout";

let ramBytes: u64 = 0;

/** Bytes of guest RAM. */
export function ramSize(): u64 {
  return ramBytes;
}

/** Sets the RAM size once, before anything runs; `sizeBytes` is a multiple of 4 KiB that the memory was created for. */
export function mem_init(sizeBytes: u32): void {
  ramBytes = <u64>sizeBytes;
}

/** Linear-memory address of the physical range [pa, pa + length), or 0 when any of it is not RAM. */
export function hostAddress(pa: u64, length: u64): usize {
  const offset = pa - GUEST_RAM_BASE;
  if (pa < GUEST_RAM_BASE || offset >= ramBytes || length > ramBytes - offset) return 0;
  return RAM_BASE + <usize>offset;
}
