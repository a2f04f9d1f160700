import type { FileFindings } from "../inspect/findings.ts";
import type { DiskRecord, StoreKind } from "../storage/disk-record.ts";
import type { Failure } from "./failure.ts";

/** A disk of the library with what changes from moment to moment. */
export interface DiskInfo extends DiskRecord {
  /** Bytes that it takes up in the browser's storage. */
  readonly usedBytes: number;
  /** A machine of this or another tab has it open. */
  readonly inUse: boolean;
}

/** An entry of the catalogue that cannot be read; only `remove` works on it. */
export interface DamagedDisk {
  readonly id: string;
  /** What is wrong, a sentence. */
  readonly reason: string;
}

export interface DiskProgress {
  readonly doneBytes: number;
  readonly totalBytes: number | null;
}

/** `changes` is a qcow2 image with what was written since the base, which it names as its backing file. */
export type ExportFormat = "raw" | "qcow2" | "changes";

/** A kernel and what goes with it, taken from a disk. */
export interface BootFiles {
  readonly kernel: Blob;
  readonly initrd: Blob | null;
  /** Kernel arguments that fit, with `root=`. */
  readonly append: string;
}

/** What an import makes, beside the file's contents. */
export interface ImportRequest {
  readonly name: string;
  readonly store: StoreKind;
  /** Copies the file into the browser; otherwise only what is written over it goes there. */
  readonly copy: boolean;
  /** For a file that holds only changes: the file that they were made to; null where they say where it is. */
  readonly base: File | null;
}

/** What the disk worker can be asked. Arguments and results are structured-cloneable. */
export interface DiskCalls {
  list(): DiskInfo[];
  damaged(): DamagedDisk[];
  inspect(file: Blob): FileFindings;
  inspectDisk(id: string): FileFindings;
  import(file: File, request: ImportRequest): DiskInfo;
  createEmpty(name: string, sizeBytes: number, store: StoreKind): DiskInfo;
  /** The bytes come as `chunk` messages before the reply. */
  export(id: string, format: ExportFormat): null;
  bootFiles(id: string): BootFiles | null;
  /** The file under a disk that was not copied, after a reload. */
  giveFile(id: string, file: File): null;
  rename(id: string, name: string): null;
  reset(id: string): null;
  remove(id: string): null;
}

export type DiskMethod = keyof DiskCalls;
export type DiskArguments<Method extends DiskMethod> = Parameters<DiskCalls[Method]>;
export type DiskResult<Method extends DiskMethod> = ReturnType<DiskCalls[Method]>;

/** One question; `id` is in everything that belongs to it. */
export type DiskCall = {
  [Method in DiskMethod]: {
    readonly kind: "call";
    readonly id: number;
    readonly method: Method;
    readonly args: DiskArguments<Method>;
  };
}[DiskMethod];

/** From the page to the disk worker. */
export type ToDiskWorker =
  | DiskCall
  | { readonly kind: "cancel"; readonly id: number }
  /** The page has taken a chunk in: the next may come. */
  | { readonly kind: "taken"; readonly id: number };

/** From the disk worker to the page. */
export type FromDiskWorker =
  | ({ readonly kind: "progress"; readonly id: number } & DiskProgress)
  | { readonly kind: "chunk"; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "reply"; readonly id: number; readonly ok: true; readonly value: DiskResult<DiskMethod> }
  | { readonly kind: "reply"; readonly id: number; readonly ok: false; readonly failure: Failure }
  | { readonly kind: "changed" };

/** So many chunks are on their way to the page at most: an export is as fast as its sink, and fills no memory. */
export const CHUNKS_IN_FLIGHT = 4;
