import type { BlockSource } from "./block-source.ts";
import type { ChunkStore } from "./chunk-store.ts";
import { ChunkWriter } from "./image/chunk-writer.ts";
import { StoreSource } from "./store-source.ts";

/** Takes a file part by part, from its beginning to its end, into an empty store; zeros take up no room. */
export class StoreSink {
  /** Bytes that were appended. */
  length = 0;
  readonly #store: ChunkStore;
  readonly #limitBytes: number;
  #writer: ChunkWriter;

  /** Rejects parts that would make more than `limitBytes` stored. */
  constructor(store: ChunkStore, limitBytes: number) {
    this.#store = store;
    this.#limitBytes = limitBytes;
    this.#writer = new ChunkWriter(store, limitBytes);
  }

  async append(part: Uint8Array): Promise<void> {
    await this.#writer.write(this.length, part);
    this.length += part.length;
  }

  /** Throws away what was appended. */
  async clear(): Promise<void> {
    if (this.length === 0) return;
    // What is on its way to the store has to arrive before it can be taken out.
    await this.#writer.finish(this.length);
    await this.#store.put(new Map((await this.#store.indexes()).map((index) => [index, null])), "relaxed");
    this.#writer = new ChunkWriter(this.#store, this.#limitBytes);
    this.length = 0;
  }

  /** The file. Nothing can be appended after. */
  async finish(): Promise<BlockSource> {
    await this.#writer.finish(this.length);
    return await StoreSource.open(this.#store, null, this.length);
  }
}
