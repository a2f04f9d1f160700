import type { ChunkStore } from "./chunk-store.ts";
import { storageError } from "./browser-error.ts";
import type { StoreKind } from "./disk-record.ts";
import { IdbChunkStore } from "./idb-chunk-store.ts";
import { OpfsChunkReader } from "./opfs-chunk-reader.ts";
import { OpfsChunkStore } from "./opfs-chunk-store.ts";
import { deleteOpfsFiles, openOpfsFiles, readOpfsFiles } from "./opfs-files.ts";

/** What the stores take of the browser. */
export interface BrowserStorage {
  readonly indexedDB: IDBFactory | undefined;
  /** `navigator.storage`; undefined where the page was not opened over a secure connection. */
  readonly storage: StorageManager | undefined;
}

/** How each kind of store is opened, read while another has it open, and deleted. */
const KINDS: Readonly<
  Record<
    StoreKind,
    {
      open(browser: BrowserStorage, id: string, chunkBytes: number): Promise<ChunkStore>;
      read(browser: BrowserStorage, id: string, chunkBytes: number): Promise<ChunkStore>;
      delete(browser: BrowserStorage, id: string): Promise<void>;
    }
  >
> = {
  idb: {
    open: async (browser, id, chunkBytes) => await IdbChunkStore.open(indexedDbOf(browser), id, chunkBytes),
    read: async (browser, id, chunkBytes) => await IdbChunkStore.open(indexedDbOf(browser), id, chunkBytes),
    delete: async (browser, id) => await IdbChunkStore.delete(indexedDbOf(browser), id),
  },
  opfs: {
    open: async ({ storage }, id, chunkBytes) =>
      await OpfsChunkStore.open(await openOpfsFiles(storage, id), chunkBytes),
    read: async ({ storage }, id, chunkBytes) =>
      await OpfsChunkReader.open(await readOpfsFiles(storage, id), chunkBytes),
    delete: async ({ storage }, id) => await deleteOpfsFiles(storage, id),
  },
};

/**
 * Opens the store of the disk `id`; an empty one is made where there is none. One of kind "opfs" is for one worker at a
 * time (`busy`), and not for a page. With `readOnly` nothing is put, and it may be opened while somebody else has it
 * open; what is put there meanwhile is not seen by all kinds. Rejects with a StorageError.
 */
export async function openChunkStore(
  kind: StoreKind,
  id: string,
  chunkBytes: number,
  options: { readonly readOnly?: boolean; readonly browser?: BrowserStorage } = {},
): Promise<ChunkStore> {
  const browser = options.browser ?? thisBrowser();
  const { open, read } = KINDS[kind];
  return await (options.readOnly === true ? read : open)(browser, id, chunkBytes);
}

/** Deletes all that was stored of a disk; where there is nothing that is no error. Rejects with a StorageError. */
export async function deleteChunkStore(
  kind: StoreKind,
  id: string,
  options: { readonly browser?: BrowserStorage } = {},
): Promise<void> {
  await KINDS[kind].delete(options.browser ?? thisBrowser(), id);
}

function thisBrowser(): BrowserStorage {
  const { indexedDB, navigator } = globalThis as {
    indexedDB?: IDBFactory;
    navigator?: { readonly storage?: StorageManager };
  };
  return { indexedDB, storage: navigator?.storage };
}

function indexedDbOf({ indexedDB }: BrowserStorage): IDBFactory {
  if (indexedDB === undefined) throw storageError("unavailable");
  return indexedDB;
}
