/**
 * Locals of a compiled region. A guest register that the region names has a local; those that it writes are stored at its exits.
 * Code is written twice: the first time finds out which registers those are.
 */
import { CPU_SINK, CPU_V, CPU_XZR } from "../cpu/state";
import * as W from "./opcodes";
import { access, accessV, byte, get, i32c, i64c, leb, set } from "./writer";

/** Parameters: base of the CPU (i32), virtual address of the code's page (i64), instructions left (i32), number of the entry (i32). */
export const L_CPU: u32 = 0;
export const L_PAGE: u32 = 1;
export const L_BUDGET: u32 = 2;
export const L_AT: u32 = 3;
/** i64: where an exit goes; the address of an access; operands of the last flags; two temporaries. */
export const L_TO: u32 = 4;
export const L_VA: u32 = 5;
export const L_FLAG_A: u32 = 6;
export const L_FLAG_B: u32 = 7;
export const L_T: u32 = 8;
export const L_U: u32 = 9;
/** i32: TLB of the exception level; TLB entry; linear-memory address; how and where a region was left; kind of the flags; a condition; table
 * slot of the next region, or 0. */
export const L_TLB: u32 = 10;
export const L_ENTRY: u32 = 11;
export const L_HOST: u32 = 12;
export const L_INFO: u32 = 13;
export const L_FLAG_KIND: u32 = 14;
export const L_CONDITION: u32 = 15;
export const L_SLOT: u32 = 16;
/** i32: linear-memory addresses of what several accesses share (groups.ts). */
export const L_GROUP: u32 = 17;
export const GROUPS: u32 = 2;
/** v128: two temporaries, and one that nothing writes: all zeros. f64, f32: two temporaries each. */
export const L_V: u32 = 19;
export const L_W: u32 = 20;
export const L_ZERO: u32 = 21;
export const L_D: u32 = 22;
export const L_E: u32 = 23;
export const L_S: u32 = 24;
export const L_R: u32 = 25;
const FIRST_REGISTER: u32 = 26;

/** X0..X30 and SP by the number of their slot, then V0..V31. */
const VECTORS: u32 = 32;
const REGISTERS: u32 = 64;
/** Local of each register, 0 when it has none. */
const localOf = memory.data(64);
let used: u64 = 0;
let written: u64 = 0;

/** A bit for each V register: all above its lower 32, or 64, bits is known to be zero. */
let within32: u32 = 0;
let within64: u32 = 0;

/** Forgets what is known of V registers, where code is come to from elsewhere. */
export function forgetZeros(): void {
  within32 = 0;
  within64 = 0;
}
/** How many lower bits of V<n> may be other than zero: 32, 64 or 128. */
export function significantBits(n: u32): u32 {
  const mask: u32 = 1 << n;
  if ((within32 & mask) != 0) return 32;
  return (within64 & mask) != 0 ? 64 : 128;
}
/** Tells that of V<n>, written just now on every way, only the lower `bits` bits may be other than zero. */
export function knowSignificantBits(n: u32, bits: u32): void {
  const mask: u32 = 1 << n;
  if (bits <= 32) within32 |= mask;
  if (bits <= 64) within64 |= mask;
}
function forgetZerosOf(n: u32): void {
  within32 &= ~((<u32>1) << n);
  within64 &= ~((<u32>1) << n);
}

/** Forgets the registers of the region before. */
export function beginLocals(): void {
  used = 0;
  written = 0;
  forgetZeros();
  memory.fill(localOf, <u8>FIRST_REGISTER, REGISTERS);
}

/** Gives locals to the registers that the first writing of the region's code has named. */
export function placeLocals(): void {
  let next = FIRST_REGISTER;
  for (let register: u32 = 0; register < REGISTERS; register++) {
    if (!isUsed(register)) continue;
    store<u8>(localOf + register, <u8>next);
    next++;
  }
}

function bitOf(register: u32): u64 {
  return (<u64>1) << (<u64>register);
}
function isUsed(register: u32): bool {
  return (used & bitOf(register)) != 0;
}
function localFor(register: u32): u32 {
  used |= bitOf(register);
  return <u32>load<u8>(localOf + register);
}

/** Slot of X<n> where 31 is ZR, to read. */
export function sourceSlot(n: u32): u32 {
  return n == 31 ? <u32>CPU_XZR : n << 3;
}
/** The same to write. */
export function targetSlot(n: u32): u32 {
  return n == 31 ? <u32>CPU_SINK : n << 3;
}
/** Pushes the register at byte offset `slot` of the CPU's state, as i64. */
export function readX(slot: u32): void {
  if (<usize>slot == CPU_XZR) i64c(0);
  else get(localFor(slot >> 3));
}
/** Pushes its low half, as i32. */
export function readW(slot: u32): void {
  if (<usize>slot == CPU_XZR) {
    i32c(0);
    return;
  }
  get(localFor(slot >> 3));
  byte(W.I32_WRAP_I64);
}
/** Pops an i64 into the register. */
export function writeX(slot: u32): void {
  if (<usize>slot == CPU_SINK) {
    byte(W.DROP);
    return;
  }
  set(localFor(slot >> 3));
  written |= bitOf(slot >> 3);
}
/** Pops an i32 into the register, zero-extended. */
export function writeW(slot: u32): void {
  byte(W.I64_EXTEND_I32_U);
  writeX(slot);
}
/** Pushes V<n> as v128. */
export function readV(n: u32): void {
  get(localFor(VECTORS + n));
}
/** Pops a v128 into V<n>. */
export function writeV(n: u32): void {
  set(localFor(VECTORS + n));
  written |= bitOf(VECTORS + n);
  forgetZerosOf(n);
}
/** Adds a constant to the i64 on the stack. */
export function addImmediate(imm: u64): void {
  if (imm == 0) return;
  i64c(imm);
  byte(W.I64_ADD);
}
/** Number of the V register whose slot in the CPU's state is `slot`. */
export function vectorOf(slot: u32): u32 {
  return (slot - <u32>CPU_V) >> 4;
}

/** Emits: the field at `offset` of the CPU's state = `local`, by a store operator. */
export function storeField(op: u32, offset: usize, local: u32): void {
  get(L_CPU);
  get(local);
  access(op, offset);
}
/** Emits: `local` = that field, by a load operator. */
export function loadField(op: u32, offset: usize, local: u32): void {
  get(L_CPU);
  access(op, offset);
  set(local);
}
/** Emits: the i64 field at `offset` of the CPU's state = `value`. */
export function storeConstant(offset: usize, value: u64): void {
  get(L_CPU);
  i64c(value);
  access(W.I64_STORE, offset);
}
function storeRegister(register: u32): void {
  if (register < VECTORS) return storeField(W.I64_STORE, register << 3, localFor(register));
  get(L_CPU);
  get(localFor(register));
  accessV(W.V128_STORE, CPU_V + ((register - VECTORS) << 4));
}
function loadRegister(register: u32): void {
  if (register < VECTORS) return loadField(W.I64_LOAD, register << 3, localFor(register));
  get(L_CPU);
  accessV(W.V128_LOAD, CPU_V + ((register - VECTORS) << 4));
  forgetZerosOf(register - VECTORS);
  set(localFor(register));
}

/** Emits stores to the CPU's state of those of `general` and `vectors`, a bit for each, that have locals: handlers read them there. */
export function flushRegisters(general: u32, vectors: u32): void {
  const all = (<u64>general | ((<u64>vectors) << 32)) & used;
  for (let register: u32 = 0; register < REGISTERS; register++) {
    if ((all & bitOf(register)) != 0) storeRegister(register);
  }
}
/** Emits their loads, after a handler that may have written them. */
export function reloadRegisters(general: u32, vectors: u32): void {
  const all = (<u64>general | ((<u64>vectors) << 32)) & used;
  for (let register: u32 = 0; register < REGISTERS; register++) {
    if ((all & bitOf(register)) != 0) loadRegister(register);
  }
}
/** Emits loads of all registers that the region names. */
export function loadRegisters(): void {
  reloadRegisters(0xffff_ffff, 0xffff_ffff);
}
/** Emits stores of all registers that the region writes. */
export function storeRegisters(): void {
  flushRegisters(<u32>written, <u32>(written >> 32));
}

/** Writes the declaration of the locals behind the parameters. */
export function declareLocals(): void {
  leb(7);
  leb(L_TLB - L_TO);
  byte(W.TYPE_I64);
  leb(L_V - L_TLB);
  byte(W.TYPE_I32);
  leb(L_D - L_V);
  byte(W.TYPE_V128);
  leb(L_S - L_D);
  byte(W.TYPE_F64);
  leb(FIRST_REGISTER - L_S);
  byte(W.TYPE_F32);
  // General registers stand before vectors.
  leb(<u32>popcnt(used & 0xffff_ffff));
  byte(W.TYPE_I64);
  leb(<u32>popcnt(used >> 32));
  byte(W.TYPE_V128);
}
