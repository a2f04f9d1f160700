/**
 * WebAssembly modules of compiled regions. Functions of regions wait here until there are enough for a module, since each module
 * costs its host much more than a function in it.
 *
 * Imports of module "e": m memory, t table, and functions by their numbers (FUNCTION_*). Regions are exported as "A", "B" …
 */
import { JIT_BASE, JIT_MODULE } from "../layout";
import { FUNCTION_VECTORS, TYPE_VECTORS } from "./crypto";
import { FUNCTION_PACK } from "./flags";
import { FUNCTION_HANDLER, tableImported } from "./handlers";
import { FUNCTION_HOST } from "./translation";
import * as W from "./opcodes";
import { TYPE_REGION, writeRegion, writtenFunction, writtenHints } from "./region";
import { beginAt, byte, copyFrom, leb, lebFixed, position, reserve } from "./writer";

/** Types: region, handler (cpu, instruction), hostOrStop, packFlags, the products, callHandler, TYPE_VECTORS, callVectors. */
const TYPES: u32 = 8;
/** Imported functions. */
const IMPORTED: u32 = 6;

/** Functions that wait lie one behind the other; u32 each of them: begin, length, length of the hints behind it. */
const WAITING: usize = JIT_BASE + 0x4_0000;
const WAITING_END: usize = JIT_BASE + 0xf_0000;
const LIST: usize = WAITING_END;
/** Regions of a module: it is made when there are so many. */
export const MODULE_REGIONS: u32 = 16;
/** More than any region's function and hints take. */
const REGION_MAX: usize = 0x2_0000;

let waiting: u32 = 0;
let free: usize = WAITING;

/** Number of functions that wait. */
export function waitingRegions(): u32 {
  return waiting;
}
/** True when a module is to be made before another region is written. */
export function moduleIsFull(): bool {
  return waiting == MODULE_REGIONS || free + REGION_MAX > WAITING_END;
}

/** Writes the region whose blocks are found and analysed, and whose table slot is `slot`, to wait for its module. */
export function addRegion(frame: usize, slot: u32): void {
  writeRegion(frame, slot, free);
  const entryOf = LIST + waiting * 12;
  store<u32>(entryOf, <u32>free);
  store<u32>(entryOf, <u32>writtenFunction(), 4);
  store<u32>(entryOf, <u32>writtenHints(), 8);
  free += writtenFunction() + writtenHints();
  waiting++;
}

/** Writes the module of all that waits to JIT_MODULE; returns its length. */
export function writeModule(): usize {
  beginAt(JIT_MODULE);
  writeHeader(waiting);
  const hints = beginSection(0);
  leb(HINT_SECTION_LENGTH);
  copyFrom(HINT_SECTION, HINT_SECTION_LENGTH);
  leb(waiting);
  for (let i: u32 = 0; i < waiting; i++) {
    const entryOf = LIST + i * 12;
    leb(IMPORTED + i);
    copyFrom(<usize>load<u32>(entryOf) + <usize>load<u32>(entryOf, 4), <usize>load<u32>(entryOf, 8));
  }
  endSection(hints);
  const code = beginSection(10);
  leb(waiting);
  for (let i: u32 = 0; i < waiting; i++) {
    const entryOf = LIST + i * 12;
    leb(load<u32>(entryOf, 4));
    copyFrom(<usize>load<u32>(entryOf), <usize>load<u32>(entryOf, 4));
  }
  endSection(code);
  waiting = 0;
  free = WAITING;
  return position() - JIT_MODULE;
}

function name(letter: u32): void {
  leb(1);
  byte(letter);
}

function writeHeader(count: u32): void {
  store<u32>(position(), 0x6d73_6100);
  store<u32>(position(), 1, 4);
  reserve(8);
  const types = beginSection(1);
  leb(TYPES);
  writeType(4);
  byte(W.TYPE_I32);
  byte(W.TYPE_I64);
  byte(W.TYPE_I32);
  byte(W.TYPE_I32);
  leb(0);
  writeType(2);
  byte(W.TYPE_I32);
  byte(W.TYPE_I32);
  leb(0);
  writeType(3);
  byte(W.TYPE_I32);
  byte(W.TYPE_I64);
  byte(W.TYPE_I32);
  leb(1);
  byte(W.TYPE_I32);
  writeType(3);
  byte(W.TYPE_I32);
  byte(W.TYPE_I64);
  byte(W.TYPE_I64);
  leb(1);
  byte(W.TYPE_I32);
  writeType(2);
  byte(W.TYPE_I64);
  byte(W.TYPE_I64);
  leb(1);
  byte(W.TYPE_I64);
  writeType(3);
  byte(W.TYPE_I32);
  byte(W.TYPE_I32);
  byte(W.TYPE_I32);
  leb(0);
  writeVectorsType(3);
  writeVectorsType(4);
  endSection(types);
  const imports = beginSection(2);
  leb(IMPORTED + (tableImported() ? 2 : 1));
  // m: memory; t: table of functions; then functions "0", "1" …
  name(0x65);
  name(0x6d);
  byte(2);
  byte(0);
  leb(1);
  if (tableImported()) {
    name(0x65);
    name(0x74);
    byte(1);
    byte(W.TYPE_FUNCREF);
    byte(0);
    leb(1);
  }
  for (let i: u32 = 0; i < IMPORTED; i++) {
    name(0x65);
    name(0x30 + i);
    byte(0);
    leb(typeOfImported(i));
  }
  endSection(imports);
  const functions = beginSection(3);
  leb(count);
  for (let i: u32 = 0; i < count; i++) leb(TYPE_REGION);
  endSection(functions);
  const exports = beginSection(7);
  leb(count);
  for (let i: u32 = 0; i < count; i++) {
    name(0x41 + i);
    byte(0);
    leb(IMPORTED + i);
  }
  endSection(exports);
}
function typeOfImported(index: u32): u32 {
  switch (index) {
    case FUNCTION_HOST:
      return 2;
    case FUNCTION_PACK:
      return 3;
    case FUNCTION_HANDLER:
      return 5;
    case FUNCTION_VECTORS:
      return TYPE_VECTORS + 1;
    default:
      return 4;
  }
}
/** Three vectors, and with a fourth parameter the function's index, give a vector. */
function writeVectorsType(parameters: u32): void {
  writeType(parameters);
  for (let i: u32 = 0; i < 3; i++) byte(W.TYPE_V128);
  if (parameters > 3) byte(W.TYPE_I32);
  leb(1);
  byte(W.TYPE_V128);
}
function writeType(parameters: u32): void {
  byte(W.TYPE_FUNC);
  leb(parameters);
}

function beginSection(id: u32): usize {
  byte(id);
  return reserve(5);
}
function endSection(size: usize): void {
  lebFixed(size, <u32>(position() - size - 5));
}

/** "metadata.code.branch_hint". */
const HINT_SECTION = memory.data<u8>([
  0x6d, 0x65, 0x74, 0x61, 0x64, 0x61, 0x74, 0x61, 0x2e, 0x63, 0x6f, 0x64, 0x65, 0x2e, 0x62, 0x72, 0x61, 0x6e, 0x63,
  0x68, 0x5f, 0x68, 0x69, 0x6e, 0x74,
]);
const HINT_SECTION_LENGTH: u32 = 25;
