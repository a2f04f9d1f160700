import { type DriveConfig, keptDiskId } from "../config/machine-config.ts";
import type { BlockSource } from "../storage/block-source.ts";
import type { ChunkStore } from "../storage/chunk-store.ts";
import { checkFileBase, checkUrlBase, missingFile } from "../storage/disk-base.ts";
import { HoldWatch, holdDisk } from "../storage/disk-hold.ts";
import { urlDiskId, urlDiskName } from "../storage/disk-id.ts";
import { DiskLock, type Locks, noLocks } from "../storage/disk-lock.ts";
import { DISK_CHUNK_BYTES, type DiskRecord } from "../storage/disk-record.ts";
import { KeptDisk } from "../storage/kept-disk.ts";
import { LazyStore } from "../storage/lazy-store.ts";
import { OverlayDisk } from "../storage/overlay-disk.ts";
import { StorageError } from "../storage/storage-error.ts";
import { StoreSource } from "../storage/store-source.ts";
import type { WorkerServices } from "./blueprint.ts";
import { type DriveImage, openBlob, openDriveImage } from "./drive-source.ts";
import { MachineDisk, type MachineDiskHost, type OpenDisk } from "./machine-disk.ts";

/** A view of a disk that somebody else writes takes up to so much memory (256 MiB) to stand still. */
const SNAPSHOT_BYTES = 256 * 1024 * 1024;

/** Opens what a drive names. Rejects with a FailureError or StorageError. */
export async function openDrive(
  drive: DriveConfig,
  services: WorkerServices,
  host: MachineDiskHost,
): Promise<MachineDisk> {
  const opening = new DriveOpening(drive, services, host);
  const id = keptDiskId(drive.file);
  return id === null ? await opening.image() : await opening.keptDisk(id);
}

class DriveOpening {
  readonly #drive: DriveConfig;
  readonly #services: WorkerServices;
  readonly #host: MachineDiskHost;

  constructor(drive: DriveConfig, services: WorkerServices, host: MachineDiskHost) {
    this.#drive = drive;
    this.#services = services;
    this.#host = host;
  }

  /** `file=disk:ID` */
  async keptDisk(id: string): Promise<MachineDisk> {
    const record = await this.#services.storage.catalog.get(id);
    if (record === null) {
      throw new StorageError(
        "gone",
        `There is no disk “${id}” in this browser.`,
        "Disks stay in the browser in which they were made: bring the image here, or open the link there.",
      );
    }
    const base = await this.#base(record);
    if (this.#drive.readOnly || this.#drive.snapshot) return await this.#view(record, base);
    return await this.#writable(record, base, () => this.#existing(record));
  }

  /** A file of the page, or an image on a server. */
  async image(): Promise<MachineDisk> {
    const { snapshot, readOnly, file } = this.#drive;
    const { source, base } = await openDriveImage(this.#drive, this.#services);
    if (snapshot || readOnly || base === null) return this.#inMemory(source, fileName(file));
    try {
      const wanted = this.#urlRecord(await urlDiskId(base.url), base, source.sizeBytes);
      const known = await this.#recordOver(wanted, base);
      return await this.#writable(known ?? wanted, source, async () => {
        // Whoever had the lock may have made it or thrown it away meanwhile.
        const record = await this.#recordOver(wanted, base);
        return record === null ? this.#lazy(wanted) : await this.#existing(record);
      });
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== "unavailable") throw error;
      this.#say(`What is written to “${urlDiskName(base.url)}” is not kept. ${error.message}`);
      return this.#inMemory(source, urlDiskName(base.url));
    }
  }

  /** The disk for whoever has its lock; a view of it where that is somebody else. */
  async #writable(
    record: DiskRecord,
    base: BlockSource | null,
    openStore: () => Promise<ChunkStore>,
  ): Promise<MachineDisk> {
    const locks = this.#locks();
    const lock = await DiskLock.acquire(record.id, locks, this.#services.storage.lockPatienceMs);
    if (lock === null) {
      this.#say(`“${record.name}” is open in another tab or machine: what is written here is not kept.`);
      return await this.#view(record, base);
    }
    try {
      return await this.#kept(record, base, await openStore(), lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async #kept(record: DiskRecord, base: BlockSource | null, store: ChunkStore, lock: DiskLock): Promise<MachineDisk> {
    const opening = KeptDisk.open({
      sizeBytes: record.sizeBytes,
      base,
      store,
      onError: (error) => disk.failed(error),
    });
    const kept = await opening.catch(async (error: unknown) => {
      await store.close();
      throw error;
    });
    const watch = new HoldWatch(record.id, this.#locks(), kept);
    const disk = this.#machineDisk({
      backend: kept,
      name: record.name,
      keeping: "kept",
      diskId: () => (store instanceof LazyStore && !store.created ? null : record.id),
      dirtyBytes: () => kept.dirtyBytes,
      usedBytes: () => kept.usedBytes(),
      close: async () => {
        watch.close();
        try {
          // What could not be made durable by now is lost with this worker.
          await kept.abandon();
        } finally {
          await lock.release();
        }
      },
    });
    watch.start();
    return disk;
  }

  /** The disk as it is now, over which writes go to memory. */
  async #view(record: DiskRecord, base: BlockSource | null): Promise<MachineDisk> {
    const { storage } = this.#services;
    const release = await this.#hold(record);
    try {
      // Over an image on a server there may be nothing yet.
      const isThere = (await storage.catalog.get(record.id)) !== null;
      if (!isThere && base !== null) return this.#inMemory(base, record.name);
      const store = await storage.stores.read(record);
      const still = await StoreSource.snapshot(store, base, record.sizeBytes, SNAPSHOT_BYTES / record.chunkBytes);
      if (still !== null) {
        await store.close();
        return this.#inMemory(still, record.name);
      }
      return await this.#liveView(record, base, store);
    } finally {
      await release();
    }
  }

  /** More than fits into memory is read while it is there: nobody else may write it then, or the guest is told. */
  async #liveView(record: DiskRecord, base: BlockSource | null, store: ChunkStore): Promise<MachineDisk> {
    const lock = await DiskLock.acquire(record.id, this.#locks(), 0);
    if (lock === null) {
      this.#say(
        `“${record.name}” is large, and is read while another machine writes it: the guest may find it damaged.`,
      );
    }
    const source = await StoreSource.open(store, base, record.sizeBytes);
    return this.#inMemory(source, record.name, async () => {
      await store.close();
      await lock?.release();
    });
  }

  /** The writer of a disk flushes; one that does not answer leaves the disk as it is, as after a power cut. */
  async #hold(record: DiskRecord): Promise<() => Promise<void>> {
    try {
      return await holdDisk(record, this.#locks());
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#say(`What was written to “${record.name}” last may be missing: ${error.message}`);
      return () => Promise.resolve();
    }
  }

  #inMemory(source: BlockSource, name: string, close: () => Promise<void> = () => Promise.resolve()): MachineDisk {
    const { readOnly } = this.#drive;
    const overlay = new OverlayDisk(source, readOnly);
    return this.#machineDisk({
      backend: overlay,
      name,
      keeping: readOnly ? "read-only" : "memory",
      diskId: () => null,
      dirtyBytes: () => 0,
      usedBytes: () => Promise.resolve(overlay.usedBytes),
      close,
    });
  }

  #machineDisk(disk: OpenDisk): MachineDisk {
    return new MachineDisk(this.#drive.id, disk, this.#host);
  }

  /** The record of what was written over an image, if there is one. Rejects where it was another image. */
  async #recordOver(wanted: DiskRecord, base: NonNullable<DriveImage["base"]>): Promise<DiskRecord | null> {
    const record = await this.#services.storage.catalog.get(wanted.id);
    if (record !== null) checkUrlBase(record, base, wanted.sizeBytes);
    return record;
  }

  async #existing(record: DiskRecord): Promise<ChunkStore> {
    const { catalog, stores, wallMs } = this.#services.storage;
    await catalog.update(record.id, { usedMs: wallMs() });
    return await stores.open(record);
  }

  /** The first write makes the record, so that a disk that is only read is in no list. */
  #lazy(record: DiskRecord): LazyStore {
    const { catalog, stores } = this.#services.storage;
    return new LazyStore(record.chunkBytes, async () => await stores.open(await catalog.create(record)));
  }

  #urlRecord(id: string, base: NonNullable<DriveImage["base"]>, sizeBytes: number): DiskRecord {
    const now = this.#services.storage.wallMs();
    return {
      id,
      name: urlDiskName(base.url),
      sizeBytes,
      chunkBytes: DISK_CHUNK_BYTES,
      store: "idb",
      base,
      origin: base.url,
      createdMs: now,
      usedMs: now,
    };
  }

  /** What a kept disk lies over, if it is still what it was. */
  async #base(record: DiskRecord): Promise<BlockSource | null> {
    const { base } = record;
    switch (base.kind) {
      case "none":
        return null;
      case "file": {
        const file = this.#services.file(this.#drive.file);
        if (file === null) throw missingFile(record);
        checkFileBase(record, file);
        return await openBlob(file, this.#drive, this.#services);
      }
      case "url": {
        const { format } = base;
        const sha256 = this.#drive.sha256 ?? base.sha256;
        const image = await openDriveImage({ file: base.url, format, sha256 }, this.#services);
        if (image.base !== null) checkUrlBase(record, image.base, image.source.sizeBytes);
        return image.source;
      }
    }
  }

  #locks(): Locks {
    const { locks } = this.#services.storage;
    if (locks !== null) return locks;
    throw noLocks();
  }

  /** A sentence for the user. */
  #say(sentence: string): void {
    this.#services.log.hostError("disk", sentence);
  }
}

/** A file's name without its folders. */
function fileName(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1) || file;
}
