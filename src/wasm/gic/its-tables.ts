/**
 * The tables of the Interrupt Translation Service (IHI 0069 5.2), in guest memory: their layout is the
 * implementation's. Software may change them behind its back, so that every entry is checked whenever it is used.
 *
 * | entry | bytes | what |
 * | --- | --- | --- |
 * | device | 8 | bit 0 valid, bits 5:1 number of event ID bits less 1, bits 51:8 address of its translation table |
 * | collection | 8 | bit 0 valid, bits 31:16 number of the CPU |
 * | translation | 12 | u32 INTID, u32 bit 0 valid and bits 31:16 collection, u32 nothing |
 */
import { invalidateCode } from "../cpu/code-frame";
import { GIC_BASE } from "../layout";
import { hostAddress } from "../mmu/ram";
import { DIST_CPUS, distWord, FIRST_LPI, ITS_BASER } from "./layout";

/** Numbers of the GITS_BASER registers. */
export const DEVICE_TABLE: u32 = 0;
export const COLLECTION_TABLE: u32 = 1;

export const TABLE_ENTRY_BYTES: u64 = 8;
export const TRANSLATION_ENTRY_BYTES: u32 = 12;
/** Device IDs, event IDs, collection IDs and LPI INTIDs have at most 16 bits. */
export const MAX_ID_BITS: u32 = 16;

const BASER_VALID: u64 = 1 << 63;
const BASER_INDIRECT: u64 = 1 << 62;
const ADDRESS_4K: u64 = 0x0000_ffff_ffff_f000;
const ADDRESS_64K: u64 = 0x0000_ffff_ffff_0000;
/** First-level entry of a two-level table. */
const L1_VALID: u64 = 1 << 63;
const L1_ADDRESS: u64 = 0x000f_ffff_ffff_f000;

const ENTRY_VALID: u64 = 1;
export const DEVICE_ADDRESS: u64 = 0x000f_ffff_ffff_ff00;

/** Set when the last look-up met memory that is not RAM, in difference to an entry that is not there. */
let unreachable = false;
/** What the last look-up found. */
let foundIntid: u32 = 0;
let foundCpu: u32 = 0;
let foundEntry: usize = 0;

/** The last look-up failed at memory that is not there, which stops the command queue. */
export function lookupUnreachable(): bool {
  return unreachable;
}
/** INTID and CPU of the last event that was found. */
export function translatedIntid(): u32 {
  return foundIntid;
}
export function translatedCpu(): u32 {
  return foundCpu;
}

/** GITS_BASER<table>. */
export function baserAddress(table: u32): usize {
  return GIC_BASE + ITS_BASER + ((<usize>table) << 3);
}

function pageBytes(baser: u64): u64 {
  const size = (baser >> 8) & 3;
  return size == 0 ? 0x1000 : size == 1 ? 0x4000 : 0x1_0000;
}

/** First address of a table; with pages of 64 KiB bits 15:12 are bits 51:48 of it. */
function baseAddress(baser: u64): u64 {
  if (pageBytes(baser) != 0x1_0000) return baser & ADDRESS_4K;
  return (baser & ADDRESS_64K) | ((baser & 0xf000) << 36);
}

/** Entries that a table has room for; 0 while it is not valid. */
export function tableEntries(table: u32): u64 {
  const baser = load<u64>(baserAddress(table));
  if ((baser & BASER_VALID) == 0) return 0;
  const bytes = ((baser & 0xff) + 1) * pageBytes(baser);
  const entries = (baser & BASER_INDIRECT) != 0 ? (bytes >> 3) * (pageBytes(baser) >> 3) : bytes >> 3;
  return min<u64>(entries, 1 << MAX_ID_BITS);
}

/** Host address of an entry below tableEntries, or 0 when its memory is not RAM or its second level is not there. */
function tableEntry(table: u32, index: u32): usize {
  unreachable = false;
  const baser = load<u64>(baserAddress(table));
  let address = baseAddress(baser);
  let slot = <u64>index;
  if ((baser & BASER_INDIRECT) != 0) {
    const perPage = pageBytes(baser) >> 3;
    const first = hostAddress(address + (slot / perPage) * 8, 8);
    if (first == 0) {
      unreachable = true;
      return 0;
    }
    const l1 = load<u64>(first);
    if ((l1 & L1_VALID) == 0) return 0;
    address = l1 & L1_ADDRESS;
    slot %= perPage;
  }
  const host = hostAddress(address + slot * TABLE_ENTRY_BYTES, TABLE_ENTRY_BYTES);
  if (host == 0) unreachable = true;
  return host;
}

/** Writes an entry; one whose second level is not there is dropped. False when its memory is not RAM. */
export function writeTableEntry(table: u32, index: u32, value: u64): bool {
  const host = tableEntry(table, index);
  if (host == 0) return !unreachable;
  store<u64>(host, value);
  invalidateCode(host, 8);
  return true;
}

/** A device's entry, or 0 when it is not mapped. */
export function deviceEntry(device: u32): u64 {
  unreachable = false;
  if (<u64>device >= tableEntries(DEVICE_TABLE)) return 0;
  const host = tableEntry(DEVICE_TABLE, device);
  const entry = host == 0 ? 0 : load<u64>(host);
  return (entry & ENTRY_VALID) != 0 ? entry : 0;
}

/** Makes a device's entry of MAPD's fields. */
export function makeDeviceEntry(eventBitsLess1: u32, address: u64): u64 {
  return ENTRY_VALID | ((<u64>eventBitsLess1) << 1) | (address & DEVICE_ADDRESS);
}

/** Event IDs that a device's entry has room for. */
export function deviceEvents(entry: u64): u64 {
  return (<u64>2) << ((entry >> 1) & 0x1f);
}

/** Makes a collection's entry. */
export function makeCollectionEntry(cpu: u32): u64 {
  return ENTRY_VALID | ((<u64>cpu) << 16);
}

/** Number of the CPU that a collection goes to; -1 when it is not mapped, or to a CPU that there is not. */
export function collectionCpu(collection: u32): i32 {
  unreachable = false;
  if (<u64>collection >= tableEntries(COLLECTION_TABLE)) return -1;
  const host = tableEntry(COLLECTION_TABLE, collection);
  const entry = host == 0 ? 0 : load<u64>(host);
  const cpu = <u32>(entry >> 16);
  return (entry & ENTRY_VALID) != 0 && cpu < distWord(DIST_CPUS) ? <i32>cpu : -1;
}

/** Host address of the translation entry of an event of a device with that entry; 0 when it has none. */
export function translationEntry(device: u64, event: u32): usize {
  unreachable = false;
  if (device == 0 || <u64>event >= deviceEvents(device)) return 0;
  const address = (device & DEVICE_ADDRESS) + <u64>event * TRANSLATION_ENTRY_BYTES;
  const host = hostAddress(address, TRANSLATION_ENTRY_BYTES);
  if (host == 0) unreachable = true;
  return host;
}

/** Writes a translation entry. */
export function writeTranslation(host: usize, valid: bool, intid: u32, collection: u32): void {
  store<u32>(host, valid ? intid : 0);
  store<u32>(host, valid ? (collection << 16) | 1 : 0, 4);
  store<u32>(host, 0, 8);
  invalidateCode(host, TRANSLATION_ENTRY_BYTES);
}

/** Looks an event up: true when it is mapped to an LPI and its collection to a CPU. */
export function translateEvent(device: u32, event: u32): bool {
  const entry = deviceEntry(device);
  if (entry == 0) return false;
  foundEntry = translationEntry(entry, event);
  if (foundEntry == 0) return false;
  const target = load<u32>(foundEntry, 4);
  foundIntid = load<u32>(foundEntry);
  if ((target & 1) == 0 || foundIntid < FIRST_LPI || foundIntid >> MAX_ID_BITS != 0) return false;
  const cpu = collectionCpu(target >> 16);
  foundCpu = <u32>cpu;
  return cpu >= 0;
}

/** Host address of the translation entry of the last event that was found. */
export function translatedEntry(): usize {
  return foundEntry;
}
