/** Files of FAT12, FAT16 and FAT32, with long names. */
import { fatEntries, type FatEntry, fatLabel } from "./fat-directory.ts";
import { type FatSuperblock, readFatSuperblock } from "./fat-super.ts";
import {
  type DirectoryEntry,
  type FileSystem,
  type FileSystemDriver,
  type NodeKind,
  type OpenFile,
  TreeFileSystem,
} from "./file-system.ts";
import { InspectError } from "./inspect-error.ts";
import type { VolumeInfo } from "./recognise.ts";
import { readRuns, type Run } from "./runs.ts";
import type { Volume } from "./volume.ts";

/** The specification's limit for a directory: 65,536 entries. */
const MAX_DIRECTORY_BYTES = 2 ** 21;
const FIRST_CLUSTER = 2;

/** What blkid says of a FAT file system; null where the volume is none. The label is the one in the root directory. */
export async function recogniseFat(volume: Volume): Promise<VolumeInfo | null> {
  const superblock = await readFatSuperblock(volume);
  if (superblock === null) return null;
  return { type: "vfat", label: await labelOf(volume, superblock), uuid: superblock.uuid };
}

async function labelOf(volume: Volume, superblock: FatSuperblock): Promise<string | null> {
  try {
    const driver = new FatDriver(volume, superblock);
    return fatLabel(await driver.content(driver.root));
  } catch (error) {
    // A damaged root directory has no name, but the file system is still one.
    if (error instanceof InspectError) return null;
    throw error;
  }
}

/** The files of a FAT file system. Throws an InspectError where it is none. */
export async function openFat(volume: Volume): Promise<FileSystem> {
  const superblock = await readFatSuperblock(volume);
  if (superblock === null) throw new InspectError("There is no FAT file system.");
  return new TreeFileSystem(new FatDriver(volume, superblock));
}

class FatDriver implements FileSystemDriver<FatEntry> {
  /** No entry names it. */
  readonly root: FatEntry = { name: "", shortName: "", isDirectory: true, cluster: 0, sizeBytes: 0 };
  readonly #volume: Volume;
  readonly #super: FatSuperblock;

  constructor(volume: Volume, superblock: FatSuperblock) {
    this.#volume = volume;
    this.#super = superblock;
  }

  kind(node: FatEntry): NodeKind {
    return node.isDirectory ? "directory" : "file";
  }

  /** Names are the same in capital and small letters. */
  async lookup(directory: FatEntry, name: string): Promise<FatEntry | null> {
    const wanted = name.toLowerCase();
    for (const entry of fatEntries(await this.content(directory))) {
      if (entry.name.toLowerCase() === wanted || entry.shortName.toLowerCase() === wanted) return entry;
    }
    return null;
  }

  async entries(directory: FatEntry): Promise<DirectoryEntry[]> {
    return [...fatEntries(await this.content(directory))].map((entry) => ({
      name: entry.name,
      kind: this.kind(entry),
    }));
  }

  target(): Promise<string> {
    throw new InspectError("FAT has no symbolic links.");
  }

  async open(node: FatEntry): Promise<OpenFile> {
    const { sizeBytes } = node;
    const chain = this.#chain(node.cluster);
    return {
      sizeBytes,
      read: async (offset, length) => {
        const end = Math.min(offset + length, sizeBytes);
        if (end <= offset) return new Uint8Array(0);
        return await readRuns(this.#volume, await chain.runs(offset, end), offset, end);
      },
    };
  }

  /** All of a directory's entries, as they lie on the disk. */
  async content(directory: FatEntry): Promise<Uint8Array> {
    const { rootCluster, rootOffset, rootBytes, bits } = this.#super;
    const isRoot = directory === this.root;
    if (isRoot && bits !== 32) return await this.#volume.read(rootOffset, rootBytes);
    const chain = this.#chain(isRoot ? rootCluster : directory.cluster);
    const end = Math.min(await chain.lengthBytes(MAX_DIRECTORY_BYTES), MAX_DIRECTORY_BYTES);
    return await readRuns(this.#volume, await chain.runs(0, end), 0, end);
  }

  /** The upper half of the number means something else before FAT32. */
  #chain(cluster: number): ClusterChain {
    return new ClusterChain(this.#volume, this.#super, this.#super.bits === 32 ? cluster : cluster & 0xffff);
  }
}

/** The clusters of one file in their order, followed as far as somebody reads. */
class ClusterChain {
  readonly #volume: Volume;
  readonly #super: FatSuperblock;
  readonly #runs: Run[] = [];
  /** Bytes covered by the runs. */
  #knownBytes = 0;
  /** The cluster that comes next; null at the end of the chain. */
  #next: number | null;

  constructor(volume: Volume, superblock: FatSuperblock, first: number) {
    this.#volume = volume;
    this.#super = superblock;
    this.#next = first === 0 ? null : first;
  }

  /** Where the bytes from `offset` to `end` lie. Throws an InspectError where the chain ends before. */
  async runs(offset: number, end: number): Promise<Run[]> {
    await this.#follow(end);
    if (this.#knownBytes < end) throw new InspectError("The list of clusters of a file ends too early: it is damaged.");
    return this.#runs.filter((run) => run.offset < end && run.offset + run.length > offset);
  }

  /** Length of the chain, as far as `limitBytes`. */
  async lengthBytes(limitBytes: number): Promise<number> {
    await this.#follow(limitBytes);
    return this.#knownBytes;
  }

  async #follow(end: number): Promise<void> {
    const { clusterBytes, clusterCount, dataOffset } = this.#super;
    while (this.#knownBytes < end && this.#next !== null) {
      const cluster = this.#next;
      // A chain that is longer than the disk goes round in a circle.
      if (
        cluster < FIRST_CLUSTER ||
        cluster >= clusterCount + FIRST_CLUSTER ||
        this.#knownBytes >= clusterCount * clusterBytes
      ) {
        throw new InspectError("The list of clusters of a file is damaged.");
      }
      const start = dataOffset + (cluster - FIRST_CLUSTER) * clusterBytes;
      const last = this.#runs.at(-1);
      if (last !== undefined && last.start !== null && last.start + last.length === start) {
        this.#runs[this.#runs.length - 1] = { ...last, length: last.length + clusterBytes };
      } else {
        this.#runs.push({ offset: this.#knownBytes, length: clusterBytes, start });
      }
      this.#knownBytes += clusterBytes;
      this.#next = await this.#after(cluster);
    }
  }

  /** The table's entry of a cluster; null for the marks of an end. */
  async #after(cluster: number): Promise<number | null> {
    const { bits, fatOffset } = this.#super;
    if (bits === 12) {
      const pair = (await this.#volume.view(fatOffset + cluster + (cluster >> 1), 2)).getUint16(0, true);
      const value = (cluster & 1) === 0 ? pair & 0xfff : pair >> 4;
      return value >= 0xff8 ? null : value;
    }
    if (bits === 16) {
      const value = (await this.#volume.view(fatOffset + cluster * 2, 2)).getUint16(0, true);
      return value >= 0xfff8 ? null : value;
    }
    const value = (await this.#volume.view(fatOffset + cluster * 4, 4)).getUint32(0, true) & 0xfff_ffff;
    return value >= 0xfff_fff8 ? null : value;
  }
}
