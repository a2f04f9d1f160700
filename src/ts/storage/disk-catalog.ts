import { promisifyRequest, type UseStore } from "idb-keyval";
import { type Disposable, Emitter } from "../lib/emitter.ts";
import { checkRow, type DiskRow } from "./disk-row.ts";
import type { DiskRecord } from "./disk-record.ts";
import { StorageError } from "./storage-error.ts";

/** Where the catalogue is; the contents of each disk are elsewhere (ChunkStore). */
const DATABASE = "armlet-disks";
const OBJECT_STORE = "records";
/** Changes are told to other tabs and workers here. */
const CHANNEL = "armlet-disks";

/** A row that is not one of ours, or is broken: it is left alone until somebody removes it. */
export interface DamagedRow {
  readonly id: string;
  /** What is wrong with it, for people. */
  readonly reason: string;
}

export interface CatalogContents {
  /** Disks that are all there, in the order in which they were made. */
  readonly records: readonly DiskRecord[];
  /** Disks whose import has not come to its end: it is under way, or whoever did it is gone. */
  readonly unfinished: readonly DiskRecord[];
  readonly damaged: readonly DamagedRow[];
}

/** What a record may change to after it was made. */
export type DiskChange = Partial<Pick<DiskRecord, "name" | "base" | "origin" | "sizeBytes" | "usedMs">>;

/**
 * The disks that this browser keeps: one row each, in a database of its own. Every change is one transaction, durable
 * when its promise resolves, and told to all other catalogues of the site. Promises reject with a StorageError.
 */
export class DiskCatalog {
  readonly #indexedDb: IDBFactory;
  readonly #emitter = new Emitter<{ change: null }>();
  readonly #channel: BroadcastChannel;
  #database: Promise<IDBDatabase> | null = null;

  constructor(indexedDb: IDBFactory) {
    this.#indexedDb = indexedDb;
    this.#channel = new BroadcastChannel(CHANNEL);
    this.#channel.onmessage = () => this.#emitter.emit("change", null);
  }

  /** Calls `listener` after every change, of this catalogue and of all others. */
  onChange(listener: () => void): Disposable {
    return this.#emitter.on("change", listener);
  }

  /**
   * Adds a record. A name that is taken gets a number: a second "debian" becomes "debian 2". With `finished: false`
   * the disk stays out of the list until `setFinished`. Rejects with the code `busy` where the id is taken.
   */
  async create(record: DiskRecord, options: { readonly finished: boolean } = { finished: true }): Promise<DiskRecord> {
    return await this.#change((store, rows) => {
      if (rows.has(record.id)) throw new StorageError("busy", `There is a disk “${record.id}” already.`, "");
      const row: DiskRow = { ...record, name: freeName(record.name, namesOf(rows)), finished: options.finished };
      store.put(checkRow(row.id, row), row.id);
      return recordOf(row);
    });
  }

  /** With true the disk is all there and appears in the list; with false it is on its way in or out. */
  async setFinished(id: string, finished: boolean): Promise<DiskRecord> {
    return await this.#change((store, rows) => {
      const row: DiskRow = { ...rowOf(rows, id), finished };
      store.put(row, id);
      return recordOf(row);
    });
  }

  /** null where there is none, or it is unfinished. Rejects with the code `damaged` where its row cannot be read. */
  async get(id: string): Promise<DiskRecord | null> {
    const store = await this.#store();
    const value = await this.#run(() => store("readonly", (rows) => promisifyRequest<unknown>(rows.get(id))));
    if (value === undefined) return null;
    const row = checkRow(id, value);
    return row.finished ? recordOf(row) : null;
  }

  async list(): Promise<CatalogContents> {
    const store = await this.#store();
    const rows = await this.#run(() => store("readonly", readAll));
    const all = [...rows].map(([id, value]) => readRow(id, value));
    const sound = all.flatMap(({ row }) => (row === null ? [] : [row]));
    sound.sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
    return {
      records: sound.filter(({ finished }) => finished).map(recordOf),
      unfinished: sound.filter(({ finished }) => !finished).map(recordOf),
      damaged: all.flatMap(({ damaged }) => (damaged === null ? [] : [damaged])),
    };
  }

  /** The disk that keeps what was written over the image at `url` (absolute). */
  async forUrl(url: string): Promise<DiskRecord | null> {
    const { records } = await this.list();
    return records.find(({ base }) => base.kind === "url" && base.url === url) ?? null;
  }

  /** Changes a record; a name that is taken gets a number. Rejects with the code `gone` where there is none. */
  async update(id: string, change: DiskChange): Promise<DiskRecord> {
    return await this.#change((store, rows) => {
      const row = rowOf(rows, id);
      const name = change.name === undefined ? row.name : freeName(change.name, namesOf(rows, id));
      const changed: DiskRow = { ...row, ...change, name };
      store.put(checkRow(id, changed), id);
      return recordOf(changed);
    });
  }

  /** Forgets a record, also a damaged one. What was stored is the caller's to delete first. */
  async remove(id: string): Promise<void> {
    await this.#change((store) => {
      store.delete(id);
    });
  }

  close(): void {
    this.#emitter.clear();
    this.#channel.onmessage = null;
    this.#channel.close();
    const database = this.#database;
    this.#database = null;
    database?.then(
      (opened) => opened.close(),
      // Whoever needed it was told.
      () => {},
    );
  }

  /** One transaction over all rows: nothing is written where `change` throws. */
  async #change<T>(change: (store: IDBObjectStore, rows: ReadonlyMap<string, unknown>) => T): Promise<T> {
    const useStore = await this.#store();
    const result = await this.#run(() =>
      useStore("readwrite", async (store) => {
        const done = promisifyRequest(store.transaction);
        // Of a transaction that is aborted below, what `change` threw is told instead.
        done.catch(() => {});
        const rows = await readAll(store);
        const value = changeOrAbort(store, () => change(store, rows));
        await done;
        return value;
      }),
    );
    this.#channel.postMessage(null);
    this.#emitter.emit("change", null);
    return result;
  }

  /** idb-keyval's way of handing out an object store, over our own connection. */
  async #store(): Promise<UseStore> {
    this.#database ??= this.#open();
    const database = await this.#database.catch((error: unknown) => {
      // The next one to ask tries again.
      this.#database = null;
      throw error;
    });
    return async (mode, callback) =>
      await callback(database.transaction(OBJECT_STORE, mode, { durability: "strict" }).objectStore(OBJECT_STORE));
  }

  async #open(): Promise<IDBDatabase> {
    const forget = (): void => {
      this.#database = null;
    };
    try {
      const request = this.#indexedDb.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(OBJECT_STORE);
      const database = await promisifyRequest(request);
      // The browser may close a connection at any time, and a newer version of the page may want to upgrade.
      database.onclose = forget;
      database.onversionchange = () => {
        forget();
        database.close();
      };
      return database;
    } catch (error) {
      throw new StorageError(
        "unavailable",
        "This browser keeps no disks for this page: its storage is switched off, or this is a private window.",
        "Use a normal window, and allow the site to store data.",
        { cause: error },
      );
    }
  }

  async #run<T>(transaction: () => Promise<T>): Promise<T> {
    try {
      return await transaction();
    } catch (error) {
      throw storageErrorOf(error);
    }
  }
}

function changeOrAbort<T>(store: IDBObjectStore, change: () => T): T {
  try {
    return change();
  } catch (error) {
    store.transaction.abort();
    throw error;
  }
}

async function readAll(store: IDBObjectStore): Promise<Map<string, unknown>> {
  const [keys, values] = await Promise.all([
    promisifyRequest<IDBValidKey[]>(store.getAllKeys()),
    promisifyRequest<unknown[]>(store.getAll()),
  ]);
  return new Map(keys.map((key, index) => [keyText(key), values[index]]));
}

/** Ours are strings; what else a page of this site may have put there still needs a name. */
function keyText(key: IDBValidKey): string {
  return typeof key === "string" ? key : `(${JSON.stringify(key)})`;
}

function readRow(id: string, value: unknown): { row: DiskRow | null; damaged: DamagedRow | null } {
  try {
    return { row: checkRow(id, value), damaged: null };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return { row: null, damaged: { id, reason: error.message } };
  }
}

function rowOf(rows: ReadonlyMap<string, unknown>, id: string): DiskRow {
  if (!rows.has(id)) {
    throw new StorageError("gone", `There is no disk “${id}” in this browser.`, "It may have been deleted.");
  }
  return checkRow(id, rows.get(id));
}

function recordOf({ finished: _, ...record }: DiskRow): DiskRecord {
  return record;
}

function namesOf(rows: ReadonlyMap<string, unknown>, except = ""): Set<string> {
  return new Set([...rows].flatMap(([id, value]) => (id === except ? [] : [readRow(id, value).row?.name ?? ""])));
}

/** `wanted`, or with the first number that makes it unique. */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const name = wanted.trim() === "" ? "disk" : wanted.trim();
  if (!taken.has(name)) return name;
  // After "debian 2" comes "debian 3".
  const stem = name.replace(/ \d+$/, "");
  let number = 2;
  while (taken.has(`${stem} ${number}`)) number += 1;
  return `${stem} ${number}`;
}

function storageErrorOf(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const quota = error instanceof Error && error.name === "QuotaExceededError";
  return quota
    ? new StorageError(
        "quota",
        "There is no room left for this page's data in the browser.",
        "Delete a disk, or free space on this computer.",
        { cause: error },
      )
    : new StorageError("failed", `The browser could not keep the list of disks: ${String(error)}.`, "Try again.", {
        cause: error,
      });
}
