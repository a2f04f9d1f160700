/** Operands of an integer record that is translated: its fields, and how values of its width are pushed, popped and worked on. */
import * as W from "./opcodes";
import { readW, readX, writeW, writeX } from "./locals";
import { byte, get, i32c, i64c, set } from "./writer";

/** The record's fields; low and high are the halves of imm. */
export let rd: u32 = 0;
export let rn: u32 = 0;
export let rm: u32 = 0;
export let low: u32 = 0;
export let high: u32 = 0;
export let imm: u64 = 0;
/** Whether its operation is one of 64 bits. */
export let x: bool = false;

/** Makes `record` the one that is translated. */
export function beginRecord(record: usize): void {
  rd = <u32>load<u16>(record, 2);
  rn = <u32>load<u16>(record, 4);
  rm = <u32>load<u16>(record, 6);
  low = load<u32>(record, 8);
  high = load<u32>(record, 12);
  imm = load<u64>(record, 8);
}
/** Sets whether its operation is one of 64 bits. */
export function setWide(isWide: bool): void {
  x = isWide;
}

/** Pushes the register at byte offset `slot` of the CPU's state. */
export function read(slot: u32): void {
  if (x) readX(slot);
  else readW(slot);
}
/** Pops the result into Rd. */
export function write(): void {
  if (x) writeX(rd);
  else writeW(rd);
}
/** Pushes a constant. */
export function constant(value: u64): void {
  if (x) i64c(value);
  else i32c(<u32>value);
}
/** An arithmetic operator, given for i32. */
export function operator(op: u32): void {
  byte(x ? op + W.ARITHMETIC_TO_I64 : op);
}
/** A comparison, given for i32. */
export function comparison(op: u32): void {
  byte(x ? op + W.COMPARE_TO_I64 : op);
}
/** Opens an `if` that gives an operand. */
export function beginIf(): void {
  byte(W.IF);
  byte(x ? W.TYPE_I64 : W.TYPE_I32);
}
/** Pops an operand into an i64 local. */
export function keep(local: u32): void {
  if (!x) byte(W.I64_EXTEND_I32_U);
  set(local);
}
/** Pushes it again. */
export function pushKept(local: u32): void {
  get(local);
  if (!x) byte(W.I32_WRAP_I64);
}

/** ShiftReg and ExtendReg of register `slot`: `how` as lib/bits.ts shiftX has it. */
export function pushShifted(slot: u32, how: u32, wide: bool): void {
  const kind = how >> 8;
  const amount = how & 63;
  if (kind < 4) {
    if (wide) readX(slot);
    else readW(slot);
    if (amount == 0) return;
    if (wide) i64c(<u64>amount);
    else i32c(amount);
    const op = kind == 0 ? W.I32_SHL : kind == 1 ? W.I32_SHR_U : kind == 2 ? W.I32_SHR_S : W.I32_ROTR;
    byte(wide ? op + W.ARITHMETIC_TO_I64 : op);
    return;
  }
  readX(slot);
  switch (kind) {
    case 4:
      i64c(0xff);
      byte(W.I64_AND);
      break;
    case 5:
      i64c(0xffff);
      byte(W.I64_AND);
      break;
    case 6:
      byte(W.I32_WRAP_I64);
      byte(W.I64_EXTEND_I32_U);
      break;
    case 8:
      byte(W.I64_EXTEND8_S);
      break;
    case 9:
      byte(W.I64_EXTEND16_S);
      break;
    case 10:
      byte(W.I64_EXTEND32_S);
      break;
    default:
  }
  if (amount != 0) {
    i64c(<u64>amount);
    byte(W.I64_SHL);
  }
  if (!wide) byte(W.I32_WRAP_I64);
}
