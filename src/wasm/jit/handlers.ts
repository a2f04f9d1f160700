/** Calls of the interpreter's outlined handlers: every instruction that the compiler has no translation of its own for. */
import { CPU_BUDGET, CPU_EXCL_ADDR, CPU_EXIT, CPU_PC, EXCLUSIVE_NONE } from "../cpu/state";
import { instructionOffset, instructionsNotDone, leaveAfterHandler } from "./exits";
import { flushFlags, reloadFlags } from "./flags";
import { L_BUDGET, L_CPU, L_PAGE, flushRegisters, reloadRegisters, storeConstant } from "./locals";
import * as W from "./opcodes";
import { access, byte, get, i32c, i64c, leb } from "./writer";

/** Index of the imported callHandler, for hosts where regions have no table to call handlers by. */
export const FUNCTION_HANDLER: u32 = 4;
/** Calls handler `index`. */
export function callHandler(cpu: usize, insn: u32, index: u32): void {
  call_indirect<void>(index, cpu, insn);
}

let withTable: bool = false;
/** Whether regions import the engine's function table: to call the next one by a tail call, and handlers. */
export function tableImported(): bool {
  return withTable;
}
/**
 * Tells whether regions may import the table and use tail calls. Where not, they return to whoever called them.
 */
export function jit_set_chaining(on: bool): void {
  withTable = on;
}

let alone: bool = false;
/** Whether a region goes on to the next one by itself. */
export function regionsAreChained(): bool {
  return withTable && !alone;
}
/** Makes each region return to whoever called it, whatever it may import: before anything is compiled. */
export function leaveRegionsAlone(): void {
  alone = true;
}

/** Index of the handlers' type. */
export const TYPE_HANDLER: u32 = 1;

/** SIMD and FP data processing (ARM ARM C4.1.96). */
function isVectorProcessing(w: u32): bool {
  return (w & 0x0e00_0000) == 0x0e00_0000;
}
/** Between FP and integers (ARM ARM C4.1.97), and DUP, INS, SMOV, UMOV (advanced SIMD copy). */
function movesGeneral(w: u32): bool {
  const conversion = (w & 0x5f20_fc00) == 0x1e20_0000 || (w & 0x5f20_0000) == 0x1e00_0000;
  const copy = (w & 0x9fe0_8400) == 0x0e00_0400;
  return conversion || copy;
}
/** FCMP, FCCMP and FCSEL, and registers of flags. */
function usesFlags(w: u32): bool {
  if ((w & 0x5f20_0000) == 0x1e20_0000) {
    const low = (w >> 10) & 3;
    return low == 1 || low == 3 || ((w >> 10) & 15) == 8;
  }
  // MRS and MSR NZCV.
  return (w & 0xffdf_ffe0) == 0xd51b_4200;
}
function usesRegister31(w: u32): bool {
  return ((w >> 5) & 31) == 31;
}

/** One bit for each general register that an instruction may name; 31 is SP, which only a base register can be. */
function registersOf(w: u32): u32 {
  if (isVectorProcessing(w) && !movesGeneral(w)) return 0;
  let set: u32 = (1 << (w & 31)) | (1 << ((w >> 5) & 31)) | (1 << ((w >> 10) & 31)) | (1 << ((w >> 16) & 31));
  // CASP names the first registers of pairs.
  if ((w & 0xbfa0_7c00) == 0x0820_7c00) set |= (set << 1) & 0x7fff_ffff;
  set &= 0x7fff_ffff;
  return usesRegister31(w) ? set | 0x8000_0000 : set;
}

/** One bit for each V register that it may name: lists and table lookups go on from the first one, modulo 32. */
function vectorsOf(w: u32): u32 {
  if ((w & 0x0400_0000) == 0) return 0;
  let set: u32 = (1 << (w & 31)) | (1 << ((w >> 5) & 31)) | (1 << ((w >> 10) & 31)) | (1 << ((w >> 16) & 31));
  const isList = (w & 0xbe00_0000) == 0x0c00_0000 || (w & 0xbfe0_8c00) == 0x0e00_0000;
  if (isList) set |= rotl<u32>(set, 1) | rotl<u32>(set, 2) | rotl<u32>(set, 3);
  // By element of 16 bits: bit 20 is the index's, the register one of the first sixteen.
  if ((w & 0x0f00_0400) == 0x0f00_0000) set |= 1 << ((w >> 16) & 15);
  return set;
}

/** MRS, MSR, SYS: only Rt. */
function isSystem(w: u32): bool {
  return w >> 22 == 0x354;
}

/**
 * Emits the call of the engine's function `index` with the operands that are pushed: by the table, where the function has type `type` of the
 * module, or by imported function `imported`, which takes the index behind the operands.
 */
export function emitEngineCall(index: u32, type: u32, imported: u32): void {
  i32c(index);
  if (tableImported()) {
    byte(W.CALL_INDIRECT);
    leb(type);
    leb(0);
  } else {
    byte(W.CALL);
    leb(imported);
  }
}
/** Emits the bare call of handler `index` for instruction `w`. */
export function emitCall(w: u32, index: u32): void {
  get(L_CPU);
  i32c(w);
  emitEngineCall(index, TYPE_HANDLER, FUNCTION_HANDLER);
}

/** Translates a record that calls a handler. */
export function emitHandler(record: usize): void {
  const w = load<u32>(record, 8);
  const data = isVectorProcessing(w);
  let registers = registersOf(w);
  if (isSystem(w)) registers = (w & 31) == 31 ? 0 : 1 << (w & 31);
  const vectors = vectorsOf(w);
  flushRegisters(registers, vectors);
  const flags = usesFlags(w);
  if (flags) flushFlags();
  if (!data) {
    get(L_CPU);
    get(L_PAGE);
    i64c(<u64>instructionOffset());
    byte(W.I64_ADD);
    access(W.I64_STORE, CPU_PC);
    get(L_CPU);
    get(L_BUDGET);
    i32c(instructionsNotDone());
    byte(W.I32_ADD);
    access(W.I32_STORE, CPU_BUDGET);
  }
  emitCall(w, load<u32>(record, 12));
  reloadRegisters(registers, vectors);
  if (flags) reloadFlags();
  get(L_CPU);
  access(W.I32_LOAD, CPU_EXIT);
  leaveAfterHandler();
}

/** CLREX. */
export function emitClrex(): void {
  storeConstant(CPU_EXCL_ADDR, EXCLUSIVE_NONE);
}
