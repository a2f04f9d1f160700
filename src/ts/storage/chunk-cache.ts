import type { Chunk } from "./chunk-store.ts";

/** What a chunk without bytes costs to remember. */
const ENTRY_BYTES = 128;

/** A chunk in memory: what the store has, or what it will get. Null: it is to be taken away there. */
export interface CachedChunk {
  readonly index: number;
  content: Chunk | null;
  /** Changed since it was last handed to the store: the number of the change that made it so, else 0. */
  dirtySince: number;
  /** On its way to the store, which has its bytes: they must not change. */
  writing: boolean;
}

/**
 * Chunks in memory. Clean ones make room for others, the longest unused first; dirty ones stay until the store has
 * them. Whoever adds looks at `dirtyBytes` first.
 */
export class ChunkCache {
  readonly #limitBytes: number;
  readonly #chunks = new Map<number, CachedChunk>();
  /** The longest unused first. */
  readonly #clean = new Set<CachedChunk>();
  /** The longest dirty first. */
  #dirty = new Set<CachedChunk>();
  #cleanBytes = 0;
  #dirtyBytes = 0;
  #changes = 0;
  #last: CachedChunk | null = null;
  /** Chunks that somebody waits for, and how many do. */
  readonly #awaited = new Map<number, number>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Of chunks that the store does not have yet, those on their way included. */
  get dirtyBytes(): number {
    return this.#dirtyBytes;
  }

  /** Number of the last change. */
  get changes(): number {
    return this.#changes;
  }

  /** The chunk, which now is the one used last. */
  get(index: number): CachedChunk | undefined {
    if (this.#last?.index === index) return this.#last;
    const chunk = this.#chunks.get(index);
    if (chunk !== undefined) this.#use(chunk);
    return chunk;
  }

  has(index: number): boolean {
    return this.#chunks.has(index);
  }

  /** Somebody waits for a chunk to be added: from then on it stays, until `release`. */
  await(index: number): void {
    this.#awaited.set(index, (this.#awaited.get(index) ?? 0) + 1);
  }

  release(index: number): void {
    const count = (this.#awaited.get(index) ?? 0) - 1;
    if (count > 0) this.#awaited.set(index, count);
    else this.#awaited.delete(index);
  }

  /** Takes in what the store has. */
  add(index: number, content: Chunk): CachedChunk {
    const chunk: CachedChunk = { index, content, dirtySince: 0, writing: false };
    this.#chunks.set(index, chunk);
    this.#clean.add(chunk);
    this.#cleanBytes += costOf(content);
    this.#evict(chunk);
    return chunk;
  }

  /** All of a chunk changes. The bytes are the cache's from now on. */
  replace(index: number, content: Chunk | null): void {
    let chunk = this.#chunks.get(index);
    if (chunk === undefined) {
      chunk = { index, content, dirtySince: 0, writing: false };
      this.#chunks.set(index, chunk);
      this.#dirtyBytes += costOf(content);
    } else {
      this.#pin(chunk);
      this.#dirtyBytes += costOf(content) - costOf(chunk.content);
      chunk.content = content;
    }
    this.#markDirty(chunk);
  }

  /** Bytes of a chunk that is here, to be changed at once by the caller; `length` of them where it has none yet. */
  writable(chunk: CachedChunk, length: number): Uint8Array {
    this.#pin(chunk);
    let { content } = chunk;
    if (!(content instanceof Uint8Array)) {
      this.#dirtyBytes += length - costOf(content);
      content = new Uint8Array(length);
    } else if (content.length < length) {
      // Stored when the disk was smaller.
      this.#dirtyBytes += length - content.length;
      const longer = new Uint8Array(length);
      longer.set(content);
      content = longer;
    } else if (chunk.writing && chunk.dirtySince === 0) {
      content = new Uint8Array(content);
    }
    chunk.content = content;
    this.#markDirty(chunk);
    return content;
  }

  /**
   * Dirty chunks of at most so many bytes (but one at least), the longest dirty first, that were dirty at the change
   * `until`. They are on their way until `settle`; only then more may be taken.
   */
  take(maxBytes: number, until: number, which: (chunk: CachedChunk) => boolean = () => true): CachedChunk[] {
    const taken: CachedChunk[] = [];
    let bytes = 0;
    for (const chunk of this.#dirty) {
      if (chunk.dirtySince > until) break;
      if (!which(chunk)) continue;
      bytes += costOf(chunk.content);
      if (bytes > maxBytes && taken.length > 0) break;
      taken.push(chunk);
    }
    for (const chunk of taken) {
      this.#dirty.delete(chunk);
      chunk.dirtySince = 0;
      chunk.writing = true;
    }
    return taken;
  }

  /** Whether chunks are dirty since `until` or before. */
  dirtyUntil(until: number): boolean {
    for (const chunk of this.#dirty) return chunk.dirtySince <= until;
    return false;
  }

  /** What was taken is in the store now, or could not be stored: then it is dirty again, since the first change. */
  settle(taken: readonly CachedChunk[], stored: boolean): void {
    const again: CachedChunk[] = [];
    for (const chunk of taken) {
      chunk.writing = false;
      if (!stored) {
        this.#dirty.delete(chunk);
        chunk.dirtySince = 1;
        again.push(chunk);
      } else if (chunk.dirtySince === 0) this.#unpin(chunk);
    }
    if (again.length > 0) this.#dirty = new Set([...again, ...this.#dirty]);
    this.#evict(null);
  }

  #use(chunk: CachedChunk): void {
    this.#last = chunk;
    if (this.#clean.delete(chunk)) this.#clean.add(chunk);
  }

  #pin(chunk: CachedChunk): void {
    if (!this.#clean.delete(chunk)) return;
    this.#cleanBytes -= costOf(chunk.content);
    this.#dirtyBytes += costOf(chunk.content);
  }

  #unpin(chunk: CachedChunk): void {
    this.#dirtyBytes -= costOf(chunk.content);
    if (chunk.content === null) {
      this.#drop(chunk);
      return;
    }
    this.#clean.add(chunk);
    this.#cleanBytes += costOf(chunk.content);
  }

  #markDirty(chunk: CachedChunk): void {
    this.#changes += 1;
    if (chunk.dirtySince !== 0) return;
    chunk.dirtySince = this.#changes;
    this.#dirty.add(chunk);
    this.#evict(chunk);
  }

  /** Makes clean chunks go until the limit is kept; `except` is in use. */
  #evict(except: CachedChunk | null): void {
    if (this.#cleanBytes + this.#dirtyBytes <= this.#limitBytes) return;
    for (const chunk of this.#clean) {
      if (chunk === except || this.#awaited.has(chunk.index)) continue;
      this.#clean.delete(chunk);
      this.#cleanBytes -= costOf(chunk.content);
      this.#drop(chunk);
      if (this.#cleanBytes + this.#dirtyBytes <= this.#limitBytes) return;
    }
  }

  #drop(chunk: CachedChunk): void {
    this.#chunks.delete(chunk.index);
    if (this.#last === chunk) this.#last = null;
  }
}

function costOf(content: Chunk | null): number {
  return ENTRY_BYTES + (content instanceof Uint8Array ? content.length : 0);
}
