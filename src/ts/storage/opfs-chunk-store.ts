import { storageError, storageErrorOf } from "./browser-error.ts";
import type { Chunk, ChunkStore, Durability } from "./chunk-store.ts";
import type { DiskFiles, SyncFile } from "./opfs-files.ts";
import {
  batchBytes,
  batchChecksum,
  checksumOf,
  encodeBatch,
  encodeHeader,
  HEADER_BYTES,
  type IndexEntry,
  SLOT_NONE,
  SLOT_ZEROS,
} from "./opfs-index.ts";
import { applyEntry, type ChunkPlace, hasBytes, type OpenedLog, openLog } from "./opfs-log.ts";
import { SlotMap } from "./slot-map.ts";
import type { StorageError } from "./storage-error.ts";

/** A log that is larger than twice what it says, and than this, is written anew. */
const LOG_SLACK_BYTES = 64 * 1024;

/**
 * Chunks in the origin private file system: slots in a data file, and an index that is a log (opfs-index.ts).
 *
 * A chunk is never overwritten. Its new bytes go to a free slot, then a batch that says so goes to the end of the log:
 * where a kill or a power cut comes in between, or tears the batch, the log still names the old slot. That slot is free
 * only when a strict put has made the batch durable. A strict put makes the data durable before it appends its batch, so
 * that everything up to a strict batch is known to be there; chunks of later batches are looked at when the log is
 * opened, and it ends before the first that is not whole.
 *
 * A log that has grown is written anew to the other of two files; the one with the higher generation counts as soon as
 * its first batch is whole.
 */
export class OpfsChunkStore implements ChunkStore {
  readonly chunkBytes: number;
  readonly #files: DiskFiles<SyncFile>;
  readonly #places: Map<number, ChunkPlace>;
  readonly #slots = new SlotMap();
  /** Slots that the log on the medium may still name. */
  #leaving: number[];
  #file: 0 | 1;
  #generation: number;
  #end: number;
  #chain: number;
  /** Something was put that need not have reached the medium. */
  #unflushed: boolean;
  /** The log may have an end that is not known. */
  #broken: StorageError | null = null;

  private constructor(files: DiskFiles<SyncFile>, chunkBytes: number, log: OpenedLog) {
    this.#files = files;
    this.chunkBytes = chunkBytes;
    this.#places = log.places;
    this.#file = log.file;
    this.#generation = log.generation;
    this.#end = log.end;
    this.#chain = log.chain;
    this.#leaving = log.leaving;
    this.#unflushed = log.unflushed;
    for (const slot of log.leaving) this.#slots.take(slot);
    for (const { slot } of log.places.values()) if (hasBytes(slot)) this.#slots.take(slot);
  }

  /** Takes over the files, and closes them where they are no disk. Rejects with a StorageError. */
  static async open(files: DiskFiles<SyncFile>, chunkBytes: number): Promise<OpfsChunkStore> {
    const { data, indexes } = files;
    try {
      const intact = ({ slot, length, checksum }: IndexEntry): boolean => {
        const bytes = new Uint8Array(length);
        return data.read(bytes, { at: slot * chunkBytes }) === length && checksumOf(bytes, 0) === checksum;
      };
      const opened = await openLog([readAll(indexes[0]), readAll(indexes[1])], chunkBytes, intact);
      if (opened === null) {
        // The first index is complete before there is any data.
        if (data.getSize() > 0) throw storageError("damaged");
        return new OpfsChunkStore(files, chunkBytes, newLog(indexes[0], chunkBytes));
      }
      // What was found is found from now on, and nothing that comes after it: the slots that it does not name are free.
      data.flush();
      indexes[opened.file].truncate(opened.end);
      indexes[opened.file].flush();
      const store = new OpfsChunkStore(files, chunkBytes, opened);
      store.#cutOff();
      return store;
    } catch (error) {
      for (const file of [data, ...indexes]) file.close();
      throw storageErrorOf(error);
    }
  }

  indexes(): Promise<number[]> {
    return Promise.resolve([...this.#places.keys()].sort((a, b) => a - b));
  }

  async get(indexes: readonly number[]): Promise<(Chunk | null)[]> {
    try {
      return await Promise.resolve(indexes.map((index) => this.#read(this.#places.get(index))));
    } catch (error) {
      throw storageErrorOf(error);
    }
  }

  async put(changes: ReadonlyMap<number, Chunk | null>, durability: Durability): Promise<void> {
    try {
      await Promise.resolve(this.#put(changes, durability === "strict"));
    } catch (error) {
      throw storageErrorOf(error);
    }
  }

  usedBytes(): Promise<number> {
    const { data, indexes } = this.#files;
    return Promise.resolve(data.getSize() + indexes[0].getSize() + indexes[1].getSize());
  }

  close(): Promise<void> {
    for (const file of [this.#files.data, ...this.#files.indexes]) file.close();
    return Promise.resolve();
  }

  #read(place: ChunkPlace | undefined): Chunk | null {
    if (place === undefined) return null;
    if (place.slot === SLOT_ZEROS) return "zeros";
    const bytes = new Uint8Array(place.length);
    const count = this.#files.data.read(bytes, { at: place.slot * this.chunkBytes });
    if (count < place.length) throw storageError("damaged");
    return bytes;
  }

  #put(changes: ReadonlyMap<number, Chunk | null>, strict: boolean): void {
    if (this.#broken !== null) throw this.#broken;
    if (changes.size === 0 && !(strict && this.#unflushed)) return;
    const entries: IndexEntry[] = [];
    try {
      for (const [chunk, content] of changes) entries.push(this.#writeChunk(chunk, content));
      if (strict) this.#files.data.flush();
      this.#append(entries, strict);
    } catch (error) {
      for (const { slot } of entries) if (hasBytes(slot)) this.#slots.free(slot);
      throw error;
    }
    // From here on the log says so.
    for (const entry of entries) {
      const before = applyEntry(this.#places, entry);
      if (before !== undefined && hasBytes(before.slot)) this.#leaving.push(before.slot);
    }
    this.#unflushed = true;
    if (!strict) return;
    this.#files.indexes[this.#file].flush();
    this.#unflushed = false;
    for (const slot of this.#leaving) this.#slots.free(slot);
    this.#leaving = [];
    this.#cutOff();
    if (this.#end > 2 * batchBytes(this.#places.size) + LOG_SLACK_BYTES) this.#compact();
  }

  #writeChunk(chunk: number, content: Chunk | null): IndexEntry {
    if (content === null) return { chunk, slot: SLOT_NONE, length: 0, checksum: 0 };
    if (content === "zeros") return { chunk, slot: SLOT_ZEROS, length: 0, checksum: 0 };
    const slot = this.#slots.allocate();
    try {
      writeAll(this.#files.data, content, slot * this.chunkBytes);
    } catch (error) {
      this.#slots.free(slot);
      throw error;
    }
    return { chunk, slot, length: content.length, checksum: checksumOf(content, 0) };
  }

  #append(entries: readonly IndexEntry[], strict: boolean): void {
    const index = this.#files.indexes[this.#file];
    const batch = encodeBatch({ strict, entries }, this.#chain);
    try {
      writeAll(index, batch, this.#end);
    } catch (error) {
      try {
        index.truncate(this.#end);
      } catch (cause) {
        // The batch may be in the log, whole: nothing must be written that it could name.
        this.#broken = storageError("failed", cause);
      }
      throw error;
    }
    this.#end += batch.length;
    this.#chain = batchChecksum(batch);
  }

  /** Everything is durable: the log is written anew. Where there is no room for that, the old one goes on. */
  #compact(): void {
    const next = this.#file === 0 ? 1 : 0;
    const index = this.#files.indexes[next];
    const entries = Array.from(this.#places, ([chunk, place]) => ({ chunk, ...place, checksum: 0 }));
    try {
      const log = startLog(index, { chunkBytes: this.chunkBytes, generation: this.#generation + 1 }, entries);
      this.#files.indexes[this.#file].truncate(0);
      this.#file = next;
      this.#generation += 1;
      this.#end = log.end;
      this.#chain = log.chain;
    } catch (error) {
      const { code } = storageErrorOf(error);
      if (code !== "quota") throw error;
      index.truncate(0);
    }
  }

  /** Gives back the end of the data file that nothing is in. */
  #cutOff(): void {
    const end = this.#slots.end * this.chunkBytes;
    if (this.#files.data.getSize() > end) this.#files.data.truncate(end);
  }
}

function newLog(index: SyncFile, chunkBytes: number): OpenedLog {
  const log = startLog(index, { chunkBytes, generation: 1 }, []);
  return { file: 0, generation: 1, ...log, places: new Map(), leaving: [], unflushed: false };
}

/** A log whose first batch says everything; it counts when this returns. */
function startLog(
  index: SyncFile,
  header: { readonly chunkBytes: number; readonly generation: number },
  entries: readonly IndexEntry[],
): { readonly end: number; readonly chain: number } {
  const batch = encodeBatch({ strict: true, entries }, header.generation);
  index.truncate(0);
  writeAll(index, encodeHeader(header), 0);
  writeAll(index, batch, HEADER_BYTES);
  index.flush();
  return { end: HEADER_BYTES + batch.length, chain: batchChecksum(batch) };
}

function readAll(file: SyncFile): Uint8Array {
  const bytes = new Uint8Array(file.getSize());
  return bytes.subarray(0, file.read(bytes, { at: 0 }));
}

/** The browser may write less than it was given where there is no room. */
function writeAll(file: SyncFile, bytes: Uint8Array, at: number): void {
  if (file.write(bytes, { at }) < bytes.length) throw storageError("quota");
}
