import type { BlockSource } from "../storage/block-source.ts";
import type { DiskRecord } from "../storage/disk-record.ts";
import { HttpSource, type HttpSourceHost } from "../storage/http-source.ts";
import { StorageError } from "../storage/storage-error.ts";
import type { DiskService } from "./disk-host.ts";
import { DiskKeeper, type DiskKeeperHost } from "./disk-keeper.ts";

export interface DiskServiceHost extends Omit<DiskKeeperHost, "openBase"> {
  rangeHost(url: string): HttpSourceHost;
}

/** The disk worker's answers, and what tells of changes. */
export function diskService(host: DiskServiceHost): { service: DiskService; keeper: DiskKeeper } {
  /** Files under disks that were not copied, by the disk's id. */
  const files = new Map<string, File>();
  const keeper = new DiskKeeper({ ...host, openBase: (record) => openBase(record, files, host) });
  const service: DiskService = {
    list: () => keeper.list(),
    damaged: () => keeper.damaged(),
    inspect: () => Promise.reject(notYet()),
    inspectDisk: () => Promise.reject(notYet()),
    async import([file, request], task) {
      const source = fileSource(file);
      const origin = `${file.name} (raw image)`;
      checkSize(file);
      if (request.copy) return await keeper.import(source, origin, request, task);
      const disk = await keeper.overFile(file, file.size, origin, request);
      files.set(disk.id, file);
      return disk;
    },
    createEmpty: ([name, sizeBytes, store]) => keeper.createEmpty(name, sizeBytes, store),
    async export([id, format], task) {
      await keeper.export(id, format, (bytes) => task.write(bytes), task);
      return null;
    },
    bootFiles: () => Promise.reject(notYet()),
    async giveFile([id, file]) {
      await keeper.checkFile(id, file);
      files.set(id, file);
      return null;
    },
    async rename([id, name]) {
      await keeper.rename(id, name);
      return null;
    },
    async reset([id]) {
      await keeper.reset(id);
      return null;
    },
    async remove([id]) {
      await keeper.remove(id);
      files.delete(id);
      return null;
    },
  };
  return { service, keeper };
}

function notYet(): StorageError {
  return new StorageError("failed", "Disks cannot be looked into yet.", "");
}

function checkSize(file: File): void {
  if (file.size > 0 && file.size % 512 === 0) return;
  throw new StorageError(
    "damaged",
    `The file ${file.name} has ${file.size} bytes, which is no whole number of 512-byte sectors.`,
    "It may be cut off, or no disk image.",
  );
}

function fileSource(file: Blob): BlockSource {
  return {
    sizeBytes: file.size,
    async read(offset, into) {
      into.set(new Uint8Array(await file.slice(offset, offset + into.length).arrayBuffer()));
    },
  };
}

async function openBase(
  record: DiskRecord,
  files: ReadonlyMap<string, File>,
  host: DiskServiceHost,
): Promise<BlockSource | null> {
  const { base } = record;
  switch (base.kind) {
    case "none":
      return null;
    case "file": {
      const file = files.get(record.id);
      if (file !== undefined) return fileSource(file);
      throw new StorageError(
        "gone",
        `The disk “${record.name}” lies over the file ${base.name}, which was not copied into the browser.`,
        "Give the file again.",
      );
    }
    case "url": {
      const source = await HttpSource.open(base.url, host.rangeHost(base.url));
      if (source !== null) return source;
      throw new StorageError("failed", `The server does not hand out parts of ${base.url}.`, "");
    }
  }
}
