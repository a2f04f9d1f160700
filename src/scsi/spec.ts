/** SCSI: operation codes, status and page codes (SPC-4, SBC-3, MMC-6). */

// Operation codes.
export const TEST_UNIT_READY = 0x00;
export const REQUEST_SENSE = 0x03;
export const FORMAT_UNIT = 0x04;
export const READ_6 = 0x08;
export const WRITE_6 = 0x0a;
export const INQUIRY = 0x12;
export const MODE_SELECT_6 = 0x15;
export const RESERVE_6 = 0x16;
export const RELEASE_6 = 0x17;
export const MODE_SENSE_6 = 0x1a;
export const START_STOP_UNIT = 0x1b;
export const PREVENT_ALLOW_MEDIUM_REMOVAL = 0x1e;
export const READ_CAPACITY_10 = 0x25;
export const READ_10 = 0x28;
export const WRITE_10 = 0x2a;
export const SEEK_10 = 0x2b;
export const WRITE_AND_VERIFY_10 = 0x2e;
export const VERIFY_10 = 0x2f;
export const SYNCHRONIZE_CACHE_10 = 0x35;
export const WRITE_SAME_10 = 0x41;
export const UNMAP = 0x42;
export const READ_TOC_PMA_ATIP = 0x43;
export const GET_CONFIGURATION = 0x46;
export const GET_EVENT_STATUS_NOTIFICATION = 0x4a;
export const READ_DISC_INFORMATION = 0x51;
export const MODE_SELECT_10 = 0x55;
export const RESERVE_10 = 0x56;
export const RELEASE_10 = 0x57;
export const MODE_SENSE_10 = 0x5a;
export const READ_16 = 0x88;
export const WRITE_16 = 0x8a;
export const WRITE_AND_VERIFY_16 = 0x8e;
export const VERIFY_16 = 0x8f;
export const SYNCHRONIZE_CACHE_16 = 0x91;
export const WRITE_SAME_16 = 0x93;
export const SERVICE_ACTION_IN_16 = 0x9e;
export const REPORT_LUNS = 0xa0;
export const READ_12 = 0xa8;
export const WRITE_12 = 0xaa;
export const WRITE_AND_VERIFY_12 = 0xae;
export const VERIFY_12 = 0xaf;
export const MECHANISM_STATUS = 0xbd;

/** Service action of SERVICE_ACTION_IN_16. */
export const SAI_READ_CAPACITY_16 = 0x10;

// Status codes.
export const GOOD = 0x00;
export const CHECK_CONDITION = 0x02;

// Peripheral device types.
export const TYPE_DISK = 0x00;
export const TYPE_ROM = 0x05;
export const TYPE_WELL_KNOWN_LUN = 0x1e;
/** Peripheral qualifier 011b with type 1Fh: no logical unit can be there. */
export const TYPE_NO_LUN = 0x7f;
/** Peripheral qualifier 001b: the target could have a logical unit there, and has none. */
export const TYPE_NOT_CONNECTED = 0x3f;

// Vital product data pages.
export const VPD_SUPPORTED_PAGES = 0x00;
export const VPD_UNIT_SERIAL_NUMBER = 0x80;
export const VPD_DEVICE_IDENTIFICATION = 0x83;
export const VPD_BLOCK_LIMITS = 0xb0;
export const VPD_BLOCK_DEVICE_CHARACTERISTICS = 0xb1;
export const VPD_LOGICAL_BLOCK_PROVISIONING = 0xb2;

// Mode pages.
export const MODE_PAGE_READ_WRITE_ERROR_RECOVERY = 0x01;
export const MODE_PAGE_RIGID_DISK_GEOMETRY = 0x04;
export const MODE_PAGE_FLEXIBLE_DISK = 0x05;
export const MODE_PAGE_CACHING = 0x08;
export const MODE_PAGE_AUDIO_CONTROL = 0x0e;
export const MODE_PAGE_CAPABILITIES = 0x2a;
export const MODE_PAGE_ALL = 0x3f;

/** Page control of MODE SENSE. */
export const PAGE_CONTROL_CHANGEABLE = 1;
export const PAGE_CONTROL_SAVED = 3;

/** Fixed format sense data: response code 70h, 18 bytes. */
export const SENSE_BYTES = 18;

/** Most logical units of a target that a flat address can name. */
export const LUN_MAX = 0x3fff;
