import type { DiskInfo } from "../protocol/disk-messages.ts";
import type { DiskRecord } from "../storage/disk-record.ts";
import type { StoreOpener } from "../storage/store-opener.ts";

/** A disk as the page is told of it. Rejects with a StorageError where its store cannot be read. */
export async function diskInfo(record: DiskRecord, stores: StoreOpener, inUse: boolean): Promise<DiskInfo> {
  const store = await stores.read(record);
  try {
    return { ...record, usedBytes: await store.usedBytes(), inUse };
  } finally {
    await store.close();
  }
}
