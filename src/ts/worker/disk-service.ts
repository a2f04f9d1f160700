import { extractBootFiles } from "../inspect/boot-files.ts";
import type { FileFindings } from "../inspect/findings.ts";
import { InspectError } from "../inspect/inspect-error.ts";
import { inspectFile } from "../inspect/probe.ts";
import type { BootFiles } from "../protocol/disk-messages.ts";
import { BlobSource } from "../storage/blob-source.ts";
import type { BlockSource } from "../storage/block-source.ts";
import { checkUrlBase, missingFile } from "../storage/disk-base.ts";
import type { DiskRecord } from "../storage/disk-record.ts";
import { type Changes, readChanges } from "../storage/image/import-changes.ts";
import { openImage } from "../storage/image/open-image.ts";
import { StorageError } from "../storage/storage-error.ts";
import type { DiskService } from "./disk-host.ts";
import { DiskKeeper } from "./disk-keeper.ts";
import type { DiskKeeperHost } from "./disk-keeper-host.ts";
import { openDriveImage, type SourceServices } from "./drive-source.ts";

export interface DiskServiceHost
  extends Omit<DiskKeeperHost, "openBase" | "openAddress">,
    Pick<SourceServices, "rangeHost" | "readInto"> {}

/** The disk worker's answers, and what tells of changes. */
export function diskService(host: DiskServiceHost): { service: DiskService; keeper: DiskKeeper } {
  /** Files under disks that were not copied, by the disk's id. */
  const files = new Map<string, File>();
  const keeper = new DiskKeeper({
    ...host,
    openBase: (record) => openBase(record, files, host),
    openAddress: async (url) => await openDriveImage({ file: url, format: null, sha256: null }, sourceServices(host)),
  });
  const service: DiskService = {
    list: () => keeper.list(),
    damaged: () => keeper.damaged(),
    inspect: ([file]) => inspectBlob(file),
    inspectDisk: ([id]) => keeper.read(id, lookAt),
    async import([file, request], task) {
      const disk = (await isChanges(file))
        ? await keeper.importChanges(file, request, task)
        : request.copy
          ? await keeper.import(file, request, task)
          : await keeper.overFile(file, request);
      if (disk.base.kind === "file") files.set(disk.id, request.base ?? file);
      return disk;
    },
    createEmpty: ([name, sizeBytes, store]) => keeper.createEmpty(name, sizeBytes, store),
    async export([id, format], task) {
      await keeper.export(id, format, (bytes) => task.write(bytes), task);
      return null;
    },
    bootFiles: ([id]) => keeper.read(id, takeBootFiles),
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

/** A container that can be read in place is looked into; of what must be unpacked, `inspectFile` unpacks a little. */
async function inspectBlob(file: Blob): Promise<FileFindings> {
  // What is a Blob and no File has no name.
  const name = "name" in file && typeof file.name === "string" ? file.name : "file";
  const source = new BlobSource(file);
  const changes = await changesIn(source);
  if (changes !== null) return changesFindings(changes);
  const image = await readableImage(source);
  return await inspectFile(image?.source ?? source, { name, formats: image?.formats ?? [] });
}

async function isChanges(file: File): Promise<boolean> {
  return (await changesIn(new BlobSource(file))) !== null;
}

/** null where the file is none such, or is damaged: that is for whoever opens it to say. */
async function changesIn(source: BlockSource): Promise<Changes | null> {
  try {
    return await readChanges(source);
  } catch (error) {
    if (error instanceof StorageError) return null;
    throw error;
  }
}

/** What is on the disk shows when the image below is there. */
function changesFindings({ backing, sizeBytes }: Changes): FileFindings {
  const url = backing.base?.url ?? null;
  return {
    role: "disk",
    formats: ["qcow2"],
    summary: `Only the changes to ${url ?? (backing.name === "" ? "another image" : backing.name)}. What is on the disk shows when both are together.`,
    diskSizeBytes: sizeBytes,
    partitionTable: null,
    partitions: [],
    system: null,
    root: null,
    rootArguments: [],
    backing: { name: backing.name, url },
  };
}

/** null where the file is none, is damaged or has to be unpacked: what it is instead is inspectFile's to say. */
async function readableImage(file: BlockSource): Promise<{ source: BlockSource; formats: readonly string[] } | null> {
  try {
    const image = await openImage(file);
    return image.needsUnpacking ? null : image;
  } catch (error) {
    if (error instanceof StorageError) return null;
    throw error;
  }
}

async function lookAt(disk: BlockSource, record: DiskRecord): Promise<FileFindings> {
  return await inspectFile(disk, { name: record.name, formats: [] });
}

async function takeBootFiles(disk: BlockSource, record: DiskRecord): Promise<BootFiles | null> {
  try {
    const files = await extractBootFiles(disk, await lookAt(disk, record));
    if (files === null) return null;
    const { kernel, initrd, append } = files;
    return { kernel: new Blob([kernel]), initrd: initrd === null ? null : new Blob([initrd]), append };
  } catch (error) {
    if (!(error instanceof InspectError)) throw error;
    const advice = "Check the file system, with e2fsck for example.";
    throw new StorageError("damaged", error.message, advice, { cause: error });
  }
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
      if (file === undefined) throw missingFile(record);
      return (await openImage(new BlobSource(file))).source;
    }
    case "url": {
      const { url, format, sha256 } = base;
      const image = await openDriveImage({ file: url, format, sha256 }, sourceServices(host));
      if (image.base !== null) checkUrlBase(record, image.base, image.source.sizeBytes);
      return image.source;
    }
  }
}

/** Images are opened as a machine opens them. */
function sourceServices({ rangeHost, readInto }: DiskServiceHost): SourceServices {
  return {
    rangeHost,
    readInto,
    file: () => null,
    resolve: (url) => url,
    signal: new AbortController().signal,
    log: { guestError: () => {}, hostError: () => {}, info: () => {} },
  };
}
