import { promisifyRequest, type UseStore } from "idb-keyval";
import { storageError, storageErrorOf } from "./browser-error.ts";
import type { Durability } from "./chunk-store.ts";
import { StorageError } from "./storage-error.ts";

/** Names of a database and of what is in it. */
export interface IdbSchema {
  readonly database: string;
  readonly objectStore: string;
  /** Name of an index and the key path it is over. */
  readonly index: readonly [name: string, keyPath: string];
}

const VERSION = 1;

/** A connection that is asked to close ends its transactions first; one in a frozen tab does not close at all. */
const BLOCKED_MS = 5000;

/**
 * A connection to a database with one object store, for idb-keyval's functions. It is opened again where the browser
 * closed it; a database that has vanished meanwhile is not made anew, which would look like an empty disk.
 */
export class IdbConnection {
  readonly #indexedDb: IDBFactory;
  readonly #schema: IdbSchema;
  #database: Promise<IDBDatabase> | null = null;
  #closed = false;

  private constructor(indexedDb: IDBFactory, schema: IdbSchema) {
    this.#indexedDb = indexedDb;
    this.#schema = schema;
  }

  /** Opens the database; an empty one is made where there is none. Rejects with a StorageError. */
  static async open(indexedDb: IDBFactory, schema: IdbSchema): Promise<IdbConnection> {
    const connection = new IdbConnection(indexedDb, schema);
    await connection.#connect(true);
    return connection;
  }

  /** Deletes a database; connections to it are closed. Where there is none that is no error. */
  static async delete(indexedDb: IDBFactory, database: string): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const request = indexedDb.deleteDatabase(database);
      await new Promise<void>((resolve, reject) => {
        request.onsuccess = () => resolve();
        request.onerror = () => reject(storageErrorOf(request.error));
        request.onblocked = () => {
          timer = setTimeout(() => reject(storageError("busy")), BLOCKED_MS);
        };
      });
    } catch (error) {
      throw storageErrorOf(error, "unavailable");
    } finally {
      clearTimeout(timer);
    }
  }

  /** Transactions of one durability, for idb-keyval. What fails because the connection was closed is tried again once. */
  transactions(durability: Durability): UseStore {
    return async (mode, callback) => {
      const run = async (database: IDBDatabase): Promise<Awaited<ReturnType<typeof callback>>> => {
        const transaction = database.transaction(this.#schema.objectStore, mode, { durability });
        return await callback(transaction.objectStore(this.#schema.objectStore));
      };
      const opened = this.#connect(false);
      try {
        return await run(await opened);
      } catch (error) {
        const lost = this.#database !== opened && !this.#closed;
        if (!lost || error instanceof StorageError) throw storageErrorOf(error);
      }
      try {
        return await run(await this.#connect(false));
      } catch (error) {
        throw storageErrorOf(error);
      }
    };
  }

  /** Resolves when the database may be deleted. */
  async close(): Promise<void> {
    this.#closed = true;
    const database = this.#database;
    this.#database = null;
    await database?.then(
      (opened) => opened.close(),
      // Whoever asked for it was told.
      () => {},
    );
  }

  #connect(create: boolean): Promise<IDBDatabase> {
    if (this.#closed) throw new Error("the store is closed");
    if (this.#database !== null) return this.#database;
    const opening = this.#open(create);
    this.#database = opening;
    const forget = (): void => {
      if (this.#database === opening) this.#database = null;
    };
    opening.then((database) => {
      // The browser may close a connection at any time: site data deleted, a medium pulled out.
      database.onclose = forget;
      // Somebody deletes the database, or a newer page wants another version of it.
      database.onversionchange = () => {
        forget();
        database.close();
      };
    }, forget);
    return opening;
  }

  async #open(create: boolean): Promise<IDBDatabase> {
    const { database: name, objectStore, index } = this.#schema;
    const found = { vanished: false };
    try {
      const request = this.#indexedDb.open(name, VERSION);
      request.onupgradeneeded = () => {
        if (create) request.result.createObjectStore(objectStore).createIndex(...index);
        else {
          found.vanished = true;
          request.transaction?.abort();
        }
      };
      return await promisifyRequest(request);
    } catch (error) {
      throw found.vanished ? storageError("gone", error) : storageErrorOf(error, "unavailable");
    }
  }
}
