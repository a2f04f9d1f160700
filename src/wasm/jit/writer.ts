/**
 * The compiler's output: bytes of WebAssembly, written one after the other to linear memory. One place is being written
 * at a time; nothing is allocated.
 */
import * as W from "./opcodes";

let at: usize = 0;

/** Begins to write at `address`. */
export function beginAt(address: usize): void {
  at = address;
}
/** Address of the next byte. */
export function position(): usize {
  return at;
}

export function byte(value: u32): void {
  store<u8>(at, <u8>value);
  at++;
}

/** Unsigned LEB128. */
export function leb(value: u32): void {
  let rest = value;
  while (rest >= 0x80) {
    byte((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  byte(rest);
}

/** Unsigned LEB128 of exactly five bytes, for a number that is filled in later. */
export function lebFixed(address: usize, value: u32): void {
  for (let i: usize = 0; i < 4; i++) store<u8>(address + i, <u8>(((value >> (<u32>i * 7)) & 0x7f) | 0x80));
  store<u8>(address + 4, <u8>(value >> 28));
}

/** Signed LEB128. */
export function lebSigned(value: i64): void {
  let rest = value;
  while (rest < -64 || rest > 63) {
    byte((<u32>rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  byte(<u32>rest & 0x7f);
}

/** Copies `length` bytes from `from`. */
export function copyFrom(from: usize, length: usize): void {
  memory.copy(at, from, length);
  at += length;
}

/** Leaves `length` bytes to be filled in later; returns where. */
export function reserve(length: usize): usize {
  const here = at;
  at += length;
  return here;
}

export function get(local: u32): void {
  byte(W.LOCAL_GET);
  leb(local);
}
export function set(local: u32): void {
  byte(W.LOCAL_SET);
  leb(local);
}
export function tee(local: u32): void {
  byte(W.LOCAL_TEE);
  leb(local);
}
export function i32c(value: u32): void {
  byte(W.I32_CONST);
  lebSigned(<i64>(<i32>value));
}
export function i64c(value: u64): void {
  byte(W.I64_CONST);
  lebSigned(<i64>value);
}

/** A load or store operator with its memory argument: no alignment is promised. */
export function access(op: u32, offset: usize): void {
  byte(op);
  byte(0);
  leb(<u32>offset);
}
/** The same behind the prefix of vector operators. */
export function accessV(op: u32, offset: usize): void {
  simd(op);
  byte(0);
  leb(<u32>offset);
}
/** A vector operator. */
export function simd(op: u32): void {
  byte(W.SIMD_PREFIX);
  leb(op);
}
