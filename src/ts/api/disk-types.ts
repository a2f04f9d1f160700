import type { DiskRecord, StoreKind } from "../storage/disk-record.ts";

/** What one dropped or chosen file can become. */
export const FILE_ROLES = ["disk", "cdrom", "kernel", "initrd", "dtb", "state"] as const;
export type FileRole = (typeof FILE_ROLES)[number];

/** A disk of the library with what changes from moment to moment. */
export interface DiskInfo extends DiskRecord {
  /** Bytes that it takes up in the browser's storage. */
  readonly usedBytes: number;
  /** A machine of this or another tab has it open. */
  readonly inUse: boolean;
}

/** A partition, as its table has it. */
export interface PartitionInfo {
  /** As Linux counts: 1 is vda1. 0 where the whole disk is one file system. */
  readonly number: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** GPT partition name, or the kind of an MBR partition; may be empty. */
  readonly name: string;
  /** "ext4", "vfat", "swap", "iso9660", …; null where it is not known. */
  readonly fileSystem: string | null;
  readonly label: string | null;
  readonly uuid: string | null;
}

/** An operating system that was found on a partition. */
export interface SystemInfo {
  /** "Debian GNU/Linux 12 (bookworm)", from its os-release. */
  readonly title: string;
  readonly partition: number;
  /** The processor its programs are for: "arm64", "arm", "x86-64", …; null where it cannot be told. */
  readonly architecture: string | null;
  /** Paths of the kernel and initrd that it would boot, newest first choice; null where none was found. */
  readonly kernelPath: string | null;
  readonly initrdPath: string | null;
}

/** What a file turned out to be, by its contents. */
export interface FileFindings {
  readonly role: FileRole | null;
  /** Containers from the outside in, such as `["xz", "qcow2"]`; empty for a plain file. */
  readonly formats: readonly string[];
  /** A sentence for people: "Debian GNU/Linux 12 on /dev/vda2, ext4". */
  readonly summary: string;
  /** Size of the disk inside; null where it is none, or only unpacking tells. */
  readonly diskSizeBytes: number | null;
  readonly partitionTable: "gpt" | "mbr" | null;
  readonly partitions: readonly PartitionInfo[];
  readonly system: SystemInfo | null;
  /** What `root=` should be for the kernel's command line, such as "/dev/vda2"; null where it is not known. */
  readonly root: string | null;
}

export interface DiskProgress {
  readonly doneBytes: number;
  readonly totalBytes: number | null;
}

export interface LongTask {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DiskProgress) => void;
}

export interface ImportOptions extends LongTask {
  readonly name: string;
  readonly store?: StoreKind;
  /** Copies the file into the browser (the default); otherwise it is read where it is, for as long as the page lives. */
  readonly copy?: boolean;
}

/** `changes` is a qcow2 image with what was written since the base, which it names as its backing file. */
export type ExportFormat = "raw" | "qcow2" | "changes";

export interface StorageEstimate {
  readonly usageBytes: number;
  readonly quotaBytes: number;
  /** The browser promised not to throw anything away. */
  readonly persisted: boolean;
}

/** A kernel and what goes with it, taken from a disk. */
export interface BootFiles {
  readonly kernel: Blob;
  readonly initrd: Blob | null;
  /** Kernel arguments that fit, with `root=`. */
  readonly append: string;
}

/**
 * The disks that this browser keeps for this site. All work is done in a worker. Every promise rejects with a
 * FailureError that can be shown.
 */
export interface DiskLibrary {
  list(): Promise<DiskInfo[]>;
  /** Calls `listener` after any change, of other tabs too. */
  onChange(listener: () => void): { dispose(): void };
  inspect(file: Blob): Promise<FileFindings>;
  /** What is on a disk of the library. */
  inspectDisk(id: string): Promise<FileFindings>;
  import(file: File, options: ImportOptions): Promise<DiskInfo>;
  createEmpty(name: string, sizeBytes: number, store?: StoreKind): Promise<DiskInfo>;
  /** Writes the disk as a file into `sink` and closes it. */
  export(id: string, format: ExportFormat, sink: WritableStream<Uint8Array>, task?: LongTask): Promise<void>;
  /** The disk's own kernel and initrd; null where none can be found. */
  bootFiles(id: string): Promise<BootFiles | null>;
  rename(id: string, name: string): Promise<void>;
  /** Throws what was written away. */
  reset(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  estimate(): Promise<StorageEstimate>;
  /** Asks the browser to keep everything; resolves with what it answered. */
  persist(): Promise<boolean>;
  dispose(): void;
}
