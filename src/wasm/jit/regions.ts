/**
 * Compiled regions: what is compiled, and where it is called from. The record of a region's entry is REC_COMPILED while the
 * region is armed; the run loop stops there. Regions belong to a code frame and go with it, or when an instruction that one
 * of them was made of is stored over. They are reused in the order in which they were made, a whole page at a time.
 */
import { FRAME_COMPILED, FRAME_REGIONS, frameOf } from "../cpu/frame-layout";
import { REC_COMPILED } from "../cpu/records.gen";
import { jit_release } from "../host";
import { JIT_REGIONS } from "../layout";
import { MAX_REGIONS } from "./limits";

/** u32 each: the entry's record, 0 for a free place; the frame's next region + 1; 1 once its module is there. */
const RECORD: usize = 0;
const FOLLOWING: usize = 4;
const INSTALLED: usize = 8;

let firstSlot: u32 = 0;
let next: u32 = 0;
let live: u32 = 0;
let dropped: u32 = 0;

/** Regions have the table slots from `slot` on. */
export function setFirstSlot(slot: u32): void {
  firstSlot = slot;
}
/** Number of regions that there are. */
export function liveRegions(): u32 {
  return live;
}
/** Number of regions that were dropped since the start. */
export function droppedRegions(): u32 {
  return dropped;
}
function address(region: u32): usize {
  return JIT_REGIONS + ((<usize>region) << 4);
}

/** Puts a region's entry into its record. */
function arm(record: usize, region: u32): void {
  store<u64>(record, <u64>REC_COMPILED);
  store<u64>(record, <u64>(firstSlot + region), 8);
}
/** Takes a compiled entry out of its record; the word is decoded again when it is executed. */
export function disarm(record: usize): void {
  store<u64>(record, 0);
  store<u64>(record, 0, 8);
}

/** Arms the region that begins at `record`, if its module is there already. True when there is such a region. */
export function rearm(record: usize): bool {
  let following = load<u32>(frameOf(record), FRAME_REGIONS);
  while (following != 0) {
    const region = following - 1;
    if (<usize>load<u32>(address(region), RECORD) == record) {
      if (load<u32>(address(region), INSTALLED) != 0) arm(record, region);
      return true;
    }
    following = load<u32>(address(region), FOLLOWING);
  }
  return false;
}

/** Takes a place, with its table slot, for a region that begins at `record`. Returns its number. */
export function takeRegion(record: usize): u32 {
  const region = next;
  const before = <usize>load<u32>(address(region), RECORD);
  if (before != 0) dropRegions(frameOf(before));
  const frame = frameOf(record);
  store<u32>(address(region), <u32>record, RECORD);
  store<u32>(address(region), load<u32>(frame, FRAME_REGIONS), FOLLOWING);
  store<u32>(address(region), 0, INSTALLED);
  store<u32>(frame, region + 1, FRAME_REGIONS);
  live++;
  next = region + 1 == MAX_REGIONS ? 0 : region + 1;
  return region;
}
/** The module of `count` regions from number `first` on is in the table: arms those that have not been dropped meanwhile. */
export function regionsInstalled(first: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const region = (first + i) % MAX_REGIONS;
    const record = <usize>load<u32>(address(region), RECORD);
    store<u32>(address(region), 1, INSTALLED);
    if (record != 0) arm(record, region);
  }
}
/** Table slot of region `region`. */
export function slotOf(region: u32): u32 {
  return firstSlot + region;
}

/** Notes that a region of `frame` was made of the instruction at `word`. */
export function markCompiled(frame: usize, word: u32): void {
  const byteOf = frame + FRAME_COMPILED + (word >> 3);
  const bit: u32 = 1 << (word & 7);
  store<u8>(byteOf, load<u8>(byteOf) | <u8>bit);
}

function isWordCompiled(frame: usize, word: usize): bool {
  return ((load<u8>(frame + FRAME_COMPILED + (word >> 3)) >> <u8>(word & 7)) & 1) != 0;
}
/** Whether a region was made of the instruction at `record`. */
export function isMarkedCompiled(record: usize): bool {
  const frame = frameOf(record);
  return isWordCompiled(frame, (record - frame) >> 4);
}

/** Drops all regions of `frame`. One that is being executed ends as it began. */
export function dropRegions(frame: usize): void {
  let following = load<u32>(frame, FRAME_REGIONS);
  if (following == 0) return;
  while (following != 0) {
    const region = following - 1;
    const record = <usize>load<u32>(address(region), RECORD);
    if (load<u16>(record) == <u16>REC_COMPILED) disarm(record);
    store<u32>(address(region), 0, RECORD);
    following = load<u32>(address(region), FOLLOWING);
    if (load<u32>(address(region), INSTALLED) != 0) jit_release(firstSlot + region);
    live--;
    dropped++;
  }
  store<u32>(frame, 0, FRAME_REGIONS);
  memory.fill(frame + FRAME_COMPILED, 0, 128);
}

/** Drops the regions of `frame` if one of them was made of an instruction at the words `first` to `last`. */
export function dropRegionsOf(frame: usize, first: usize, last: usize): void {
  if (load<u32>(frame, FRAME_REGIONS) == 0) return;
  for (let word = first; word <= last; word++) {
    if (isWordCompiled(frame, word)) {
      dropRegions(frame);
      return;
    }
  }
}
