import { promisifyRequest, type UseStore } from "idb-keyval";
import type { Chunk, ChunkStore, Durability } from "./chunk-store.ts";
import type { DiskRecord } from "./disk-record.ts";
import { StorageError } from "./storage-error.ts";
import type { StoreOpener } from "./store-opener.ts";

const OBJECT_STORE = "chunks";

/** The stores of a browser. */
export function browserStores(indexedDb: IDBFactory): StoreOpener {
  return {
    open: async (record) => await openIdb(indexedDb, record),
    async remove({ id }) {
      await storageErrors(promisifyRequest(indexedDb.deleteDatabase(databaseName(id))));
    },
  };
}

function databaseName(id: string): string {
  return `armlet-disk-${id}`;
}

async function openIdb(indexedDb: IDBFactory, record: DiskRecord): Promise<ChunkStore> {
  const request = indexedDb.open(databaseName(record.id), 1);
  request.onupgradeneeded = () => request.result.createObjectStore(OBJECT_STORE);
  const database = await storageErrors(promisifyRequest(request));
  database.onversionchange = () => database.close();
  return new IdbChunks(database, record.chunkBytes);
}

class IdbChunks implements ChunkStore {
  readonly chunkBytes: number;
  readonly #database: IDBDatabase;

  constructor(database: IDBDatabase, chunkBytes: number) {
    this.#database = database;
    this.chunkBytes = chunkBytes;
  }

  async indexes(): Promise<number[]> {
    return await this.#run("relaxed")("readonly", (store) =>
      promisifyRequest(store.getAllKeys() as IDBRequest<number[]>),
    );
  }

  async get(indexes: readonly number[]): Promise<(Chunk | null)[]> {
    return await this.#run("relaxed")("readonly", (store) =>
      Promise.all(indexes.map(async (index) => (await promisifyRequest<Chunk | undefined>(store.get(index))) ?? null)),
    );
  }

  async put(changes: ReadonlyMap<number, Chunk | null>, durability: Durability): Promise<void> {
    await storageErrors(
      this.#run(durability)("readwrite", (store) => {
        for (const [index, chunk] of changes) {
          if (chunk === null) store.delete(index);
          else store.put(chunk === "zeros" ? chunk : chunk.slice(), index);
        }
        return promisifyRequest(store.transaction);
      }),
    );
  }

  async usedBytes(): Promise<number> {
    return (await this.indexes()).length * this.chunkBytes;
  }

  close(): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }

  #run(durability: Durability): UseStore {
    return async (mode, callback) =>
      await callback(this.#database.transaction(OBJECT_STORE, mode, { durability }).objectStore(OBJECT_STORE));
  }
}

async function storageErrors<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    const quota = error instanceof Error && error.name === "QuotaExceededError";
    throw quota
      ? new StorageError("quota", "There is no room left for disks in the browser.", "Delete a disk.", { cause: error })
      : new StorageError("failed", `The browser's storage failed: ${String(error)}.`, "Try again.", { cause: error });
  }
}
