/** The reserved feature bits that every transport of an interface carries; a transport may have more. */
import {
  VIRTIO_F_ACCESS_PLATFORM,
  VIRTIO_F_ANY_LAYOUT,
  VIRTIO_F_EVENT_IDX,
  VIRTIO_F_IN_ORDER,
  VIRTIO_F_INDIRECT_DESC,
  VIRTIO_F_NOTIFICATION_DATA,
  VIRTIO_F_NOTIFY_ON_EMPTY,
  VIRTIO_F_RING_PACKED,
  VIRTIO_F_RING_RESET,
  VIRTIO_F_VERSION_1,
} from "../spec/features.ts";
import { Features } from "../features.ts";
import type { InterfaceMode } from "../negotiation.ts";

const LEGACY = Features.of(VIRTIO_F_NOTIFY_ON_EMPTY, VIRTIO_F_ANY_LAYOUT, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX);

const MODERN_BITS = [
  VIRTIO_F_INDIRECT_DESC,
  VIRTIO_F_EVENT_IDX,
  VIRTIO_F_VERSION_1,
  VIRTIO_F_ACCESS_PLATFORM,
  VIRTIO_F_RING_PACKED,
  VIRTIO_F_IN_ORDER,
  VIRTIO_F_NOTIFICATION_DATA,
];
const MODERN = Features.of(...MODERN_BITS);
const MODERN_WITH_RESET = Features.of(...MODERN_BITS, VIRTIO_F_RING_RESET);

/** Of a transport that can reset one queue; channel I/O has no command for that. */
export function ringFeatures(mode: InterfaceMode, canResetQueue = true): Features {
  if (mode === "legacy") return LEGACY;
  return canResetQueue ? MODERN_WITH_RESET : MODERN;
}
