import type { Chunk, ChunkStore, Durability } from "../chunk-store.ts";
import { MemoryChunkStore } from "../memory-chunk-store.ts";

/** What reached a store, and what was said about it, in its order. */
export type StoreEvent =
  | { readonly kind: "put"; readonly changes: ReadonlyMap<number, Chunk | null>; readonly durability: Durability }
  | { readonly kind: "note"; readonly text: string };

/** A store in memory that remembers everything that was put, so that every moment of it can be had again. */
export class RecordingStore implements ChunkStore {
  readonly chunkBytes: number;
  readonly events: StoreEvent[] = [];
  readonly #memory: MemoryChunkStore;

  constructor(chunkBytes: number) {
    this.chunkBytes = chunkBytes;
    this.#memory = new MemoryChunkStore(chunkBytes);
  }

  /** Something happened that depends on what was put so far. */
  note(text: string): void {
    this.events.push({ kind: "note", text });
  }

  indexes(): Promise<number[]> {
    return this.#memory.indexes();
  }

  get(indexes: readonly number[]): Promise<(Chunk | null)[]> {
    return this.#memory.get(indexes);
  }

  async put(changes: ReadonlyMap<number, Chunk | null>, durability: Durability): Promise<void> {
    const copy = new Map<number, Chunk | null>();
    for (const [index, chunk] of changes) copy.set(index, chunk instanceof Uint8Array ? new Uint8Array(chunk) : chunk);
    // A medium takes its time: writes come in between.
    await new Promise((resolve) => setTimeout(resolve, 2));
    await this.#memory.put(copy);
    this.events.push({ kind: "put", changes: copy, durability });
  }

  usedBytes(): Promise<number> {
    return this.#memory.usedBytes();
  }

  close(): Promise<void> {
    return this.#memory.close();
  }

  /**
   * The chunks after a power cut that came when `count` events had happened. Relaxed puts since the last strict one may
   * be lost: `reached` of them have reached the medium, the first ones, each whole.
   */
  afterPowerCut(count: number, reached: (relaxed: number) => number): Map<number, Chunk> {
    const puts = this.events.slice(0, count).filter((event) => event.kind === "put");
    const sure = puts.findLastIndex(({ durability }) => durability === "strict") + 1;
    const kept = sure + reached(puts.length - sure);
    const chunks = new Map<number, Chunk>();
    for (const { changes } of puts.slice(0, kept)) {
      for (const [index, chunk] of changes) {
        if (chunk === null) chunks.delete(index);
        else chunks.set(index, chunk);
      }
    }
    return chunks;
  }
}
