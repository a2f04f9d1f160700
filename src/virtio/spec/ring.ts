/** The split virtqueue (virtio 1.4, 2.7) and the packed one (2.8). Offsets and sizes in bytes. */

export const VIRTQ_DESC_F_NEXT = 1;
export const VIRTQ_DESC_F_WRITE = 2;
export const VIRTQ_DESC_F_INDIRECT = 4;

/** struct virtq_desc: addr u64, len u32, flags u16, next u16. */
export const DESC_SIZE = 16;
export const DESC_ADDR = 0;
export const DESC_LEN = 8;
export const DESC_FLAGS = 12;
export const DESC_NEXT = 14;

/** struct virtq_avail: flags u16, idx u16, ring[size] u16, used_event u16. */
export const VIRTQ_AVAIL_F_NO_INTERRUPT = 1;
export const AVAIL_FLAGS = 0;
export const AVAIL_IDX = 2;
export const AVAIL_RING = 4;

/** struct virtq_used: flags u16, idx u16, ring[size] {id u32, len u32}, avail_event u16. */
export const VIRTQ_USED_F_NO_NOTIFY = 1;
export const USED_FLAGS = 0;
export const USED_IDX = 2;
export const USED_RING = 4;
export const USED_ELEM_SIZE = 8;
export const USED_ELEM_ID = 0;
export const USED_ELEM_LEN = 4;

/** Bytes of an available and of a used ring besides its entries; both count the event field at the end. */
export const AVAIL_OVERHEAD = 6;
export const USED_OVERHEAD = 6;

/** Alignment that the three areas must have. */
export const DESC_ALIGN = 16;
export const AVAIL_ALIGN = 2;
export const USED_ALIGN = 4;

/** Packed ring: struct pvirtq_desc is addr u64, len u32, id u16, flags u16, and has the size of a split descriptor. */
export const VIRTQ_DESC_F_AVAIL = 0x80;
export const VIRTQ_DESC_F_USED = 0x8000;

/** struct pvirtq_event_suppress: a descriptor's position with the wrap counter above it u16, flags u16. */
export const EVENT_SUPPRESS_SIZE = 4;
export const EVENT_DESC = 0;
export const EVENT_FLAGS = 2;
export const EVENT_WRAP = 0x8000;
export const RING_EVENT_FLAGS_ENABLE = 0;
export const RING_EVENT_FLAGS_DISABLE = 1;
export const RING_EVENT_FLAGS_DESC = 2;

/** Alignment of both event suppression structures. */
export const EVENT_ALIGN = 4;
