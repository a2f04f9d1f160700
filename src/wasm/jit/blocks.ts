/**
 * The basic blocks of a region: the code of one page that direct branches, ways that go on, and returns from calls connect with
 * where the region is asked for, most often a function. Blocks are numbered; the graph's analyses (graph.ts) and the emission
 * (structure.ts) know them by number.
 */
import * as R from "../cpu/records.gen";
import { RECORD_SIZE } from "../cpu/frame-layout";
import { JIT_WORK } from "../layout";
import { endsBlock, goesOnBehind, isConditional, isReturnInstruction, recordOf, staysInPage, wordOf } from "./record";

const WORDS: u32 = 1024;
export const MAX_BLOCKS: u32 = 192;
const MAX_INSTRUCTIONS: u32 = 320;
/** No block: the way leads out of the region. */
export const NONE: u32 = 0xffff;

/** u8 a word: REACHED, LEADER, RETURN. u16 a word: the block that begins there. u16 a word: words to look at. */
const MARKS: usize = JIT_WORK;
const BLOCK_AT: usize = JIT_WORK + 0x400;
const QUEUE: usize = JIT_WORK + 0x1000;
const REACHED: u8 = 1;
const LEADER: u8 = 2;
/** Execution comes to the word from outside of the region's branches: behind a call, or what the interpreter does. */
const RETURN: u8 = 4;

/** u16 each: first word, number of instructions, block that a branch at the end goes to, block that follows. */
const BLOCKS: usize = JIT_WORK + 0x3000;
const BLOCK_SIZE: usize = 8;
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

let coldIsTaken: bool = false;
/** Whether regions have code that has never been executed, too. Without it hardly any of what they leave out ever is. */
export function takeCold(on: bool): void {
  coldIsTaken = on;
}
function isCold(record: usize): bool {
  return !coldIsTaken && load<u16>(record) == <u16>R.REC_UNDECODED;
}

/** The word that the region is asked for, the most instructions of it, and whether it is only what follows that word. */
let entryWord: u32 = 0;
let most: u32 = MAX_INSTRUCTIONS;
let alone: bool = false;
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
    const p = frame + ((<usize>word) << 4);
    if (word != entryWord && isCold(p)) return;
    if (instructions == most) {
      mark(word, LEADER);
      return;
    }
    mark(word, REACHED);
    instructions++;
    const record = recordOf(frame, p);
    const kind = <u32>load<u16>(record);
    const w = wordOf(frame, p);
    if (endsBlock(kind, w)) {
      if (staysInPage(kind)) enqueue(targetWord(record, word));
      if (isConditional(kind)) enqueue(word + 1);
      else if (!alone && goesOnBehind(kind, w) && load<u16>(p, RECORD_SIZE) != <u16>R.REC_UNDECODED) {
        enqueue(word + 1);
        if (word + 1 < WORDS) mark(word + 1, RETURN);
      }
      return;
    }
    word++;
  }
  if (word < WORDS) mark(word, LEADER);
}
function reachQueued(frame: usize): void {
  while (queueHead < queueTail) {
    const word = <u32>load<u16>(QUEUE + (queueHead << 1));
    queueHead++;
    reach(frame, word);
  }
}

/** True when the decoded instruction at `word` leads to one that was reached. */
function leadsIn(frame: usize, word: u32): bool {
  const p = frame + ((<usize>word) << 4);
  const record = recordOf(frame, p);
  const kind = <u32>load<u16>(record);
  const w = wordOf(frame, p);
  const ends = endsBlock(kind, w);
  if (staysInPage(kind)) {
    const target = targetWord(record, word);
    if (target < WORDS && isReached(target)) return true;
  }
  const goesOn = !ends || isConditional(kind) || goesOnBehind(kind, w);
  return goesOn && word + 1 < WORDS && isReached(word + 1);
}
/** First word of the code that goes on, without a branch, to `word`: it was executed, and was not reached. */
function begin(frame: usize, word: u32): u32 {
  let first = word;
  while (first > 0 && !isReached(first - 1)) {
    const p = frame + ((<usize>(first - 1)) << 4);
    if (load<u16>(p) == <u16>R.REC_UNDECODED || endsBlock(<u32>load<u16>(recordOf(frame, p)), wordOf(frame, p))) break;
    first--;
  }
  return first;
}
/** Takes in what was executed and leads to what was reached, until nothing else does. */
function reachBack(frame: usize): void {
  let found = true;
  while (found && instructions < most) {
    found = false;
    for (let word: i32 = <i32>WORDS - 1; word >= 0; word--) {
      const p = frame + ((<usize>word) << 4);
      if (isReached(word) || load<u16>(p) == <u16>R.REC_UNDECODED || !leadsIn(frame, word)) continue;
      enqueue(begin(frame, word));
      reachQueued(frame);
      if (isReached(word)) found = true;
    }
  }
}

/**
 * Finds the region of the code at `entry`, a word of the page of `frame`: all that is connected with it; or, `onlyBehind` it, what
 * branches reach from there. A block begins there if `atEntry`. False when it has too many blocks.
 */
export function findBlocks(frame: usize, entry: u32, atEntry: bool, onlyBehind: bool): bool {
  alone = onlyBehind;
  for (most = MAX_INSTRUCTIONS; most >= 64; most >>= 1) {
    memory.fill(MARKS, 0, WORDS);
    memory.fill(BLOCK_AT, 0xff, WORDS << 1);
    queueHead = 0;
    queueTail = 0;
    blocks = 0;
    instructions = 0;
    entryWord = entry;
    if (atEntry) mark(entry, LEADER);
    reach(frame, entry);
    reachQueued(frame);
    if (!alone) reachBack(frame);
    if (!cutIntoBlocks(frame)) continue;
    connect(frame);
    return true;
  }
  return false;
}
/** Whether execution comes to the block at its begin from outside of the region's branches. */
export function isReturn(block: u32): bool {
  return (marks(firstWord(block)) & RETURN) != 0;
}

/** True when a way out of the region may lead to another of its entries: a jump by a table, or a call of what is part of the region. */
export function comesBack(frame: usize): bool {
  for (let block: u32 = 0; block < blocks; block++) {
    const word = firstWord(block) + lengthOf(block) - 1;
    const p = frame + ((<usize>word) << 4);
    const record = recordOf(frame, p);
    const kind = <u32>load<u16>(record);
    if (kind == R.REC_BL_IN && blockAt(targetWord(record, word)) != NONE) return true;
    if (kind == R.REC_BR && !isReturnInstruction(wordOf(frame, p))) return true;
  }
  return false;
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

/** The block that begins at `word`, or NONE. */
export function blockAt(word: u32): u32 {
  return word < WORDS ? <u32>load<u16>(BLOCK_AT + (word << 1)) : NONE;
}
/** The block that the reached instruction at `word` is in. */
export function blockAround(word: u32): u32 {
  let first = word;
  while (blockAt(first) == NONE) first--;
  return blockAt(first);
}

function connect(frame: usize): void {
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
}
