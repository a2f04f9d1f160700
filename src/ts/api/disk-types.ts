import type { FileFindings } from "../inspect/findings.ts";
import type { BootFiles, DamagedDisk, DiskInfo, DiskProgress, ExportFormat } from "../protocol/disk-messages.ts";
import type { StoreKind } from "../storage/disk-record.ts";

export {
  type BackingInfo,
  FILE_ROLES,
  type FileFindings,
  type FileRole,
  type PartitionInfo,
  type SystemInfo,
} from "../inspect/findings.ts";
export type { BootFiles, DamagedDisk, DiskInfo, DiskProgress, ExportFormat } from "../protocol/disk-messages.ts";
export type { DiskBase, DiskRecord, StoreKind } from "../storage/disk-record.ts";

export interface LongTask {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DiskProgress) => void;
}

export interface ImportOptions extends LongTask {
  readonly name: string;
  readonly store?: StoreKind;
  /** Copies the file into the browser (the default); otherwise it is read where it is, for as long as the page lives. */
  readonly copy?: boolean;
  /**
   * For a file that holds only the changes to another one (`FileFindings.backing`): that one. It is read where it is, and
   * belongs into `DiskLibrary.files` from then on.
   */
  readonly base?: File | null;
}

export interface StorageEstimate {
  readonly usageBytes: number;
  readonly quotaBytes: number;
  /** The browser promised not to throw anything away. */
  readonly persisted: boolean;
}

/**
 * The disks that this browser keeps for this site. All work is done in a worker. Every promise rejects with a
 * FailureError that can be shown.
 */
export interface DiskLibrary {
  list(): Promise<DiskInfo[]>;
  /** Entries of the list that cannot be read, of another version or broken: they can only be removed. */
  damaged(): Promise<DamagedDisk[]>;
  /** Calls `listener` after any change, of other tabs too. */
  onChange(listener: () => void): { dispose(): void };
  inspect(file: Blob): Promise<FileFindings>;
  /** What is on a disk of the library. */
  inspectDisk(id: string): Promise<FileFindings>;
  import(file: File, options: ImportOptions): Promise<DiskInfo>;
  createEmpty(name: string, sizeBytes: number, store?: StoreKind): Promise<DiskInfo>;
  /** Writes the disk as a file into `sink` and closes it. */
  export(id: string, format: ExportFormat, sink: WritableStream<Uint8Array>, task?: LongTask): Promise<void>;
  /**
   * The files under disks that were not copied, as `VirtualMachineOptions.files` takes them: by "disk:ID". Empty after
   * a reload, until they are given again.
   */
  readonly files: Readonly<Record<string, File>>;
  /** The file under a disk that was not copied, after a reload. Rejects where it is another file. */
  giveFile(id: string, file: File): Promise<void>;
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
