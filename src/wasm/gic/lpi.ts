/**
 * GICv3: LPIs at the redistributor (IHI 0069 chapter 5.1): configuration and pending tables are in guest memory.
 * An LPI becomes pending through the ITS, or through the pending table that software hands over when it enables LPIs.
 */
import { invalidateCode } from "../cpu/code-frame";
import { hostAddress } from "../mmu/ram";
import {
  FIRST_LPI,
  IF_GICR_CTLR,
  IF_LPI_INTID,
  IF_LPI_PRIORITY,
  IF_PENDBASER,
  IF_PROPBASER,
  interfaceBase,
  PRIORITY_IDLE,
} from "./layout";
import { GICR_CTLR_ENABLE_LPIS } from "./registers";

/** GICD_TYPER.IDbits: INTIDs have at most 16 bits. */
const MAX_IDBITS: u64 = 15;
const PROPBASER_IDBITS: u64 = 0x1f;
const PROPBASER_ADDRESS: u64 = 0x000f_ffff_ffff_f000;
const PENDBASER_ADDRESS: u64 = 0x000f_ffff_ffff_0000;

/** Entry of the configuration table. */
const LPI_ENABLED: u32 = 1;
const LPI_PRIORITY: u32 = 0xfc;

/** A byte of guest RAM; what is not RAM reads as zero. */
function guestByte(pa: u64): u32 {
  const host = hostAddress(pa, 1);
  return host == 0 ? 0 : load<u8>(host);
}

/** Bytes of CPU `index`'s pending table, as far as GICR_PROPBASER.IDbits reaches. */
function pendingBytes(index: u32): u32 {
  const idBits = load<u64>(interfaceBase(index), IF_PROPBASER) & PROPBASER_IDBITS;
  return <u32>(((<u64>2) << min<u64>(idBits, MAX_IDBITS)) >> 3);
}

/** Physical address of CPU `index`'s pending table. */
function pendingTable(index: u32): u64 {
  return load<u64>(interfaceBase(index), IF_PENDBASER) & PENDBASER_ADDRESS;
}

/** Offset from `i` on, a multiple of 8, at which there may be a pending LPI: whole empty words of guest RAM are skipped. */
function skipEmpty(table: usize, i: u32, bytes: u32): u32 {
  while (i + 8 <= bytes && load<u64>(table + <usize>i) == 0) i += 8;
  return i;
}

/** Makes `intid` the best pending LPI of CPU `index` if it is enabled and better than that; the lowest INTID of equal ones. */
function consider(index: u32, intid: u32): void {
  const block = interfaceBase(index);
  const configuration = load<u64>(block, IF_PROPBASER) & PROPBASER_ADDRESS;
  const entry = guestByte(configuration + (intid - FIRST_LPI));
  if ((entry & LPI_ENABLED) == 0) return;
  const priority = entry & LPI_PRIORITY;
  const best = load<u32>(block, IF_LPI_PRIORITY);
  if (priority > best || (priority == best && intid >= load<u32>(block, IF_LPI_INTID))) return;
  store<u32>(block, intid, IF_LPI_INTID);
  store<u32>(block, priority, IF_LPI_PRIORITY);
}

/** Finds the best LPI that is pending and enabled for CPU `index`; the lowest INTID of equal priorities. */
export function updateLpis(index: u32): void {
  const block = interfaceBase(index);
  store<u32>(block, PRIORITY_IDLE, IF_LPI_PRIORITY);
  if ((load<u32>(block, IF_GICR_CTLR) & GICR_CTLR_ENABLE_LPIS) == 0) return;
  const pending = pendingTable(index);
  const bytes = pendingBytes(index);
  const table = hostAddress(pending, bytes);
  for (let i = FIRST_LPI >> 3; i < bytes; i++) {
    if (table != 0 && (i & 7) == 0) {
      i = skipEmpty(table, i, bytes);
      if (i >= bytes) break;
    }
    let bits = guestByte(pending + i);
    while (bits != 0) {
      consider(index, (i << 3) + <u32>ctz(bits));
      bits &= bits - 1;
    }
  }
}

/** Host address of the byte with the pending bit of an LPI at CPU `index`; 0 where LPIs are off, or it has none. */
function pendingByte(index: u32, intid: u32): usize {
  const enabled = (load<u32>(interfaceBase(index), IF_GICR_CTLR) & GICR_CTLR_ENABLE_LPIS) != 0;
  if (!enabled || intid < FIRST_LPI || intid >> 3 >= pendingBytes(index)) return 0;
  return hostAddress(pendingTable(index) + (intid >> 3), 1);
}

/** Changes a pending bit; true when it was different. */
function setPendingBit(host: usize, intid: u32, pending: bool): bool {
  const bit: u32 = 1 << (intid & 7);
  const old = <u32>load<u8>(host);
  if (((old & bit) != 0) == pending) return false;
  store<u8>(host, pending ? old | bit : old & ~bit);
  invalidateCode(host, 1);
  return true;
}

/** Makes an LPI pending at CPU `index`, or takes that back. Nothing while the CPU's LPIs are off. */
export function setLpi(index: u32, intid: u32, pending: bool): void {
  const host = pendingByte(index, intid);
  if (host == 0 || !setPendingBit(host, intid, pending)) return;
  if (pending) consider(index, intid);
  else if (load<u32>(interfaceBase(index), IF_LPI_INTID) == intid) updateLpis(index);
}

/** Moves the pending state of an LPI, or with `intid` 0 of all of them, from one CPU to another. */
export function moveLpis(from: u32, to: u32, intid: u32): void {
  if (from == to) return;
  if (intid != 0) {
    moveLpi(from, to, intid);
    return;
  }
  const bytes = pendingBytes(from);
  const table = hostAddress(pendingTable(from), bytes);
  if (table == 0) return;
  for (let i = skipEmpty(table, FIRST_LPI >> 3, bytes); i < bytes; i++) {
    let bits = <u32>load<u8>(table + <usize>i);
    while (bits != 0) {
      moveLpi(from, to, (i << 3) + <u32>ctz(bits));
      bits &= bits - 1;
    }
    if ((i & 7) == 7) i = skipEmpty(table, i + 1, bytes) - 1;
  }
}

function moveLpi(from: u32, to: u32, intid: u32): void {
  const host = pendingByte(from, intid);
  if (host == 0 || !setPendingBit(host, intid, false)) return;
  const other = pendingByte(to, intid);
  if (other != 0) setPendingBit(other, intid, true);
}

/** Takes the pending state off an LPI of CPU `index` when it is acknowledged: an LPI has no active state. */
export function acknowledgeLpi(index: u32, intid: u32): void {
  const host = hostAddress(pendingTable(index) + (intid >> 3), 1);
  if (host != 0) {
    store<u8>(host, <u32>load<u8>(host) & ~(1 << (intid & 7)));
    invalidateCode(host, 1);
  }
  updateLpis(index);
}
