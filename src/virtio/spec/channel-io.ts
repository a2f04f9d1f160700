/**
 * Channel I/O (z/Architecture Principles of Operation, chapters 13 to 17): the blocks in guest memory through which a
 * program talks to the channel subsystem. Offsets in bytes; all numbers are big-endian.
 */

/** Channel command word, format 1. */
export const CCW_SIZE = 8;
export const CCW_COMMAND = 0;
export const CCW_FLAGS = 1;
export const CCW_COUNT = 2;
export const CCW_DATA_ADDRESS = 4;

/** Flags of a CCW. */
export const CCW_FLAG_CHAIN_DATA = 0x80;
export const CCW_FLAG_CHAIN_COMMAND = 0x40;
export const CCW_FLAG_SUPPRESS_LENGTH = 0x20;
export const CCW_FLAG_SKIP = 0x10;
export const CCW_FLAG_PCI = 0x08;
export const CCW_FLAG_INDIRECT = 0x04;
export const CCW_FLAG_SUSPEND = 0x02;
export const CCW_FLAG_MODIFIED_INDIRECT = 0x01;

/** Commands that every device has. */
export const CCW_CMD_NOOP = 0x03;
export const CCW_CMD_BASIC_SENSE = 0x04;
export const CCW_CMD_TIC = 0x08;
export const CCW_CMD_SENSE_ID = 0xe4;

/** What BASIC SENSE gives; bit 0 of its first byte says that the command was rejected. */
export const SENSE_BYTES = 32;
export const SENSE_COMMAND_REJECT = 0x80;
/** What SENSE ID gives. */
export const SENSE_ID_BYTES = 256;

/** Operation request block: the operand of START SUBCHANNEL. */
export const ORB_SIZE = 32;
export const ORB_INTPARM = 0;
export const ORB_CONTROL = 4;
export const ORB_LPM = 6;
export const ORB_CPA = 8;
/** Bits of ORB_CONTROL: CCW format 1, 64-bit indirect addresses, and those in steps of 2 KiB rather than 4. */
export const ORB_FORMAT_1 = 0x0080;
export const ORB_INDIRECT_64 = 0x0002;
export const ORB_INDIRECT_2K = 0x0001;

/** Subchannel information block: path management control word, subchannel status word, measurement block, more. */
export const SCHIB_SIZE = 52;
export const PMCW_INTPARM = 0;
export const PMCW_FLAGS = 4;
export const PMCW_DEVNO = 6;
export const PMCW_LPM = 8;
export const PMCW_PNOM = 9;
export const PMCW_LPUM = 10;
export const PMCW_PIM = 11;
export const PMCW_MBI = 12;
export const PMCW_POM = 14;
export const PMCW_PAM = 15;
export const PMCW_CHPID = 16;
export const PMCW_CHARS = 24;
export const SCHIB_SCSW = 28;
export const SCHIB_MBA = 40;

/** Bits of PMCW_FLAGS. */
export const PMCW_FLAG_ISC = 0x3800;
export const PMCW_ISC_SHIFT = 11;
export const PMCW_FLAG_RESERVED = 0x0700;
export const PMCW_FLAG_ENABLED = 0x0080;
export const PMCW_FLAG_LIMIT = 0x0060;
export const PMCW_FLAG_MEASUREMENT = 0x0018;
export const PMCW_FLAG_MULTIPATH = 0x0004;
export const PMCW_FLAG_DEVNO_VALID = 0x0001;
/** Bits of PMCW_CHARS. */
export const PMCW_CHARS_RESERVED = 0xff00_fff8;
export const PMCW_CHARS_MBFC = 0x0000_0004;
export const PMCW_CHARS_CONCURRENT_SENSE = 0x0000_0001;

/** Subchannel status word. */
export const SCSW_SIZE = 12;
export const SCSW_FLAGS = 0;
export const SCSW_CONTROL = 2;
export const SCSW_CPA = 4;
export const SCSW_DEVICE_STATUS = 8;
export const SCSW_SUBCHANNEL_STATUS = 9;
export const SCSW_COUNT = 10;

/** Bits of SCSW_FLAGS. */
export const SCSW_FLAG_ESWF = 0x0400;
export const SCSW_FLAG_DEFERRED_CC_3 = 0x0300;
export const SCSW_FLAG_FORMAT_1 = 0x0080;
export const SCSW_FLAG_ECTL = 0x0002;
export const SCSW_FLAG_PATH_NOT_OPERATIONAL = 0x0001;
/** Bits of SCSW_CONTROL: function, and status control. */
export const SCSW_FCTL_START = 0x4000;
export const SCSW_FCTL_HALT = 0x2000;
export const SCSW_FCTL_CLEAR = 0x1000;
export const SCSW_FCTL = 0x7000;
export const SCSW_STCTL_ALERT = 0x0010;
export const SCSW_STCTL_PRIMARY = 0x0004;
export const SCSW_STCTL_SECONDARY = 0x0002;
export const SCSW_STCTL_PENDING = 0x0001;
export const SCSW_STCTL = 0x001f;
/** Bits of SCSW_DEVICE_STATUS. */
export const DSTAT_CHANNEL_END = 0x08;
export const DSTAT_DEVICE_END = 0x04;
export const DSTAT_UNIT_CHECK = 0x02;
/** Bits of SCSW_SUBCHANNEL_STATUS. */
export const CSTAT_PCI = 0x80;
export const CSTAT_INCORRECT_LENGTH = 0x40;
export const CSTAT_PROGRAM_CHECK = 0x20;

/** Interruption response block: SCSW, five extended status words, eight of extended control (here: sense data). */
export const IRB_SIZE = 64;
export const IRB_ESW = 12;
export const IRB_ECW = 32;
/** First and second extended status word: the one path that there is was used; 32 bytes of sense data follow. */
export const ESW_PATH_USED = 0x0080_0000;
export const ESW_SENSE_BYTES = 0x0100_2000;

/** The only path of a virtual subchannel, as a bit of the path masks. */
export const CHANNEL_PATH = 0x80;

/** Subsystem identification word of subchannel 0 in set 0; the number is in the low half. */
export const SUBCHANNEL_ID_BASE = 0x0001_0000;
/** The interruption word: subclass in the high bits, and whether an adapter interrupts. */
export const IO_INT_ISC_SHIFT = 27;
export const IO_INT_ADAPTER = 0x8000_0000;
