/**
 * The vq_* functions. A queue is named by its slot number. Both ring formats are behind the same functions; a flag of
 * vq_enable chooses. `packed` is what the chain record has as CHAIN_PACKED; a split ring ignores it.
 */
import {
  VQ_AREA_DEVICE,
  VQ_ERROR_DUPLICATE,
  VQ_ERROR_HEAD,
  VQ_FIELD_IN_FLIGHT,
  VQ_FIELD_LAST_AVAIL,
  VQ_FIELD_SIGNALLED_USED,
  VQ_FIELD_SIGNALLED_VALID,
  VQ_FIELD_USED_IDX,
  VQ_FLAG_PACKED,
  VQ_SIZE_MAX,
  VQ_SLOTS,
} from "../../virtio/spec/walker";
import { invalidateCode } from "../cpu/code-frame";
import { RAM_BASE } from "../layout";
import { hostAddress, ramSize } from "../mmu/ram";
import {
  packedEnable,
  packedFlush,
  packedHold,
  packedPending,
  packedPop,
  packedPush,
  packedRestorable,
  packedUnpop,
} from "./packed";
import { packedArm, packedDisarm } from "./packed-events";
import { splitArm, splitDisarm, splitPending } from "./event-idx";
import {
  addInFlight,
  endLife,
  isInFlight,
  SLOT_AREAS,
  SLOT_BITSET,
  SLOT_ERROR,
  SLOT_FLAGS,
  SLOT_GENERATION,
  SLOT_HELD,
  SLOT_IN_FLIGHT,
  SLOT_LAST_AVAIL,
  SLOT_LIVE,
  SLOT_OPEN,
  SLOT_PACKED,
  SLOT_RETURNED,
  SLOT_SIGNALLED,
  SLOT_SIGNALLED_VALID,
  SLOT_SIZE,
  SLOT_STAGED,
  SLOT_USED,
  slotAddress,
} from "./slot";
import { splitEnable, splitFlush, splitPop, splitPush, splitUnpop } from "./split";

function isLive(slot: usize): bool {
  return load<u32>(slot, SLOT_LIVE) != 0;
}

function isPacked(slot: usize): bool {
  return load<u32>(slot, SLOT_PACKED) != 0;
}

/** Takes a free slot: its number, or -1 when all are taken. */
export function vq_open(): i32 {
  for (let index: u32 = 0; index < <u32>VQ_SLOTS; ++index) {
    const slot = slotAddress(index);
    if (load<u32>(slot, SLOT_OPEN) != 0) continue;
    store<u32>(slot, 1, SLOT_OPEN);
    return <i32>index;
  }
  return -1;
}

/** Gives the slot back. */
export function vq_close(queue: u32): void {
  vq_disable(queue);
  store<u32>(slotAddress(queue), 0, SLOT_OPEN);
}

/** Sets the guest physical address of one of the three areas (VQ_AREA_*); it counts from the next vq_enable. */
export function vq_set_area(queue: u32, which: u32, addressLow: u32, addressHigh: u32): void {
  if (which > <u32>VQ_AREA_DEVICE) return;
  store<u64>(slotAddress(queue) + ((<usize>which) << 3), <u64>addressLow | ((<u64>addressHigh) << 32), SLOT_AREAS);
}

/** Starts the queue with all indices 0: returns 0, or why the rings are refused; then the queue stays off. */
export function vq_enable(queue: u32, size: u32, flags: u32): i32 {
  const slot = slotAddress(queue);
  vq_disable(queue);
  const packed = (flags & VQ_FLAG_PACKED) != 0;
  const error = packed ? packedEnable(slot, size) : splitEnable(slot, size);
  if (error != 0) return error;
  store<u32>(slot, packed ? 1 : 0, SLOT_PACKED);
  store<u32>(slot, size, SLOT_SIZE);
  store<u32>(slot, flags, SLOT_FLAGS);
  store<u32>(slot, 1, SLOT_LIVE);
  return 0;
}

/** Changes VQ_FLAG_* of a running queue: a legacy driver may write its features late. */
export function vq_set_flags(queue: u32, flags: u32): void {
  store<u32>(slotAddress(queue), flags, SLOT_FLAGS);
}

/** Stops the queue and forgets its indices; its chains are dead. */
export function vq_disable(queue: u32): void {
  const slot = slotAddress(queue);
  endLife(slot);
  store<i32>(slot, 0, SLOT_ERROR);
  store<u32>(slot, 0, SLOT_LAST_AVAIL);
  store<u32>(slot, 0, SLOT_USED);
  store<u32>(slot, 0, SLOT_SIGNALLED);
  store<u32>(slot, 0, SLOT_SIGNALLED_VALID);
  store<u32>(slot, 0, SLOT_STAGED);
  store<u32>(slot, 0, SLOT_IN_FLIGHT);
  store<u32>(slot, 0, SLOT_PACKED);
  store<u32>(slot, 0, SLOT_HELD);
  store<u32>(slot, 0, SLOT_RETURNED);
  memory.fill(slot + SLOT_BITSET, 0, VQ_SIZE_MAX >> 3);
}

/** Stops the queue but keeps its indices for whoever looks: the device needs a reset. */
export function vq_stop(queue: u32): void {
  endLife(slotAddress(queue));
}

/** Counts the lives of the queue: a chain is dead when this is not its CHAIN_GENERATION. */
export function vq_generation(queue: u32): u32 {
  return load<u32>(slotAddress(queue), SLOT_GENERATION);
}

/** Takes the next chain: address of the chain record, 0 when there is none, or a VQ_ERROR_*; then the queue is dead. */
export function vq_pop(queue: u32): i32 {
  const slot = slotAddress(queue);
  if (!isLive(slot)) return load<i32>(slot, SLOT_ERROR);
  return isPacked(slot) ? packedPop(slot) : splitPop(slot);
}

/** Whether the chain `head` of `generation` is still the device's to answer. */
function isHeld(slot: usize, generation: u32, head: u32): bool {
  return (
    isLive(slot) &&
    load<u32>(slot, SLOT_GENERATION) == generation &&
    head < load<u32>(slot, SLOT_SIZE) &&
    isInFlight(slot, head)
  );
}

/** Returns a chain, `written` bytes written from its first writable byte on. 0: it was dead, nothing was written. */
export function vq_push(queue: u32, generation: u32, head: u32, written: u32, packed: u32): u32 {
  const slot = slotAddress(queue);
  if (!isHeld(slot, generation, head)) return 0;
  if (isPacked(slot)) packedPush(slot, head, written, packed);
  else splitPush(slot, head, written);
  return 1;
}

/** Puts the chain that was taken last back. 0: it was dead. */
export function vq_unpop(queue: u32, generation: u32, head: u32, packed: u32): u32 {
  const slot = slotAddress(queue);
  if (!isHeld(slot, generation, head)) return 0;
  if (isPacked(slot)) packedUnpop(slot, head, packed);
  else splitUnpop(slot, head);
  return 1;
}

/** Publishes what was pushed; 1 when a used buffer notification is due. */
export function vq_flush(queue: u32): u32 {
  const slot = slotAddress(queue);
  if (!isLive(slot)) return 0;
  return (isPacked(slot) ? packedFlush(slot) : splitFlush(slot)) ? 1 : 0;
}

/** Asks for available buffer notifications; 1 when buffers are there already and must be taken first. */
export function vq_arm(queue: u32): u32 {
  const slot = slotAddress(queue);
  if (!isLive(slot)) return 0;
  if (!isPacked(slot)) return splitArm(slot) ? 1 : 0;
  packedArm(slot);
  return packedPending(slot);
}

/** Asks for no available buffer notifications. */
export function vq_disarm(queue: u32): void {
  const slot = slotAddress(queue);
  if (!isLive(slot)) return;
  if (isPacked(slot)) packedDisarm(slot);
  else splitDisarm(slot);
}

/**
 * Chains that wait to be taken: what the guest claims, so it may be more than the queue's size. On a packed ring, whether
 * there is any.
 */
export function vq_pending(queue: u32): u32 {
  const slot = slotAddress(queue);
  if (!isLive(slot)) return 0;
  return isPacked(slot) ? packedPending(slot) : splitPending(slot);
}

/** A VQ_FIELD_* of the queue, for saving and for looking at. */
export function vq_get(queue: u32, field: u32): u32 {
  const slot = slotAddress(queue);
  switch (field) {
    case VQ_FIELD_LAST_AVAIL:
      return load<u32>(slot, SLOT_LAST_AVAIL);
    case VQ_FIELD_USED_IDX:
      return load<u32>(slot, SLOT_USED);
    case VQ_FIELD_SIGNALLED_USED:
      return load<u32>(slot, SLOT_SIGNALLED);
    case VQ_FIELD_SIGNALLED_VALID:
      return load<u32>(slot, SLOT_SIGNALLED_VALID);
    case VQ_FIELD_IN_FLIGHT:
      return load<u32>(slot, SLOT_IN_FLIGHT);
    default:
      return 0;
  }
}

/** Sets the indices of a queue that was just enabled to saved ones. 0: they lie outside the ring, nothing was set. */
export function vq_restore(queue: u32, lastAvail: u32, usedIdx: u32, signalledUsed: u32, signalledValid: u32): u32 {
  const slot = slotAddress(queue);
  if (isPacked(slot) && !packedRestorable(slot, lastAvail, usedIdx)) return 0;
  store<u32>(slot, lastAvail & 0xffff, SLOT_LAST_AVAIL);
  store<u32>(slot, usedIdx & 0xffff, SLOT_USED);
  store<u32>(slot, signalledUsed & 0xffff, SLOT_SIGNALLED);
  store<u32>(slot, signalledValid == 0 ? 0 : 1, SLOT_SIGNALLED_VALID);
  return 1;
}

/** Marks a chain of a saved state as the device's again: 0, or why it cannot be. */
export function vq_hold(queue: u32, head: u32, packed: u32): i32 {
  const slot = slotAddress(queue);
  if (!isLive(slot) || head >= load<u32>(slot, SLOT_SIZE)) return VQ_ERROR_HEAD;
  if (isInFlight(slot, head)) return VQ_ERROR_DUPLICATE;
  if (isPacked(slot) && !packedHold(slot, packed)) return VQ_ERROR_HEAD;
  addInFlight(slot, head);
  return 0;
}

/** Linear-memory address where guest RAM starts. */
export function vq_ram_base(): u32 {
  return <u32>RAM_BASE;
}

/** Bytes of guest RAM. */
export function vq_ram_size(): u32 {
  return <u32>ramSize();
}

/** Linear-memory address of guest physical [address, address + length), or 0 when any of it is not RAM. */
export function vq_host(addressLow: u32, addressHigh: u32, length: u32): u32 {
  return <u32>hostAddress(<u64>addressLow | ((<u64>addressHigh) << 32), <u64>length);
}

/** A device has written guest RAM at linear memory [host, host + length): what the CPU decoded from it is forgotten. */
export function vq_written(host: u32, length: u32): void {
  invalidateCode(<usize>host, <usize>length);
}
