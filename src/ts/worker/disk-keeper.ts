import type { Disposable } from "../lib/emitter.ts";
import type { DamagedDisk, DiskInfo, ExportFormat, ImportRequest } from "../protocol/disk-messages.ts";
import type { BlockSource } from "../storage/block-source.ts";
import type { ChunkStore } from "../storage/chunk-store.ts";
import type { CopyTask } from "../storage/copy-disk.ts";
import { checkFileBase } from "../storage/disk-base.ts";
import { DiskCatalog } from "../storage/disk-catalog.ts";
import { holdDisk } from "../storage/disk-hold.ts";
import { DiskLock } from "../storage/disk-lock.ts";
import type { DiskRecord, StoreKind } from "../storage/disk-record.ts";
import { writeImage } from "../storage/image/export-image.ts";
import { StorageError } from "../storage/storage-error.ts";
import { StoreSource } from "../storage/store-source.ts";
import { backingOf } from "./base-file.ts";
import { diskInfo } from "./disk-info.ts";
import { type DiskKeeperHost, locksOf } from "./disk-keeper-host.ts";
import { DiskMaker } from "./disk-maker.ts";
import { DiskRemover } from "./disk-remover.ts";

/** All that can be done with the disks that the browser keeps. Promises reject with a StorageError. */
export class DiskKeeper {
  readonly #host: DiskKeeperHost;
  readonly #catalog: DiskCatalog;
  readonly #remover: DiskRemover;
  readonly #maker: DiskMaker;

  constructor(host: DiskKeeperHost) {
    this.#host = host;
    this.#catalog = new DiskCatalog(host.indexedDb);
    this.#remover = new DiskRemover(host, this.#catalog);
    this.#maker = new DiskMaker(host, this.#catalog, this.#remover);
  }

  onChange(listener: () => void): Disposable {
    return this.#catalog.onChange(listener);
  }

  /** All disks; what a cancelled or killed import left behind is deleted. */
  async list(): Promise<DiskInfo[]> {
    for (const record of (await this.#catalog.list()).unfinished) await this.#remover.sweep(record);
    return (await this.#look()).disks;
  }

  /** What is no disk, or whose contents cannot be read: the others are not hidden by it. */
  async damaged(): Promise<DamagedDisk[]> {
    return (await this.#look()).damaged;
  }

  async #look(): Promise<{ disks: DiskInfo[]; damaged: DamagedDisk[] }> {
    const contents = await this.#catalog.list();
    const held = await DiskLock.held(locksOf(this.#host));
    const disks: DiskInfo[] = [];
    const damaged: DamagedDisk[] = [...contents.damaged];
    await Promise.all(
      contents.records.map(async (record) => {
        try {
          disks.push(await diskInfo(record, this.#host.stores, held.has(record.id)));
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
    return await this.#maker.import(file, request, task);
  }

  /** A disk over a file that stays where it is. */
  async overFile(file: File, request: ImportRequest): Promise<DiskInfo> {
    return await this.#maker.overFile(file, request);
  }

  /** A disk of the changes that a file holds, over the image that they were made to. */
  async importChanges(file: File, request: ImportRequest, task: CopyTask): Promise<DiskInfo> {
    return await this.#maker.importChanges(file, request, task);
  }

  /** Rejects where `file` is not the one that the disk lies over. */
  async checkFile(id: string, file: File): Promise<void> {
    checkFileBase(await this.#record(id), file);
  }

  async createEmpty(name: string, sizeBytes: number, store: StoreKind): Promise<DiskInfo> {
    return await this.#maker.createEmpty(name, sizeBytes, store);
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
    const release = await holdDisk(record, locksOf(this.#host));
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
    await this.#remover.alone(record, async () => {
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
      await this.#remover.alone(record, async () => await this.#remover.delete(record));
      return;
    }
    if (!damaged.some((row) => row.id === id)) throw gone(id);
    await this.#remover.alone({ id, name: id }, async () => await this.#remover.deleteDamaged(id));
  }

  close(): void {
    this.#catalog.close();
  }

  async #record(id: string): Promise<DiskRecord> {
    const record = await this.#catalog.get(id);
    if (record === null) throw gone(id);
    return record;
  }
}

function gone(id: string): StorageError {
  return new StorageError("gone", `There is no disk “${id}” in this browser.`, "It may have been deleted.");
}
