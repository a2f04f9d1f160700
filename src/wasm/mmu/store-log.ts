/**
 * Stores to guest RAM, noted before they happen, so that they can be undone, done again and compared: the compiler's lockstep
 * (jit/lockstep.ts). While it is on, the first-level TLB has no tag for stores, so that each of them takes a slow path and is seen.
 */
import { hasCode } from "../cpu/code-frame";
import { requestLeave } from "../cpu/state";
import { lockstep_memory } from "../host";
import { JIT_STORES } from "../layout";

/** Whose stores are noted. */
export const STORES_OF_NOBODY: u32 = 0;
export const STORES_OF_REGION: u32 = 1;
export const STORES_OF_INTERPRETER: u32 = 2;

/** A note: u32 linear-memory address, u32 number of bytes; what they were; what they became. */
const OLD: usize = 8;
const MOST_BYTES: usize = 64;
const NEW: usize = OLD + MOST_BYTES;
const NOTE_SIZE: usize = NEW + MOST_BYTES;
/** More than a region of lockstep makes with the instructions that it is given. */
const MOST_NOTES: u32 = 2800;

let seen: bool = false;
let noted: u32 = STORES_OF_NOBODY;
let spoilt: bool = false;
let regionNotes: u32 = 0;
let interpreterNotes: u32 = 0;

/** Turns it on, before anything has been executed. */
export function seeStores(on: bool): void {
  seen = on;
}
/** True when no store may pass unseen. */
export function storesAreSeen(): bool {
  return seen;
}

/** From now on stores are noted as those of `whom`, STORES_OF_*. */
export function noteStoresOf(whom: u32): void {
  noted = whom;
  if (whom == STORES_OF_REGION) {
    regionNotes = 0;
    spoilt = false;
  } else if (whom == STORES_OF_INTERPRETER) interpreterNotes = 0;
}

function count(whom: u32): u32 {
  return whom == STORES_OF_REGION ? regionNotes : interpreterNotes;
}
function note(whom: u32, index: u32): usize {
  return JIT_STORES + (whom - 1) * (MOST_NOTES * NOTE_SIZE) + index * NOTE_SIZE;
}

/** Notes a store that follows; false, with nothing noted, when there is no room. */
export function noteStore(host: usize, size: usize): bool {
  if (noted == STORES_OF_NOBODY) return true;
  const pieces = <u32>((size + MOST_BYTES - 1) / MOST_BYTES);
  if (count(noted) + pieces > MOST_NOTES) return false;
  for (let done: usize = 0; done < size; done += MOST_BYTES) notePiece(host + done, min(size - done, MOST_BYTES));
  return true;
}
function notePiece(host: usize, size: usize): void {
  const before = count(noted);
  if (before != 0) {
    const last = note(noted, before - 1);
    const length = <usize>load<u32>(last, 4);
    if (<usize>load<u32>(last) + length == host && length + size <= MOST_BYTES) {
      memory.copy(last + OLD + length, host, size);
      store<u32>(last, <u32>(length + size), 4);
      return;
    }
  }
  const next = note(noted, before);
  store<u32>(next, <u32>host);
  store<u32>(next, <u32>size, 4);
  memory.copy(next + OLD, host, size);
  if (noted == STORES_OF_REGION) regionNotes++;
  else interpreterNotes++;
}

/**
 * A handler is about to access a device, or to store to decoded code, which has effects that cannot be undone. True, with the region
 * asked to leave, when it must not, because a region called it.
 */
export function spoilsRegion(cpu: usize): bool {
  if (noted != STORES_OF_REGION) return false;
  spoilt = true;
  requestLeave(cpu);
  return true;
}
/** What the region has done since noteStoresOf is not what it would have done by itself: its handlers were held back. */
export function regionIsSpoilt(): bool {
  return spoilt;
}

/** A handler's store to RAM; false when it must not happen. */
export function mayStore(cpu: usize, host: usize, size: usize): bool {
  if (noted == STORES_OF_REGION && hasCode(host)) return !spoilsRegion(cpu);
  return noteStore(host, size) || !spoilsRegion(cpu);
}
/** The store of a region itself; false when the interpreter has to do it. */
export function regionMayStore(host: usize, size: usize): bool {
  return !hasCode(host) && noteStore(host, size);
}

/** Notes what the bytes have become. */
export function keepNewBytes(whom: u32): void {
  for (let i: u32 = 0; i < count(whom); i++) {
    const at = note(whom, i);
    memory.copy(at + NEW, <usize>load<u32>(at), <usize>load<u32>(at, 4));
  }
}
/** Undoes the stores, the last one first. */
export function undoStores(whom: u32): void {
  for (let i = count(whom); i > 0; i--) {
    const at = note(whom, i - 1);
    memory.copy(<usize>load<u32>(at), at + OLD, <usize>load<u32>(at, 4));
  }
}
/** Does them again, once keepNewBytes has been called. */
export function redoStores(whom: u32): void {
  for (let i: u32 = 0; i < count(whom); i++) {
    const at = note(whom, i);
    memory.copy(<usize>load<u32>(at), at + NEW, <usize>load<u32>(at, 4));
  }
}

/**
 * Whether memory now has a byte of a note otherwise than keepNewBytes found it. With `tell` the host is told each of them; memory is
 * as the other of region and interpreter left it.
 */
export function bytesDiffer(whom: u32, tell: bool): bool {
  let differ = false;
  for (let i: u32 = 0; i < count(whom); i++) {
    const at = note(whom, i);
    const host = <usize>load<u32>(at);
    const size = <usize>load<u32>(at, 4);
    if (memory.compare(host, at + NEW, size) == 0) continue;
    differ = true;
    if (tell) tellBytes(whom, at, host, size);
  }
  return differ;
}
function tellBytes(whom: u32, at: usize, host: usize, size: usize): void {
  for (let offset: usize = 0; offset < size; offset++) {
    const before = <u32>load<u8>(at + OLD + offset);
    const noted = <u32>load<u8>(at + NEW + offset);
    const now = <u32>load<u8>(host + offset);
    if (noted == now) continue;
    if (whom == STORES_OF_REGION) lockstep_memory(host + offset, before, noted, now);
    else lockstep_memory(host + offset, before, now, noted);
  }
}
