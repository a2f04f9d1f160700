/** From the record of a hot instruction to a region that is called in its place. */
import { REC_COMPILED } from "../cpu/records.gen";
import { FRAME_LIVE, frameOf } from "../cpu/frame-layout";
import { jit_install } from "../host";
import { JIT_MODULE } from "../layout";
import { blockAround, findBlocks, firstWord, instructionCount, isReached } from "./blocks";
import { analyse, entryBlock, entryCount } from "./graph";
import { addRegion, moduleIsFull, waitingRegions, writeModule } from "./module";
import { isInterpreted, recordOf, wordOf } from "./record";
import { STAT_BYTES, STAT_DROPPED, STAT_INSTRUCTIONS, STAT_LIVE, STAT_REGIONS } from "./limits";
import {
  addRegionEntry,
  droppedRegions,
  frameWaits,
  isMarkedCompiled,
  liveRegions,
  markCompiled,
  regionsInstalled,
  slotOf,
  takeRegion,
} from "./regions";

/** Counters since the start: regions, their instructions, bytes of their modules. */
let regions: u32 = 0;
let instructions: u32 = 0;
let bytes: u32 = 0;

/** Counter STAT_*. */
export function jit_stat(which: u32): u32 {
  switch (which) {
    case STAT_REGIONS:
      return regions;
    case STAT_INSTRUCTIONS:
      return instructions;
    case STAT_BYTES:
      return bytes;
    case STAT_LIVE:
      return liveRegions();
    case STAT_DROPPED:
      return droppedRegions();
    default:
      return 0;
  }
}

/** Number of the first region that waits for its module. */
let firstWaiting: u32 = 0;

/** The host had no memory for a module: what is compiled stays, the rest is interpreted. */
let refused: bool = false;

/**
 * Makes the code that is connected with `record` a region that waits for its module; `record` itself is an entry if `exactly`. What is
 * part of a region already, and yet interpreted, becomes one of its own.
 */
export function compile(record: usize, exactly: bool): void {
  if (load<u16>(record) == <u16>REC_COMPILED || refused) return;
  const frame = frameOf(record);
  if (load<u32>(frame, FRAME_LIVE) == 0) return;
  if (isInterpreted(<u32>load<u16>(recordOf(frame, record)), wordOf(frame, record))) return;
  const isPart = isMarkedCompiled(record);
  if (isPart && frameWaits(frame)) return;
  const atRecord = isPart || exactly;
  const word = <u32>((record - frame) >> 4);
  if (!findBlocks(frame, word, atRecord, isPart)) return;
  if (moduleIsFull()) installRegions();
  analyse(blockAround(word), atRecord);
  const region = takeRegion(frame);
  if (waitingRegions() == 0) firstWaiting = region;
  addRegion(frame, slotOf(region));
  for (let i: u32 = 0; i < entryCount(); i++) {
    addRegionEntry(region, frame + ((<usize>firstWord(entryBlock(i))) << 4), i);
  }
  for (let w: u32 = 0; w < 1024; w++) if (isReached(w)) markCompiled(frame, w);
  regions++;
  instructions += instructionCount();
}

/** Weight of samples that costs about as much time as making a module. */
const PATIENCE: u32 = 1024;
/** Weight of what the interpreter did in code that waits. */
let urgency: u32 = 0;

/**
 * The interpreter was seen at `record`: what it did there weighs `weight`. Regions wait for others to share a module with, but no longer
 * than until their interpretation has cost as much as a module of their own.
 */
export function installWhenUrgent(record: usize, weight: u32): void {
  if (waitingRegions() == 0 || !isMarkedCompiled(record)) return;
  urgency += weight;
  if (urgency >= PATIENCE) installRegions();
}

/** Makes the module of all regions that wait. */
export function installRegions(): void {
  const count = waitingRegions();
  if (count == 0) return;
  urgency = 0;
  const length = writeModule();
  bytes += <u32>length;
  if (jit_install(JIT_MODULE, length, slotOf(firstWaiting), count) != 0) regionsInstalled(firstWaiting, count);
  else refused = true;
}
