/**
 * The page transport of s390 virtual machines before channel I/O (not in the virtio specification; KVM's and QEMU's
 * interface until 2016). Offsets in bytes from a device descriptor; numbers of queue entries are big-endian.
 */

/** type u8, num_vq u8, feature_len u8, config_len u8, status u8, then the queue entries. */
export const S390_DEV_TYPE = 0;
export const S390_DEV_NUM_VQ = 1;
export const S390_DEV_FEATURE_LEN = 2;
export const S390_DEV_CONFIG_LEN = 3;
export const S390_DEV_STATUS = 4;
export const S390_DEV_CONFIG = 5;

/** A queue entry: token u64, address u64, num u16, 6 bytes of padding. */
export const S390_VQCONFIG_TOKEN = 0;
export const S390_VQCONFIG_ADDRESS = 8;
export const S390_VQCONFIG_NUM = 16;
export const S390_VQCONFIG_SIZE = 24;

/** After the queue entries: device features, driver features (feature_len bytes each, little-endian), configuration. */
export const S390_FEATURE_BYTES = 4;

export const S390_PAGE_SIZE = 4096;

/** Hypercall numbers; the argument is a ring address for NOTIFY, a descriptor address for the others. */
export const KVM_S390_VIRTIO_NOTIFY = 0;
export const KVM_S390_VIRTIO_RESET = 1;
export const KVM_S390_VIRTIO_SET_STATUS = 2;

/** Kind of the external interrupt. */
export const VIRTIO_PARAM_VRING_INTERRUPT = 0;
export const VIRTIO_PARAM_CONFIG_CHANGED = 1;
export const VIRTIO_PARAM_DEV_ADD = 2;
