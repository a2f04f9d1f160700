/** Which physical addresses devices answer; all others that are not RAM are external aborts. */

/** Pairs of u64: first address, size. */
const MAX_RANGES: u32 = 64;
const ranges: usize = memory.data(64 * 16);
let rangeCount: u32 = 0;

/** Adds a range of device addresses (physical, bytes); false when there is no room for another. */
export function mem_add_device(baseLow: u32, baseHigh: u32, sizeLow: u32, sizeHigh: u32): bool {
  if (rangeCount == MAX_RANGES) return false;
  const at = ranges + ((<usize>rangeCount) << 4);
  store<u64>(at, ((<u64>baseHigh) << 32) | <u64>baseLow);
  store<u64>(at, ((<u64>sizeHigh) << 32) | <u64>sizeLow, 8);
  rangeCount++;
  return true;
}

/** True when a device answers at `pa`. */
export function isDevice(pa: u64): bool {
  for (let i: u32 = 0; i < rangeCount; i++) {
    const at = ranges + ((<usize>i) << 4);
    if (pa - load<u64>(at) < load<u64>(at, 8)) return true;
  }
  return false;
}
