/**
 * What the ring walker (src/wasm/virtqueue) and its typed handle (virtqueue.ts) share: everything that crosses
 * the border is one of these numbers. Not part of the virtio specification.
 */

/** Queue slots of one machine: 32 mmio windows with the 64 queues of the largest device here. */
export const VQ_SLOTS = 2048;
/** The largest queue that a device may have. The specification allows 32768; the in-flight sets are sized for this. */
export const VQ_SIZE_MAX = 1024;
/**
 * Entries of an indirect table. The specification binds it to the queue size, but Linux builds longer tables than
 * that, so it is a limit of its own.
 */
export const VQ_INDIRECT_MAX = 1024;

/** The three areas of a queue: `area` of vq_set_area. */
export const VQ_AREA_DESC = 0;
export const VQ_AREA_DRIVER = 1;
export const VQ_AREA_DEVICE = 2;

/** `flags` of vq_enable and vq_set_flags: which negotiated features concern the ring. */
export const VQ_FLAG_EVENT_IDX = 1;
export const VQ_FLAG_INDIRECT = 2;
export const VQ_FLAG_NOTIFY_ON_EMPTY = 4;
/** Only vq_enable looks at this one. */
export const VQ_FLAG_PACKED = 8;

/** Refusals of vq_enable. */
export const VQ_ERROR_SIZE = -1;
export const VQ_ERROR_ALIGNMENT = -2;
export const VQ_ERROR_NOT_RAM = -3;
export const VQ_ERROR_OVERLAP = -4;
/** Violations found by vq_pop; the queue is dead until it is enabled again. */
export const VQ_ERROR_AVAIL_IDX = -5;
export const VQ_ERROR_HEAD = -6;
export const VQ_ERROR_NEXT = -7;
export const VQ_ERROR_LOOP = -8;
export const VQ_ERROR_INDIRECT_FEATURE = -9;
export const VQ_ERROR_INDIRECT_NESTED = -10;
export const VQ_ERROR_INDIRECT_NEXT = -11;
export const VQ_ERROR_INDIRECT_SIZE = -12;
export const VQ_ERROR_INDIRECT_TABLE = -13;
export const VQ_ERROR_BUFFER = -14;
export const VQ_ERROR_TOTAL = -15;
export const VQ_ERROR_ORDER = -16;
export const VQ_ERROR_DUPLICATE = -17;
/** Found by the handle, not by the walker: chains came up while the driver could not have added any. */
export const VQ_ERROR_ENDLESS = -18;
/** Packed ring: a chain whose later descriptors were not made available. */
export const VQ_ERROR_UNAVAILABLE = -19;

/** Fields of vq_get. On a packed ring LAST_AVAIL and USED_IDX are positions with the wrap counter as bit 15. */
export const VQ_FIELD_LAST_AVAIL = 0;
export const VQ_FIELD_USED_IDX = 1;
export const VQ_FIELD_SIGNALLED_USED = 2;
/** 1 when VQ_FIELD_SIGNALLED_USED means something. */
export const VQ_FIELD_SIGNALLED_VALID = 3;
export const VQ_FIELD_IN_FLIGHT = 4;

/** The chain record that vq_pop fills: byte offsets of its u32 fields; valid until the next vq_pop. */
export const CHAIN_GENERATION = 0;
export const CHAIN_HEAD = 4;
/** Segments that the device may read, then those that it may write: counts, and their bytes. */
export const CHAIN_READABLE = 8;
export const CHAIN_WRITABLE = 12;
export const CHAIN_READABLE_BYTES = 16;
export const CHAIN_WRITABLE_BYTES = 20;
/**
 * What a packed ring needs to return the chain: its buffer id, and above these 16 bits the number of ring descriptors
 * that it takes up. 0 on a split ring.
 */
export const CHAIN_PACKED = 24;
/** Segments: {linear-memory address u32, bytes u32}, readable ones first. */
export const CHAIN_SEGMENTS = 28;
export const CHAIN_SEGMENT_SIZE = 8;
