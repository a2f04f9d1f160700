import { storageError } from "./browser-error.ts";
import type { ChunkCache } from "./chunk-cache.ts";
import type { Chunk, ChunkStore } from "./chunk-store.ts";

/** Chunks that are asked for in one go, at most. */
const BATCH_CHUNKS = 64;

/** Null: it was taken away while it was on its way. */
type Loaded = ReadonlyMap<number, Chunk | null>;

/** Brings chunks into a cache, each once, however many wait for it. */
export class ChunkLoader {
  readonly #cache: ChunkCache;
  readonly #store: ChunkStore;
  readonly #loading = new Map<number, Promise<Loaded>>();

  constructor(cache: ChunkCache, store: ChunkStore) {
    this.#cache = cache;
    this.#store = store;
  }

  has(index: number): boolean {
    return this.#loading.has(index);
  }

  /** Chunks that the store has. They are in the cache when the promise resolves, but may have to leave it soon. */
  async load(indexes: readonly number[]): Promise<Loaded> {
    const batches = new Set<Promise<Loaded>>();
    const missing: number[] = [];
    for (const index of indexes) {
      const loading = this.#loading.get(index);
      if (loading === undefined) missing.push(index);
      else batches.add(loading);
    }
    for (let at = 0; at < missing.length; at += BATCH_CHUNKS) {
      const batch = missing.slice(at, at + BATCH_CHUNKS);
      batches.add(this.#start(batch, this.#get(batch)));
    }
    const loaded = await Promise.all(batches);
    return loaded[0] !== undefined && loaded.length === 1 ? loaded[0] : new Map(loaded.flatMap((map) => [...map]));
  }

  /** A chunk that `bytes` will be all of when `filled` resolves: copied from below the store. */
  async copy(index: number, bytes: Uint8Array, filled: Promise<void>): Promise<void> {
    await this.#start(
      [index],
      filled.then(() => new Map([[index, bytes]])),
    );
  }

  /** Resolves when the chunk, which is being loaded, is in the cache. */
  async wait(index: number): Promise<void> {
    await this.#loading.get(index);
  }

  /** All of a chunk has changed: what is on its way is stale. */
  supersede(index: number): void {
    this.#loading.delete(index);
  }

  async #get(batch: readonly number[]): Promise<Map<number, Chunk | null>> {
    const chunks = await this.#store.get(batch);
    return new Map(batch.map((index, at) => [index, chunks[at] ?? null]));
  }

  #start(batch: readonly number[], loaded: Promise<Loaded>): Promise<Loaded> {
    const current = (index: number): boolean => this.#loading.get(index) === loading;
    const loading = loaded
      .then((chunks) => {
        for (const [index, chunk] of chunks) {
          if (!current(index)) continue;
          // It was there when the disk was opened, and nobody else may write it: zeros in its place would be a lie.
          if (chunk === null) throw storageError("damaged");
          this.#loading.delete(index);
          this.#cache.add(index, chunk);
        }
        return chunks;
      })
      .catch((error: unknown) => {
        for (const index of batch) if (current(index)) this.#loading.delete(index);
        throw error;
      });
    for (const index of batch) this.#loading.set(index, loading);
    return loading;
  }
}
