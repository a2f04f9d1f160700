export interface ReadCacheOptions {
  readonly sizeBytes: number;
  /** Unit in which bytes are kept; `load` is asked for whole ones. */
  readonly chunkBytes: number;
  /** Chunks that one call of `load` is for, at least where there are so many to load: a call costs more than its bytes. */
  readonly requestChunks: number;
  /** And at most: so far it grows while reads follow one another. */
  readonly maxRequestChunks: number;
  /** Chunks behind a read that are on their way before they are asked for, while reads follow one another. */
  readonly aheadChunks: number;
  /** Chunks kept in memory; the longest unused go first. */
  readonly keptChunks: number;
  /** The bytes from `start` to before `end`. */
  load(start: number, end: number): Promise<Uint8Array>;
}

/** A longer read is split: all chunks of one must be in memory at the same time. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

/** Only then it is likely that the next read follows, too. */
const READS_BEFORE_AHEAD = 3;

/** Sequences of reads that are followed at a time: a program reads its file, another one its own. */
const STREAMS = 4;

/** Reads that each began where the one before ended. */
interface Stream {
  /** Last chunk of the last read. */
  last: number;
  following: number;
  /** Chunks of the next request: more while reads follow one another. */
  requestChunks: number;
}

/** What lies between reads of any size and a source that is better asked for few and large pieces. Loads each once. */
export class ReadCache {
  readonly #options: ReadCacheOptions;
  readonly #chunkCount: number;
  readonly #maxReadBytes: number;
  readonly #chunks = new Map<number, Uint8Array>();
  readonly #loading = new Map<number, Promise<void>>();
  /** The one used last is at the end. */
  readonly #streams: Stream[] = [];

  constructor(options: ReadCacheOptions) {
    this.#options = options;
    this.#chunkCount = Math.ceil(options.sizeBytes / options.chunkBytes);
    this.#maxReadBytes = Math.min(MAX_READ_BYTES, Math.floor(options.keptChunks / 4) * options.chunkBytes);
  }

  /** Fills `into`; at once where everything is there. */
  read(offset: number, into: Uint8Array): void | Promise<void> {
    if (into.length === 0) return;
    if (into.length > this.#maxReadBytes) return this.#readLong(offset, into);
    const first = Math.floor(offset / this.#options.chunkBytes);
    const last = Math.floor((offset + into.length - 1) / this.#options.chunkBytes);
    const stream = this.#follow(first, last);
    const waits = this.#load(first, last, stream);
    this.#loadAhead(stream);
    if (waits.length === 0) return this.#copyOut(offset, into, first, last);
    return Promise.all(waits).then(() => this.#copyOut(offset, into, first, last) ?? undefined);
  }

  async #readLong(offset: number, into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length; done += this.#maxReadBytes) {
      await this.read(offset + done, into.subarray(done, done + this.#maxReadBytes));
    }
  }

  /** The sequence that a read belongs to, which may begin with it. */
  #follow(first: number, last: number): Stream {
    const { requestChunks, maxRequestChunks } = this.#options;
    const at = this.#streams.findIndex((stream) => first === stream.last || first === stream.last + 1);
    const stream = this.#streams.splice(at, at < 0 ? 0 : 1)[0] ?? { last, following: 0, requestChunks };
    if (at < 0 && this.#streams.length >= STREAMS) this.#streams.shift();
    this.#streams.push(stream);
    if (last > stream.last) {
      stream.last = last;
      stream.following += 1;
      stream.requestChunks = Math.min(stream.requestChunks * 2, maxRequestChunks);
    }
    return stream;
  }

  #loadAhead(stream: Stream): void {
    if (stream.following < READS_BEFORE_AHEAD) return;
    const end = Math.min(this.#chunkCount, stream.last + 1 + this.#options.aheadChunks);
    for (let index = stream.last + 1; index < end; index++) {
      if (this.#chunks.has(index) || this.#loading.has(index)) continue;
      // Nobody waits for it yet: a read that needs it tries again, and says what is wrong.
      this.#request(index, index, stream).catch(() => undefined);
    }
  }

  /** Copies from chunks that are there; one that had to make room meanwhile is loaded again. */
  #copyOut(offset: number, into: Uint8Array, first: number, last: number): void | Promise<void> {
    const { chunkBytes } = this.#options;
    for (let index = first; index <= last; index++) {
      const chunk = this.#chunks.get(index);
      if (chunk === undefined) return this.read(offset, into);
      // Used now: to the end of the line.
      this.#chunks.delete(index);
      this.#chunks.set(index, chunk);
      const start = index * chunkBytes;
      const from = Math.max(offset, start);
      const to = Math.min(offset + into.length, start + chunk.length);
      into.set(chunk.subarray(from - start, to - start), from - offset);
    }
  }

  /** Sees to it that chunks are on their way; returns what to wait for. */
  #load(first: number, last: number, stream: Stream): Promise<void>[] {
    const waits = new Set<Promise<void>>();
    for (let index = first; index <= last; index++) {
      if (this.#chunks.has(index)) continue;
      waits.add(this.#loading.get(index) ?? this.#request(index, last, stream));
    }
    return [...waits];
  }

  /** One request, from a missing chunk to the last wanted one, or some further, up to the next that is known. */
  #request(first: number, lastWanted: number, { requestChunks }: Stream): Promise<void> {
    const { maxRequestChunks } = this.#options;
    const end = Math.min(this.#chunkCount, first + maxRequestChunks, Math.max(lastWanted + 1, first + requestChunks));
    let after = first + 1;
    while (after < end && !this.#chunks.has(after) && !this.#loading.has(after)) after++;
    const request = this.#loadChunks(first, after).finally(() => {
      for (let index = first; index < after; index++) this.#loading.delete(index);
    });
    for (let index = first; index < after; index++) this.#loading.set(index, request);
    return request;
  }

  async #loadChunks(first: number, after: number): Promise<void> {
    const { chunkBytes, sizeBytes, keptChunks, load } = this.#options;
    const bytes = await load(first * chunkBytes, Math.min(after * chunkBytes, sizeBytes));
    for (let index = first; index < after; index++) {
      const from = (index - first) * chunkBytes;
      // A copy: a part would keep all of what came with it in memory.
      this.#chunks.set(index, bytes.slice(from, Math.min(from + chunkBytes, bytes.length)));
    }
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= keptChunks) break;
      this.#chunks.delete(oldest);
    }
  }
}
