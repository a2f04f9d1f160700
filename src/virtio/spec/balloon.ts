/** Memory balloon (virtio 1.4, chapter "Traditional Memory Balloon Device"). Always little-endian. */

export const VIRTIO_BALLOON_F_MUST_TELL_HOST = 0;
export const VIRTIO_BALLOON_F_STATS_VQ = 1;
export const VIRTIO_BALLOON_F_DEFLATE_ON_OOM = 2;
export const VIRTIO_BALLOON_F_FREE_PAGE_HINT = 3;
export const VIRTIO_BALLOON_F_PAGE_POISON = 4;
export const VIRTIO_BALLOON_F_PAGE_REPORTING = 5;

export const BALLOON_CONFIG_NUM_PAGES = 0;
export const BALLOON_CONFIG_ACTUAL = 4;
export const BALLOON_CONFIG_FREE_PAGE_HINT_CMD_ID = 8;
export const BALLOON_CONFIG_POISON_VAL = 12;

/** Queues as the specification numbers them. */
export const BALLOON_INFLATEQ = 0;
export const BALLOON_DEFLATEQ = 1;
export const BALLOON_STATSQ = 2;
export const BALLOON_FREE_PAGE_VQ = 3;
export const BALLOON_REPORTING_VQ = 4;

/** A page of the balloon, whatever size the guest's pages have: page numbers are addresses divided by it. */
export const BALLOON_PAGE_SIZE = 4096;

/** free_page_hint_cmd_id: no hints are wanted; what was hinted may be used and given back; from here on, a request. */
export const VIRTIO_BALLOON_CMD_ID_STOP = 0;
export const VIRTIO_BALLOON_CMD_ID_DONE = 1;
export const VIRTIO_BALLOON_CMD_ID_MIN = 2;

/** struct virtio_balloon_stat: tag u16, val u64, packed. */
export const BALLOON_STAT_SIZE = 10;
/** The tags, in their order from 0. */
export const BALLOON_STAT_TAGS = [
  "swapIn",
  "swapOut",
  "majorFaults",
  "minorFaults",
  "freeMemory",
  "totalMemory",
  "availableMemory",
  "diskCaches",
  "hugetlbAllocations",
  "hugetlbFailures",
  "oomKills",
  "allocationStalls",
  "asyncScans",
  "directScans",
  "asyncReclaims",
  "directReclaims",
] as const;
