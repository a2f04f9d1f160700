/** How much of a write must have reached the medium before it counts as done. */
export type Durability = "relaxed" | "strict";

/** What a chunk can hold: its bytes, or nothing but zeros. A chunk that is absent is neither: it was never written. */
export type Chunk = Uint8Array | "zeros";

/**
 * Where written parts of a disk are kept, in chunks of one size. What a chunk that was never written reads as is up to
 * whoever uses the store: the base of an overlay, or zeros. One contract suite (testing/chunk-store-contract.ts) runs
 * over all implementations.
 */
export interface ChunkStore {
  /** Size of every chunk but a disk's last one; a multiple of 4096. */
  readonly chunkBytes: number;
  /** Indexes of the chunks that are there, ascending. */
  indexes(): Promise<number[]>;
  /** The chunks in the order of `indexes`; null for one that is not there. The bytes belong to the caller. */
  get(indexes: readonly number[]): Promise<(Chunk | null)[]>;
  /**
   * Writes all of `changes` or nothing; null takes a chunk away. With `strict` it has reached the medium when the
   * promise resolves, and so has everything that was put before. The bytes must not change until then. Rejects with a
   * StorageError.
   */
  put(changes: ReadonlyMap<number, Chunk | null>, durability: Durability): Promise<void>;
  /** Bytes of the medium that the store takes up, as good as it can be known. */
  usedBytes(): Promise<number>;
  /** Lets go of the medium; what was put stays. */
  close(): Promise<void>;
}
