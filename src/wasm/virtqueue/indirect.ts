/** Walks descriptor tables: the queue's own and indirect ones (virtio 1.4, 2.7.5 and 2.8.7). */
import {
  DESC_LEN,
  DESC_SIZE,
  VIRTQ_DESC_F_INDIRECT,
  VIRTQ_DESC_F_NEXT,
  VIRTQ_DESC_F_WRITE,
} from "../../virtio/spec/ring";
import {
  VQ_ERROR_INDIRECT_FEATURE,
  VQ_ERROR_INDIRECT_NESTED,
  VQ_ERROR_INDIRECT_NEXT,
  VQ_ERROR_INDIRECT_SIZE,
  VQ_ERROR_INDIRECT_TABLE,
  VQ_ERROR_LOOP,
  VQ_ERROR_NEXT,
  VQ_FLAG_INDIRECT,
  VQ_INDIRECT_MAX,
} from "../../virtio/spec/walker";
import { hostAddress } from "../mmu/ram";
import { addSegment } from "./chain";
import { readU64 } from "./guest";
import { SLOT_DESC, SLOT_FLAGS, SLOT_SIZE } from "./slot";

/** Collects the chain at `head` of the queue's own table. Returns 0 or the violation. */
export function walkChain(slot: usize, head: u32): i32 {
  return walkTable(slot, <usize>load<u32>(slot, SLOT_DESC), load<u32>(slot, SLOT_SIZE), head, false);
}

/**
 * Each descriptor is loaded once, as two words: the guest may rewrite it while we look at it (another CPU, or a
 * buffer that overlaps the ring). Visiting more descriptors than the table has is how a loop shows, so the walk ends.
 */
function walkTable(slot: usize, table: usize, entries: u32, head: u32, nested: bool): i32 {
  let index = head;
  for (let visited: u32 = 0; visited < entries; ++visited) {
    const descriptor = table + <usize>index * DESC_SIZE;
    const address = readU64(descriptor);
    const rest = readU64(descriptor + DESC_LEN);
    const length = <u32>rest;
    const flags = <u32>(rest >> 32) & 0xffff;
    if ((flags & VIRTQ_DESC_F_INDIRECT) != 0) {
      if (nested) return VQ_ERROR_INDIRECT_NESTED;
      return walkIndirect(slot, address, length, flags);
    }
    const error = addSegment(address, length, (flags & VIRTQ_DESC_F_WRITE) != 0);
    if (error != 0) return error;
    if ((flags & VIRTQ_DESC_F_NEXT) == 0) return 0;
    index = <u32>(rest >> 48);
    if (index >= entries) return VQ_ERROR_NEXT;
  }
  return VQ_ERROR_LOOP;
}

function walkIndirect(slot: usize, address: u64, length: u32, flags: u32): i32 {
  const error = indirectTable(slot, address, length, flags);
  if (error != 0) return error;
  return walkTable(slot, hostAddress(address, <u64>length), length / DESC_SIZE, 0, true);
}

/** Walks the indirect table of a packed ring: its descriptors follow each other, and only their WRITE flag counts. */
export function walkPackedTable(table: usize, entries: u32): i32 {
  for (let index: u32 = 0; index < entries; ++index) {
    const descriptor = table + <usize>index * DESC_SIZE;
    const address = readU64(descriptor);
    const rest = readU64(descriptor + DESC_LEN);
    const error = addSegment(address, <u32>rest, (<u32>(rest >> 48) & VIRTQ_DESC_F_WRITE) != 0);
    if (error != 0) return error;
  }
  return 0;
}

/**
 * Checks a descriptor that points to a table. Returns 0 or the violation. Its write flag has no meaning (2.7.5.3.2);
 * the table may be unaligned.
 */
export function indirectTable(slot: usize, address: u64, length: u32, flags: u32): i32 {
  if ((load<u32>(slot, SLOT_FLAGS) & VQ_FLAG_INDIRECT) == 0) return VQ_ERROR_INDIRECT_FEATURE;
  if ((flags & VIRTQ_DESC_F_NEXT) != 0) return VQ_ERROR_INDIRECT_NEXT;
  if (length == 0 || (length & (DESC_SIZE - 1)) != 0 || length > <u32>(VQ_INDIRECT_MAX * DESC_SIZE)) {
    return VQ_ERROR_INDIRECT_SIZE;
  }
  return hostAddress(address, <u64>length) == 0 ? VQ_ERROR_INDIRECT_TABLE : 0;
}
