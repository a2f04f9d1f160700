/** Notification suppression of the packed ring, both directions (virtio 1.4, 2.8.10 and 2.8.14). */
import {
  EVENT_DESC,
  EVENT_FLAGS,
  EVENT_WRAP,
  RING_EVENT_FLAGS_DESC,
  RING_EVENT_FLAGS_DISABLE,
  RING_EVENT_FLAGS_ENABLE,
} from "../../virtio/spec/ring";
import { VQ_FLAG_EVENT_IDX } from "../../virtio/spec/walker";
import { readU16, writeU16 } from "./guest";
import { SLOT_DEVICE, SLOT_DRIVER, SLOT_FLAGS, SLOT_LAST_AVAIL, SLOT_SIZE, SLOT_USED } from "./slot";

/** Whether the driver wants to hear that `returned` descriptors were published. Called once for each publication. */
export function packedMustNotify(slot: usize, returned: u32): bool {
  const driver = <usize>load<u32>(slot, SLOT_DRIVER);
  const flags = readU16(driver + EVENT_FLAGS) & 3;
  if (flags == RING_EVENT_FLAGS_DISABLE) return false;
  // The fourth value is reserved: taken as "enable", since a notification too many harms nobody.
  if (flags != RING_EVENT_FLAGS_DESC || (load<u32>(slot, SLOT_FLAGS) & VQ_FLAG_EVENT_IDX) == 0) return true;
  const event = readU16(driver + EVENT_DESC);
  const used = load<u32>(slot, SLOT_USED);
  const size = load<u32>(slot, SLOT_SIZE);
  // Nonsense is answered with a notification too: a place outside the ring, or more descriptors than it has.
  if ((event & (EVENT_WRAP - 1)) >= size || returned > size) return true;
  // Positions on a line on which `now` is the end of what was published; an event of the other round lies one ring back.
  const now = <i32>(used & (EVENT_WRAP - 1));
  let at = <i32>(event & (EVENT_WRAP - 1));
  if (((event ^ used) & EVENT_WRAP) != 0) at -= <i32>size;
  return now - <i32>returned <= at && at < now;
}

/** Asks for a notification of the next available buffer; whoever calls looks for buffers afterwards. */
export function packedArm(slot: usize): void {
  const device = <usize>load<u32>(slot, SLOT_DEVICE);
  if ((load<u32>(slot, SLOT_FLAGS) & VQ_FLAG_EVENT_IDX) != 0) {
    writeU16(device + EVENT_DESC, load<u32>(slot, SLOT_LAST_AVAIL));
    writeU16(device + EVENT_FLAGS, RING_EVENT_FLAGS_DESC);
  } else {
    writeU16(device + EVENT_FLAGS, RING_EVENT_FLAGS_ENABLE);
  }
}

/** Asks for no notifications. */
export function packedDisarm(slot: usize): void {
  writeU16(<usize>load<u32>(slot, SLOT_DEVICE) + EVENT_FLAGS, RING_EVENT_FLAGS_DISABLE);
}
