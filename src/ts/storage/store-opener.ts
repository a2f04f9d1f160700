import type { ChunkStore } from "./chunk-store.ts";
import type { DiskRecord } from "./disk-record.ts";

/** How the chunks of a disk are come by. Promises reject with a StorageError. */
export interface StoreOpener {
  /** The store of a disk; an empty one is made where there is none yet. */
  open(record: DiskRecord): Promise<ChunkStore>;
  /** Deletes all that was stored of a disk; where there is nothing that is no error. */
  remove(record: Pick<DiskRecord, "id" | "store">): Promise<void>;
}
