import type { ChunkStore } from "./chunk-store.ts";
import type { DiskRecord } from "./disk-record.ts";
import { type BrowserStorage, deleteChunkStore, openChunkStore } from "./open-chunk-store.ts";

/** How the chunks of a disk are come by. Promises reject with a StorageError. */
export interface StoreOpener {
  /** The store of a disk, for its only user; an empty one is made where there is none yet. */
  open(record: DiskRecord): Promise<ChunkStore>;
  /** To be read only, while somebody else may have it open. */
  read(record: DiskRecord): Promise<ChunkStore>;
  /** Deletes all that was stored of a disk; where there is nothing that is no error. */
  remove(record: Pick<DiskRecord, "id" | "store">): Promise<void>;
}

/** The stores of this browser. */
export function browserStores(browser: BrowserStorage): StoreOpener {
  return {
    open: async ({ store, id, chunkBytes }) => await openChunkStore(store, id, chunkBytes, { browser }),
    read: async ({ store, id, chunkBytes }) => await openChunkStore(store, id, chunkBytes, { browser, readOnly: true }),
    remove: async ({ store, id }) => await deleteChunkStore(store, id, { browser }),
  };
}
