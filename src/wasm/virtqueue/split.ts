/** The split virtqueue, device side (virtio 1.4, 2.7). */
import {
  AVAIL_ALIGN,
  AVAIL_OVERHEAD,
  AVAIL_RING,
  DESC_ALIGN,
  DESC_SIZE,
  USED_ALIGN,
  USED_ELEM_SIZE,
  USED_IDX,
  USED_OVERHEAD,
  USED_RING,
} from "../../virtio/spec/ring";
import {
  VQ_AREA_DESC,
  VQ_AREA_DEVICE,
  VQ_AREA_DRIVER,
  VQ_ERROR_ALIGNMENT,
  VQ_ERROR_AVAIL_IDX,
  VQ_ERROR_DUPLICATE,
  VQ_ERROR_HEAD,
  VQ_ERROR_NOT_RAM,
  VQ_ERROR_OVERLAP,
  VQ_ERROR_SIZE,
  VQ_SIZE_MAX,
} from "../../virtio/spec/walker";
import { hostAddress } from "../mmu/ram";
import { areaAddress, overlap } from "./areas";
import { beginChain } from "./chain";
import { splitMustNotify, splitPending } from "./event-idx";
import { readU16, writeU16, writeU64 } from "./guest";
import { walkChain } from "./indirect";
import {
  addInFlight,
  CHAIN_RECORD,
  isInFlight,
  removeInFlight,
  SLOT_DESC,
  SLOT_DEVICE,
  SLOT_DRIVER,
  SLOT_LAST_AVAIL,
  SLOT_SIZE,
  SLOT_STAGED,
  SLOT_USED,
  violate,
} from "./slot";

/** Checks the three areas for a ring of `size` descriptors and keeps where they are. Returns 0 or the refusal. */
export function splitEnable(slot: usize, size: u32): i32 {
  if (size == 0 || size > <u32>VQ_SIZE_MAX || (size & (size - 1)) != 0) return VQ_ERROR_SIZE;
  const descAddress = areaAddress(slot, VQ_AREA_DESC);
  const driverAddress = areaAddress(slot, VQ_AREA_DRIVER);
  const deviceAddress = areaAddress(slot, VQ_AREA_DEVICE);
  if (
    (descAddress & (DESC_ALIGN - 1)) != 0 ||
    (driverAddress & (AVAIL_ALIGN - 1)) != 0 ||
    (deviceAddress & (USED_ALIGN - 1)) != 0
  ) {
    return VQ_ERROR_ALIGNMENT;
  }
  const descBytes = <usize>size * DESC_SIZE;
  const driverBytes = <usize>size * 2 + AVAIL_OVERHEAD;
  const deviceBytes = <usize>size * USED_ELEM_SIZE + USED_OVERHEAD;
  const desc = hostAddress(descAddress, <u64>descBytes);
  const driver = hostAddress(driverAddress, <u64>driverBytes);
  const device = hostAddress(deviceAddress, <u64>deviceBytes);
  if (desc == 0 || driver == 0 || device == 0) return VQ_ERROR_NOT_RAM;
  if (
    overlap(desc, descBytes, driver, driverBytes) ||
    overlap(desc, descBytes, device, deviceBytes) ||
    overlap(driver, driverBytes, device, deviceBytes)
  ) {
    return VQ_ERROR_OVERLAP;
  }
  store<u32>(slot, <u32>desc, SLOT_DESC);
  store<u32>(slot, <u32>driver, SLOT_DRIVER);
  store<u32>(slot, <u32>device, SLOT_DEVICE);
  return 0;
}

/** Takes the next available chain: the address of its record, 0 when there is none, or the violation. */
export function splitPop(slot: usize): i32 {
  const size = load<u32>(slot, SLOT_SIZE);
  const pending = splitPending(slot);
  if (pending == 0) return 0;
  if (pending > size) return violate(slot, VQ_ERROR_AVAIL_IDX);
  const lastAvail = load<u32>(slot, SLOT_LAST_AVAIL);
  const entry = (<usize>(lastAvail & (size - 1))) << 1;
  const head = readU16(<usize>load<u32>(slot, SLOT_DRIVER) + AVAIL_RING + entry);
  if (head >= size) return violate(slot, VQ_ERROR_HEAD);
  // A chain that is answered twice corrupts a driver that reuses the descriptors after the first time.
  if (isInFlight(slot, head)) return violate(slot, VQ_ERROR_DUPLICATE);
  beginChain(slot, head);
  const error = walkChain(slot, head);
  if (error != 0) return violate(slot, error);
  addInFlight(slot, head);
  store<u32>(slot, (lastAvail + 1) & 0xffff, SLOT_LAST_AVAIL);
  return <i32>CHAIN_RECORD;
}

/** Writes the used entry of `head`, which is in flight; the driver sees it after splitFlush. */
export function splitPush(slot: usize, head: u32, written: u32): void {
  const used = load<u32>(slot, SLOT_USED);
  const entry = <usize>(used & (load<u32>(slot, SLOT_SIZE) - 1)) * USED_ELEM_SIZE;
  writeU64(<usize>load<u32>(slot, SLOT_DEVICE) + USED_RING + entry, <u64>head | ((<u64>written) << 32));
  removeInFlight(slot, head);
  store<u32>(slot, (used + 1) & 0xffff, SLOT_USED);
  store<u32>(slot, load<u32>(slot, SLOT_STAGED) + 1, SLOT_STAGED);
}

/** Publishes the used entries written so far. Returns whether the driver is to be notified. */
export function splitFlush(slot: usize): bool {
  if (load<u32>(slot, SLOT_STAGED) == 0) return false;
  store<u32>(slot, 0, SLOT_STAGED);
  const used = load<u32>(slot, SLOT_USED);
  writeU16(<usize>load<u32>(slot, SLOT_DEVICE) + USED_IDX, used);
  return splitMustNotify(slot, used);
}

/** Gives back the chain that was taken last, `head`, as if it had never been taken. */
export function splitUnpop(slot: usize, head: u32): void {
  removeInFlight(slot, head);
  store<u32>(slot, (load<u32>(slot, SLOT_LAST_AVAIL) - 1) & 0xffff, SLOT_LAST_AVAIL);
}
