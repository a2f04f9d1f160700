/** Virtio over PCI (virtio 1.4, 4.1): identification, capability layout, registers. Byte offsets and field values. */

export const VIRTIO_PCI_VENDOR_ID = 0x1af4;
/** Device IDs of the non-transitional devices: this plus the virtio device ID (4.1.2). */
export const VIRTIO_PCI_DEVICE_ID_BASE = 0x1040;

/** Structure types of the vendor-specific capabilities (4.1.4). */
export const VIRTIO_PCI_CAP_COMMON_CFG = 1;
export const VIRTIO_PCI_CAP_NOTIFY_CFG = 2;
export const VIRTIO_PCI_CAP_ISR_CFG = 3;
export const VIRTIO_PCI_CAP_DEVICE_CFG = 4;
export const VIRTIO_PCI_CAP_PCI_CFG = 5;
export const VIRTIO_PCI_CAP_SHARED_MEMORY_CFG = 8;

/** struct virtio_pci_cap. */
export const PCI_CAP_LEN = 2;
export const PCI_CAP_CFG_TYPE = 3;
export const PCI_CAP_BAR = 4;
export const PCI_CAP_ID = 5;
export const PCI_CAP_OFFSET = 8;
export const PCI_CAP_LENGTH = 12;
export const PCI_CAP_SIZE = 16;
/** struct virtio_pci_notify_cap, virtio_pci_cfg_cap and virtio_pci_cap64 go on here. */
export const PCI_CAP_NOTIFY_OFF_MULTIPLIER = 16;
export const PCI_CAP_PCI_CFG_DATA = 16;
export const PCI_CAP_OFFSET_HIGH = 16;
export const PCI_CAP_LENGTH_HIGH = 20;

/** struct virtio_pci_common_cfg (4.1.4.3). */
export const COMMON_DEVICE_FEATURE_SELECT = 0x00;
export const COMMON_DEVICE_FEATURE = 0x04;
export const COMMON_DRIVER_FEATURE_SELECT = 0x08;
export const COMMON_DRIVER_FEATURE = 0x0c;
export const COMMON_CONFIG_MSIX_VECTOR = 0x10;
export const COMMON_NUM_QUEUES = 0x12;
export const COMMON_DEVICE_STATUS = 0x14;
export const COMMON_CONFIG_GENERATION = 0x15;
export const COMMON_QUEUE_SELECT = 0x16;
export const COMMON_QUEUE_SIZE = 0x18;
export const COMMON_QUEUE_MSIX_VECTOR = 0x1a;
export const COMMON_QUEUE_ENABLE = 0x1c;
export const COMMON_QUEUE_NOTIFY_OFF = 0x1e;
export const COMMON_QUEUE_DESC = 0x20;
export const COMMON_QUEUE_DRIVER = 0x28;
export const COMMON_QUEUE_DEVICE = 0x30;
export const COMMON_QUEUE_NOTIF_CONFIG_DATA = 0x38;
export const COMMON_QUEUE_RESET = 0x3a;
/** One past the registers that are here: those of the administration queues follow in the specification. */
export const COMMON_SIZE = 0x3c;

/** The legacy interface (4.1.4.10): a header at the beginning of the first I/O region. */
export const LEGACY_DEVICE_FEATURES = 0x00;
export const LEGACY_DRIVER_FEATURES = 0x04;
export const LEGACY_QUEUE_ADDRESS = 0x08;
export const LEGACY_QUEUE_SIZE = 0x0c;
export const LEGACY_QUEUE_SELECT = 0x0e;
export const LEGACY_QUEUE_NOTIFY = 0x10;
export const LEGACY_DEVICE_STATUS = 0x12;
export const LEGACY_ISR_STATUS = 0x13;
/** There only while MSI-X is on. */
export const LEGACY_CONFIG_MSIX_VECTOR = 0x14;
export const LEGACY_QUEUE_MSIX_VECTOR = 0x16;
/** Where the device's configuration begins, without and with MSI-X. */
export const LEGACY_CONFIG = 0x14;
export const LEGACY_CONFIG_MSIX = 0x18;
/** Queue addresses and the used ring's alignment count in this. */
export const LEGACY_PAGE_SIZE = 4096;

/** ISR status bits (4.1.4.5). */
export const PCI_ISR_QUEUE = 1;
export const PCI_ISR_CONFIG = 2;

/** No MSI-X vector (4.1.5.1.2). */
export const VIRTIO_MSI_NO_VECTOR = 0xffff;
