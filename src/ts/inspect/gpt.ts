/** The GUID partition table (UEFI 2.10 section 5.3). */
import { crc32 } from "../lib/crc32.ts";
import { InspectError } from "./inspect-error.ts";
import type { Partition, PartitionTable } from "./partition-table.ts";
import { guid, printable, utf16 } from "./text.ts";
import { hasMagic, u64, viewOf, type Volume } from "./volume.ts";

/** 512 is what a virtio disk has unless told otherwise; 4096 is written by tools on "4Kn" disks. */
const SECTOR_SIZES = [512, 4096];
const SIGNATURE = "EFI PART";
const HEADER_BYTES = 92;
const MIN_ENTRY_BYTES = 128;
const MAX_ENTRY_BYTES = 4096;
/** The specification wants room for 16 KiB; real tables have 128 entries of 128 bytes. */
const MAX_TABLE_BYTES = 1024 * 1024;
const UNUSED_TYPE = "00000000-0000-0000-0000-000000000000";

interface Header {
  readonly sectorBytes: number;
  readonly lastUsableLba: number;
  readonly entriesLba: number;
  readonly entryCount: number;
  readonly entryBytes: number;
  readonly entriesCrc: number;
}

/**
 * The GPT, by its first copy or else by the one at the end of the disk; null where there is none. `expected`: a protective
 * MBR says that there is one, so that its absence is an InspectError.
 */
export async function readGpt(disk: Volume, expected: boolean): Promise<PartitionTable | null> {
  const places: { sectorBytes: number; lba: number; backup: boolean }[] = [];
  for (const backup of [false, true]) {
    for (const sectorBytes of SECTOR_SIZES) {
      places.push({ sectorBytes, lba: backup ? Math.floor(disk.sizeBytes / sectorBytes) - 1 : 1, backup });
    }
  }
  for (const { sectorBytes, lba, backup } of places) {
    const header = await readHeader(disk, sectorBytes, lba);
    if (header === null) continue;
    const entries = await readEntries(disk, header);
    if (entries === null) continue;
    // Without a protective MBR the copy at the end is what an earlier use of the disk has left.
    if (backup && !expected) return null;
    return {
      kind: "gpt",
      sectorBytes,
      partitions: partitionsOf(entries, header),
      notes: notesOn(disk, header, backup),
      needsForce: backup || !expected,
    };
  }
  if (!expected) return null;
  throw new InspectError("This disk should have a GUID partition table, but both copies of it are damaged or cut off.");
}

/** A header whose checksum is right and that says where it is; null otherwise. */
async function readHeader(disk: Volume, sectorBytes: number, lba: number): Promise<Header | null> {
  if (lba < 1 || !disk.holds(lba * sectorBytes, sectorBytes)) return null;
  const sector = await disk.read(lba * sectorBytes, sectorBytes);
  const view = viewOf(sector);
  if (!hasMagic(sector, 0, SIGNATURE)) return null;
  const headerBytes = view.getUint32(12, true);
  if (headerBytes < HEADER_BYTES || headerBytes > sectorBytes || u64(view, 24) !== lba) return null;
  // The checksum is over the header with zeros in its own place.
  const covered = sector.slice(0, headerBytes);
  covered.fill(0, 16, 20);
  if (crc32(covered) !== view.getUint32(16, true)) return null;
  return {
    sectorBytes,
    lastUsableLba: u64(view, 48),
    entriesLba: u64(view, 72),
    entryCount: view.getUint32(80, true),
    entryBytes: view.getUint32(84, true),
    entriesCrc: view.getUint32(88, true),
  };
}

/** The array of entries; null where it is damaged. */
async function readEntries(disk: Volume, header: Header): Promise<Uint8Array | null> {
  const { entriesLba, entryCount, entryBytes, sectorBytes } = header;
  if (entryBytes < MIN_ENTRY_BYTES || entryBytes > MAX_ENTRY_BYTES || entryBytes % 8 !== 0) return null;
  const sizeBytes = entryCount * entryBytes;
  if (sizeBytes > MAX_TABLE_BYTES || !disk.holds(entriesLba * sectorBytes, sizeBytes)) return null;
  const entries = await disk.read(entriesLba * sectorBytes, sizeBytes);
  return crc32(entries) === header.entriesCrc ? entries : null;
}

function partitionsOf(entries: Uint8Array, { entryCount, entryBytes, sectorBytes }: Header): Partition[] {
  const found: Partition[] = [];
  for (let index = 0; index < entryCount; index++) {
    const entry = entries.subarray(index * entryBytes, (index + 1) * entryBytes);
    const type = guid(entry.subarray(0, 16));
    const [first, last] = [u64(viewOf(entry), 32), u64(viewOf(entry), 40)];
    if (type === UNUSED_TYPE || last < first || !Number.isSafeInteger((last + 1) * sectorBytes)) continue;
    found.push({
      number: index + 1,
      offsetBytes: first * sectorBytes,
      sizeBytes: (last - first + 1) * sectorBytes,
      name: printable(utf16(entry.subarray(56, 128))),
      type,
    });
  }
  return found;
}

function notesOn(disk: Volume, header: Header, backup: boolean): string[] {
  const notes: string[] = [];
  const lastLba = Math.floor(disk.sizeBytes / header.sectorBytes) - 1;
  if (backup) notes.push("The first copy of its partition table is damaged; the one at the end was used.");
  if (header.lastUsableLba > lastLba) notes.push("Its partition table speaks of a larger disk: the image is cut off.");
  if (header.sectorBytes !== 512) {
    notes.push(
      `It has sectors of ${header.sectorBytes} bytes: Linux finds its partitions only on a disk with logical_block_size=${header.sectorBytes}.`,
    );
  }
  return notes;
}
