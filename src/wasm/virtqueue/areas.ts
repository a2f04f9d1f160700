/** Where the driver put the three areas of a queue. */
import { SLOT_AREAS } from "./slot";

/** Guest physical address of the area `which` (VQ_AREA_*). */
export function areaAddress(slot: usize, which: i32): u64 {
  return load<u64>(slot + ((<usize>which) << 3), SLOT_AREAS);
}

/** Whether two areas share a byte. Both are checked RAM, so neither wraps. */
export function overlap(a: usize, aBytes: usize, b: usize, bBytes: usize): bool {
  return a < b + bBytes && b < a + aBytes;
}
