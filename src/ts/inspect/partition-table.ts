/** Which partitions a disk has: GPT (UEFI 2.10 chapter 5) or MBR, numbered as Linux numbers them. */
import { readGpt } from "./gpt.ts";
import { readMbr } from "./mbr.ts";
import type { Volume } from "./volume.ts";

/** An entry of a partition table. Containers (extended partitions) are none. */
export interface Partition {
  /** 1 is vda1. */
  readonly number: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** GPT partition name, or the kind of an MBR partition; may be empty. */
  readonly name: string;
  /** Type GUID in small letters, or two hexadecimal digits of an MBR partition's type. */
  readonly type: string;
}

export interface PartitionTable {
  readonly kind: "gpt" | "mbr";
  /** Logical sector size that the table counts in. */
  readonly sectorBytes: number;
  /** Ascending by number. */
  readonly partitions: readonly Partition[];
  /** Sentences about what is wrong with it, though it can be used. */
  readonly notes: readonly string[];
  /** Linux finds it with `gpt` on its command line only: the first copy is damaged, or no protective MBR says that it is there. */
  readonly needsForce: boolean;
}

/**
 * The partition table of a disk; null where it has none. A GPT counts where the MBR says so, as in Linux, or where there is
 * none in its place. Throws an InspectError where a table is there but no copy of it is whole.
 */
export async function readPartitionTable(disk: Volume): Promise<PartitionTable | null> {
  const mbr = await readMbr(disk);
  const gpt = mbr === null || mbr.protective ? await readGpt(disk, mbr !== null) : null;
  if (gpt !== null) return gpt;
  return mbr === null || mbr.partitions.length === 0
    ? null
    : { kind: "mbr", sectorBytes: 512, partitions: mbr.partitions, notes: mbr.notes, needsForce: false };
}
