import type { BlockSource } from "../storage/block-source.ts";
import { type Locks, noLocks } from "../storage/disk-lock.ts";
import type { DiskRecord } from "../storage/disk-record.ts";
import type { StoreOpener } from "../storage/store-opener.ts";
import type { DriveImage } from "./drive-source.ts";

/** What keeping disks takes of the browser. */
export interface DiskKeeperHost {
  readonly indexedDb: IDBFactory;
  /** null where the page was not opened over a secure connection. */
  readonly locks: Locks | null;
  readonly stores: StoreOpener;
  wallMs(): number;
  /** Bytes that the browser still has room for, as far as it says. */
  roomBytes(): Promise<number>;
  /** The image that a disk lies over. Rejects where it is not what the record says. */
  openBase(record: DiskRecord): Promise<BlockSource | null>;
  /** The image at an absolute URL. */
  openAddress(url: string): Promise<DriveImage>;
}

/** Rejects where the browser guards nothing. */
export function locksOf({ locks }: Pick<DiskKeeperHost, "locks">): Locks {
  if (locks !== null) return locks;
  throw noLocks();
}

/** The room in which an image is unpacked that cannot be read as a stream. It goes with the disk. */
export function scratchOf(record: DiskRecord): DiskRecord {
  return { ...record, id: `${record.id}-scratch` };
}
