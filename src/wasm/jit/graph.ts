/**
 * The region's control flow as a graph: entries, reverse postorder, dominators (Cooper, Harvey, Kennedy: A Simple, Fast Dominance
 * Algorithm), loop headers and merge nodes. A root that is no code leads to all entries. Edges that make the graph irreducible
 * (`isOutside`) lead to entries, by way of the root.
 */
import { JIT_WORK } from "../layout";
import { MAX_BLOCKS, NONE, blockCount, isReturn, nextBlock, takenBlock } from "./blocks";

/** u16 a block: its place in reverse postorder, the block at a place, immediate dominator. */
const PLACE: usize = JIT_WORK + 0x4000;
const AT_PLACE: usize = JIT_WORK + 0x4200;
const DOMINATOR: usize = JIT_WORK + 0x4400;
/** u8 a block: forward edges in, loop header, number among the entries + 1. u8 an entry: its block. */
const FORWARD_IN: usize = JIT_WORK + 0x4600;
const HEADER: usize = JIT_WORK + 0x4700;
const ENTRY_OF: usize = JIT_WORK + 0x4800;
const ENTRIES: usize = JIT_WORK + 0x4900;
/** u16 a loop header: the greatest place that an edge goes back to it from. */
const LOOP_END: usize = JIT_WORK + 0x4a00;

/** What leads to all entries. */
export const ROOT: u32 = MAX_BLOCKS;
/** The most entries of a region; code that is come to in other ways is not part of it. */
export const MAX_ENTRIES: u32 = 64;

let placed: u32 = 0;
let outside: bool = false;
let entries: u32 = 0;

/** Place of `block` in reverse postorder, the root's is 0; NONE when nothing leads to it. */
export function placeOf(block: u32): u32 {
  return <u32>load<u16>(PLACE + (block << 1));
}
/** The block at a place of reverse postorder. */
export function blockAtPlace(place: u32): u32 {
  return <u32>load<u16>(AT_PLACE + (place << 1));
}
/** Number of blocks that an entry leads to, and the root. */
export function placedCount(): u32 {
  return placed;
}
/** The immediate dominator of `block`. */
export function dominatorOf(block: u32): u32 {
  return <u32>load<u16>(DOMINATOR + (block << 1));
}
/** True when a branch goes back to `block`. */
export function isLoopHeader(block: u32): bool {
  return load<u8>(HEADER + block) != 0;
}
/** True when more than one way leads forward to `block`, or one of several from the root. */
export function isMerge(block: u32): bool {
  return load<u8>(FORWARD_IN + block) > 1 || (entries > 1 && isEntry(block));
}
/** Number of the region's entries. */
export function entryCount(): u32 {
  return entries;
}
/** The block of entry `index`. */
export function entryBlock(index: u32): u32 {
  return <u32>load<u8>(ENTRIES + index);
}
/** Number of the entry that `block` is. */
export function entryOf(block: u32): u32 {
  return <u32>load<u8>(ENTRY_OF + block) - 1;
}
/** True when `block` is an entry. */
export function isEntry(block: u32): bool {
  return load<u8>(ENTRY_OF + block) != 0;
}
function addEntry(block: u32): void {
  if (isEntry(block) || entries == MAX_ENTRIES) return;
  store<u8>(ENTRIES + entries, <u8>block);
  entries++;
  store<u8>(ENTRY_OF + block, <u8>entries);
}

/** Gives blocks places from the last one down, in postorder. */
function visit(block: u32, last: u32): u32 {
  store<u16>(PLACE + (block << 1), <u16>(NONE - 1));
  let free = last;
  if (block == ROOT) {
    for (let i: u32 = entries; i > 0; i--)
      if (placeOf(entryBlock(i - 1)) == NONE) free = visit(entryBlock(i - 1), free);
  } else {
    const next = nextBlock(block);
    const taken = takenBlock(block);
    if (next != NONE && placeOf(next) == NONE) free = visit(next, free);
    if (taken != NONE && placeOf(taken) == NONE) free = visit(taken, free);
  }
  store<u16>(PLACE + (block << 1), <u16>free);
  store<u16>(AT_PLACE + (free << 1), <u16>block);
  return free - 1;
}
function findPlaces(): void {
  const count = blockCount() + 1;
  memory.fill(PLACE, 0xff, (ROOT + 1) << 1);
  const free = visit(ROOT, count - 1);
  // Blocks that nothing leads to leave places free at the front.
  placed = count - 1 - free;
  if (placed == count) return;
  for (let place: u32 = 0; place < placed; place++) {
    const block = <u32>load<u16>(AT_PLACE + ((place + count - placed) << 1));
    store<u16>(AT_PLACE + (place << 1), <u16>block);
    store<u16>(PLACE + (block << 1), <u16>place);
  }
}

function intersect(a: u32, b: u32): u32 {
  let x = a;
  let y = b;
  while (x != y) {
    while (placeOf(x) > placeOf(y)) x = dominatorOf(x);
    while (placeOf(y) > placeOf(x)) y = dominatorOf(y);
  }
  return x;
}

let changed: bool = false;

function meet(from: u32, to: u32): void {
  if (to == NONE) return;
  const before = dominatorOf(to);
  const dominator = before == NONE ? from : intersect(before, from);
  if (dominator == before) return;
  store<u16>(DOMINATOR + (to << 1), <u16>dominator);
  changed = true;
}
function findDominators(): void {
  memory.fill(DOMINATOR, 0xff, (ROOT + 1) << 1);
  store<u16>(DOMINATOR + (ROOT << 1), <u16>ROOT);
  do {
    changed = false;
    for (let i: u32 = 0; i < entries; i++) meet(ROOT, entryBlock(i));
    for (let place: u32 = 1; place < placed; place++) {
      const block = blockAtPlace(place);
      meet(block, nextBlock(block));
      meet(block, takenBlock(block));
    }
  } while (changed);
}

/** True when every way to `block` comes through `by`. */
function dominates(by: u32, block: u32): bool {
  let b = block;
  while (placeOf(b) > placeOf(by)) b = dominatorOf(b);
  return b == by;
}
/** True when the edge goes back to a loop's header. */
export function isBack(from: u32, to: u32): bool {
  return placeOf(to) <= placeOf(from) && dominates(to, from);
}
/** True when the edge goes back to a block that is no loop's header. */
export function isOutside(from: u32, to: u32): bool {
  return placeOf(to) <= placeOf(from) && !dominates(to, from);
}

/** True when the region has such an edge. */
export function hasOutside(): bool {
  return outside;
}

function countEdge(from: u32, to: u32): void {
  if (to == NONE) return;
  if (placeOf(to) > placeOf(from)) store<u8>(FORWARD_IN + to, load<u8>(FORWARD_IN + to) + 1);
  else if (dominates(to, from)) {
    store<u8>(HEADER + to, 1);
    store<u16>(LOOP_END + (to << 1), <u16>max<u32>(placeOf(from), <u32>load<u16>(LOOP_END + (to << 1))));
  } else {
    addEntry(to);
    outside = true;
  }
}
/** Places, dominators, and what follows from them, for the entries that there are; those that edges add ask for another turn. */
function build(): void {
  let before: u32 = 0;
  do {
    before = entries;
    findPlaces();
    findDominators();
    memory.fill(FORWARD_IN, 0, MAX_BLOCKS);
    memory.fill(HEADER, 0, ROOT + 1);
    memory.fill(LOOP_END, 0, MAX_BLOCKS << 1);
    outside = false;
    for (let i: u32 = 0; i < entries; i++) countEdge(ROOT, entryBlock(i));
    for (let place: u32 = 1; place < placed; place++) {
      const block = blockAtPlace(place);
      countEdge(block, nextBlock(block));
      countEdge(block, takenBlock(block));
    }
  } while (entries != before);
}

/** Makes entries of `first`, the blocks that no branch of the region leads to, and those that execution returns to. */
function findEntries(first: u32): void {
  entries = 0;
  memory.fill(ENTRY_OF, 0, MAX_BLOCKS);
  if (first != NONE) addEntry(first);
  memory.fill(FORWARD_IN, 0, MAX_BLOCKS);
  for (let block: u32 = 0; block < blockCount(); block++) {
    if (nextBlock(block) != NONE) store<u8>(FORWARD_IN + nextBlock(block), 1);
    if (takenBlock(block) != NONE) store<u8>(FORWARD_IN + takenBlock(block), 1);
  }
  for (let block: u32 = 0; block < blockCount(); block++) {
    if (isReturn(block) || load<u8>(FORWARD_IN + block) == 0) addEntry(block);
  }
}

/**
 * Analyses the blocks that findBlocks has found. Execution is at `block` now: that is an entry if `exactly`, or else the header of the
 * outermost loop around it, if there is one: an entry inside of a loop would make its edge back one by way of the root.
 */
export function analyse(block: u32, exactly: bool): void {
  findEntries(exactly ? block : NONE);
  build();
  if (placeOf(block) == NONE) {
    findEntries(block);
    build();
  }
  let header = ROOT;
  for (let by = block; by != ROOT; by = dominatorOf(by)) {
    if (isLoopHeader(by) && placeOf(block) <= <u32>load<u16>(LOOP_END + (by << 1))) header = by;
  }
  if (header == ROOT || isEntry(header)) return;
  addEntry(header);
  build();
}
