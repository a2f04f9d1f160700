import type { DiskInfo, ImportRequest } from "../protocol/disk-messages.ts";
import { BlobSource } from "../storage/blob-source.ts";
import type { CopyTask } from "../storage/copy-disk.ts";
import type { DiskCatalog } from "../storage/disk-catalog.ts";
import { newDiskId } from "../storage/disk-id.ts";
import { DiskLock } from "../storage/disk-lock.ts";
import { DISK_CHUNK_BYTES, type DiskRecord, type StoreKind } from "../storage/disk-record.ts";
import { importChanges, readChanges } from "../storage/image/import-changes.ts";
import { importImage, type ScratchStore } from "../storage/image/import-image.ts";
import { openImage } from "../storage/image/open-image.ts";
import { StorageError } from "../storage/storage-error.ts";
import { changedBase, compressedBase, fileBase, innerFormat } from "./base-file.ts";
import { type DiskKeeperHost, locksOf, scratchOf } from "./disk-keeper-host.ts";
import { diskInfo } from "./disk-info.ts";
import type { DiskRemover } from "./disk-remover.ts";

const SECTOR_BYTES = 512;

/** New disks. Promises reject with a StorageError. */
export class DiskMaker {
  readonly #host: DiskKeeperHost;
  readonly #catalog: DiskCatalog;
  readonly #remover: DiskRemover;

  constructor(host: DiskKeeperHost, catalog: DiskCatalog, remover: DiskRemover) {
    this.#host = host;
    this.#catalog = catalog;
    this.#remover = remover;
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
    if (image.needsUnpacking) throw compressedBase(file.name, "Copy it into the browser.");
    const origin = originOf(file.name, image.formats);
    const record = this.#newRecord(request.name, image.source.sizeBytes, request.store, origin);
    const base = fileBase(file, image.formats);
    return await diskInfo(await this.#catalog.create({ ...record, base }), this.#host.stores, false);
  }

  /** A disk of the changes that a file holds, over the image that they were made to. */
  async importChanges(file: File, request: ImportRequest, task: CopyTask): Promise<DiskInfo> {
    const changes = new BlobSource(file);
    const found = await readChanges(changes);
    if (found === null) {
      throw new StorageError("format", `The file ${file.name} holds no changes to another image.`, "");
    }
    const { source, base, id } = await changedBase(found, request.base, {
      catalog: this.#catalog,
      openAddress: this.#host.openAddress,
    });
    const made = this.#newRecord(request.name, found.sizeBytes, request.store, `${file.name} (changes to an image)`);
    return await this.#fill({ ...made, base, id: id ?? made.id }, async (record) => {
      const store = await this.#host.stores.open(record);
      try {
        await importChanges(changes, source, store, { ...task, limitBytes: await this.#host.roomBytes() });
      } finally {
        await store.close();
      }
    });
  }

  async createEmpty(name: string, sizeBytes: number, store: StoreKind): Promise<DiskInfo> {
    const record = this.#newRecord(name, sizeBytes, store, "an empty disk");
    return await diskInfo(await this.#catalog.create(record), this.#host.stores, false);
  }

  /** Makes a disk that is in the list only when `fill` came to its end. */
  async #fill(wanted: DiskRecord, fill: (record: DiskRecord) => Promise<void>): Promise<DiskInfo> {
    const lock = await DiskLock.require(wanted.id, wanted.name, locksOf(this.#host));
    try {
      const record = await this.#catalog.create(wanted, { finished: false });
      try {
        await fill(record);
        return await diskInfo(await this.#catalog.setFinished(record.id, true), this.#host.stores, false);
      } catch (error) {
        await this.#remover.delete(record);
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
}

/** "debian.img.xz (raw image in xz)" */
function originOf(fileName: string, formats: readonly string[]): string {
  const outer = formats.filter((format) => format !== "qcow2").toReversed();
  return `${fileName} (${[`${innerFormat(formats)} image`, ...outer].join(" in ")})`;
}
