/** Constants of the flattened devicetree format, Devicetree Specification v0.4 chapter 5. */

/** Header field `magic` (5.2). */
export const FDT_MAGIC = 0xd00d_feed;
/** The version written, and the newest one understood. */
export const FDT_VERSION = 17;
/** The oldest version that a reader of version 17 understands, and that can read what is written here. */
export const FDT_LAST_COMP_VERSION = 16;
/** Bytes of the version 17 header. */
export const FDT_HEADER_SIZE = 40;

/** Structure block tokens (5.4.1). */
export const FDT_BEGIN_NODE = 1;
export const FDT_END_NODE = 2;
export const FDT_PROP = 3;
export const FDT_NOP = 4;
export const FDT_END = 9;

/** Byte offsets of the header fields (5.2). */
export const HEADER = {
  magic: 0,
  totalsize: 4,
  off_dt_struct: 8,
  off_dt_strings: 12,
  off_mem_rsvmap: 16,
  version: 20,
  last_comp_version: 24,
  boot_cpuid_phys: 28,
  size_dt_strings: 32,
  size_dt_struct: 36,
} as const;

/** `value` rounded up to a multiple of `alignment`, a power of two. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
