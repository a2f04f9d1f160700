import type { DriveConfig, DriveFormat } from "../config/machine-config.ts";
import { Sha256 } from "../lib/sha256.ts";
import { HashMismatchError } from "../machine/checked-file.ts";
import { FailureError } from "../protocol/failure.ts";
import { BlobSource } from "../storage/blob-source.ts";
import type { BlockSource } from "../storage/block-source.ts";
import { openChunkSet } from "../storage/chunk-set.ts";
import { DISK_CHUNK_BYTES, type DiskBase } from "../storage/disk-record.ts";
import { HttpSource } from "../storage/http-source.ts";
import { importImage } from "../storage/image/import-image.ts";
import { openImage } from "../storage/image/open-image.ts";
import { MemoryChunkStore } from "../storage/memory-chunk-store.ts";
import { StorageError } from "../storage/storage-error.ts";
import { StoreSink } from "../storage/store-sink.ts";
import { StoreSource } from "../storage/store-source.ts";
import type { WorkerServices } from "./blueprint.ts";

/** The image that a drive names. */
export interface DriveImage {
  /** The disk that is in it. */
  readonly source: BlockSource;
  /** What tells it from another one later; null where it has no lasting address. */
  readonly base: Extract<DiskBase, { kind: "url" }> | null;
}

/** The part of a `-drive` that says what its image is. */
export type ImageRequest = Pick<DriveConfig, "file" | "format" | "sha256">;

export type SourceServices = Pick<
  WorkerServices,
  "file" | "readAhead" | "resolve" | "readInto" | "rangeHost" | "signal" | "log"
>;

/** What a compressed image may come to in memory; a larger one has to be brought into the browser first. */
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;
/** The same for an image on a server that has to be loaded whole. */
const MAX_WHOLE_BYTES = 1024 * 1024 * 1024;
/** Read at a time where a whole image is checked. */
const HASH_BYTES = 4 * 1024 * 1024;

/** Opens a file of the page, or what is on a server. Rejects with a FailureError, StorageError or HashMismatchError. */
export async function openDriveImage(drive: ImageRequest, services: SourceServices): Promise<DriveImage> {
  const file = services.file(drive.file);
  if (file !== null) return { source: await openBlob(file, drive, services), base: null };
  const url = services.resolve(drive.file);
  try {
    const { source, validator } = await openAddress(drive.file, url, services);
    const openSet = (manifest: BlockSource): Promise<BlockSource> =>
      openChunkSet(url, manifest, services.rangeHost(url));
    const disk = await openSource(source, drive, services, url.startsWith("http") ? openSet : null);
    const { sizeBytes } = source;
    const lasting = url.startsWith("http");
    const base = { kind: "url", url, sizeBytes, validator, sha256: drive.sha256, format: disk.format } as const;
    return { source: disk.source, base: lasting ? base : null };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const { code, message, advice } = error;
    throw new FailureError({ code, message, advice, url }, { cause: error });
  }
}

/** The disk in a file of this computer. */
export async function openBlob(file: Blob, drive: ImageRequest, services: SourceServices): Promise<BlockSource> {
  return (await openSource(new BlobSource(file, services.readAhead), drive, services, null)).source;
}

/** The disk in a file, and as what the file is read; null where others cannot lie over it. */
async function openSource(
  file: BlockSource,
  drive: ImageRequest,
  services: SourceServices,
  openSet: ((manifest: BlockSource) => Promise<BlockSource>) | null,
): Promise<{ source: BlockSource; format: DriveFormat | null }> {
  if (drive.sha256 !== null) await checkHash(file, drive.file, drive.sha256, services.signal);
  const image = await openImage(file, {
    format: drive.format,
    ...(openSet === null ? {} : { openChunkSet: openSet }),
  });
  if (!image.needsUnpacking) return { source: image.source, format: formatOf(image.formats) };
  services.log.info(`The disk image ${drive.file} is compressed: it is unpacked into memory.`);
  const store = new MemoryChunkStore(DISK_CHUNK_BYTES);
  const { sizeBytes } = await importImage(file, store, {
    signal: services.signal,
    onProgress: () => {},
    limitBytes: MAX_UNPACKED_BYTES,
    scratch: () => Promise.resolve({ store: new MemoryChunkStore(DISK_CHUNK_BYTES), remove: () => Promise.resolve() }),
  });
  return { source: await StoreSource.open(store, null, sizeBytes), format: null };
}

function formatOf(formats: readonly string[]): DriveFormat | null {
  if (formats.length === 0) return "raw";
  return formats.at(-1) === "qcow2" ? "qcow2" : null;
}

/** Parts of a file as they are needed where the server hands them out, else all of it. */
async function openAddress(
  file: string,
  url: string,
  services: SourceServices,
): Promise<{ source: BlockSource; validator: string | null }> {
  const ranges = await openRanges(url, services);
  if (ranges !== null) return { source: ranges, validator: ranges.validator };
  if (url.startsWith("http")) {
    services.log.info(`The server of ${url} does not hand out parts of files: all of the image is loaded first.`);
  }
  return await loadWhole(file, services);
}

/** All of a file, in memory but for its zeros. */
async function loadWhole(
  file: string,
  services: SourceServices,
): Promise<{ source: BlockSource; validator: string | null }> {
  const open = (): StoreSink => new StoreSink(new MemoryChunkStore(DISK_CHUNK_BYTES), MAX_WHOLE_BYTES);
  let sink = open();
  const version = await services.readInto(file, () => {
    sink = open();
    return sink;
  });
  const source = await sink.finish();
  return { source, validator: version ?? `sha256:${await hashOf(source, services.signal)}` };
}

/** null where the server does not hand out ranges, or answers with an error: the whole download then tells which. */
async function openRanges(url: string, services: SourceServices): Promise<HttpSource | null> {
  if (!url.startsWith("http")) return null;
  try {
    return await HttpSource.open(url, services.rangeHost(url));
  } catch {
    return null;
  }
}

/** All of the file is read: a hash of a part says nothing. */
async function checkHash(source: BlockSource, file: string, expected: string, signal: AbortSignal): Promise<void> {
  const actual = await hashOf(source, signal);
  if (actual === expected) return;
  const advice = "It was changed or damaged since. Get the right one, or leave out sha256= to use it as it is.";
  throw new HashMismatchError(file, actual, expected, advice);
}

async function hashOf(source: BlockSource, signal: AbortSignal): Promise<string> {
  const hash = new Sha256();
  for (let at = 0; at < source.sizeBytes; at += HASH_BYTES) {
    signal.throwIfAborted();
    const bytes = new Uint8Array(Math.min(HASH_BYTES, source.sizeBytes - at));
    await source.read(at, bytes);
    hash.update(bytes);
  }
  return hash.digest();
}
