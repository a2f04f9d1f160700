import { storageError, storageErrorOf } from "./browser-error.ts";
import type { Chunk, ChunkStore } from "./chunk-store.ts";
import type { DiskFiles } from "./opfs-files.ts";
import { checksumOf, type IndexEntry, SLOT_ZEROS } from "./opfs-index.ts";
import { type ChunkPlace, openLog } from "./opfs-log.ts";

/**
 * The chunks of an OpfsChunkStore as they were when this was opened, read without its lock: while somebody else has it
 * open and holds still. Nothing can be put.
 */
export class OpfsChunkReader implements ChunkStore {
  readonly chunkBytes: number;
  readonly #files: DiskFiles<Blob> | null;
  readonly #places: ReadonlyMap<number, ChunkPlace>;

  private constructor(files: DiskFiles<Blob> | null, chunkBytes: number, places: ReadonlyMap<number, ChunkPlace>) {
    this.#files = files;
    this.chunkBytes = chunkBytes;
    this.#places = places;
  }

  /** Null for a disk that has no files yet. Rejects with a StorageError. */
  static async open(files: DiskFiles<Blob> | null, chunkBytes: number): Promise<OpfsChunkReader> {
    if (files === null) return new OpfsChunkReader(null, chunkBytes, new Map());
    const { data, indexes } = files;
    try {
      const intact = async ({ slot, length, checksum }: IndexEntry): Promise<boolean> => {
        const bytes = await read(data, slot * chunkBytes, length);
        return bytes.length === length && checksumOf(bytes, 0) === checksum;
      };
      const [a, b] = await Promise.all(indexes.map(async (index) => await read(index, 0, index.size)));
      const log = await openLog([a ?? new Uint8Array(), b ?? new Uint8Array()], chunkBytes, intact);
      if (log === null && data.size > 0) throw storageError("damaged");
      return new OpfsChunkReader(files, chunkBytes, log?.places ?? new Map());
    } catch (error) {
      throw storageErrorOf(error);
    }
  }

  indexes(): Promise<number[]> {
    return Promise.resolve([...this.#places.keys()].sort((a, b) => a - b));
  }

  async get(indexes: readonly number[]): Promise<(Chunk | null)[]> {
    try {
      return await Promise.all(indexes.map(async (index) => await this.#read(this.#places.get(index))));
    } catch (error) {
      throw storageErrorOf(error);
    }
  }

  put(): Promise<void> {
    return Promise.reject(storageError("busy"));
  }

  usedBytes(): Promise<number> {
    if (this.#files === null) return Promise.resolve(0);
    const { data, indexes } = this.#files;
    return Promise.resolve(data.size + indexes[0].size + indexes[1].size);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #read(place: ChunkPlace | undefined): Promise<Chunk | null> {
    if (place === undefined || this.#files === null) return null;
    if (place.slot === SLOT_ZEROS) return "zeros";
    const bytes = await read(this.#files.data, place.slot * this.chunkBytes, place.length);
    if (bytes.length < place.length) throw storageError("damaged");
    return bytes;
  }
}

async function read(file: Blob, at: number, length: number): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(at, at + length).arrayBuffer());
}
