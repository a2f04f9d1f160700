/** What is on a disk: its partitions, the system on one of them, and the kernel it would boot. */
import type { PartitionInfo, SystemInfo } from "./findings.ts";
import { efiProgram, OURS, systemArchitecture } from "./architecture.ts";
import { bootEntry } from "./boot-entry.ts";
import type { FileSystem } from "./file-system.ts";
import { InspectError } from "./inspect-error.ts";
import { findKernel } from "./kernel-files.ts";
import { discTitle, systemTitle } from "./os-release.ts";
import { type Partition, type PartitionTable, readPartitionTable } from "./partition-table.ts";
import { openFileSystem, recognise, type VolumeInfo } from "./recognise.ts";
import type { Volume } from "./volume.ts";

/** Partitions looked into; a table can have thousands, and only the first are anybody's system. */
const MAX_VOLUMES = 64;

/** A file system, with its files where they can be read. */
export interface Place {
  readonly number: number;
  readonly volume: Volume;
  readonly info: VolumeInfo | null;
  readonly files: FileSystem | null;
  /** Why the files cannot be read though they should be. */
  readonly damage: string | null;
  /** Type in the partition table; null for a whole disk. */
  readonly type: string | null;
}

/** A kernel on one of the places. */
export interface KernelPlace {
  readonly place: Place;
  readonly kernelPath: string;
  readonly initrdPath: string | null;
}

export interface Survey {
  readonly table: PartitionTable | null;
  readonly places: readonly Place[];
  readonly partitions: readonly PartitionInfo[];
  /** Of the system that was found, or of a kernel that stands alone. */
  readonly kernel: KernelPlace | null;
  readonly system: SystemInfo | null;
  /** The file system that is the system's root; null where it is not known. */
  readonly root: Place | null;
  /** Further words of the kernel's command line that the system needs for its root. */
  readonly rootFlags: string;
  /** Program by which firmware would start the disk. */
  readonly efi: { readonly path: string; readonly number: number; readonly architecture: string } | null;
}

/** Looks a disk through. Null where it has neither a partition table nor a file system that is known here. */
export async function survey(disk: Volume): Promise<Survey | null> {
  const table = await readPartitionTable(disk);
  const whole = await place(disk, 0, null);
  // A table that a file system's boot code happens to look like is none; ISO images have both on purpose.
  const isFat = whole.info?.type === "vfat" && !(table?.partitions ?? []).every((partition) => fits(partition, disk));
  if (table === null || isFat || whole.info?.type === "iso9660") {
    return whole.info === null ? null : await conclude(table, [whole], []);
  }
  const places: Place[] = [];
  const partitions: PartitionInfo[] = [];
  for (const partition of table.partitions) {
    const { number, offsetBytes, sizeBytes, name, type } = partition;
    const found = places.length < MAX_VOLUMES ? await place(disk.part(offsetBytes, sizeBytes), number, type) : null;
    if (found !== null) places.push(found);
    const info = found?.info ?? null;
    partitions.push({
      ...{ number, offsetBytes, sizeBytes, name },
      ...{ fileSystem: info?.type ?? null, label: info?.label ?? null, uuid: info?.uuid ?? null },
    });
  }
  return await conclude(table, places, partitions);
}

/** Linux's name of a place on the first virtio disk. */
export function deviceOf(number: number): string {
  return `/dev/vda${number === 0 ? "" : number}`;
}

function fits({ offsetBytes, sizeBytes }: Partition, disk: Volume): boolean {
  return disk.holds(offsetBytes, sizeBytes);
}

/** What is on a volume; damage does not keep anybody from looking at the others. */
async function place(volume: Volume, number: number, type: string | null): Promise<Place> {
  let info: VolumeInfo | null = null;
  try {
    info = await recognise(volume);
    const files = info === null ? null : await openFileSystem(volume, info.type);
    return { number, volume, info, files, damage: null, type };
  } catch (error) {
    if (!(error instanceof InspectError)) throw error;
    return { number, volume, info, files: null, damage: error.message, type };
  }
}

interface Candidate {
  readonly place: Place;
  readonly title: string;
  readonly architecture: string | null;
}

async function conclude(
  table: PartitionTable | null,
  places: readonly Place[],
  partitions: readonly PartitionInfo[],
): Promise<Survey> {
  const only = places[0];
  const listed = only?.number === 0 ? [wholeDisk(only)] : partitions;
  const systems = await systemsOn(places);
  const chosen = systems.find(({ architecture }) => architecture === OURS) ?? systems[0] ?? null;
  const kernel = await kernelOf(places, chosen?.place ?? null);
  const efi = await efiOf(places);
  const entry = chosen === null ? await entryOf(places) : null;
  const root = chosen?.place ?? likelyRoot(places);
  const architecture = chosen?.architecture ?? (kernel === null ? (efi?.architecture ?? null) : OURS);
  const title = chosen?.title ?? entry?.title ?? null;
  const system: SystemInfo | null =
    title === null
      ? null
      : {
          ...{ title, partition: root?.number ?? 0, architecture },
          kernelPath: kernel === null ? null : seenFrom(root, kernel.place, kernel.kernelPath),
          initrdPath:
            kernel === null || kernel.initrdPath === null ? null : seenFrom(root, kernel.place, kernel.initrdPath),
        };
  return { table, places, partitions: listed, kernel, system, root, rootFlags: entry?.rootFlags ?? "", efi };
}

function wholeDisk({ volume, info }: Place): PartitionInfo {
  return {
    ...{ number: 0, offsetBytes: 0, sizeBytes: volume.sizeBytes, name: "" },
    ...{ fileSystem: info?.type ?? null, label: info?.label ?? null, uuid: info?.uuid ?? null },
  };
}

async function systemsOn(places: readonly Place[]): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const one of places) {
    const candidate = await look(one, async (files) => {
      const title = one.info?.type === "iso9660" ? await discTitle(files) : await systemTitle(files);
      return title === null ? null : { place: one, title, architecture: await architectureOf(one, files) };
    });
    if (candidate !== null) found.push(candidate);
  }
  return found;
}

async function architectureOf({ info }: Place, files: FileSystem): Promise<string | null> {
  const programs = await systemArchitecture(files);
  if (programs !== null || info?.type !== "iso9660") return programs;
  return (await efiProgram(files))?.architecture ?? null;
}

/** The system's own kernel; else one of a /boot of its own, or any. */
async function kernelOf(places: readonly Place[], root: Place | null): Promise<KernelPlace | null> {
  const order = root === null ? places : [root, ...places.filter((other) => other !== root)];
  for (const one of order) {
    const found = await look(one, findKernel);
    if (found !== null) return { place: one, ...found };
  }
  return null;
}

async function efiOf(places: readonly Place[]): Promise<Survey["efi"]> {
  for (const one of places) {
    const found = await look(one, efiProgram);
    if (found !== null) return { ...found, number: one.number };
  }
  return null;
}

async function entryOf(places: readonly Place[]): Promise<Awaited<ReturnType<typeof bootEntry>>> {
  for (const one of places) {
    const found = await look(one, bootEntry);
    if (found !== null) return found;
  }
  return null;
}

/** Does something with a place's files; damage met there counts as not found. */
async function look<T>({ files }: Place, what: (files: FileSystem) => Promise<T | null>): Promise<T | null> {
  if (files === null) return null;
  try {
    return await what(files);
  } catch (error) {
    if (error instanceof InspectError) return null;
    throw error;
  }
}

/** GPT type "Linux root (ARM-64)" of the Discoverable Partitions Specification. */
const TYPE_ROOT_ARM64 = "b921b045-1df0-41c3-af44-4c6f280d3fae";
const ROOT_FILE_SYSTEMS = ["ext4", "ext3", "ext2", "xfs", "btrfs", "f2fs", "squashfs", "erofs"];
/** Types under which Linux's file systems are kept: GPT "Linux filesystem", MBR 83. */
const LINUX_TYPES = ["0fc63daf-8483-4772-8e79-3d69d8477de4", "83"];

/** The root where no system could be read: by its type, or the largest file system that can be one. */
function likelyRoot(places: readonly Place[]): Place | null {
  const declared = places.find(({ type }) => type === TYPE_ROOT_ARM64);
  if (declared !== undefined) return declared;
  const known = places.filter(({ info }) => ROOT_FILE_SYSTEMS.includes(info?.type ?? ""));
  const possible = known.length > 0 ? known : places.filter(({ type }) => LINUX_TYPES.includes(type ?? ""));
  return possible.reduce<Place | null>(
    (best, one) => (best === null || one.volume.sizeBytes > best.volume.sizeBytes ? one : best),
    null,
  );
}

/** A path as the running system has it: another file system with a kernel is its /boot. */
function seenFrom(root: Place | null, other: Place, path: string): string {
  return root === null || root === other || path.startsWith("/boot/") ? path : `/boot${path}`;
}
