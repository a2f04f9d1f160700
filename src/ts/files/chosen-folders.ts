/** Folders of the user's computer that the page may share with guests, kept in IndexedDB over reloads. */
import { del, entries, get, set } from "idb-keyval";
import { IdbConnection } from "../storage/idb-connection.ts";

const SCHEMA = {
  database: "armlet-folders",
  objectStore: "folders",
  index: ["createdMs", "createdMs"],
} as const;

const ID_BYTES = 4;

/** A folder that was chosen once. Whether it may be used now the browser decides anew after each reload. */
export interface ChosenFolder {
  /** For a command line: `-fsdev local,path=folder:ID`. */
  readonly id: string;
  /** The folder's own name. */
  readonly name: string;
  readonly handle: FileSystemDirectoryHandle;
  readonly createdMs: number;
}

/** All methods reject with a StorageError where the browser keeps nothing. */
export class ChosenFolders {
  readonly #indexedDb: IDBFactory;

  constructor(indexedDb: IDBFactory) {
    this.#indexedDb = indexedDb;
  }

  /** In the order in which they were chosen. */
  async list(): Promise<ChosenFolder[]> {
    const all = await this.#with(async (store) => await entries<string, ChosenFolder>(store));
    return all.map(([, folder]) => folder).sort((a, b) => a.createdMs - b.createdMs);
  }

  async get(id: string): Promise<ChosenFolder | null> {
    return (await this.#with(async (store) => await get<ChosenFolder>(id, store))) ?? null;
  }

  /** Keeps a folder; one that is kept already stays as it is. */
  async add(handle: FileSystemDirectoryHandle): Promise<ChosenFolder> {
    for (const known of await this.list()) if (await known.handle.isSameEntry(handle)) return known;
    const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
    const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const folder: ChosenFolder = { id, name: handle.name, handle, createdMs: Date.now() };
    await this.#with(async (store) => await set(id, folder, store));
    return folder;
  }

  /** Forgets a folder; its files stay. */
  async remove(id: string): Promise<void> {
    await this.#with(async (store) => await del(id, store));
  }

  async #with<Value>(work: (store: ReturnType<IdbConnection["transactions"]>) => Promise<Value>): Promise<Value> {
    const connection = await IdbConnection.open(this.#indexedDb, SCHEMA);
    try {
      return await work(connection.transactions("strict"));
    } finally {
      await connection.close();
    }
  }
}
