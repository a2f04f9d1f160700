/**
 * The region's control flow as a graph: reverse postorder, dominators (Cooper, Harvey, Kennedy: A Simple, Fast Dominance
 * Algorithm), loop headers and merge nodes. Edges that would make the graph irreducible are cut: they lead out of the region.
 */
import { JIT_WORK } from "../layout";
import { NONE, blockCount, cutEdge, nextBlock, takenBlock } from "./blocks";

/** u16 a block: its place in reverse postorder, the block at a place, immediate dominator; u8: forward edges in, loop header. */
const PLACE: usize = JIT_WORK + 0x5000;
const AT_PLACE: usize = JIT_WORK + 0x5200;
const DOMINATOR: usize = JIT_WORK + 0x5400;
const FORWARD_IN: usize = JIT_WORK + 0x5600;
const HEADER: usize = JIT_WORK + 0x5700;

let placed: u32 = 0;

/** Place of `block` in reverse postorder, the entry's is 0; NONE when nothing leads to it. */
export function placeOf(block: u32): u32 {
  return <u32>load<u16>(PLACE + (block << 1));
}
/** The block at a place of reverse postorder. */
export function blockAtPlace(place: u32): u32 {
  return <u32>load<u16>(AT_PLACE + (place << 1));
}
/** Number of blocks that the entry leads to. */
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
/** True when more than one way leads forward to `block`. */
export function isMerge(block: u32): bool {
  return load<u8>(FORWARD_IN + block) > 1;
}

/** Gives blocks places from the last one down, in postorder. */
function visit(block: u32, last: u32): u32 {
  store<u16>(PLACE + (block << 1), <u16>(NONE - 1));
  let free = last;
  const next = nextBlock(block);
  const taken = takenBlock(block);
  if (next != NONE && placeOf(next) == NONE) free = visit(next, free);
  if (taken != NONE && placeOf(taken) == NONE) free = visit(taken, free);
  store<u16>(PLACE + (block << 1), <u16>free);
  store<u16>(AT_PLACE + (free << 1), <u16>block);
  return free - 1;
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

function hasEdge(from: u32, to: u32): bool {
  return nextBlock(from) == to || takenBlock(from) == to;
}

/** True when every way to `block` comes through `by`. */
export function dominates(by: u32, block: u32): bool {
  let b = block;
  while (placeOf(b) > placeOf(by)) b = dominatorOf(b);
  return b == by;
}

function findDominators(entry: u32): void {
  memory.fill(DOMINATOR, 0xff, blockCount() << 1);
  store<u16>(DOMINATOR + (entry << 1), <u16>entry);
  let changed = true;
  while (changed) {
    changed = false;
    for (let place: u32 = 1; place < placed; place++) {
      const block = blockAtPlace(place);
      let dominator = NONE;
      for (let other: u32 = 0; other < placed; other++) {
        const from = blockAtPlace(other);
        if (!hasEdge(from, block) || dominatorOf(from) == NONE) continue;
        dominator = dominator == NONE ? from : intersect(dominator, from);
      }
      if (dominator == dominatorOf(block)) continue;
      store<u16>(DOMINATOR + (block << 1), <u16>dominator);
      changed = true;
    }
  }
}

function countEdge(from: u32, to: u32): void {
  if (to == NONE) return;
  if (placeOf(to) > placeOf(from)) {
    store<u8>(FORWARD_IN + to, load<u8>(FORWARD_IN + to) + 1);
  } else if (dominates(to, from)) store<u8>(HEADER + to, 1);
  else cutEdge(from, to);
}

/** Analyses the blocks that findBlocks has found; `entry` is a block. */
export function analyse(entry: u32): void {
  const count = blockCount();
  memory.fill(PLACE, 0xff, count << 1);
  memory.fill(FORWARD_IN, 0, count);
  memory.fill(HEADER, 0, count);
  const free = visit(entry, count - 1);
  // Blocks that nothing leads to leave places free at the front.
  placed = count - 1 - free;
  if (placed < count) {
    for (let place: u32 = 0; place < placed; place++) {
      const block = <u32>load<u16>(AT_PLACE + ((place + count - placed) << 1));
      store<u16>(AT_PLACE + (place << 1), <u16>block);
      store<u16>(PLACE + (block << 1), <u16>place);
    }
  }
  findDominators(entry);
  for (let place: u32 = 0; place < placed; place++) {
    const block = blockAtPlace(place);
    countEdge(block, nextBlock(block));
    countEdge(block, takenBlock(block));
  }
}
