/**
 * Compiled regions: what is compiled, and where it is called from. The records of a region's entries are REC_COMPILED while the
 * region is armed; the run loop stops there. Regions belong to a code frame and go with it, or when an instruction that one
 * of them was made of is stored over. They are reused in the order in which they were made, a whole page at a time.
 */
import { FRAME_COMPILED, FRAME_REGIONS, RECORDS_SIZE, RECORD_SIZE, frameOf } from "../cpu/frame-layout";
import { REC_COMPILED } from "../cpu/records.gen";
import { jit_release } from "../host";
import { JIT_REGIONS } from "../layout";
import { MAX_REGIONS } from "./limits";

/** u32 each: its code frame, 0 for a free place; the frame's next region + 1; 1 once its module is there. */
const FRAME: usize = 0;
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

/** A record REC_COMPILED has, as u32, the table slot of its region, and which of the region's entries it is. */
export const COMPILED_SLOT: usize = 8;
export const COMPILED_ENTRY: usize = 12;

/** Puts a region's entry into its record. */
function arm(record: usize, region: u32, entry: u32): void {
  store<u64>(record, <u64>REC_COMPILED);
  store<u32>(record, firstSlot + region, COMPILED_SLOT);
  store<u32>(record, entry, COMPILED_ENTRY);
}
/** Takes a compiled entry out of its record; the word is decoded again when it is executed. */
function disarm(record: usize): void {
  store<u64>(record, 0);
  store<u64>(record, 0, 8);
}

/** Entries of regions that wait for their module, 8 bytes each: u32 record, u16 region, u16 entry. */
const WAITING: usize = JIT_REGIONS + (MAX_REGIONS << 4);
let waiting: usize = 0;

/** Execution at `record` shall call the region by its entry `entry`, once its module is there. */
export function addRegionEntry(region: u32, record: usize, entry: u32): void {
  const place = WAITING + (waiting << 3);
  waiting++;
  store<u32>(place, <u32>record);
  store<u16>(place, <u16>region, 4);
  store<u16>(place, <u16>entry, 6);
}
/** True when a region of `frame` waits for its module. */
export function frameWaits(frame: usize): bool {
  for (let i: usize = 0; i < waiting; i++) if (frameOf(<usize>load<u32>(WAITING + (i << 3))) == frame) return true;
  return false;
}

/** Takes a place, with its table slot, for a region of `frame`. Returns its number. */
export function takeRegion(frame: usize): u32 {
  const region = next;
  const before = <usize>load<u32>(address(region), FRAME);
  if (before != 0) dropRegions(before);
  store<u32>(address(region), <u32>frame, FRAME);
  store<u32>(address(region), load<u32>(frame, FRAME_REGIONS), FOLLOWING);
  store<u32>(address(region), 0, INSTALLED);
  store<u32>(frame, region + 1, FRAME_REGIONS);
  live++;
  next = region + 1 == MAX_REGIONS ? 0 : region + 1;
  return region;
}
/** The module of `count` regions from number `first` on is in the table: arms those that have not been dropped meanwhile. */
export function regionsInstalled(first: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) store<u32>(address((first + i) % MAX_REGIONS), 1, INSTALLED);
  for (let i: usize = 0; i < waiting; i++) {
    const place = WAITING + (i << 3);
    const region = <u32>load<u16>(place, 4);
    if (load<u32>(address(region), FRAME) == 0) continue;
    const record = <usize>load<u32>(place);
    const older = load<u16>(record) == <u16>REC_COMPILED ? load<u32>(record, COMPILED_SLOT) - firstSlot : region;
    arm(record, region, <u32>load<u16>(place, 6));
    if (older != region) dropIfReplaced(older);
  }
  waiting = 0;
}
/** Drops `region` when all of its entries have become entries of others. */
function dropIfReplaced(region: u32): void {
  const frame = <usize>load<u32>(address(region), FRAME);
  for (let record = frame; record < frame + RECORDS_SIZE; record += RECORD_SIZE) {
    if (load<u16>(record) == <u16>REC_COMPILED && load<u32>(record, COMPILED_SLOT) == firstSlot + region) return;
  }
  let link = frame + FRAME_REGIONS;
  while (load<u32>(link) != region + 1) link = address(load<u32>(link) - 1) + FOLLOWING;
  store<u32>(link, load<u32>(address(region), FOLLOWING));
  drop(region);
}
function drop(region: u32): void {
  store<u32>(address(region), 0, FRAME);
  if (load<u32>(address(region), INSTALLED) != 0) jit_release(firstSlot + region);
  live--;
  dropped++;
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
    following = load<u32>(address(region), FOLLOWING);
    drop(region);
  }
  for (let record = frame; record < frame + RECORDS_SIZE; record += RECORD_SIZE) {
    if (load<u16>(record) == <u16>REC_COMPILED) disarm(record);
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
