import type { BlockSource } from "./block-source.ts";
import type { Chunk, ChunkStore } from "./chunk-store.ts";

/** Chunks kept in memory, the longest unused going first: what is read in small pieces is fetched once. */
const KEPT_CHUNKS = 128;
/** Chunks fetched in one go, at most. */
const BATCH_CHUNKS = 64;

/**
 * A kept disk as bytes to be read: the chunks that were written, and the base or zeros where none was. For inspection,
 * export and views; a machine that writes uses KeptDisk.
 */
export class StoreSource implements BlockSource {
  readonly sizeBytes: number;
  readonly #store: ChunkStore;
  readonly #base: BlockSource | null;
  readonly #written: ReadonlySet<number>;
  readonly #kept = new Map<number, Chunk>();

  private constructor(store: ChunkStore, base: BlockSource | null, sizeBytes: number, written: ReadonlySet<number>) {
    this.#store = store;
    this.#base = base;
    this.sizeBytes = sizeBytes;
    this.#written = written;
  }

  static async open(store: ChunkStore, base: BlockSource | null, sizeBytes: number): Promise<StoreSource> {
    return new StoreSource(store, base, sizeBytes, new Set(await store.indexes()));
  }

  /** Takes the written chunks into memory if they are at most so many; from then on nothing changes any more. */
  static async snapshot(
    store: ChunkStore,
    base: BlockSource | null,
    sizeBytes: number,
    maxChunks: number,
  ): Promise<StoreSource | null> {
    const indexes = await store.indexes();
    if (indexes.length > maxChunks) return null;
    const chunks = await store.get(indexes);
    const frozen = new Map<number, Chunk>();
    for (const [at, index] of indexes.entries()) {
      const chunk = chunks[at];
      if (chunk !== undefined && chunk !== null) frozen.set(index, chunk);
    }
    return new StoreSource(frozenStore(store.chunkBytes, frozen), base, sizeBytes, new Set(frozen.keys()));
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    const { chunkBytes } = this.#store;
    const batchBytes = chunkBytes * BATCH_CHUNKS;
    for (let done = 0; done < into.length; ) {
      const part = Math.min(into.length - done, batchBytes - ((offset + done) % batchBytes));
      await this.#readBatch(offset + done, into.subarray(done, done + part));
      done += part;
    }
  }

  async #readBatch(offset: number, into: Uint8Array): Promise<void> {
    const { chunkBytes } = this.#store;
    const first = Math.floor(offset / chunkBytes);
    const last = Math.floor((offset + into.length - 1) / chunkBytes);
    const chunks = await this.#load(first, last);
    const waits: Promise<void>[] = [];
    for (let index = first; index <= last; index++) {
      const from = Math.max(offset, index * chunkBytes);
      const to = Math.min(offset + into.length, (index + 1) * chunkBytes);
      const target = into.subarray(from - offset, to - offset);
      const chunk = chunks.get(index);
      if (chunk === undefined) {
        const wait = this.#readBase(from, target);
        if (wait !== undefined) waits.push(wait);
      } else if (chunk === "zeros") target.fill(0);
      else target.set(chunk.subarray(from - index * chunkBytes, to - index * chunkBytes));
    }
    await Promise.all(waits);
  }

  async #load(first: number, last: number): Promise<Map<number, Chunk>> {
    const found = new Map<number, Chunk>();
    const missing: number[] = [];
    for (let index = first; index <= last; index++) {
      if (!this.#written.has(index)) continue;
      const kept = this.#kept.get(index);
      if (kept === undefined) missing.push(index);
      else found.set(index, kept);
    }
    const fetched = missing.length === 0 ? [] : await this.#store.get(missing);
    for (const [at, index] of missing.entries()) {
      const chunk = fetched[at];
      // Taken away meanwhile: then the base is what is there.
      if (chunk === undefined || chunk === null) continue;
      found.set(index, chunk);
    }
    for (const [index, chunk] of found) {
      this.#kept.delete(index);
      this.#kept.set(index, chunk);
    }
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_CHUNKS) break;
      this.#kept.delete(oldest);
    }
    return found;
  }

  /** The base may be shorter than the disk: what lies behind it is zeros. */
  #readBase(offset: number, into: Uint8Array): void | Promise<void> {
    const inside = this.#base === null ? 0 : Math.max(0, Math.min(into.length, this.#base.sizeBytes - offset));
    into.fill(0, inside);
    if (inside > 0) return this.#base?.read(offset, into.subarray(0, inside));
  }
}

/** Chunks in memory that nobody changes. */
function frozenStore(chunkBytes: number, chunks: ReadonlyMap<number, Chunk>): ChunkStore {
  return {
    chunkBytes,
    indexes: () => Promise.resolve([...chunks.keys()]),
    get: (indexes) => Promise.resolve(indexes.map((index) => chunks.get(index) ?? null)),
    put: () => Promise.reject(new Error("a snapshot is not written")),
    usedBytes: () => Promise.resolve(chunks.size * chunkBytes),
    close: () => Promise.resolve(),
  };
}
