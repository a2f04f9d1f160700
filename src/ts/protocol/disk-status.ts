import type { StorageErrorCode } from "../storage/storage-error.ts";

/** Where what the guest writes to a drive goes. */
export const DISK_KEEPING = ["kept", "memory", "read-only"] as const;
export type DiskKeeping = (typeof DISK_KEEPING)[number];

/** A drive of a machine. */
export interface DiskStatus {
  /** The drive's id in the command line. */
  readonly drive: string;
  /** For people: the kept disk's name, or the file's. */
  readonly name: string;
  /** The kept disk that is under it; null where there is none, or not yet. */
  readonly diskId: string | null;
  /** `kept`: in the browser, durable after a flush; `memory`: forgotten with the machine. */
  readonly keeping: DiskKeeping;
  readonly sizeBytes: number;
  /** Written and not durable yet. */
  readonly dirtyBytes: number;
  /** What it takes up in the browser's storage, or in memory. */
  readonly usedBytes: number;
  /** Bytes that the guest has read and written since the start. */
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Why what the guest writes does not get through at the moment; null where it does. */
  readonly trouble: StorageErrorCode | null;
}

/** The browser's storage failed a drive. The guest got an I/O error; the texts are for the person at the screen. */
export interface DiskTrouble {
  readonly drive: string;
  readonly name: string;
  readonly diskId: string | null;
  readonly code: StorageErrorCode;
  readonly message: string;
  readonly advice: string;
}
