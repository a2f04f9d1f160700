/**
 * The basic blocks of a region: what direct branches reach from one entry inside one page. Blocks are numbered; the graph's
 * analyses (graph.ts) and the emission (structure.ts) know them by number.
 */
import * as R from "../cpu/records.gen";
import { JIT_WORK } from "../layout";
import { endsBlock, isConditional, recordOf, staysInPage, wordOf } from "./record";

const WORDS: u32 = 1024;
export const MAX_BLOCKS: u32 = 128;
const MAX_INSTRUCTIONS: u32 = 320;
/** No block: the way leads out of the region. */
export const NONE: u32 = 0xffff;

/** u8 a word: REACHED and LEADER. u16 a word: the block that begins there. u16 a word: words to look at. */
const MARKS: usize = JIT_WORK;
const BLOCK_AT: usize = JIT_WORK + 0x400;
const QUEUE: usize = JIT_WORK + 0x1000;
const REACHED: u8 = 1;
const LEADER: u8 = 2;

/** u16 each: first word, number of instructions, block that a branch at the end goes to, block that follows. */
const BLOCKS: usize = JIT_WORK + 0x4000;
const BLOCK_SIZE: usize = 16;
const TAKEN: usize = 4;
const NEXT: usize = 6;

let blocks: u32 = 0;
let instructions: u32 = 0;

export function blockCount(): u32 {
  return blocks;
}
/** Instructions of all blocks. */
export function instructionCount(): u32 {
  return instructions;
}
function blockAddress(block: u32): usize {
  return BLOCKS + <usize>block * BLOCK_SIZE;
}
/** Number of the block's first word in the page. */
export function firstWord(block: u32): u32 {
  return <u32>load<u16>(blockAddress(block));
}
/** Number of its instructions. */
export function lengthOf(block: u32): u32 {
  return <u32>load<u16>(blockAddress(block), 2);
}
/** Where its branch goes: a block, or NONE. */
export function takenBlock(block: u32): u32 {
  return <u32>load<u16>(blockAddress(block), TAKEN);
}
/** What follows when it does not branch: a block, or NONE. */
export function nextBlock(block: u32): u32 {
  return <u32>load<u16>(blockAddress(block), NEXT);
}
/** Makes the ways from `block` to `target` lead out of the region. */
export function cutEdge(block: u32, target: u32): void {
  const address = blockAddress(block);
  if (takenBlock(block) == target) store<u16>(address, <u16>NONE, TAKEN);
  if (nextBlock(block) == target) store<u16>(address, <u16>NONE, NEXT);
}

function marks(word: u32): u8 {
  return load<u8>(MARKS + word);
}
function mark(word: u32, bit: u8): void {
  store<u8>(MARKS + word, marks(word) | bit);
}
/** True when the region has the instruction at `word`. */
export function isReached(word: u32): bool {
  return (marks(word) & REACHED) != 0;
}

/** Word that the branch `record` at `word` goes to; it stays in the page. */
export function targetWord(record: usize, word: u32): u32 {
  return word + <u32>(load<i32>(record, 8) >> 4);
}

/** Whether regions have code that has never been executed, too: hardly any of what is left out ever is. */
let coldIsTaken: bool = false;
export function takeCold(on: bool): void {
  coldIsTaken = on;
}
function isCold(record: usize): bool {
  return !coldIsTaken && load<u16>(record) == <u16>R.REC_UNDECODED;
}

let entryWord: u32 = 0;
let queueHead: usize = 0;
let queueTail: usize = 0;

function enqueue(word: u32): void {
  if (word >= WORDS) return;
  if ((marks(word) & LEADER) != 0) return;
  mark(word, LEADER);
  store<u16>(QUEUE + (queueTail << 1), <u16>word);
  queueTail++;
}

/** Follows the code from `word` to where it ends or meets what is known. */
function reach(frame: usize, first: u32): void {
  let word = first;
  while (word < WORDS && !isReached(word)) {
    if (instructions == MAX_INSTRUCTIONS) {
      mark(word, LEADER);
      return;
    }
    const p = frame + ((<usize>word) << 4);
    if (word != entryWord && isCold(p)) return;
    mark(word, REACHED);
    instructions++;
    const record = recordOf(frame, p);
    const kind = <u32>load<u16>(record);
    if (endsBlock(kind, wordOf(frame, p))) {
      if (staysInPage(kind)) enqueue(targetWord(record, word));
      if (isConditional(kind)) enqueue(word + 1);
      return;
    }
    word++;
  }
  if (word < WORDS) mark(word, LEADER);
}

/** Finds the region of the code at `entry`, a word of the page of `frame`. False when it has too many blocks. */
export function findBlocks(frame: usize, entry: u32): bool {
  memory.fill(MARKS, 0, WORDS);
  memory.fill(BLOCK_AT, 0xff, WORDS << 1);
  queueHead = 0;
  queueTail = 0;
  blocks = 0;
  instructions = 0;
  entryWord = entry;
  enqueue(entry);
  while (queueHead < queueTail) {
    const word = <u32>load<u16>(QUEUE + (queueHead << 1));
    queueHead++;
    reach(frame, word);
  }
  return cutIntoBlocks(frame) && connect(frame);
}

function cutIntoBlocks(frame: usize): bool {
  let open = false;
  for (let word: u32 = 0; word < WORDS; word++) {
    if (!isReached(word)) {
      open = false;
      continue;
    }
    if (!open || (marks(word) & LEADER) != 0) {
      if (blocks == MAX_BLOCKS) return false;
      store<u16>(BLOCK_AT + (word << 1), <u16>blocks);
      const address = blockAddress(blocks);
      store<u16>(address, <u16>word);
      store<u16>(address, 0, 2);
      blocks++;
    }
    const address = blockAddress(blocks - 1);
    store<u16>(address, load<u16>(address, 2) + 1, 2);
    const p = frame + ((<usize>word) << 4);
    open = !endsBlock(<u32>load<u16>(recordOf(frame, p)), wordOf(frame, p));
  }
  return true;
}

/** The block at `word`, or NONE. */
export function blockAt(word: u32): u32 {
  return word < WORDS ? <u32>load<u16>(BLOCK_AT + (word << 1)) : NONE;
}

function connect(frame: usize): bool {
  for (let block: u32 = 0; block < blocks; block++) {
    const word = firstWord(block) + lengthOf(block) - 1;
    const p = frame + ((<usize>word) << 4);
    const record = recordOf(frame, p);
    const kind = <u32>load<u16>(record);
    const ends = endsBlock(kind, wordOf(frame, p));
    let taken = NONE;
    let next = NONE;
    if (staysInPage(kind)) taken = blockAt(targetWord(record, word));
    if (!ends || isConditional(kind)) next = blockAt(word + 1);
    store<u16>(blockAddress(block), <u16>taken, TAKEN);
    store<u16>(blockAddress(block), <u16>next, NEXT);
  }
  return true;
}
