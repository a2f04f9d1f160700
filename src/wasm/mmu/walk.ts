/** Translation table walks of the EL1&0 stage 1 regime (ARM ARM D5.2), granules 4 and 64 KiB. */
import { hostAddress } from "./ram";
import { FAULT_ACCESS_FLAG, FAULT_ADDRESS_SIZE, FAULT_EXTERNAL_ON_WALK, FAULT_TRANSLATION } from "./fault";
import { CPU_SCTLR_EL1, CPU_TCR_EL1, CPU_TTBR0_EL1, CPU_TTBR1_EL1 } from "../cpu/state";

/** Attributes of a walk's result, as tlb2.ts keeps them. */
export const ATTR_R1: u32 = 1 << 0;
export const ATTR_W1: u32 = 1 << 1;
export const ATTR_X1: u32 = 1 << 2;
export const ATTR_R0: u32 = 1 << 3;
export const ATTR_W0: u32 = 1 << 4;
export const ATTR_X0: u32 = 1 << 5;
/** Not global: belongs to the current ASID. */
export const ATTR_NG: u32 = 1 << 6;
/** Level of the leaf entry, bits 9:8, for permission faults. */
export const ATTR_LEVEL_SHIFT: u32 = 8;
/** Shareability and the MAIR attribute byte, for PAR_EL1. */
export const ATTR_SH_SHIFT: u32 = 12;
export const ATTR_MAIR_SHIFT: u32 = 16;
/** Size of the block or page as a power of two, bits 29:24. */
export const ATTR_SIZE_SHIFT: u32 = 24;

/** The result of the last walk: address of the 4 KiB page, attributes; or the fault status code. */
let walkPa: u64 = 0;
let walkAttrs: u32 = 0;
let walkFault: u32 = 0;

/** Physical address of the 4 KiB page that the last walk found; meaningful when it did not fail. */
export function walkedAddress(): u64 {
  return walkPa;
}
/** ATTR_* of that page. */
export function walkedAttributes(): u32 {
  return walkAttrs;
}
/** Fault status code of the last walk that failed. */
export function walkedFault(): u32 {
  return walkFault;
}

/** TCR_EL1.IPS as a number of bits; the CPU has 44 (ID_AA64MMFR0_EL1.PARange), so larger values mean that. */
function outputSizeBits(ips: u32): u32 {
  switch (ips) {
    case 0:
      return 32;
    case 1:
      return 36;
    case 2:
      return 40;
    case 3:
      return 42;
    default:
      return 44;
  }
}

function fail(fault: u32): bool {
  walkFault = fault;
  return false;
}

/**
 * Page size as a power of two for TCR_EL1.TG0 and .TG1, whose encodings differ. ID_AA64MMFR0_EL1 has no 16 KiB granule: it and
 * the reserved encodings mean 4 KiB, which is QEMU's choice among those that the ARM ARM leaves.
 */
function granuleBits(tcr: u64, upper: bool): u32 {
  if (upper) return (<u32>(tcr >> 30) & 3) == 3 ? 16 : 12;
  return (<u32>(tcr >> 14) & 3) == 1 ? 16 : 12;
}

/** Top-byte-ignore applies to `va`. */
export function topByteIgnored(cpu: usize, va: u64): bool {
  const tcr = load<u64>(cpu, CPU_TCR_EL1);
  return ((tcr >> ((va >> 55) & 1 ? 38 : 37)) & 1) != 0;
}

/** `va` without its ignored top byte: bits 63:56 as bit 55. */
export function withoutTag(cpu: usize, va: u64): u64 {
  if (!topByteIgnored(cpu, va)) return va;
  return <u64>(<i64>(va << 8) >> 8);
}

/**
 * Walks the tables for `va` (tag removed). True: walkedAddress() and walkedAttributes() hold for its 4 KiB page.
 * False: walkedFault() is the status code with its level.
 */
export function walk(cpu: usize, va: u64): bool {
  const tcr = load<u64>(cpu, CPU_TCR_EL1);
  const upper = ((va >> 55) & 1) != 0;
  let tsz = <u32>(upper ? tcr >> 16 : tcr) & 63;
  // CONSTRAINED UNPREDICTABLE outside 16..39: the nearest legal value.
  if (tsz < 16) tsz = 16;
  if (tsz > 39) tsz = 39;
  const inputBits = 64 - tsz;
  const above = va >> <u64>inputBits;
  if (above != (upper ? 0xffff_ffff_ffff_ffff >> <u64>inputBits : 0)) return fail(FAULT_TRANSLATION);
  if (((tcr >> (upper ? 23 : 7)) & 1) != 0) return fail(FAULT_TRANSLATION);

  const pageBits = granuleBits(tcr, upper);
  const stride = pageBits - 3;
  const levels = (inputBits - pageBits + stride - 1) / stride;
  let level = 4 - levels;
  const outputBits = outputSizeBits(<u32>(tcr >> 32) & 7);

  const ttbr = load<u64>(cpu + (upper ? CPU_TTBR1_EL1 : CPU_TTBR0_EL1));
  const firstBits = inputBits - (pageBits + stride * (levels - 1));
  const tableMask = ~(((<u64>8) << (<u64>firstBits)) - 1);
  let table = ttbr & 0x0000_ffff_ffff_fffe & tableMask;
  if (table >> <u64>outputBits != 0) return fail(FAULT_ADDRESS_SIZE);
  let indexBits = firstBits;

  // What the tables above the leaf take away: APTable and XNTable.
  let noUser = false;
  let readOnly = false;
  let uxn = false;
  let pxn = false;
  while (true) {
    const shift: u32 = pageBits + stride * (3 - level);
    const index = (va >> <u64>shift) & (((<u64>1) << (<u64>indexBits)) - 1);
    const address = table + (index << 3);
    const host = hostAddress(address, 8);
    if (host == 0) return fail(FAULT_EXTERNAL_ON_WALK + level);
    const entry = load<u64>(host);
    if ((entry & 1) == 0) return fail(FAULT_TRANSLATION + level);
    if ((entry & 2) != 0 && level < 3) {
      table = entry & 0x0000_ffff_ffff_f000 & ~(((<u64>1) << (<u64>pageBits)) - 1);
      if (table >> <u64>outputBits != 0) return fail(FAULT_ADDRESS_SIZE + level);
      if (((entry >> 61) & 1) != 0) noUser = true;
      if (((entry >> 62) & 1) != 0) readOnly = true;
      if (((entry >> 60) & 1) != 0) uxn = true;
      if (((entry >> 59) & 1) != 0) pxn = true;
      level++;
      indexBits = stride;
      continue;
    }
    // A block, where the granule has them at this level, or a page.
    if ((entry & 2) == 0 && (level == 3 || level == 0 || (level == 1 && pageBits != 12)))
      return fail(FAULT_TRANSLATION + level);
    const blockMask = ((<u64>1) << (<u64>shift)) - 1;
    const base = entry & 0x0000_ffff_ffff_f000 & ~blockMask;
    if (base >> <u64>outputBits != 0) return fail(FAULT_ADDRESS_SIZE + level);
    if (((entry >> 10) & 1) == 0) return fail(FAULT_ACCESS_FLAG + level);
    walkPa = base | (va & blockMask & 0xffff_ffff_ffff_f000);
    const ap = <u32>(entry >> 6) & 3;
    leafAttributes(
      cpu,
      entry,
      level,
      (ap & 1) != 0 && !noUser ? 1 : 0,
      (ap & 2) == 0 && !readOnly ? 1 : 0,
      (uxn || ((entry >> 54) & 1) != 0 ? 1 : 0) | (pxn || ((entry >> 53) & 1) != 0 ? 2 : 0),
    );
    walkAttrs |= shift << ATTR_SIZE_SHIFT;
    return true;
  }
}

/** Access permissions of a leaf (ARM ARM D5.4): user 1 = EL0 may access, writable 1, never = UXN | PXN << 1. */
function leafAttributes(cpu: usize, entry: u64, level: u32, user: u32, writable: u32, never: u32): void {
  const wxn = ((load<u64>(cpu, CPU_SCTLR_EL1) >> 19) & 1) != 0;
  let attrs = ATTR_R1;
  if (writable != 0) attrs |= ATTR_W1;
  if (user != 0) {
    attrs |= ATTR_R0;
    if (writable != 0) attrs |= ATTR_W0;
  }
  // Memory that EL0 can write is never executable at EL1.
  if ((never & 2) == 0 && (attrs & ATTR_W0) == 0 && !(wxn && (attrs & ATTR_W1) != 0)) attrs |= ATTR_X1;
  if ((never & 1) == 0 && !(wxn && (attrs & ATTR_W0) != 0)) attrs |= ATTR_X0;
  if (((entry >> 11) & 1) != 0) attrs |= ATTR_NG;
  attrs |= level << ATTR_LEVEL_SHIFT;
  attrs |= (<u32>(entry >> 8) & 3) << ATTR_SH_SHIFT;
  attrs |= (<u32>(entry >> 2) & 7) << ATTR_MAIR_SHIFT;
  walkAttrs = attrs;
}
