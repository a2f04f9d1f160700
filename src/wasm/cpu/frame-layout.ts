/** Layout of a code frame (cpu/code-frame.ts): 1024 records of 16 bytes, PAGE_END, then this header. */
import { FRAME_BASE, FRAME_END } from "../layout";

export const RECORD_SIZE: usize = 16;
export const RECORDS_SIZE: usize = 1024 * RECORD_SIZE;
/** u32: linear-memory address of the guest page; 0 for a frame that has none. Kept after a release, for running code. */
export const FRAME_PAGE: usize = RECORDS_SIZE + 16;
/** u32: stores to the page since the frame was made. */
export const FRAME_STORES: usize = RECORDS_SIZE + 20;
/** u32: 1 while the code map points here. */
export const FRAME_LIVE: usize = RECORDS_SIZE + 24;
/** u32: the frame's first compiled region (jit/regions.ts), 0 for none. */
export const FRAME_REGIONS: usize = RECORDS_SIZE + 28;
/** A bit for each word: a compiled region was made of it. */
export const FRAME_COMPILED: usize = RECORDS_SIZE + 32;
export const FRAME_STRIDE: usize = RECORDS_SIZE + 256;
/** The last place is the frame of single steps. */
export const FRAME_COUNT: usize = (FRAME_END - FRAME_BASE) / FRAME_STRIDE - 1;

/** The frame that `record` is in. */
export function frameOf(record: usize): usize {
  return FRAME_BASE + ((record - FRAME_BASE) / FRAME_STRIDE) * FRAME_STRIDE;
}
