/** Consecutive chunks that came together. They stay and go together, so that nothing is copied to be kept. */
export interface Extent {
  readonly first: number;
  /** The chunk behind the last. */
  readonly after: number;
  /** Of all its chunks. */
  readonly bytes: Uint8Array;
}

/** Chunks in memory by their index; the longest unused go first. */
export class ExtentCache {
  readonly #chunkBytes: number;
  readonly #limitBytes: number;
  readonly #byChunk = new Map<number, Extent>();
  /** The longest unused first. */
  readonly #extents = new Set<Extent>();
  #last: Extent | null = null;
  #bytes = 0;

  constructor(chunkBytes: number, limitBytes: number) {
    this.#chunkBytes = chunkBytes;
    this.#limitBytes = limitBytes;
  }

  /** The extent with a chunk, which now is the one used last. */
  use(chunk: number): Extent | undefined {
    const extent = this.#byChunk.get(chunk);
    if (extent === undefined || extent === this.#last) return extent;
    this.#extents.delete(extent);
    this.#extents.add(extent);
    this.#last = extent;
    return extent;
  }

  /** The extent with a chunk. */
  peek(chunk: number): Extent | undefined {
    return this.#byChunk.get(chunk);
  }

  /** Takes in chunks from `first` on, none of which is here. `bytes` has its buffer to itself, which is the cache's from now on. */
  add(first: number, bytes: Uint8Array): Extent {
    const extent = { first, after: first + Math.ceil(bytes.length / this.#chunkBytes), bytes };
    for (let chunk = first; chunk < extent.after; chunk++) this.#byChunk.set(chunk, extent);
    this.#extents.add(extent);
    this.#last = extent;
    this.#bytes += bytes.length;
    for (const oldest of this.#extents) {
      if (this.#bytes <= this.#limitBytes || oldest === extent) break;
      this.#drop(oldest);
    }
    return extent;
  }

  #drop(extent: Extent): void {
    this.#extents.delete(extent);
    this.#bytes -= extent.bytes.length;
    for (let chunk = extent.first; chunk < extent.after; chunk++) this.#byChunk.delete(chunk);
  }
}
