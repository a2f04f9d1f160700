import type { DiskCatalog } from "../storage/disk-catalog.ts";
import type { Locks } from "../storage/disk-lock.ts";
import type { StoreOpener } from "../storage/store-opener.ts";

/** Where the browser keeps disks. */
export interface DiskStorage {
  readonly catalog: DiskCatalog;
  /** null where the page was not opened over a secure connection. */
  readonly locks: Locks | null;
  readonly stores: StoreOpener;
  wallMs(): number;
  /** How long a page that is being left may take to let go of a disk; DiskLock's own unless given. */
  readonly lockPatienceMs?: number;
}
