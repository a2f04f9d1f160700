/** Virtio over channel I/O (virtio 1.4, 4.3). Blocks are big-endian, except for feature words. */

/** Control unit type that SENSE ID gives; the model is the virtio device ID. */
export const VIRTIO_CCW_CU_TYPE = 0x3832;
/** Type of the virtual channel path. */
export const VIRTIO_CCW_CHPID_TYPE = 0x32;

/** Commands (4.3.1.1). */
export const CCW_CMD_SET_VQ = 0x13;
export const CCW_CMD_VDEV_RESET = 0x33;
export const CCW_CMD_SET_IND = 0x43;
export const CCW_CMD_SET_CONF_IND = 0x53;
export const CCW_CMD_SET_IND_ADAPTER = 0x73;
export const CCW_CMD_READ_FEAT = 0x12;
export const CCW_CMD_WRITE_FEAT = 0x11;
export const CCW_CMD_READ_CONF = 0x22;
export const CCW_CMD_WRITE_CONF = 0x21;
export const CCW_CMD_WRITE_STATUS = 0x31;
export const CCW_CMD_READ_VQ_CONF = 0x32;
export const CCW_CMD_SET_VIRTIO_REV = 0x83;
export const CCW_CMD_READ_STATUS = 0x72;

/** Revisions (4.3.2.1): 0 is the legacy interface, 2 adds READ_STATUS. */
export const VIRTIO_CCW_REV_LEGACY = 0;
export const VIRTIO_CCW_REV_1 = 1;
export const VIRTIO_CCW_REV_READ_STATUS = 2;
export const VIRTIO_CCW_REV_MAX = 2;

/** struct virtio_rev_info: revision u16, length of what follows u16. */
export const REV_INFO_REVISION = 0;
export const REV_INFO_LENGTH = 2;
export const REV_INFO_SIZE = 4;

/** struct virtio_feature_desc: word le32, index u8. */
export const FEATURE_DESC_INDEX = 4;
export const FEATURE_DESC_SIZE = 5;

/** struct vq_config_block: index u16, max_num u16. */
export const VQ_CONFIG_MAX_NUM = 2;
export const VQ_CONFIG_SIZE = 4;

/** struct vq_info_block: desc u64, reserved u32, index u16, num u16, driver u64, device u64. */
export const VQ_INFO_DESC = 0;
export const VQ_INFO_INDEX = 12;
export const VQ_INFO_NUM = 14;
export const VQ_INFO_DRIVER = 16;
export const VQ_INFO_DEVICE = 24;
export const VQ_INFO_SIZE = 32;

/** struct vq_info_block_legacy: queue u64, align u32, index u16, num u16. */
export const VQ_INFO_LEGACY_ALIGN = 8;
export const VQ_INFO_LEGACY_SIZE = 16;
/** The alignment of every s390 driver, and the only one that QEMU takes. */
export const VQ_LEGACY_ALIGN = 4096;

/** An indicator address. */
export const INDICATOR_ADDRESS_SIZE = 8;
/** Classic indicators are one 64-bit number. */
export const CLASSIC_INDICATOR_BITS = 64;

/** struct virtio_thinint_area: summary_indicator u64, indicator u64, bit_nr u64, isc u8. */
export const THININT_SUMMARY = 0;
export const THININT_INDICATOR = 8;
export const THININT_BIT_NR = 16;
export const THININT_ISC = 24;
export const THININT_SIZE = 25;

/** The hypercall (diagnose 0x500) that notifies the device, and what it answers when there is no such subchannel. */
export const DIAGNOSE_VIRTIO_CCW_NOTIFY = 3;
export const DIAGNOSE_EINVAL = -22;
