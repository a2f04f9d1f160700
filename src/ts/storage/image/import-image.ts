/** Copies the disk in an image into a store, whatever the image is; only a few megabytes are in memory at a time. */
import { ByteSource } from "../../loader/byte-source.ts";
import { BlobSource } from "../blob-source.ts";
import type { BlockSource } from "../block-source.ts";
import type { ChunkStore } from "../chunk-store.ts";
import { type CopyTask, throwIfCancelled } from "../copy-disk.ts";
import { StorageError } from "../storage-error.ts";
import { StoreSource } from "../store-source.ts";
import { ChunkWriter } from "./chunk-writer.ts";
import { compressedSet, type ImageFormat, openImage } from "./open-image.ts";
import { wholeSectors } from "./sector-source.ts";
import { nextData } from "./sparse-source.ts";
import { bytesOf, unpack } from "./unpack.ts";

/** Read and passed on at a time. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** No disk is larger: a stream of zeros that goes on for ever takes up no room, but has to end. */
const MAX_DISK_BYTES = 2 ** 44;

/** A store that is thrown away after use. */
export interface ScratchStore {
  readonly store: ChunkStore;
  remove(): Promise<void>;
}

export interface ImportTask extends CopyTask {
  /** As for openImage. */
  readonly format?: ImageFormat | null;
  /** Bytes that may be stored, zeros not counted; usually what the browser's quota leaves. */
  readonly limitBytes: number;
  /** Room for an image that has to be unpacked before it can be read, such as a qcow2 in xz; without it, it is refused. */
  readonly scratch?: () => Promise<ScratchStore>;
}

export interface ImportedImage {
  /** Size of the disk: a multiple of 512. */
  readonly sizeBytes: number;
  /** As OpenImage.formats. */
  readonly formats: readonly string[];
  readonly content: "disk" | "iso9660";
}

/**
 * Copies the disk in `input` into `store`, which is empty; chunks of zeros are left out. It is durable when the promise
 * resolves. Rejects with a StorageError; what was stored until then is the caller's to remove.
 */
export async function importImage(
  input: Blob | BlockSource | ReadableStream<Uint8Array>,
  store: ChunkStore,
  task: ImportTask,
): Promise<ImportedImage> {
  try {
    if (input instanceof ReadableStream) return await importStream(ByteSource.from(input), null, store, task);
    const file = input instanceof Blob ? new BlobSource(input) : input;
    const image = await openImage(file, { format: task.format ?? null });
    if (image.needsUnpacking) return await importStream(bytesOf(file), file.sizeBytes, store, task);
    await copySource(image.source, store, task);
    return { sizeBytes: image.source.sizeBytes, formats: image.formats, content: image.content };
  } catch (error) {
    throwIfCancelled(task.signal);
    throw error;
  }
}

/** Copies what a stream unpacks to; `inputBytes` is its length as it comes, where it is known. */
async function importStream(
  input: ByteSource,
  inputBytes: number | null,
  store: ChunkStore,
  task: ImportTask,
): Promise<ImportedImage> {
  const unpacked =
    task.format === "raw" ? { compressions: [], format: "raw" as const, bytes: input } : await unpack(input);
  const { compressions, format, bytes } = unpacked;
  try {
    if (format === "chunk-set") throw compressedSet();
    if (format === "qcow2") return await importViaScratch({ input, inputBytes, bytes, compressions }, store, task);
    const { sizeBytes } = await copyStream(bytes, store, {
      ...task,
      onProgress: () => task.onProgress(input.bytesIn, inputBytes),
    });
    if (sizeBytes === 0) throw new StorageError("format", "The disk image is empty: it has no bytes.", "");
    return { sizeBytes, formats: compressions, content: format === "iso9660" ? "iso9660" : "disk" };
  } finally {
    // Ends the decoders first, then what they read from.
    await bytes.cancel();
    await input.cancel();
  }
}

interface Layers {
  readonly input: ByteSource;
  readonly inputBytes: number | null;
  readonly bytes: ByteSource;
  readonly compressions: readonly string[];
}

/** A qcow2 image is not read from its beginning to its end: it is unpacked into a store of its own first. */
async function importViaScratch(layers: Layers, store: ChunkStore, task: ImportTask): Promise<ImportedImage> {
  if (task.scratch === undefined) {
    throw new StorageError(
      "format",
      `The file is a qcow2 image inside ${layers.compressions.join(" inside ") || "a stream"}.`,
      "Unpack it first.",
    );
  }
  const { input, inputBytes, bytes } = layers;
  const scratch = await task.scratch();
  try {
    // Two halves of the work, as one.
    const total = inputBytes === null ? null : inputBytes * 2;
    const unpacked = await copyStream(bytes, scratch.store, {
      ...task,
      onProgress: () => task.onProgress(input.bytesIn, total),
    });
    const file = await StoreSource.open(scratch.store, null, unpacked.exactBytes);
    const image = await openImage(file, { format: "qcow2" });
    await copySource(image.source, store, {
      ...task,
      limitBytes: task.limitBytes - unpacked.storedBytes,
      onProgress: (done, of) => task.onProgress(input.bytesIn * (1 + done / (of ?? 1)), input.bytesIn * 2),
    });
    return {
      sizeBytes: image.source.sizeBytes,
      formats: [...layers.compressions, ...image.formats],
      content: image.content,
    };
  } finally {
    await scratch.remove();
  }
}

/** Copies a source that can be read anywhere; zeros that it knows of are not read. */
async function copySource(source: BlockSource, store: ChunkStore, task: ImportTask): Promise<void> {
  const { sizeBytes } = source;
  checkSize(sizeBytes);
  const writer = new ChunkWriter(store, task.limitBytes);
  for (let at = 0; at < sizeBytes; ) {
    throwIfCancelled(task.signal);
    const next = await nextData(source, at);
    // Whole chunks: a part of one would have to be put together with what is around it.
    at = Math.max(at, next - (next % store.chunkBytes));
    if (next >= sizeBytes) break;
    const bytes = new Uint8Array(Math.min(BATCH_BYTES - (at % store.chunkBytes), sizeBytes - at));
    await source.read(at, bytes);
    await writer.write(at, bytes);
    at += bytes.length;
    task.onProgress(at, sizeBytes);
  }
  throwIfCancelled(task.signal);
  await writer.finish(sizeBytes);
  task.onProgress(sizeBytes, sizeBytes);
}

interface Copied {
  /** What came. */
  readonly exactBytes: number;
  /** With the last sector filled up. */
  readonly sizeBytes: number;
  readonly storedBytes: number;
}

async function copyStream(bytes: ByteSource, store: ChunkStore, task: ImportTask): Promise<Copied> {
  const writer = new ChunkWriter(store, task.limitBytes);
  let at = 0;
  for (let piece = await bytes.next(); piece !== undefined; piece = await bytes.next()) {
    throwIfCancelled(task.signal);
    checkSize(at + piece.length);
    await writer.write(at, piece);
    at += piece.length;
    task.onProgress(at, null);
  }
  throwIfCancelled(task.signal);
  const sizeBytes = wholeSectors(at);
  await writer.finish(sizeBytes);
  return { exactBytes: at, sizeBytes, storedBytes: writer.storedBytes };
}

function checkSize(sizeBytes: number): void {
  if (sizeBytes <= MAX_DISK_BYTES) return;
  throw new StorageError(
    "quota",
    "The disk in the image is larger than 16 TiB, which is more than any can be here.",
    "",
  );
}
