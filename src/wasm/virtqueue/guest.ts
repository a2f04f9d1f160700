/**
 * Every access of the walker to guest RAM, and nothing else: the tests replace this file to count and to disturb
 * them. Addresses are linear-memory addresses that hostAddress() has checked. Plain accesses suffice because the
 * CPU thread is the only one that touches rings; unaligned ones are allowed.
 */
import { invalidateCode } from "../cpu/code-frame";

export function readU16(host: usize): u32 {
  return <u32>load<u16>(host);
}

export function readU64(host: usize): u64 {
  return load<u64>(host);
}

export function writeU16(host: usize, value: u32): void {
  store<u16>(host, <u16>value);
  invalidateCode(host, 2);
}

export function writeU64(host: usize, value: u64): void {
  store<u64>(host, value);
  invalidateCode(host, 8);
}
