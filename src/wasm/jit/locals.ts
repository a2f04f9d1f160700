/**
 * Locals of a compiled region. A guest register has a local once something in the region names it; which of them were
 * written says what the region's exits store.
 */
import { CPU_SINK, CPU_XZR } from "../cpu/state";
import * as W from "./opcodes";
import { byte, get, i32c, i64c, leb, set } from "./writer";

/** Parameters: base of the CPU (i32), virtual address of the code's page (i64), instructions left (i32). */
export const L_CPU: u32 = 0;
export const L_PAGE: u32 = 1;
export const L_BUDGET: u32 = 2;
/** i64: where an exit goes; the address of an access; operands of the last flags; two temporaries. */
export const L_TO: u32 = 3;
export const L_VA: u32 = 4;
export const L_FLAG_A: u32 = 5;
export const L_FLAG_B: u32 = 6;
export const L_T: u32 = 7;
export const L_U: u32 = 8;
/** i32: TLB of the exception level; TLB entry; linear-memory address; how and where a region was left; kind of the flags; a condition. */
export const L_TLB: u32 = 9;
export const L_ENTRY: u32 = 10;
export const L_HOST: u32 = 11;
export const L_INFO: u32 = 12;
export const L_FLAG_KIND: u32 = 13;
export const L_CONDITION: u32 = 14;
const FIRST_REGISTER: u32 = 15;
const I64_FIXED: u32 = L_TLB - L_TO;
const I32_FIXED: u32 = FIRST_REGISTER - L_TLB;

/** X0..X30 and SP: slots of CPU_X are 8 bytes each. */
const REGISTERS: u32 = 32;
/** Local of each register, 0 when it has none. */
const localOf = memory.data(32);
const registerOf = memory.data(32);
let count: u32 = 0;
let written: u32 = 0;

/** Forgets the registers of the region before. */
export function beginLocals(): void {
  memory.fill(localOf, 0, REGISTERS);
  count = 0;
  written = 0;
}

function localFor(slot: u32): u32 {
  const register = slot >> 3;
  let local = <u32>load<u8>(localOf + register);
  if (local != 0) return local;
  local = FIRST_REGISTER + count;
  store<u8>(localOf + register, <u8>local);
  store<u8>(registerOf + count, <u8>register);
  count++;
  return local;
}

/** Pushes the register at byte offset `slot` of the CPU's state, as i64. */
export function readX(slot: u32): void {
  if (<usize>slot == CPU_XZR) i64c(0);
  else get(localFor(slot));
}
/** Pushes its low half, as i32. */
export function readW(slot: u32): void {
  if (<usize>slot == CPU_XZR) {
    i32c(0);
    return;
  }
  get(localFor(slot));
  byte(W.I32_WRAP_I64);
}
/** Pops an i64 into the register. */
export function writeX(slot: u32): void {
  if (<usize>slot == CPU_SINK) {
    byte(W.DROP);
    return;
  }
  set(localFor(slot));
  written |= 1 << (slot >> 3);
}
/** Pops an i32 into the register, zero-extended. */
export function writeW(slot: u32): void {
  byte(W.I64_EXTEND_I32_U);
  writeX(slot);
}

/** Emits the store of a register to the CPU's state, which outlined handlers read. */
export function flushRegister(register: u32): void {
  get(L_CPU);
  readX(register << 3);
  byte(W.I64_STORE);
  byte(3);
  leb(register << 3);
}
/** Emits its load, after a handler that may have written it. */
export function reloadRegister(register: u32): void {
  get(L_CPU);
  byte(W.I64_LOAD);
  byte(3);
  leb(register << 3);
  writeX(register << 3);
}

/** Emits loads of all registers that the region names. */
export function loadRegisters(): void {
  for (let i: u32 = 0; i < count; i++) {
    get(L_CPU);
    byte(W.I64_LOAD);
    byte(3);
    leb((<u32>load<u8>(registerOf + i)) << 3);
    set(FIRST_REGISTER + i);
  }
}
/** Emits stores of all registers that the region writes. */
export function storeRegisters(): void {
  for (let register: u32 = 0; register < REGISTERS; register++) {
    if ((written >> register) & 1) flushRegister(register);
  }
}

/** Writes the declaration of the locals behind the parameters. */
export function declareLocals(): void {
  leb(3);
  leb(I64_FIXED);
  byte(W.TYPE_I64);
  leb(I32_FIXED);
  byte(W.TYPE_I32);
  leb(count);
  byte(W.TYPE_I64);
}
