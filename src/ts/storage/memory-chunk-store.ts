import type { Chunk, ChunkStore } from "./chunk-store.ts";

/** Chunks in memory: a disk that ends with its page. */
export class MemoryChunkStore implements ChunkStore {
  readonly chunkBytes: number;
  readonly #chunks = new Map<number, Chunk>();

  constructor(chunkBytes: number) {
    this.chunkBytes = chunkBytes;
  }

  indexes(): Promise<number[]> {
    return Promise.resolve([...this.#chunks.keys()].sort((a, b) => a - b));
  }

  get(indexes: readonly number[]): Promise<(Chunk | null)[]> {
    return Promise.resolve(indexes.map((index) => copied(this.#chunks.get(index) ?? null)));
  }

  put(changes: ReadonlyMap<number, Chunk | null>): Promise<void> {
    for (const [index, change] of changes) {
      const chunk = copied(change);
      if (chunk === null) this.#chunks.delete(index);
      else this.#chunks.set(index, chunk);
    }
    return Promise.resolve();
  }

  usedBytes(): Promise<number> {
    let bytes = 0;
    for (const chunk of this.#chunks.values()) bytes += chunk === "zeros" ? 0 : chunk.length;
    return Promise.resolve(bytes);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Not by `slice`: that of Node's Buffer shares its memory. */
function copied(chunk: Chunk | null): Chunk | null {
  return chunk instanceof Uint8Array ? new Uint8Array(chunk) : chunk;
}
