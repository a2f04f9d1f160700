/**
 * Branch hints (WebAssembly branch hinting proposal): places of `if` and `br_if` in a function body whose condition nearly
 * always, or nearly never, holds. Engines that do not know the section skip it.
 */
import { JIT_WORK } from "../layout";
import { byte, leb, position } from "./writer";

const HINTS: usize = JIT_WORK + 0x8000;
const MAX_HINTS: u32 = 2048;
let count: u32 = 0;

export function beginHints(): void {
  count = 0;
}
function hint(likely: u32): void {
  if (count == MAX_HINTS) return;
  store<u32>(HINTS + (count << 3), <u32>position());
  store<u32>(HINTS + (count << 3), likely, 4);
  count++;
}
/** The branch whose opcode comes next is nearly always taken. */
export function hintLikely(): void {
  hint(1);
}
/** It is nearly never taken. */
export function hintUnlikely(): void {
  hint(0);
}

/** Writes the hints of a function whose code was written at `begin` and lies `shift` bytes behind the function's start. */
export function writeHints(begin: usize, shift: u32): void {
  leb(count);
  for (let i: u32 = 0; i < count; i++) {
    leb(load<u32>(HINTS + (i << 3)) - <u32>begin + shift);
    byte(1);
    byte(load<u32>(HINTS + (i << 3), 4));
  }
}
