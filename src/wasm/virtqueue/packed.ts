/** The packed virtqueue, device side (virtio 1.4, 2.8). A position in the ring carries its wrap counter as bit 15. */
import {
  DESC_ALIGN,
  DESC_LEN,
  DESC_SIZE,
  EVENT_ALIGN,
  EVENT_SUPPRESS_SIZE,
  EVENT_WRAP,
  VIRTQ_DESC_F_AVAIL,
  VIRTQ_DESC_F_INDIRECT,
  VIRTQ_DESC_F_NEXT,
  VIRTQ_DESC_F_USED,
  VIRTQ_DESC_F_WRITE,
} from "../../virtio/spec/ring";
import {
  CHAIN_PACKED,
  VQ_AREA_DESC,
  VQ_AREA_DEVICE,
  VQ_AREA_DRIVER,
  VQ_ERROR_ALIGNMENT,
  VQ_ERROR_AVAIL_IDX,
  VQ_ERROR_LOOP,
  VQ_ERROR_NOT_RAM,
  VQ_ERROR_OVERLAP,
  VQ_ERROR_SIZE,
  VQ_ERROR_UNAVAILABLE,
  VQ_SIZE_MAX,
} from "../../virtio/spec/walker";
import { hostAddress } from "../mmu/ram";
import { areaAddress, overlap } from "./areas";
import { addSegment, beginChain } from "./chain";
import { readU64, writeU16, writeU64 } from "./guest";
import { indirectTable, walkPackedTable } from "./indirect";
import { packedMustNotify } from "./packed-events";
import {
  addInFlight,
  CHAIN_RECORD,
  freeHead,
  removeInFlight,
  SLOT_DESC,
  SLOT_DEVICE,
  SLOT_DRIVER,
  SLOT_FIRST_AT,
  SLOT_FIRST_FLAGS,
  SLOT_HELD,
  SLOT_LAST_AVAIL,
  SLOT_RETURNED,
  SLOT_SIZE,
  SLOT_STAGED,
  SLOT_USED,
  violate,
} from "./slot";

const POSITION: u32 = EVENT_WRAP - 1;

/** Checks the three areas for a ring of `size` descriptors, any number of them. Returns 0 or the refusal. */
export function packedEnable(slot: usize, size: u32): i32 {
  if (size == 0 || size > <u32>VQ_SIZE_MAX) return VQ_ERROR_SIZE;
  const descAddress = areaAddress(slot, VQ_AREA_DESC);
  const driverAddress = areaAddress(slot, VQ_AREA_DRIVER);
  const deviceAddress = areaAddress(slot, VQ_AREA_DEVICE);
  if ((descAddress & (DESC_ALIGN - 1)) != 0 || ((driverAddress | deviceAddress) & (EVENT_ALIGN - 1)) != 0) {
    return VQ_ERROR_ALIGNMENT;
  }
  const descBytes = <usize>size * DESC_SIZE;
  const desc = hostAddress(descAddress, <u64>descBytes);
  const driver = hostAddress(driverAddress, EVENT_SUPPRESS_SIZE);
  const device = hostAddress(deviceAddress, EVENT_SUPPRESS_SIZE);
  if (desc == 0 || driver == 0 || device == 0) return VQ_ERROR_NOT_RAM;
  if (
    overlap(desc, descBytes, driver, EVENT_SUPPRESS_SIZE) ||
    overlap(desc, descBytes, device, EVENT_SUPPRESS_SIZE) ||
    overlap(driver, EVENT_SUPPRESS_SIZE, device, EVENT_SUPPRESS_SIZE)
  ) {
    return VQ_ERROR_OVERLAP;
  }
  store<u32>(slot, <u32>desc, SLOT_DESC);
  store<u32>(slot, <u32>driver, SLOT_DRIVER);
  store<u32>(slot, <u32>device, SLOT_DEVICE);
  // Both wrap counters start as 1 (2.8.1).
  store<u32>(slot, EVENT_WRAP, SLOT_LAST_AVAIL);
  store<u32>(slot, EVENT_WRAP, SLOT_USED);
  return 0;
}

/** `position` moved `count` descriptors on, at most once around. */
function after(position: u32, count: u32, size: u32): u32 {
  const next = (position & POSITION) + count;
  const wrap = position & EVENT_WRAP;
  return next < size ? next | wrap : (next - size) | (wrap ^ EVENT_WRAP);
}

/** `position` moved `count` descriptors back, at most once around. */
function before(position: u32, count: u32, size: u32): u32 {
  const at = position & POSITION;
  const wrap = position & EVENT_WRAP;
  return at >= count ? (at - count) | wrap : (at + size - count) | (wrap ^ EVENT_WRAP);
}

/** Whether a descriptor's flags say that it is available in the round of `position` (2.8.1). */
function isAvailable(flags: u32, position: u32): bool {
  const wrap = (position & EVENT_WRAP) != 0;
  return ((flags & VIRTQ_DESC_F_AVAIL) != 0) == wrap && ((flags & VIRTQ_DESC_F_USED) != 0) != wrap;
}

function descriptorAt(slot: usize, position: u32): usize {
  return <usize>load<u32>(slot, SLOT_DESC) + <usize>(position & POSITION) * DESC_SIZE;
}

/** 1 when the next descriptor is available: how many chains follow cannot be told without walking them. */
export function packedPending(slot: usize): u32 {
  const position = load<u32>(slot, SLOT_LAST_AVAIL);
  return isAvailable(<u32>(readU64(descriptorAt(slot, position) + DESC_LEN) >> 48), position) ? 1 : 0;
}

/**
 * Takes the next available chain: the address of its record, 0 when there is none, or the violation. Each descriptor
 * is loaded once. The driver writes the flags of the first one last, so all of a chain is available or none of it.
 */
export function packedPop(slot: usize): i32 {
  const size = load<u32>(slot, SLOT_SIZE);
  const first = load<u32>(slot, SLOT_LAST_AVAIL);
  let rest = readU64(descriptorAt(slot, first) + DESC_LEN);
  if (!isAvailable(<u32>(rest >> 48), first)) return 0;
  // The chain's name towards the device. A buffer id will not do: it is any 16 bits that the driver likes.
  const head = freeHead(slot, size);
  if (head < 0) return violate(slot, VQ_ERROR_AVAIL_IDX);
  beginChain(slot, head);
  let position = first;
  for (let count: u32 = 1; ; ++count) {
    const flags = <u32>(rest >> 48);
    const error = takeDescriptor(slot, descriptorAt(slot, position), <u32>rest, flags);
    if (error != 0) return violate(slot, error);
    position = after(position, 1, size);
    if ((flags & VIRTQ_DESC_F_NEXT) == 0) {
      const held = load<u32>(slot, SLOT_HELD) + count;
      if (held > size) return violate(slot, VQ_ERROR_AVAIL_IDX);
      store<u32>(slot, held, SLOT_HELD);
      store<u32>(slot, position, SLOT_LAST_AVAIL);
      // The buffer id is the one of the last descriptor (2.8.6).
      store<u32>(CHAIN_RECORD, (<u32>(rest >> 32) & 0xffff) | (count << 16), CHAIN_PACKED);
      addInFlight(slot, head);
      return <i32>CHAIN_RECORD;
    }
    // What follows would be the chain's own first descriptor.
    if (count == size) break;
    rest = readU64(descriptorAt(slot, position) + DESC_LEN);
    if (!isAvailable(<u32>(rest >> 48), position)) return violate(slot, VQ_ERROR_UNAVAILABLE);
  }
  return violate(slot, VQ_ERROR_LOOP);
}

function takeDescriptor(slot: usize, descriptor: usize, length: u32, flags: u32): i32 {
  const address = readU64(descriptor);
  if ((flags & VIRTQ_DESC_F_INDIRECT) == 0) return addSegment(address, length, (flags & VIRTQ_DESC_F_WRITE) != 0);
  const error = indirectTable(slot, address, length, flags);
  return error != 0 ? error : walkPackedTable(hostAddress(address, <u64>length), length / DESC_SIZE);
}

/** Writes the used descriptor of a chain that is in flight; the driver sees it after packedFlush. */
export function packedPush(slot: usize, head: u32, written: u32, packed: u32): void {
  const position = load<u32>(slot, SLOT_USED);
  const descriptor = descriptorAt(slot, position);
  const count = heldDescriptors(slot, packed);
  // Both wrap bits equal the counter: used (2.8.1). WRITE says that the length means something (2.8.5).
  const flags =
    ((position & EVENT_WRAP) != 0 ? VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED : 0) |
    (written != 0 ? VIRTQ_DESC_F_WRITE : 0);
  if (load<u32>(slot, SLOT_STAGED) == 0) {
    // The old flags stay until the flush, so that the driver sees all of a batch or nothing.
    const old = readU64(descriptor + DESC_LEN) >> 48;
    writeU64(descriptor + DESC_LEN, <u64>written | ((<u64>(packed & 0xffff)) << 32) | (old << 48));
    store<u32>(slot, <u32>(descriptor + DESC_LEN + 6), SLOT_FIRST_AT);
    store<u32>(slot, flags, SLOT_FIRST_FLAGS);
  } else {
    writeU64(descriptor + DESC_LEN, <u64>written | ((<u64>(packed & 0xffff)) << 32) | ((<u64>flags) << 48));
  }
  removeInFlight(slot, head);
  store<u32>(slot, load<u32>(slot, SLOT_HELD) - count, SLOT_HELD);
  store<u32>(slot, load<u32>(slot, SLOT_RETURNED) + count, SLOT_RETURNED);
  store<u32>(slot, after(position, count, load<u32>(slot, SLOT_SIZE)), SLOT_USED);
  store<u32>(slot, load<u32>(slot, SLOT_STAGED) + 1, SLOT_STAGED);
}

/** The number of descriptors that a caller gives back, bounded by what is held: a wrong one must not leave the ring. */
function heldDescriptors(slot: usize, packed: u32): u32 {
  return min<u32>(packed >> 16, load<u32>(slot, SLOT_HELD));
}

/** Publishes the used descriptors written so far. Returns whether the driver is to be notified. */
export function packedFlush(slot: usize): bool {
  if (load<u32>(slot, SLOT_STAGED) == 0) return false;
  store<u32>(slot, 0, SLOT_STAGED);
  const returned = load<u32>(slot, SLOT_RETURNED);
  store<u32>(slot, 0, SLOT_RETURNED);
  writeU16(<usize>load<u32>(slot, SLOT_FIRST_AT), load<u32>(slot, SLOT_FIRST_FLAGS));
  return packedMustNotify(slot, returned);
}

/** Gives back the chain that was taken last as if it had never been taken. */
export function packedUnpop(slot: usize, head: u32, packed: u32): void {
  const count = heldDescriptors(slot, packed);
  removeInFlight(slot, head);
  store<u32>(slot, load<u32>(slot, SLOT_HELD) - count, SLOT_HELD);
  store<u32>(slot, before(load<u32>(slot, SLOT_LAST_AVAIL), count, load<u32>(slot, SLOT_SIZE)), SLOT_LAST_AVAIL);
}

/** Whether positions of a saved state lie inside the ring. */
export function packedRestorable(slot: usize, lastAvail: u32, usedIdx: u32): bool {
  const size = load<u32>(slot, SLOT_SIZE);
  return (lastAvail & POSITION) < size && (usedIdx & POSITION) < size;
}

/** Counts the descriptors of a chain of a saved state; false when there are more than the ring has. */
export function packedHold(slot: usize, packed: u32): bool {
  const held = load<u32>(slot, SLOT_HELD) + (packed >> 16);
  if (packed >> 16 == 0 || held > load<u32>(slot, SLOT_SIZE)) return false;
  store<u32>(slot, held, SLOT_HELD);
  return true;
}
