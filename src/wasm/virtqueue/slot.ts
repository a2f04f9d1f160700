/**
 * One virtqueue's state in the VQ area, as byte offsets from its slot: scalars, then the set of chain heads that
 * the device holds.
 */
import { VQ_SLOTS } from "../../virtio/spec/walker";
import { VQ_BASE, VQ_SIZE } from "../layout";

const SLOT_STRIDE: usize = 256;

/** u32: 1 when a bus has taken this slot. */
export const SLOT_OPEN: usize = 0x00;
/** u32: counts every enable and every end of life; a chain of an older generation is dead. */
export const SLOT_GENERATION: usize = 0x04;
/** u32: 1 between vq_enable and vq_disable, vq_stop or a violation. */
export const SLOT_LIVE: usize = 0x08;
/** i32: the violation that ended it, 0 if none. */
export const SLOT_ERROR: usize = 0x0c;
/** u32: queue size in descriptors. */
export const SLOT_SIZE: usize = 0x10;
/** u32: VQ_FLAG_* bits. */
export const SLOT_FLAGS: usize = 0x14;
/** Three u64: guest physical addresses of the areas, in VQ_AREA_* order. */
export const SLOT_AREAS: usize = 0x18;
/** u32 each: the same as linear-memory addresses, checked by vq_enable. */
export const SLOT_DESC: usize = 0x30;
export const SLOT_DRIVER: usize = 0x34;
export const SLOT_DEVICE: usize = 0x38;
/**
 * u32 each, modulo 2^16: next available entry to take, next used entry to write, used index last told to the driver.
 * On a packed ring the first two are positions with the wrap counter as bit 15, and the third is not used.
 */
export const SLOT_LAST_AVAIL: usize = 0x3c;
export const SLOT_USED: usize = 0x40;
export const SLOT_SIGNALLED: usize = 0x44;
/** u32: 1 when SLOT_SIGNALLED means something. */
export const SLOT_SIGNALLED_VALID: usize = 0x48;
/** u32: used entries written but not yet published. */
export const SLOT_STAGED: usize = 0x4c;
/** u32: chains that the device holds. */
export const SLOT_IN_FLIGHT: usize = 0x50;
/** u32: 1 when the ring is packed. */
export const SLOT_PACKED: usize = 0x54;
/** u32: packed ring: descriptors that were taken and not returned. */
export const SLOT_HELD: usize = 0x58;
/** u32: packed ring: descriptors returned but not yet published. */
export const SLOT_RETURNED: usize = 0x5c;
/** u32 each: packed ring: linear-memory address and value of the flags that publish what is staged. */
export const SLOT_FIRST_AT: usize = 0x60;
export const SLOT_FIRST_FLAGS: usize = 0x64;
/** One bit for each of VQ_SIZE_MAX heads: 128 bytes. */
export const SLOT_BITSET: usize = 0x80;

/** The one chain record (spec/walker.ts), after the slots. */
export const CHAIN_RECORD: usize = VQ_BASE + <usize>VQ_SLOTS * SLOT_STRIDE;
/** Bytes that are left for it; the longest chain needs 28 + 8 * (VQ_SIZE_MAX + VQ_INDIRECT_MAX). */
export const CHAIN_RECORD_ROOM: usize = VQ_SIZE - <usize>VQ_SLOTS * SLOT_STRIDE;

/** Address of slot number `index`; a number out of range lands on the last slot, inside the area in any case. */
export function slotAddress(index: u32): usize {
  return VQ_BASE + <usize>min<u32>(index, VQ_SLOTS - 1) * SLOT_STRIDE;
}

/** Ends the life of the queue: chains in flight are dead, nothing is read or written any more. */
export function endLife(slot: usize): void {
  store<u32>(slot, 0, SLOT_LIVE);
  store<u32>(slot, load<u32>(slot, SLOT_GENERATION) + 1, SLOT_GENERATION);
}

/** Records a violation of the ring's rules and ends the queue's life; returns `error`. */
export function violate(slot: usize, error: i32): i32 {
  store<i32>(slot, error, SLOT_ERROR);
  endLife(slot);
  return error;
}

/** Whether the device holds the chain that starts at descriptor `head` (below VQ_SIZE_MAX). */
export function isInFlight(slot: usize, head: u32): bool {
  return (load<u32>(slot + ((<usize>head >> 5) << 2), SLOT_BITSET) & ((<u32>1) << (head & 31))) != 0;
}

/** The lowest head below `size` that the device does not hold, or -1. */
export function freeHead(slot: usize, size: u32): i32 {
  for (let base: u32 = 0; base < size; base += 32) {
    const free = ~load<u32>(slot + ((<usize>base >> 5) << 2), SLOT_BITSET);
    if (free == 0) continue;
    const head = base + ctz<u32>(free);
    return head < size ? <i32>head : -1;
  }
  return -1;
}

/** Adds `head` to the set of chains that the device holds. */
export function addInFlight(slot: usize, head: u32): void {
  const word = slot + ((<usize>head >> 5) << 2);
  store<u32>(word, load<u32>(word, SLOT_BITSET) | ((<u32>1) << (head & 31)), SLOT_BITSET);
  store<u32>(slot, load<u32>(slot, SLOT_IN_FLIGHT) + 1, SLOT_IN_FLIGHT);
}

/** Takes `head`, which must be in the set, out of it. */
export function removeInFlight(slot: usize, head: u32): void {
  const word = slot + ((<usize>head >> 5) << 2);
  store<u32>(word, load<u32>(word, SLOT_BITSET) & ~((<u32>1) << (head & 31)), SLOT_BITSET);
  store<u32>(slot, load<u32>(slot, SLOT_IN_FLIGHT) - 1, SLOT_IN_FLIGHT);
}
