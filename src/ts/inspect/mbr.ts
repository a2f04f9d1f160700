/** The partition table of DOS, with the chain of logical partitions; read as Linux reads it (block/partitions/msdos.c). */
import type { Partition } from "./partition-table.ts";
import { viewOf, type Volume } from "./volume.ts";

const SECTOR_BYTES = 512;
const TABLE_OFFSET = 446;
const ENTRY_BYTES = 16;
const ENTRIES = 4;
const SIGNATURE = 0xaa55;
/** A chain has one link a logical partition; Linux stops after 100. */
const MAX_CHAIN = 100;
const FIRST_LOGICAL = 5;

const TYPE_PROTECTIVE = 0xee;
const EXTENDED_TYPES = [0x05, 0x0f, 0x85];

/** Types worth a name, as sfdisk has them. */
const TYPE_NAMES: Readonly<Record<number, string>> = {
  0x01: "FAT12",
  0x04: "FAT16 <32M",
  0x06: "FAT16",
  0x07: "HPFS/NTFS/exFAT",
  0x0b: "W95 FAT32",
  0x0c: "W95 FAT32 (LBA)",
  0x0e: "W95 FAT16 (LBA)",
  0x17: "Hidden HPFS/NTFS",
  0x82: "Linux swap / Solaris",
  0x83: "Linux",
  0x8e: "Linux LVM",
  0xa5: "FreeBSD",
  0xee: "GPT",
  0xef: "EFI (FAT-12/16/32)",
  0xfd: "Linux raid autodetect",
};

export interface Mbr {
  /** It only stands before a GPT, or beside one. */
  readonly protective: boolean;
  readonly partitions: readonly Partition[];
  readonly notes: readonly string[];
}

interface Entry {
  readonly status: number;
  readonly type: number;
  readonly startSector: number;
  readonly sectorCount: number;
}

/** The MBR; null where the first sector is none: no signature, or code or a file system where the table would be. */
export async function readMbr(disk: Volume): Promise<Mbr | null> {
  const primary = await readTable(disk, 0);
  if (primary === null || primary.some(({ status }) => (status & 0x7f) !== 0)) return null;
  const used = primary.filter(({ type, sectorCount }) => type !== 0 && sectorCount > 0);
  if (used.some(({ startSector }) => startSector === 0)) return null;
  const notes: string[] = [];
  const partitions: Partition[] = [];
  for (const [index, entry] of primary.entries()) {
    if (entry.sectorCount === 0 || entry.type === 0) continue;
    if (!EXTENDED_TYPES.includes(entry.type)) partitions.push(partition(index + 1, 0, entry));
  }
  const extended = primary.find(({ type, sectorCount }) => EXTENDED_TYPES.includes(type) && sectorCount > 0);
  if (extended !== undefined) partitions.push(...(await logicalPartitions(disk, extended, notes)));
  if (partitions.some(({ offsetBytes, sizeBytes }) => offsetBytes + sizeBytes > disk.sizeBytes)) {
    notes.push("A partition goes past the end of the disk: the image is cut off.");
  }
  return { protective: used.some(({ type }) => type === TYPE_PROTECTIVE), partitions, notes };
}

/** Follows the chain of extended boot records; each has a partition and the place of the next record. */
async function logicalPartitions(disk: Volume, extended: Entry, notes: string[]): Promise<Partition[]> {
  const found: Partition[] = [];
  let record = extended.startSector;
  let link = extended;
  for (let steps = 0; ; steps++) {
    if (steps >= MAX_CHAIN) {
      notes.push(`The chain of logical partitions has no end: only the first ${MAX_CHAIN} records were read.`);
      return found;
    }
    const table = await readTable(disk, record);
    if (table === null) {
      notes.push("The chain of logical partitions ends where no partition table is: it is damaged.");
      return found;
    }
    for (const [index, entry] of table.entries()) {
      if (entry.sectorCount === 0 || EXTENDED_TYPES.includes(entry.type)) continue;
      // The third and fourth entry of some tools are rubbish: they count only where they fit in.
      const end = entry.startSector + entry.sectorCount;
      const inside = end <= link.sectorCount && record + end <= extended.startSector + extended.sectorCount;
      if (index < 2 || inside) found.push(partition(FIRST_LOGICAL + found.length, record, entry));
    }
    const next = table.find(({ type, sectorCount }) => EXTENDED_TYPES.includes(type) && sectorCount > 0);
    if (next === undefined) return found;
    record = extended.startSector + next.startSector;
    link = next;
  }
}

/** The four entries of the table in a sector; null without the signature, or outside of the disk. */
async function readTable(disk: Volume, sector: number): Promise<Entry[] | null> {
  if (!disk.holds(sector * SECTOR_BYTES, SECTOR_BYTES)) return null;
  const view = viewOf(await disk.read(sector * SECTOR_BYTES, SECTOR_BYTES));
  if (view.getUint16(510, true) !== SIGNATURE) return null;
  return Array.from({ length: ENTRIES }, (_, index) => {
    const at = TABLE_OFFSET + index * ENTRY_BYTES;
    return {
      status: view.getUint8(at),
      type: view.getUint8(at + 4),
      startSector: view.getUint32(at + 8, true),
      sectorCount: view.getUint32(at + 12, true),
    };
  });
}

function partition(number: number, base: number, entry: Entry): Partition {
  return {
    number,
    offsetBytes: (base + entry.startSector) * SECTOR_BYTES,
    sizeBytes: entry.sectorCount * SECTOR_BYTES,
    name: TYPE_NAMES[entry.type] ?? `type ${entry.type.toString(16).padStart(2, "0")}`,
    type: entry.type.toString(16).padStart(2, "0"),
  };
}
