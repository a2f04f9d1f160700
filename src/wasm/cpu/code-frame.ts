/**
 * Code frames: the decoded records of guest pages that have been executed. A frame is 1024 records of 16 bytes, one for
 * each word of the page, decoded when first executed, then a PAGE_END record and a header. Frames belong to physical
 * pages and are page-relative, so that every mapping of a page shares one. Stores to a page with a frame take the slow
 * path of the MMU, which clears the records of what was written: self-modifying code needs nothing else.
 */
import { dropRegions, dropRegionsOf } from "../jit/regions";
import { CODE_MAP_BASE, FRAME_BASE, RAM_BASE } from "../layout";
import { dropWriteTags } from "../mmu/tlb";
import { cpuCount } from "./cpus";
import { FRAME_COUNT, FRAME_LIVE, FRAME_PAGE, FRAME_STORES, FRAME_STRIDE, RECORDS_SIZE } from "./frame-layout";
import { newJumpContext } from "./jump-cache";
import { REC_PAGE_END, REC_STOP } from "./records.gen";
import { CPU_CODE_RELEASED, cpuBase } from "./state";

const STEP_FRAME: usize = FRAME_BASE + FRAME_COUNT * FRAME_STRIDE;

/** After so many stores a page is data rather than code, and its frame is released. */
const STORES_UNTIL_RELEASE: u32 = 64;

/** Frames are reused in the order in which they were made. */
let nextFrame: usize = 0;

function mapSlot(host: usize): usize {
  return CODE_MAP_BASE + (((host - RAM_BASE) >> 12) << 2);
}

/** True when the page of this linear-memory address has a frame. */
export function hasCode(host: usize): bool {
  return load<u32>(mapSlot(host)) != 0;
}

/** The record for the instruction at a linear-memory address of guest RAM; makes the page's frame when there is none. */
export function recordAt(host: usize): usize {
  let frame = <usize>load<u32>(mapSlot(host));
  if (frame == 0) frame = allocateFrame(host & ~0xfff);
  return frame + ((host & 0xffc) << 2);
}

/** Linear-memory address of the word that a record stands for. */
export function wordAddress(frame: usize, record: usize): usize {
  return <usize>load<u32>(frame, FRAME_PAGE) + ((record - frame) >> 2);
}

function allocateFrame(page: usize): usize {
  const frame = FRAME_BASE + nextFrame * FRAME_STRIDE;
  nextFrame = nextFrame + 1 == FRAME_COUNT ? 0 : nextFrame + 1;
  if (load<u32>(frame, FRAME_LIVE) != 0) releaseFrame(frame);
  memory.fill(frame, 0, FRAME_STRIDE);
  store<u16>(frame + RECORDS_SIZE, <u16>REC_PAGE_END);
  store<u32>(frame, <u32>page, FRAME_PAGE);
  store<u32>(frame, 1, FRAME_LIVE);
  store<u32>(mapSlot(page), <u32>frame);
  // From now on stores to the page must be seen.
  for (let index: u32 = 0; index < cpuCount(); index++) dropWriteTags(cpuBase(index), page);
  return frame;
}

function releaseFrame(frame: usize): void {
  dropRegions(frame);
  memory.fill(frame, 0, RECORDS_SIZE);
  store<u32>(frame, 0, FRAME_LIVE);
  store<u32>(mapSlot(<usize>load<u32>(frame, FRAME_PAGE)), 0);
  for (let index: u32 = 0; index < cpuCount(); index++) {
    newJumpContext(cpuBase(index));
    store<u32>(cpuBase(index), 1, CPU_CODE_RELEASED);
  }
}

/** A guest store of `size` bytes to a page that has a frame. */
export function codeStored(host: usize, size: usize): void {
  const frame = <usize>load<u32>(mapSlot(host));
  const stores = load<u32>(frame, FRAME_STORES) + 1;
  store<u32>(frame, stores, FRAME_STORES);
  if (stores >= STORES_UNTIL_RELEASE) {
    releaseFrame(frame);
    return;
  }
  const first = host & 0xffc;
  const last = (host + size - 1) & 0xffc;
  dropRegionsOf(frame, first >> 2, last >> 2);
  memory.fill(frame + (first << 2), 0, (last - first + 4) << 2);
}

/**
 * Forgets decoded code of the linear-memory range [host, host + length) of guest RAM. Everything that writes guest
 * RAM other than a CPU store calls it: device writes when a chain is pushed, loaders, restored states.
 */
export function invalidateCode(host: usize, length: usize): void {
  if (length == 0) return;
  for (let page = host & ~0xfff; page < host + length; page += 0x1000) {
    const frame = <usize>load<u32>(mapSlot(page));
    if (frame != 0) releaseFrame(frame);
  }
}

/**
 * A frame in which only the instruction at linear-memory address `host` is to be decoded, all others stop the run loop:
 * executing from the record that is returned is a single step.
 */
export function stepRecord(host: usize): usize {
  for (let record = STEP_FRAME; record < STEP_FRAME + RECORDS_SIZE; record += 16) store<u16>(record, <u16>REC_STOP);
  store<u16>(STEP_FRAME + RECORDS_SIZE, <u16>REC_PAGE_END);
  store<u32>(STEP_FRAME, <u32>(host & ~0xfff), FRAME_PAGE);
  const record = STEP_FRAME + ((host & 0xffc) << 2);
  store<u16>(record, 0);
  return record;
}
