import { IdbChunkStore } from "./idb-chunk-store.ts";
import type { StoreOpener } from "./store-opener.ts";

/** The stores of a browser. */
export function browserStores(indexedDb: IDBFactory): StoreOpener {
  return {
    open: async ({ id, chunkBytes }) => await IdbChunkStore.open(indexedDb, id, chunkBytes),
    remove: async ({ id }) => await IdbChunkStore.delete(indexedDb, id),
  };
}
