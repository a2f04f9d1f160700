import type { DiskCatalog } from "../storage/disk-catalog.ts";
import { holdDisk } from "../storage/disk-hold.ts";
import { DiskLock } from "../storage/disk-lock.ts";
import { type DiskRecord, STORE_KINDS } from "../storage/disk-record.ts";
import { StorageError } from "../storage/storage-error.ts";
import { type DiskKeeperHost, locksOf, scratchOf } from "./disk-keeper-host.ts";

/** Takes disks away, and what is left of those that were never finished. Promises reject with a StorageError. */
export class DiskRemover {
  readonly #host: DiskKeeperHost;
  readonly #catalog: DiskCatalog;

  constructor(host: DiskKeeperHost, catalog: DiskCatalog) {
    this.#host = host;
    this.#catalog = catalog;
  }

  /** An import that nobody is at any more. */
  async sweep(record: DiskRecord): Promise<void> {
    const lock = await DiskLock.acquire(record.id, locksOf(this.#host), 0);
    if (lock === null) return;
    try {
      await this.delete(record);
    } finally {
      await lock.release();
    }
  }

  /** Does something to a disk that nobody may have open, and nobody may be reading. */
  async alone(disk: Pick<DiskRecord, "id" | "name">, work: () => Promise<void>): Promise<void> {
    const lock = await DiskLock.require(disk.id, disk.name, locksOf(this.#host));
    try {
      const release = await holdDisk(disk, locksOf(this.#host), { ownLock: true });
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
  async delete(record: DiskRecord): Promise<void> {
    await this.#catalog.setFinished(record.id, false);
    await this.#host.stores.remove(scratchOf(record));
    await this.#host.stores.remove(record);
    await this.#catalog.remove(record.id);
  }

  /** What is no disk any more: where its chunks are cannot be read, but they are in one of the places that there are. */
  async deleteDamaged(id: string): Promise<void> {
    for (const store of STORE_KINDS) await this.#removeIfThere({ id, store });
    await this.#catalog.remove(id);
  }

  async #removeIfThere(disk: Pick<DiskRecord, "id" | "store">): Promise<void> {
    try {
      await this.#host.stores.remove(disk);
    } catch (error) {
      // In a place that the browser does not have there is nothing.
      if (!(error instanceof StorageError) || error.code !== "unavailable") throw error;
    }
  }
}
