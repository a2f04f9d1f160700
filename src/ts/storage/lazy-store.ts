import type { Chunk, ChunkStore, Durability } from "./chunk-store.ts";

/** A store that is made by the first write: a disk that nobody wrote to leaves nothing behind. */
export class LazyStore implements ChunkStore {
  readonly chunkBytes: number;
  readonly #create: () => Promise<ChunkStore>;
  #store: Promise<ChunkStore> | null = null;

  constructor(chunkBytes: number, create: () => Promise<ChunkStore>) {
    this.chunkBytes = chunkBytes;
    this.#create = create;
  }

  get created(): boolean {
    return this.#store !== null;
  }

  async indexes(): Promise<number[]> {
    return this.#store === null ? [] : await (await this.#store).indexes();
  }

  async get(indexes: readonly number[]): Promise<(Chunk | null)[]> {
    return this.#store === null ? indexes.map(() => null) : await (await this.#store).get(indexes);
  }

  async put(changes: ReadonlyMap<number, Chunk | null>, durability: Durability): Promise<void> {
    // Nothing was put before: there is nothing to make durable, or to take away.
    if (this.#store === null && [...changes.values()].every((chunk) => chunk === null)) return;
    this.#store ??= this.#create();
    const store = await this.#store.catch((error: unknown) => {
      // The next write tries again.
      this.#store = null;
      throw error;
    });
    await store.put(changes, durability);
  }

  async usedBytes(): Promise<number> {
    return this.#store === null ? 0 : await (await this.#store).usedBytes();
  }

  async close(): Promise<void> {
    if (this.#store !== null) await (await this.#store).close();
  }
}
