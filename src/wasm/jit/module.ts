/**
 * A WebAssembly module of compiled regions. Each region's code is written by itself first (its locals and loads are known only
 * behind it); here it gets its surroundings: locals, what it loads at its entry and stores at its end, and the module's sections.
 *
 * Imports of module "e": m memory, t table, and functions by their numbers (FUNCTION_*). The region is exported as "f".
 */
import { JIT_BODY, JIT_MODULE } from "../layout";
import { JUMP_CACHE_MASK, JUMP_CONTEXT, JUMP_RECORD, JUMP_VA } from "../cpu/jump-cache";
import { REC_COMPILED } from "../cpu/records.gen";
import { CPU_BUDGET, CPU_EL, CPU_JIT_LEFT, CPU_JUMP_CACHE, CPU_JUMP_CONTEXT, CPU_PC, CPU_TLB } from "../cpu/state";
import { TLB_SET_SHIFT } from "../mmu/tlb";
import { beginExits, close, INFO_HOW, INFO_NOT_DONE } from "./exits";
import { beginFlags, loadFlags, storeFlags } from "./flags";
import { beginHints, hintLikely, writeHints } from "./hints";
import {
  L_BUDGET,
  L_CPU,
  L_ENTRY,
  L_HOST,
  L_INFO,
  L_PAGE,
  L_TLB,
  L_TO,
  beginLocals,
  declareLocals,
  loadRegisters,
  placeLocals,
  storeRegisters,
} from "./locals";
import { tableImported } from "./handlers";
import { beginMemory, tlbIsUsed } from "./memory";
import * as W from "./opcodes";
import { emitBlocks } from "./structure";
import { access, beginAt, byte, copyFrom, get, i32c, i64c, leb, lebFixed, position, reserve, set, tee } from "./writer";

/** Types: region (cpu, page, budget), handler (cpu, instruction), hostForCompiled, packFlags, the products, callHandler. */
const TYPE_REGION: u32 = 0;
const TYPES: u32 = 6;
/** Imported functions: type of each, in the order of FUNCTION_*. */
const IMPORTED: u32 = 5;
/** The longest module that is made. */
export const MODULE_MAX: usize = 0x10_0000;

/** Writes the code of a region and its end; returns where it begins. It ends at position(). */
function writeBody(frame: usize, entry: u32): usize {
  beginLocals();
  writeCode(frame, entry);
  placeLocals();
  writeCode(frame, entry);
  return JIT_BODY;
}

function writeCode(frame: usize, entry: u32): void {
  beginAt(JIT_BODY);
  beginFlags();
  beginMemory();
  beginHints();
  beginExits();
  emitBlocks(frame, entry);
  close();
  // Stopped at an instruction: where, how far, and why is in L_INFO.
  get(L_PAGE);
  get(L_INFO);
  i32c(0xfff);
  byte(W.I32_AND);
  byte(W.I64_EXTEND_I32_U);
  byte(W.I64_ADD);
  set(L_TO);
  get(L_BUDGET);
  get(L_INFO);
  i32c(INFO_NOT_DONE);
  byte(W.I32_SHR_U);
  i32c(0xfff);
  byte(W.I32_AND);
  byte(W.I32_ADD);
  set(L_BUDGET);
  close();
  storeRegisters();
  storeFlags();
  if (tableImported()) writeChain();
  get(L_CPU);
  get(L_TO);
  access(W.I64_STORE, CPU_PC);
  get(L_CPU);
  get(L_BUDGET);
  access(W.I32_STORE, CPU_BUDGET);
  get(L_CPU);
  get(L_INFO);
  i32c(INFO_HOW);
  byte(W.I32_SHR_U);
  access(W.I32_STORE, CPU_JIT_LEFT);
  byte(W.END);
}

/** The next region as a tail call, when the jump cache knows it, nothing stopped this one and there is budget left. */
function writeChain(): void {
  get(L_INFO);
  byte(W.I32_EQZ);
  get(L_BUDGET);
  i32c(0);
  byte(W.I32_GE_S);
  byte(W.I32_AND);
  openVoidIf();
  get(L_TO);
  byte(W.I32_WRAP_I64);
  i32c(2);
  byte(W.I32_SHL);
  i32c(<u32>JUMP_CACHE_MASK);
  byte(W.I32_AND);
  get(L_CPU);
  byte(W.I32_ADD);
  tee(L_ENTRY);
  access(W.I64_LOAD, CPU_JUMP_CACHE + JUMP_VA);
  get(L_TO);
  byte(W.I64_EQ);
  get(L_ENTRY);
  access(W.I32_LOAD, CPU_JUMP_CACHE + JUMP_CONTEXT);
  get(L_CPU);
  access(W.I32_LOAD, CPU_JUMP_CONTEXT);
  byte(W.I32_EQ);
  byte(W.I32_AND);
  openVoidIf();
  get(L_ENTRY);
  access(W.I32_LOAD, CPU_JUMP_CACHE + JUMP_RECORD);
  tee(L_HOST);
  access(W.I32_LOAD16_U, 0);
  i32c(REC_COMPILED);
  byte(W.I32_EQ);
  openVoidIf();
  get(L_CPU);
  get(L_TO);
  i64c(0xffff_ffff_ffff_f000);
  byte(W.I64_AND);
  get(L_BUDGET);
  get(L_HOST);
  access(W.I32_LOAD, 8);
  byte(W.RETURN_CALL_INDIRECT);
  leb(TYPE_REGION);
  leb(0);
  byte(W.END);
  byte(W.END);
  byte(W.END);
}
function openVoidIf(): void {
  hintLikely();
  byte(W.IF);
  byte(W.VOID);
}

/** Locals, and loads of what the region works on. */
function writePrologue(): void {
  declareLocals();
  if (tlbIsUsed()) {
    get(L_CPU);
    get(L_CPU);
    access(W.I32_LOAD, CPU_EL);
    i32c(<u32>TLB_SET_SHIFT);
    byte(W.I32_SHL);
    byte(W.I32_ADD);
    i32c(<u32>CPU_TLB);
    byte(W.I32_ADD);
    set(L_TLB);
  }
  loadRegisters();
  loadFlags();
}

function name(letter: u32): void {
  leb(1);
  byte(letter);
}

function writeHeader(): void {
  store<u32>(position(), 0x6d73_6100);
  store<u32>(position(), 1, 4);
  reserve(8);
  const types = beginSection(1);
  leb(TYPES);
  writeType(3);
  byte(W.TYPE_I32);
  byte(W.TYPE_I64);
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
    byte(0x70);
    byte(0);
    leb(1);
  }
  for (let i: u32 = 0; i < IMPORTED; i++) {
    name(0x65);
    name(0x30 + i);
    byte(0);
    leb(i < 2 ? i + 2 : i < 4 ? 4 : 5);
  }
  endSection(imports);
  const functions = beginSection(3);
  leb(1);
  leb(TYPE_REGION);
  endSection(functions);
  const exports = beginSection(7);
  leb(1);
  name(0x66);
  byte(0);
  leb(IMPORTED);
  endSection(exports);
}
function writeType(parameters: u32): void {
  byte(0x60);
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

/** Writes the module for the region whose blocks are found and analysed; returns its length at JIT_MODULE. */
export function writeModule(frame: usize, entry: u32): usize {
  const body = writeBody(frame, entry);
  const bodyLength = position() - body;
  // The prologue goes behind the body for a moment, to learn its length.
  const prologue = position();
  writePrologue();
  const prologueLength = position() - prologue;
  beginAt(JIT_MODULE);
  writeHeader();
  const hints = beginSection(0);
  leb(HINT_SECTION_LENGTH);
  copyFrom(HINT_SECTION, HINT_SECTION_LENGTH);
  leb(1);
  writeHints(IMPORTED, body, <u32>prologueLength);
  endSection(hints);
  const code = beginSection(10);
  leb(1);
  leb(<u32>(prologueLength + bodyLength));
  copyFrom(prologue, prologueLength);
  copyFrom(body, bodyLength);
  endSection(code);
  return position() - JIT_MODULE;
}
