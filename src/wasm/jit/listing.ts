/** `-d jit`: which WebAssembly of a region belongs to which of its instructions, for the host to print. */
import { wordAddress } from "../cpu/code-frame";
import { CPU_PC, cpuBase } from "../cpu/state";
import { jit_listed, jit_listed_at } from "../host";
import { JIT_BODY, JIT_WORK } from "../layout";
import { position } from "./writer";

/** u32 each: number of the instruction's word in its page, or NO_WORD; where its code begins. */
const MARKS: usize = JIT_WORK + 0x1_0000;
const MOST_MARKS: u32 = 1024;
/** What belongs to no instruction. */
export const NO_WORD: u32 = 0xffff_ffff;

let on: bool = false;
let count: u32 = 0;

/** Turns it on. */
export function jit_list(): void {
  on = true;
}

/** A region's code is written from its begin. */
export function beginListing(): void {
  count = 0;
}
/** What is written from here on belongs to the instruction at `word`. */
export function listInstruction(word: u32): void {
  if (!on || count == MOST_MARKS) return;
  store<u32>(MARKS + (count << 3), word);
  store<u32>(MARKS + (count << 3), <u32>position(), 4);
  count++;
}

/** The region's function has been written to `address`, its code `prologue` bytes behind that; its entry is what CPU 0 executes. */
export function tellListing(frame: usize, address: usize, prologue: usize, length: usize): void {
  if (!on) return;
  for (let i: u32 = 0; i < count; i++) {
    const word = load<u32>(MARKS + (i << 3));
    const offset = <usize>load<u32>(MARKS + (i << 3), 4) - JIT_BODY + prologue;
    if (word == NO_WORD) jit_listed_at(NO_WORD, 0, offset);
    else jit_listed_at(word << 2, load<u32>(wordAddress(frame, frame + ((<usize>word) << 4))), offset);
  }
  const pc = load<u64>(cpuBase(0), CPU_PC);
  jit_listed(<u32>pc, <u32>(pc >> 32), address, length);
}
