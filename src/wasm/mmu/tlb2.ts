/**
 * Second-level TLB: 8192 direct-mapped entries of 32 bytes a CPU, tagged with the ASID, so that it survives context
 * switches; the first level is emptied by them. An operating system misses the first level far more often than a program.
 */
import { CPU_TCR_EL1, CPU_LARGE_REGIONS, CPU_PIECES, CPU_TLB2, CPU_TTBR0_EL1, CPU_TTBR1_EL1 } from "../cpu/state";
import { ATTR_NG, ATTR_SIZE_SHIFT } from "./walk";

/** u64 page address (bits 11:0: 1 when valid); u64 physical page; u32 attributes (walk.ts); u32 ASID. */
const VA: usize = 0;
const PA: usize = 8;
const ATTRS: usize = 16;
const ASID: usize = 20;
const ENTRIES: usize = 8192;

/** The current ASID: TCR_EL1.A1 says whose. */
export function currentAsid(cpu: usize): u32 {
  const a1 = ((load<u64>(cpu, CPU_TCR_EL1) >> 22) & 1) != 0;
  return <u32>(load<u64>(cpu + (a1 ? CPU_TTBR1_EL1 : CPU_TTBR0_EL1)) >> 48);
}

function entryOf(cpu: usize, va: u64): usize {
  // User and kernel pages with the same low bits go to different places.
  const hash = <usize>(va >> 12) ^ ((<usize>(va >> 55)) << 11);
  return cpu + CPU_TLB2 + ((hash & (ENTRIES - 1)) << 5);
}

/** The entry that translates the page of `va` now, or 0. */
export function tlb2Find(cpu: usize, va: u64): usize {
  const entry = entryOf(cpu, va);
  if (load<u64>(entry, VA) != ((va & ~0xfff) | 1)) return 0;
  if ((load<u32>(entry, ATTRS) & ATTR_NG) != 0 && load<u32>(entry, ASID) != currentAsid(cpu)) return 0;
  return entry;
}

/** Physical address of the 4 KiB page of an entry that tlb2Find found. */
export function tlb2Address(entry: usize): u64 {
  return load<u64>(entry, PA);
}

/** ATTR_* of walk.ts of such an entry. */
export function tlb2Attributes(entry: usize): u32 {
  return load<u32>(entry, ATTRS);
}

/** Keeps a translation of the page of `va`. */
export function tlb2Fill(cpu: usize, va: u64, pa: u64, attrs: u32): void {
  const entry = entryOf(cpu, va);
  store<u64>(entry, (va & ~0xfff) | 1, VA);
  store<u64>(entry, pa, PA);
  store<u32>(entry, attrs, ATTRS);
  store<u32>(entry, currentAsid(cpu), ASID);
  const size = (attrs >> ATTR_SIZE_SHIFT) & 63;
  if (size > AREA_SHIFT) addLargeRegion(cpu, va);
  else if (size > 12) store<u8>(piecesOf(cpu, va), load<u8>(piecesOf(cpu, va)) | pieceBit(va));
}

/** Blocks and larger pages are kept as 4 KiB pieces. Up to 2 MiB, a bit for the area says that a TLBI has to look for others. */
const AREA_SHIFT: u32 = 21;
const AREA_PAGES: u64 = 512;

function piecesOf(cpu: usize, va: u64): usize {
  return cpu + CPU_PIECES + (<usize>(va >> (AREA_SHIFT + 3)) & 127);
}
function pieceBit(va: u64): u8 {
  const number = <u32>(va >> AREA_SHIFT) & 7;
  return <u8>((<u32>1) << number);
}

/** True when pieces of a page larger than 4 KiB may be there for the 2 MiB around `va`. */
export function tlb2HasPieces(cpu: usize, va: u64): bool {
  return (load<u8>(piecesOf(cpu, va)) & pieceBit(va)) != 0;
}

/** Drops all translations of the 2 MiB around `va`. */
export function tlb2FlushArea(cpu: usize, va: u64): void {
  const first = va & ~((AREA_PAGES << 12) - 1);
  for (let page: u64 = 0; page < AREA_PAGES; page++) tlb2FlushPage(cpu, first + (page << 12));
}

/** For larger blocks, a region of each half of the address space covers all that may be there. */
const REGION_BASE: usize = 0;
const REGION_MASK: usize = 8;
/** A block is 1 GiB at most, or 512 MiB with 64 KiB pages. */
const BLOCK_MASK: u64 = 0xffff_ffff_c000_0000;

function regionOf(cpu: usize, va: u64): usize {
  return cpu + CPU_LARGE_REGIONS + (<usize>(va >> 55) & 1) * 16;
}

function addLargeRegion(cpu: usize, va: u64): void {
  const region = regionOf(cpu, va);
  let mask = load<u64>(region, REGION_MASK);
  if (mask == 0) {
    store<u64>(region, va & BLOCK_MASK, REGION_BASE);
    store<u64>(region, BLOCK_MASK, REGION_MASK);
    return;
  }
  while (((load<u64>(region, REGION_BASE) ^ va) & mask) != 0) mask <<= 1;
  store<u64>(region, load<u64>(region, REGION_BASE) & mask, REGION_BASE);
  store<u64>(region, mask, REGION_MASK);
}

/** True when a piece of a block of more than 2 MiB that contains `va` may be in the TLB: one TLBI has to remove all pieces. */
export function tlb2InLargeRegion(cpu: usize, va: u64): bool {
  const region = regionOf(cpu, va);
  const mask = load<u64>(region, REGION_MASK);
  return mask != 0 && ((load<u64>(region, REGION_BASE) ^ va) & mask) == 0;
}

/** TLBI VMALLE1 and whatever else changes all translations. */
export function tlb2Flush(cpu: usize): void {
  memory.fill(cpu + CPU_TLB2, 0, ENTRIES << 5);
  memory.fill(cpu + CPU_LARGE_REGIONS, 0, 32);
  memory.fill(cpu + CPU_PIECES, 0, 128);
}

/** TLBI ASIDE1: all that is not global and of `asid`. */
export function tlb2FlushAsid(cpu: usize, asid: u32): void {
  for (let entry = cpu + CPU_TLB2; entry < cpu + CPU_TLB2 + (ENTRIES << 5); entry += 32) {
    if (load<u32>(entry, ASID) == asid && (load<u32>(entry, ATTRS) & ATTR_NG) != 0) store<u64>(entry, 0, VA);
  }
}

/** TLBI VAE1, VAAE1: the page of `va`; entries of other ASIDs at the same place go too, which is always allowed. */
export function tlb2FlushPage(cpu: usize, va: u64): void {
  const entry = entryOf(cpu, va);
  if ((load<u64>(entry, VA) & ~0xfff) == (va & ~0xfff)) store<u64>(entry, 0, VA);
}
