import type { Awaitable, BlockBackend } from "../../virtio/backends.ts";
import type { BlockSource } from "./block-source.ts";
import { storageErrorOf } from "./browser-error.ts";
import { ChunkCache } from "./chunk-cache.ts";
import { ChunkLoader } from "./chunk-loader.ts";
import type { Chunk, ChunkStore } from "./chunk-store.ts";
import { type Piece, pieces, runSteps, settled } from "./pieces.ts";
import { ReadAhead } from "./read-ahead.ts";
import type { StorageError } from "./storage-error.ts";
import { WriteBack } from "./write-back.ts";

/** Chunks in memory, of one disk. */
const CACHE_BYTES = 32 * 1024 * 1024;
/** The part of the cache that may be dirty: writers wait when it is, and what is read still has the rest. */
const DIRTY_SHARE = 3 / 4;
/** The part of the cache that one sequence may fill ahead of its reader. */
const AHEAD_SHARE = 1 / 8;

export interface KeptDiskOptions {
  /** What was written; the disk's alone from now on. `close` closes it. */
  readonly store: ChunkStore;
  /** What lies below; null for zeros. Where it is shorter than the disk, zeros follow. It stays the caller's. */
  readonly base: BlockSource | null;
  readonly sizeBytes: number;
  readonly readOnly?: boolean;
  readonly cacheBytes?: number;
  /** Called each time the store has failed; whoever depends on it is told by a rejected promise besides. */
  readonly onError?: (error: StorageError) => void;
}

/**
 * A disk that stays: what was written is in a ChunkStore, the rest comes from the base.
 *
 * Writes go to a cache. They are on their way to the store soon after, and durable with `flush`: a machine that ends
 * without one loses what a computer's disk with a volatile cache loses. Where the store fails, what it could not take
 * stays in the cache, is tried again with every flush and by itself after a while, and a flush is only reported done
 * when everything before it is stored. When the cache is full of such chunks, writes fail.
 *
 * What was never written, and what was discarded over zeros, is absent in the store and costs nothing.
 */
export class KeptDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly #store: ChunkStore;
  readonly #base: BlockSource | null;
  /** Chunks that the store has. */
  readonly #present: Set<number>;
  readonly #cache: ChunkCache;
  readonly #loader: ChunkLoader;
  readonly #readAhead: ReadAhead;
  readonly #writeBack: WriteBack;
  readonly #dirtyLimit: number;

  private constructor(options: KeptDiskOptions, present: Set<number>) {
    const { store, cacheBytes = CACHE_BYTES } = options;
    this.#store = store;
    this.#base = options.base;
    this.sizeBytes = options.sizeBytes;
    this.readOnly = options.readOnly ?? false;
    this.#present = present;
    this.#cache = new ChunkCache(cacheBytes);
    this.#loader = new ChunkLoader(this.#cache, store);
    this.#readAhead = new ReadAhead(Math.floor((cacheBytes * AHEAD_SHARE) / store.chunkBytes));
    this.#dirtyLimit = cacheBytes * DIRTY_SHARE;
    this.#writeBack = new WriteBack(this.#cache, store, {
      stored: (index, content) => (content === null ? present.delete(index) : present.add(index)),
      failed: (error) => options.onError?.(error),
    });
  }

  /** Rejects with a StorageError. */
  static async open(options: KeptDiskOptions): Promise<KeptDisk> {
    return new KeptDisk(options, new Set(await options.store.indexes()));
  }

  /** Bytes that the store does not have yet. */
  get dirtyBytes(): number {
    return this.#cache.dirtyBytes;
  }

  /** Bytes that the store takes up in the browser. */
  async usedBytes(): Promise<number> {
    return await this.#store.usedBytes();
  }

  read(offset: number, into: Uint8Array): Awaitable {
    if (into.length === 0) return;
    const waits: Promise<void>[] = [];
    const missing: { readonly piece: Piece; readonly target: Uint8Array }[] = [];
    // Neighbouring chunks of the base are asked for at once.
    let below = 0;
    let position = 0;
    const readBelow = (): void => {
      if (below === 0) return;
      const wait = this.#readBase(offset + position - below, into.subarray(position - below, position));
      if (wait !== undefined) waits.push(wait);
      below = 0;
    };
    for (const piece of pieces(offset, into.length, this.#store.chunkBytes)) {
      const cached = this.#cache.get(piece.chunk);
      if (cached === undefined && !this.#present.has(piece.chunk)) below += piece.length;
      else {
        readBelow();
        const target = into.subarray(position, position + piece.length);
        if (cached === undefined) missing.push({ piece, target });
        else copyOut(cached.content, piece, target);
      }
      position += piece.length;
    }
    readBelow();
    if (missing.length > 0) {
      const loaded = this.#loader.load(missing.map(({ piece }) => piece.chunk));
      waits.push(
        loaded.then((chunks) => {
          for (const { piece, target } of missing) {
            const cached = this.#cache.get(piece.chunk);
            copyOut(cached === undefined ? (chunks.get(piece.chunk) ?? null) : cached.content, piece, target);
          }
        }),
      );
    }
    this.#ahead(offset, into.length);
    return settled(waits);
  }

  write(offset: number, from: Uint8Array): Awaitable {
    return this.#change(offset, from.length, (piece, position) => {
      const part = from.subarray(position, position + piece.length);
      if (piece.length === this.#chunkLength(piece.chunk)) return this.#replace(piece.chunk, part);
      return this.#changePart(piece, (bytes) => bytes.set(part, piece.start));
    });
  }

  flush(): Awaitable {
    return this.#writeBack.flush();
  }

  /** Whole chunks of the range are given back; parts of chunks, and what was never written, stay as they are. */
  discard(offset: number, length: number): Awaitable {
    return this.#change(offset, length, ({ chunk, length: part }) => {
      const known = this.#cache.has(chunk) || this.#present.has(chunk);
      if (known && part === this.#chunkLength(chunk)) this.#zero(chunk);
    });
  }

  writeZeroes(offset: number, length: number, _mayUnmap: boolean): Awaitable {
    return this.#change(offset, length, (piece) => {
      if (this.#isZeros(piece.chunk)) return;
      if (piece.length === this.#chunkLength(piece.chunk)) return this.#zero(piece.chunk);
      return this.#changePart(piece, (bytes) => bytes.fill(0, piece.start, piece.start + piece.length));
    });
  }

  /** Flushes, and lets nothing reach the store until `release`: it can be read as it would be after a power cut. */
  async hold(): Promise<void> {
    await this.#writeBack.hold();
  }

  release(): void {
    this.#writeBack.release();
  }

  /** Writes everything out and closes the store. Where that fails the disk stays open: `close` again, or `abandon`. */
  async close(): Promise<void> {
    await this.flush();
    await this.abandon();
  }

  /** Closes the store without what it does not have yet. */
  async abandon(): Promise<void> {
    await this.#writeBack.stop();
    await this.#store.close();
  }

  /** Changes a range chunk by chunk; waits where the cache is full of what the store does not have yet. */
  #change(offset: number, length: number, change: (piece: Piece, position: number) => Awaitable): Awaitable {
    return runSteps(this.#changeSteps(offset, length, change));
  }

  *#changeSteps(
    offset: number,
    length: number,
    change: (piece: Piece, position: number) => Awaitable,
  ): Generator<Awaitable, Awaitable> {
    const waits: Promise<void>[] = [];
    let position = 0;
    for (const piece of pieces(offset, length, this.#store.chunkBytes)) {
      while (this.#cache.dirtyBytes >= this.#dirtyLimit) yield this.#writeBack.room();
      const wait = change(piece, position);
      if (wait !== undefined) {
        // Told at the end; until then it is nobody's.
        wait.catch(() => {});
        waits.push(wait);
      }
      position += piece.length;
    }
    return settled(waits);
  }

  #replace(chunk: number, bytes: Uint8Array): void {
    this.#loader.supersede(chunk);
    // Not `slice`: that of Node's Buffer shares its memory.
    this.#cache.replace(chunk, new Uint8Array(bytes));
    this.#writeBack.changed();
  }

  #zero(chunk: number): void {
    this.#loader.supersede(chunk);
    this.#cache.replace(chunk, this.#zerosBelow(chunk) ? null : "zeros");
    this.#writeBack.changed();
  }

  /** Changes a part of a chunk, which is fetched first. */
  #changePart(piece: Piece, change: (bytes: Uint8Array) => void): Awaitable {
    const { chunk } = piece;
    const length = this.#chunkLength(chunk);
    const cached = this.#cache.get(chunk);
    if (cached !== undefined) {
      change(this.#cache.writable(cached, length));
      this.#writeBack.changed();
      return;
    }
    const bytes = new Uint8Array(length);
    const fetched = this.#fetch(chunk, bytes);
    if (fetched === undefined) {
      this.#cache.add(chunk, bytes);
      return this.#changePart(piece, change);
    }
    this.#cache.await(chunk);
    return fetched.then(() => this.#changePart(piece, change)).finally(() => this.#cache.release(chunk));
  }

  /** Has a chunk that is not in the cache brought there; or, if that can be done at once, into `bytes`. */
  #fetch(chunk: number, bytes: Uint8Array): Awaitable {
    if (this.#loader.has(chunk)) return this.#loader.wait(chunk);
    if (this.#present.has(chunk)) return this.#loader.load([chunk]).then(() => undefined);
    const filled = this.#readBase(chunk * this.#store.chunkBytes, bytes);
    if (filled !== undefined) return this.#loader.copy(chunk, bytes, filled);
  }

  /** Whether a chunk is known to be zeros without looking at bytes. */
  #isZeros(chunk: number): boolean {
    const cached = this.#cache.get(chunk);
    if (cached !== undefined) return !(cached.content instanceof Uint8Array);
    return !this.#present.has(chunk) && !this.#loader.has(chunk) && this.#zerosBelow(chunk);
  }

  #zerosBelow(chunk: number): boolean {
    return this.#base === null || chunk * this.#store.chunkBytes >= this.#base.sizeBytes;
  }

  #readBase(offset: number, into: Uint8Array): Awaitable {
    const inside = this.#base === null ? 0 : Math.max(0, Math.min(into.length, this.#base.sizeBytes - offset));
    into.fill(0, inside);
    if (inside > 0) return this.#base?.read(offset, into.subarray(0, inside));
  }

  /** Has chunks fetched that a sequential reader will want next. */
  #ahead(offset: number, length: number): void {
    const { chunkBytes } = this.#store;
    const range = this.#readAhead.note(Math.floor(offset / chunkBytes), Math.floor((offset + length - 1) / chunkBytes));
    if (range === null) return;
    const wanted: number[] = [];
    const end = Math.min(range.to, Math.ceil(this.sizeBytes / chunkBytes));
    for (let chunk = range.from; chunk < end; chunk++) {
      if (this.#present.has(chunk) && !this.#cache.has(chunk) && !this.#loader.has(chunk)) wanted.push(chunk);
    }
    // Whoever reads them for good is told what is wrong.
    if (wanted.length > 0) this.#loader.load(wanted).catch(storageErrorOf);
  }

  #chunkLength(chunk: number): number {
    const { chunkBytes } = this.#store;
    return Math.min(chunkBytes, this.sizeBytes - chunk * chunkBytes);
  }
}

/** Copies a piece of a chunk; one that was stored when the disk was smaller ends with zeros. */
function copyOut(content: Chunk | null, { start, length }: Piece, into: Uint8Array): void {
  if (!(content instanceof Uint8Array)) {
    into.fill(0);
    return;
  }
  const inside = content.subarray(start, start + length);
  into.set(inside);
  if (inside.length < length) into.fill(0, inside.length);
}
