import type { Disposable } from "../lib/emitter.ts";
import type { DamagedDisk, DiskInfo, ExportFormat, ImportRequest } from "../protocol/disk-messages.ts";
import type { BlockSource } from "../storage/block-source.ts";
import { type CopyTask, copyDisk, streamDisk } from "../storage/copy-disk.ts";
import { DiskCatalog } from "../storage/disk-catalog.ts";
import { holdDisk } from "../storage/disk-hold.ts";
import { newDiskId } from "../storage/disk-id.ts";
import { DiskLock, type Locks } from "../storage/disk-lock.ts";
import { DISK_CHUNK_BYTES, type DiskRecord, type StoreKind } from "../storage/disk-record.ts";
import { StorageError } from "../storage/storage-error.ts";
import type { StoreOpener } from "../storage/store-opener.ts";
import { StoreSource } from "../storage/store-source.ts";

/** What keeping disks takes of the browser. */
export interface DiskKeeperHost {
  readonly indexedDb: IDBFactory;
  /** null where the page was not opened over a secure connection. */
  readonly locks: Locks | null;
  readonly stores: StoreOpener;
  wallMs(): number;
  /** The image that a disk lies over. Rejects where it is not what the record says. */
  openBase(record: DiskRecord): Promise<BlockSource | null>;
}

/** All that can be done with the disks that the browser keeps. Promises reject with a StorageError. */
export class DiskKeeper {
  readonly #host: DiskKeeperHost;
  readonly #catalog: DiskCatalog;

  constructor(host: DiskKeeperHost) {
    this.#host = host;
    this.#catalog = new DiskCatalog(host.indexedDb);
  }

  onChange(listener: () => void): Disposable {
    return this.#catalog.onChange(listener);
  }

  /** All disks; what a cancelled or killed import left behind is deleted. */
  async list(): Promise<DiskInfo[]> {
    const { records, unfinished } = await this.#catalog.list();
    const locks = this.#locks();
    for (const record of unfinished) await this.#sweep(record, locks);
    const held = await DiskLock.held(locks);
    return await Promise.all(records.map(async (record) => await this.#info(record, held.has(record.id))));
  }

  async damaged(): Promise<DamagedDisk[]> {
    return [...(await this.#catalog.list()).damaged];
  }

  /** Fills a new disk from `source`. Where it does not come to its end, nothing is left behind. */
  async import(source: BlockSource, origin: string, request: ImportRequest, task: CopyTask): Promise<DiskInfo> {
    const empty = this.#newRecord(request.name, source.sizeBytes, request.store, origin);
    return await this.#fill(empty, async (record) => {
      const store = await this.#host.stores.open(record);
      try {
        await copyDisk(source, store, task);
      } finally {
        await store.close();
      }
    });
  }

  /** A disk over a file that stays where it is. */
  async overFile(file: File, sizeBytes: number, origin: string, request: ImportRequest): Promise<DiskInfo> {
    const record = this.#newRecord(request.name, sizeBytes, request.store, origin);
    const base = { kind: "file", name: file.name, sizeBytes: file.size, modifiedMs: file.lastModified } as const;
    return await this.#info(await this.#catalog.create({ ...record, base }), false);
  }

  /** Rejects where `file` is not the one that the disk lies over. */
  async checkFile(id: string, file: File): Promise<void> {
    const { base, name } = await this.#record(id);
    if (base.kind !== "file") {
      throw new StorageError("failed", `The disk “${name}” needs no file: it lies over none.`, "");
    }
    if (base.sizeBytes === file.size && base.modifiedMs === file.lastModified) return;
    throw new StorageError(
      "changed",
      `The file ${file.name} is not the one that the disk “${name}” was made over: its size or its date differ.`,
      `Give the file ${base.name} as it was, or reset the disk.`,
    );
  }

  async createEmpty(name: string, sizeBytes: number, store: StoreKind): Promise<DiskInfo> {
    const record = this.#newRecord(name, sizeBytes, store, "an empty disk");
    return await this.#info(await this.#catalog.create(record), false);
  }

  /** The disk at one moment, for as long as `use` takes; a machine that writes it holds still so long. */
  async read<T>(id: string, use: (disk: BlockSource, record: DiskRecord) => Promise<T>): Promise<T> {
    const record = await this.#record(id);
    const release = await holdDisk(record, this.#locks());
    try {
      const store = await this.#host.stores.open(record);
      try {
        const base = await this.#host.openBase(record);
        return await use(await StoreSource.open(store, base, record.sizeBytes), record);
      } finally {
        await store.close();
      }
    } finally {
      await release();
    }
  }

  /** Writes the disk as a file. A machine that has it open flushes first, and its writes wait until the end. */
  async export(
    id: string,
    format: ExportFormat,
    write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
    task: CopyTask,
  ): Promise<void> {
    if (format !== "raw") throw new StorageError("failed", `Disks cannot be written as ${format} yet.`, "Choose raw.");
    await this.read(id, async (disk) => await streamDisk(disk, write, task));
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#catalog.update(id, { name });
  }

  /** Throws away what was written over the base. */
  async reset(id: string): Promise<void> {
    const record = await this.#record(id);
    if (record.base.kind === "none") {
      throw new StorageError(
        "failed",
        `The disk “${record.name}” has nothing that it could go back to: all of it is here.`,
        "Delete it and bring the file again.",
      );
    }
    await this.#alone(record, async () => {
      await this.#host.stores.remove(record);
      // Over an image on a server there is nothing to keep then: the next write makes a new record.
      if (record.base.kind === "url") await this.#catalog.remove(id);
      else await this.#catalog.update(id, { usedMs: this.#host.wallMs() });
    });
  }

  async remove(id: string): Promise<void> {
    const { records, unfinished, damaged } = await this.#catalog.list();
    const record = [...records, ...unfinished].find((row) => row.id === id);
    if (record !== undefined) {
      await this.#alone(record, async () => await this.#delete(record));
      return;
    }
    if (!damaged.some((row) => row.id === id)) throw gone(id);
    // Where its chunks are cannot be read: they are in one of the places that there are.
    await this.#alone({ id, name: id }, async () => {
      await this.#host.stores.remove({ id, store: "idb" });
      await this.#host.stores.remove({ id, store: "opfs" });
      await this.#catalog.remove(id);
    });
  }

  close(): void {
    this.#catalog.close();
  }

  /** Makes a disk that is in the list only when `fill` came to its end. */
  async #fill(wanted: DiskRecord, fill: (record: DiskRecord) => Promise<void>): Promise<DiskInfo> {
    const lock = await DiskLock.require(wanted.id, wanted.name, this.#locks());
    try {
      const record = await this.#catalog.create(wanted, { finished: false });
      try {
        await fill(record);
        return await this.#info(await this.#catalog.setFinished(record.id, true), false);
      } catch (error) {
        await this.#delete(record);
        throw error;
      }
    } finally {
      await lock.release();
    }
  }

  /** An import that nobody is at any more. */
  async #sweep(record: DiskRecord, locks: Locks): Promise<void> {
    const lock = await DiskLock.acquire(record.id, locks, 0);
    if (lock === null) return;
    try {
      await this.#delete(record);
    } finally {
      await lock.release();
    }
  }

  /** Does something to a disk that nobody may have open, and nobody may be reading. */
  async #alone(disk: Pick<DiskRecord, "id" | "name">, work: () => Promise<void>): Promise<void> {
    const lock = await DiskLock.require(disk.id, disk.name, this.#locks());
    try {
      const release = await holdDisk(disk, this.#locks(), { ownLock: true });
      try {
        await work();
      } finally {
        await release();
      }
    } finally {
      await lock.release();
    }
  }

  /** Once it has begun it is brought to its end, by the next `list` if need be. */
  async #delete(record: DiskRecord): Promise<void> {
    await this.#catalog.setFinished(record.id, false);
    await this.#host.stores.remove(record);
    await this.#catalog.remove(record.id);
  }

  async #info(record: DiskRecord, inUse: boolean): Promise<DiskInfo> {
    const store = await this.#host.stores.open(record);
    try {
      return { ...record, usedBytes: await store.usedBytes(), inUse };
    } finally {
      await store.close();
    }
  }

  async #record(id: string): Promise<DiskRecord> {
    const record = await this.#catalog.get(id);
    if (record === null) throw gone(id);
    return record;
  }

  #newRecord(name: string, sizeBytes: number, store: StoreKind, origin: string): DiskRecord {
    const now = this.#host.wallMs();
    return {
      id: newDiskId(name),
      name,
      sizeBytes,
      chunkBytes: DISK_CHUNK_BYTES,
      store,
      base: { kind: "none" },
      origin,
      createdMs: now,
      usedMs: now,
    };
  }

  #locks(): Locks {
    const { locks } = this.#host;
    if (locks !== null) return locks;
    throw new StorageError(
      "unavailable",
      "The browser does not guard disks against two tabs on a page that was not opened over https.",
      "Open this page over https, or on localhost.",
    );
  }
}

function gone(id: string): StorageError {
  return new StorageError("gone", `There is no disk “${id}” in this browser.`, "It may have been deleted.");
}
