/** Notification suppression of the split ring, both directions (virtio 1.4, 2.7.7 and 2.7.10). */
import {
  AVAIL_FLAGS,
  AVAIL_IDX,
  AVAIL_RING,
  USED_ELEM_SIZE,
  USED_FLAGS,
  USED_RING,
  VIRTQ_AVAIL_F_NO_INTERRUPT,
  VIRTQ_USED_F_NO_NOTIFY,
} from "../../virtio/spec/ring";
import { VQ_FLAG_EVENT_IDX, VQ_FLAG_NOTIFY_ON_EMPTY } from "../../virtio/spec/walker";
import { readU16, writeU16 } from "./guest";
import {
  SLOT_DEVICE,
  SLOT_DRIVER,
  SLOT_FLAGS,
  SLOT_IN_FLIGHT,
  SLOT_LAST_AVAIL,
  SLOT_SIGNALLED,
  SLOT_SIGNALLED_VALID,
  SLOT_SIZE,
} from "./slot";

/** Available entries that were not taken yet, modulo 2^16 and unchecked. */
export function splitPending(slot: usize): u32 {
  const idx = readU16(<usize>load<u32>(slot, SLOT_DRIVER) + AVAIL_IDX);
  return (idx - load<u32>(slot, SLOT_LAST_AVAIL)) & 0xffff;
}

/** Whether the driver wants to hear that the used index is now `used`. Called once for each publication. */
export function splitMustNotify(slot: usize, used: u32): bool {
  const flags = load<u32>(slot, SLOT_FLAGS);
  const driver = <usize>load<u32>(slot, SLOT_DRIVER);
  const valid = load<u32>(slot, SLOT_SIGNALLED_VALID) != 0;
  const old = load<u32>(slot, SLOT_SIGNALLED);
  store<u32>(slot, used, SLOT_SIGNALLED);
  store<u32>(slot, 1, SLOT_SIGNALLED_VALID);
  if ((flags & VQ_FLAG_NOTIFY_ON_EMPTY) != 0 && load<u32>(slot, SLOT_IN_FLIGHT) == 0 && splitPending(slot) == 0) {
    return true;
  }
  if ((flags & VQ_FLAG_EVENT_IDX) == 0) {
    return (readU16(driver + AVAIL_FLAGS) & VIRTQ_AVAIL_F_NO_INTERRUPT) == 0;
  }
  if (!valid) return true;
  const usedEvent = readU16(driver + AVAIL_RING + ((<usize>load<u32>(slot, SLOT_SIZE)) << 1));
  return ((used - usedEvent - 1) & 0xffff) < ((used - old) & 0xffff);
}

/**
 * Asks for a notification of the next available buffer. Returns whether buffers came in before the request was
 * visible: then the caller must take them, since no notification will come.
 */
export function splitArm(slot: usize): bool {
  const device = <usize>load<u32>(slot, SLOT_DEVICE);
  if ((load<u32>(slot, SLOT_FLAGS) & VQ_FLAG_EVENT_IDX) != 0) {
    const availEvent = device + USED_RING + <usize>load<u32>(slot, SLOT_SIZE) * USED_ELEM_SIZE;
    writeU16(availEvent, load<u32>(slot, SLOT_LAST_AVAIL));
  } else {
    writeU16(device + USED_FLAGS, 0);
  }
  return splitPending(slot) != 0;
}

/** Asks for no notifications. With EVENT_IDX nothing is to be done: the event index stays behind. */
export function splitDisarm(slot: usize): void {
  if ((load<u32>(slot, SLOT_FLAGS) & VQ_FLAG_EVENT_IDX) != 0) return;
  writeU16(<usize>load<u32>(slot, SLOT_DEVICE) + USED_FLAGS, VIRTQ_USED_F_NO_NOTIFY);
}
