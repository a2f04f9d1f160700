import { getMany, keys, promisifyRequest } from "idb-keyval";
import { storageError, storageErrorOf } from "./browser-error.ts";
import type { Chunk, ChunkStore, Durability } from "./chunk-store.ts";
import { IdbConnection, type IdbSchema } from "./idb-connection.ts";

/** What stands for a chunk of zeros; the index counts these. */
const ZEROS = { zeros: 1 };

/** Written with a strict put that changes nothing: a transaction without changes makes nothing durable. */
const FLUSH_KEY = "flush";

/** Chunks in IndexedDB: one database a disk, one record a chunk, its key the chunk's index. */
export class IdbChunkStore implements ChunkStore {
  readonly chunkBytes: number;
  readonly #connection: IdbConnection;

  private constructor(connection: IdbConnection, chunkBytes: number) {
    this.#connection = connection;
    this.chunkBytes = chunkBytes;
  }

  /** Opens the store of the disk `id`; an empty one is made where there is none. Rejects with a StorageError. */
  static async open(indexedDb: IDBFactory, id: string, chunkBytes: number): Promise<IdbChunkStore> {
    return new IdbChunkStore(await IdbConnection.open(indexedDb, schemaOf(id)), chunkBytes);
  }

  /** Deletes all that was stored of a disk. */
  static async delete(indexedDb: IDBFactory, id: string): Promise<void> {
    await IdbConnection.delete(indexedDb, schemaOf(id).database);
  }

  async indexes(): Promise<number[]> {
    const found = await keys<IDBValidKey>(this.#connection.transactions("relaxed"));
    return found.filter((key) => typeof key === "number");
  }

  async get(indexes: readonly number[]): Promise<(Chunk | null)[]> {
    if (indexes.length === 0) return [];
    const values = await getMany<unknown>([...indexes], this.#connection.transactions("relaxed"));
    return values.map((value) => this.#chunkOf(value));
  }

  async put(changes: ReadonlyMap<number, Chunk | null>, durability: Durability): Promise<void> {
    if (changes.size === 0 && durability === "relaxed") return;
    await this.#connection.transactions(durability)("readwrite", (store) => {
      for (const [index, chunk] of changes) {
        if (chunk === null) store.delete(index);
        else store.put(chunk === "zeros" ? ZEROS : compact(chunk), index);
      }
      if (changes.size === 0) store.put(null, FLUSH_KEY);
      const done = committed(store.transaction);
      // Nothing is to be asked for any more: the browser need not wait for that.
      store.transaction.commit();
      return done;
    });
  }

  async usedBytes(): Promise<number> {
    const chunks = await this.#connection.transactions("relaxed")("readonly", async (store) => {
      const [all, zeros, flushes] = await Promise.all([
        promisifyRequest(store.count()),
        promisifyRequest(store.index("zeros").count()),
        promisifyRequest(store.count(FLUSH_KEY)),
      ]);
      return all - zeros - flushes;
    });
    return chunks * this.chunkBytes;
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** What was stored may be from an older page, or of a broken profile. */
  #chunkOf(value: unknown): Chunk | null {
    if (value === undefined) return null;
    if (value instanceof Uint8Array && value.length <= this.chunkBytes) return value;
    if (typeof value === "object" && value !== null && "zeros" in value) return "zeros";
    throw storageError("damaged");
  }
}

function schemaOf(id: string): IdbSchema {
  return { database: `armlet-disk-${id}`, objectStore: "chunks", index: ["zeros", "zeros"] };
}

/** Not by promisifyRequest: that rejects when a request fails, before the transaction has its reason. */
function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(storageErrorOf(transaction.error));
  });
}

/** A view is stored with all of its buffer, so it gets one of its own. */
function compact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
