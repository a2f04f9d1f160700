/** Writes a kept disk as a file, from its beginning to its end: to a file picker, which cannot go back. */
import type { BlockSource } from "../block-source.ts";
import type { ChunkStore } from "../chunk-store.ts";
import { type CopyTask, streamDisk, throwIfCancelled } from "../copy-disk.ts";
import { StorageError } from "../storage-error.ts";
import { StoreSource } from "../store-source.ts";
import { isZero } from "./chunk-writer.ts";
import { type BackingFile, Qcow2Layout } from "./qcow2-layout.ts";
import { nextData } from "./sparse-source.ts";

/** `qcow2` has the whole disk; `changes` what was written over the base, which it names as its backing file. */
export const EXPORT_FORMATS = ["raw", "qcow2", "changes"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Chunks looked at in one go. */
const BATCH_CHUNKS = 64;
const READ_BYTES = 4 * 1024 * 1024;
const WHOLE = "Export the whole disk.";
/** Small parts are put together to pieces of this size. */
const PIECE_BYTES = 1024 * 1024;

/** A disk that nobody writes meanwhile. */
export interface ExportDisk {
  readonly sizeBytes: number;
  readonly store: ChunkStore;
  readonly base: BlockSource | null;
  /** Reads the base one more time, so that its zeros are left out; not for one that is far away. */
  readonly scanBase: boolean;
  /** The base as a file: what `changes` refers to. */
  readonly backing: BackingFile | null;
}

/** Parts of the disk, ascending, in units of the store's chunks. */
interface Extents {
  readonly data: readonly number[];
  /** That are zeros over a base that is not. */
  readonly zeros: readonly number[];
}

/**
 * Writes the disk into `sink` and closes it; where it fails or is cancelled, the sink is aborted. Rejects with a
 * StorageError, or with what the sink says.
 */
export async function exportImage(
  disk: ExportDisk,
  format: ExportFormat,
  sink: WritableStream<Uint8Array>,
  task: CopyTask,
): Promise<void> {
  const writer = sink.getWriter();
  try {
    await writeImage(disk, format, (bytes) => writer.write(bytes), task);
    await writer.close();
  } catch (error) {
    // Says why to whoever reads the other end; a sink that broke by itself has its own reason.
    await writer.abort(error).catch(() => undefined);
    throw error;
  }
}

/** The same for whoever takes the parts of the file one by one. `write` may keep the bytes. */
export async function writeImage(
  disk: ExportDisk,
  format: ExportFormat,
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
  task: CopyTask,
): Promise<void> {
  const content = await StoreSource.open(disk.store, disk.base, disk.sizeBytes);
  if (format === "raw") {
    await streamDisk(content, write, task);
    return;
  }
  const isWhole = format === "qcow2";
  if (!isWhole && disk.base !== null && disk.backing === null) {
    throw new StorageError("format", "What lies below the disk is no file that its changes could refer to.", WHOLE);
  }
  const scan = { ...task, onProgress: (done: number, total: number | null) => task.onProgress(done, (total ?? 0) * 2) };
  const { extents, scannedBytes } = await findExtents(disk, isWhole, scan);
  const layout = new Qcow2Layout({
    sizeBytes: disk.sizeBytes,
    chunkBytes: disk.store.chunkBytes,
    ...extents,
    backing: isWhole ? null : disk.backing,
  });
  const pieces = new Pieces(write);
  for (const part of layout.tables()) {
    throwIfCancelled(task.signal);
    await pieces.add(part);
  }
  for (const [at, index] of extents.data.entries()) {
    throwIfCancelled(task.signal);
    await pieces.add(await readChunk(content, disk, index, layout.clusterBytes));
    task.onProgress(scannedBytes * (1 + (at + 1) / extents.data.length), scannedBytes * 2);
  }
  throwIfCancelled(task.signal);
  await pieces.flush();
}

/** A chunk, filled up to whole clusters with zeros. */
async function readChunk(
  content: BlockSource,
  { sizeBytes, store: { chunkBytes } }: ExportDisk,
  index: number,
  clusterBytes: number,
): Promise<Uint8Array> {
  const start = index * chunkBytes;
  const length = Math.min(chunkBytes, sizeBytes - start);
  const bytes = new Uint8Array(Math.ceil(length / clusterBytes) * clusterBytes);
  await content.read(start, bytes.subarray(0, length));
  return bytes;
}

/** What the file has to hold. */
async function findExtents(
  disk: ExportDisk,
  isWhole: boolean,
  task: CopyTask,
): Promise<{ extents: Extents; scannedBytes: number }> {
  const { store, base, sizeBytes } = disk;
  const chunkCount = Math.ceil(sizeBytes / store.chunkBytes);
  const written = (await store.indexes()).filter((index) => index < chunkCount);
  const total = written.length * store.chunkBytes + (isWhole && base !== null ? sizeBytes : 0);
  const data: number[] = [];
  const zeros: number[] = [];
  for (let at = 0; at < written.length; at += BATCH_CHUNKS) {
    throwIfCancelled(task.signal);
    const indexes = written.slice(at, at + BATCH_CHUNKS);
    const chunks = await store.get(indexes);
    indexes.forEach((index, row) => {
      const chunk = chunks[row];
      const isZeros = chunk === "zeros" || (chunk instanceof Uint8Array && isZero(chunk));
      (isZeros ? zeros : data).push(index);
    });
    task.onProgress((at + indexes.length) * store.chunkBytes, total);
  }
  if (isWhole && base !== null) {
    const start = written.length * store.chunkBytes;
    const progress = { ...task, onProgress: (done: number) => task.onProgress(start + done, total) };
    for await (const index of baseData(disk, base, new Set(written), progress)) data.push(index);
    data.sort((a, b) => a - b);
  }
  return { extents: { data, zeros: isWhole ? [] : zeros }, scannedBytes: total };
}

/** Chunks of the base that show through and are not zeros. */
async function* baseData(
  disk: ExportDisk,
  base: BlockSource,
  written: ReadonlySet<number>,
  task: CopyTask,
): AsyncGenerator<number> {
  const { chunkBytes } = disk.store;
  const end = Math.min(base.sizeBytes, disk.sizeBytes);
  for (let at = 0; at < end; ) {
    throwIfCancelled(task.signal);
    const next = await nextData(base, at);
    at = Math.max(at, next - (next % chunkBytes));
    if (next >= end) break;
    const length = Math.min(READ_BYTES - (READ_BYTES % chunkBytes) || chunkBytes, end - at);
    const bytes = disk.scanBase ? new Uint8Array(length) : null;
    if (bytes !== null) await base.read(at, bytes);
    for (let start = 0; start < length; start += chunkBytes) {
      const index = (at + start) / chunkBytes;
      if (written.has(index)) continue;
      if (bytes === null || !isZero(bytes.subarray(start, start + chunkBytes))) yield index;
    }
    at += length;
    task.onProgress(at, end);
  }
}

/** Puts small parts together. */
class Pieces {
  readonly #write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  #piece = new Uint8Array(PIECE_BYTES);
  #used = 0;

  constructor(write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>) {
    this.#write = write;
  }

  async add(part: Uint8Array): Promise<void> {
    for (let done = 0; done < part.length; ) {
      const some = part.subarray(done, done + PIECE_BYTES - this.#used);
      this.#piece.set(some, this.#used);
      this.#used += some.length;
      done += some.length;
      if (this.#used === PIECE_BYTES) await this.flush();
    }
  }

  async flush(): Promise<void> {
    if (this.#used === 0) return;
    const piece = this.#piece.subarray(0, this.#used);
    // Who takes it may keep it.
    this.#piece = new Uint8Array(PIECE_BYTES);
    this.#used = 0;
    await this.#write(piece);
  }
}
