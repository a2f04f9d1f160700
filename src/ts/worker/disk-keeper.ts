import type { Disposable } from "../lib/emitter.ts";
import type { DamagedDisk, DiskInfo, ExportFormat, ImportRequest } from "../protocol/disk-messages.ts";
import { BlobSource } from "../storage/blob-source.ts";
import type { BlockSource } from "../storage/block-source.ts";
import type { CopyTask } from "../storage/copy-disk.ts";
import type { ChunkStore } from "../storage/chunk-store.ts";
import { DiskCatalog } from "../storage/disk-catalog.ts";
import { checkFileBase } from "../storage/disk-base.ts";
import { holdDisk } from "../storage/disk-hold.ts";
import { newDiskId, urlDiskName } from "../storage/disk-id.ts";
import { DiskLock, type Locks, noLocks } from "../storage/disk-lock.ts";
import { DISK_CHUNK_BYTES, type DiskRecord, STORE_KINDS, type StoreKind } from "../storage/disk-record.ts";
import { writeImage } from "../storage/image/export-image.ts";
import { importImage, type ScratchStore } from "../storage/image/import-image.ts";
import { openImage } from "../storage/image/open-image.ts";
import type { BackingFile } from "../storage/image/qcow2-layout.ts";
import { StorageError } from "../storage/storage-error.ts";
import type { StoreOpener } from "../storage/store-opener.ts";
import { StoreSource } from "../storage/store-source.ts";

const SECTOR_BYTES = 512;

/** What keeping disks takes of the browser. */
export interface DiskKeeperHost {
  readonly indexedDb: IDBFactory;
  /** null where the page was not opened over a secure connection. */
  readonly locks: Locks | null;
  readonly stores: StoreOpener;
  wallMs(): number;
  /** Bytes that the browser still has room for, as far as it says. */
  roomBytes(): Promise<number>;
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
    const locks = this.#locks();
    for (const record of (await this.#catalog.list()).unfinished) await this.#sweep(record, locks);
    return (await this.#look()).disks;
  }

  /** What is no disk, or whose contents cannot be read: the others are not hidden by it. */
  async damaged(): Promise<DamagedDisk[]> {
    return (await this.#look()).damaged;
  }

  async #look(): Promise<{ disks: DiskInfo[]; damaged: DamagedDisk[] }> {
    const contents = await this.#catalog.list();
    const held = await DiskLock.held(this.#locks());
    const disks: DiskInfo[] = [];
    const damaged: DamagedDisk[] = [...contents.damaged];
    await Promise.all(
      contents.records.map(async (record) => {
        try {
          disks.push(await this.#info(record, held.has(record.id)));
        } catch (error) {
          if (!(error instanceof StorageError)) throw error;
          damaged.push({ id: record.id, reason: `The disk “${record.name}” cannot be read: ${error.message}` });
        }
      }),
    );
    const order = contents.records.map(({ id }) => id);
    disks.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
    return { disks, damaged };
  }

  /** Fills a new disk with what is in a file. Where that does not come to its end, nothing is left behind. */
  async import(file: File, request: ImportRequest, task: CopyTask): Promise<DiskInfo> {
    // How large the disk is shows when the file is unpacked.
    const wanted = this.#newRecord(request.name, SECTOR_BYTES, request.store, file.name);
    return await this.#fill(wanted, async (record) => {
      const store = await this.#host.stores.open(record);
      try {
        const limitBytes = await this.#host.roomBytes();
        const scratch = async (): Promise<ScratchStore> => await this.#scratch(record);
        const image = await importImage(file, store, { ...task, limitBytes, scratch });
        await this.#catalog.update(record.id, {
          sizeBytes: image.sizeBytes,
          origin: originOf(file.name, image.formats),
        });
      } finally {
        await store.close();
      }
    });
  }

  /** A disk over a file that stays where it is. */
  async overFile(file: File, request: ImportRequest): Promise<DiskInfo> {
    const image = await openImage(new BlobSource(file));
    if (image.needsUnpacking) {
      throw new StorageError(
        "format",
        `The file ${file.name} is compressed, and cannot be read where it is.`,
        "Copy it into the browser.",
      );
    }
    const origin = originOf(file.name, image.formats);
    const record = this.#newRecord(request.name, image.source.sizeBytes, request.store, origin);
    const base = {
      kind: "file",
      name: file.name,
      sizeBytes: file.size,
      modifiedMs: file.lastModified,
      format: innerFormat(image.formats),
    } as const;
    return await this.#info(await this.#catalog.create({ ...record, base }), false);
  }

  /** Rejects where `file` is not the one that the disk lies over. */
  async checkFile(id: string, file: File): Promise<void> {
    checkFileBase(await this.#record(id), file);
  }

  async createEmpty(name: string, sizeBytes: number, store: StoreKind): Promise<DiskInfo> {
    const record = this.#newRecord(name, sizeBytes, store, "an empty disk");
    return await this.#info(await this.#catalog.create(record), false);
  }

  /** The disk at one moment, for as long as `use` takes; a machine that writes it holds still so long. */
  async read<T>(id: string, use: (disk: BlockSource, record: DiskRecord) => Promise<T>): Promise<T> {
    return await this.#still(
      id,
      async ({ store, base, record }) => await use(await StoreSource.open(store, base, record.sizeBytes), record),
    );
  }

  /** Writes the disk as a file. A machine that has it open flushes first, and nothing of it is stored until the end. */
  async export(
    id: string,
    format: ExportFormat,
    write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
    task: CopyTask,
  ): Promise<void> {
    await this.#still(id, async ({ store, base, record }) => {
      // A second look at an image on a server would load it twice.
      const scanBase = record.base.kind === "file";
      const { sizeBytes } = record;
      await writeImage({ sizeBytes, store, base, scanBase, backing: backingOf(record) }, format, write, task);
    });
  }

  async #still<T>(
    id: string,
    use: (disk: { store: ChunkStore; base: BlockSource | null; record: DiskRecord }) => Promise<T>,
  ): Promise<T> {
    const record = await this.#record(id);
    const release = await holdDisk(record, this.#locks());
    try {
      const store = await this.#host.stores.read(record);
      try {
        return await use({ store, base: await this.#host.openBase(record), record });
      } finally {
        await store.close();
      }
    } finally {
      await release();
    }
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
      for (const store of STORE_KINDS) await this.#removeIfThere({ id, store });
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

  /** Room for an image that has to be unpacked before it can be read. */
  async #scratch(record: DiskRecord): Promise<ScratchStore> {
    const scratch = scratchOf(record);
    const store = await this.#host.stores.open(scratch);
    const remove = async (): Promise<void> => {
      await store.close();
      await this.#host.stores.remove(scratch);
    };
    return { store, remove };
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
    await this.#host.stores.remove(scratchOf(record));
    await this.#host.stores.remove(record);
    await this.#catalog.remove(record.id);
  }

  async #removeIfThere(disk: Pick<DiskRecord, "id" | "store">): Promise<void> {
    try {
      await this.#host.stores.remove(disk);
    } catch (error) {
      // In a place that the browser does not have there is nothing.
      if (!(error instanceof StorageError) || error.code !== "unavailable") throw error;
    }
  }

  async #info(record: DiskRecord, inUse: boolean): Promise<DiskInfo> {
    const store = await this.#host.stores.read(record);
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
    throw noLocks();
  }
}

function gone(id: string): StorageError {
  return new StorageError("gone", `There is no disk “${id}” in this browser.`, "It may have been deleted.");
}

function scratchOf(record: DiskRecord): DiskRecord {
  return { ...record, id: `${record.id}-scratch` };
}

/** "debian.img.xz (raw image in xz)" */
function originOf(fileName: string, formats: readonly string[]): string {
  const outer = formats.filter((format) => format !== "qcow2").toReversed();
  return `${fileName} (${[`${innerFormat(formats)} image`, ...outer].join(" in ")})`;
}

function innerFormat(formats: readonly string[]): "raw" | "qcow2" {
  return formats.at(-1) === "qcow2" ? "qcow2" : "raw";
}

/** The file that a disk lies over, as the file of its changes names it: without a folder, to be put beside it. */
function backingOf({ base }: DiskRecord): BackingFile | null {
  switch (base.kind) {
    case "none":
      return null;
    case "url":
      // A compressed one is no image that others could lie over.
      return base.format === null ? null : { name: urlDiskName(base.url), format: base.format };
    case "file":
      return { name: base.name, format: base.format };
  }
}
