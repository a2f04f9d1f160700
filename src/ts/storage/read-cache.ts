import { type Extent, ExtentCache } from "./extent-cache.ts";
import { settled } from "./pieces.ts";

export interface ReadCacheOptions {
  readonly sizeBytes: number;
  /** Unit in which bytes are loaded; `load` is asked for whole ones. */
  readonly chunkBytes: number;
  /** Chunks that one call of `load` is for, at least where there are so many to load: a call costs more than its bytes. */
  readonly requestChunks: number;
  /** And at most: so far what is read ahead grows while reads follow one another. */
  readonly maxRequestChunks: number;
  /**
   * Chunks that are on their way before they are asked for, while reads follow one another. Sequences that are read in turn
   * share them. With what the last request has too much it has to fit into `keptChunks` twice.
   */
  readonly aheadChunks: number;
  /** Chunks kept in memory; the longest unused go first. */
  readonly keptChunks: number;
  /** The bytes from `start` to before `end`, in a buffer of their own. `isAhead`: nobody waits for them yet. */
  load(start: number, end: number, isAhead: boolean): Promise<Uint8Array>;
}

/** A longer read is split: all chunks of one may be in memory at the same time. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

/** Only then it is likely that the next read follows, too. */
const READS_BEFORE_AHEAD = 3;

/** Sequences of reads that are followed at a time: a program reads its file, another one its own. */
const STREAMS = 4;

/** Requests of the next size that may be on their way for one sequence, until all of its share is. */
const REQUESTS_AHEAD = 4;

/** Reads that each began where the one before ended. */
interface Stream {
  /** Last chunk of the last read. */
  last: number;
  following: number;
  /** Chunks of the next request ahead: more while reads follow one another. */
  requestChunks: number;
}

/** Chunks on their way. */
interface Request {
  readonly first: number;
  readonly after: number;
  readonly isAhead: boolean;
  readonly extent: Promise<Extent>;
}

/** What lies between reads of any size and a source that is better asked for few and large pieces. Loads each once. */
export class ReadCache {
  readonly #options: ReadCacheOptions;
  readonly #chunkCount: number;
  readonly #maxReadBytes: number;
  readonly #extents: ExtentCache;
  readonly #loading = new Map<number, Request>();
  /** The one used last is at the end. */
  readonly #streams: Stream[] = [];

  constructor(options: ReadCacheOptions) {
    const { sizeBytes, chunkBytes, keptChunks } = options;
    this.#options = options;
    this.#chunkCount = Math.ceil(sizeBytes / chunkBytes);
    this.#maxReadBytes = Math.min(MAX_READ_BYTES, Math.floor(keptChunks / 4) * chunkBytes);
    this.#extents = new ExtentCache(chunkBytes, keptChunks * chunkBytes);
  }

  /** Fills `into`; at once where everything is there. */
  read(offset: number, into: Uint8Array): void | Promise<void> {
    if (into.length === 0) return;
    if (into.length > this.#maxReadBytes) return this.#readLong(offset, into);
    const { chunkBytes } = this.#options;
    const last = Math.floor((offset + into.length - 1) / chunkBytes);
    const stream = this.#follow(Math.floor(offset / chunkBytes), last);
    const done = this.#fill(offset, into, this.#options.requestChunks);
    this.#loadAhead(stream);
    return done;
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
    const isSequential = ({ following }: Stream): boolean => following >= READS_BEFORE_AHEAD;
    if (!isSequential(stream)) return;
    const share = Math.max(1, Math.floor(this.#options.aheadChunks / this.#streams.filter(isSequential).length));
    const requestChunks = Math.min(stream.requestChunks, share);
    const next = stream.last + 1;
    const end = Math.min(this.#chunkCount, next + Math.min(share, requestChunks * REQUESTS_AHEAD));
    for (let index = next; index < end; ) {
      const known = this.#extents.peek(index) ?? this.#loading.get(index);
      index = (known ?? this.#request(index, index, requestChunks, true)).after;
    }
  }

  /** Fills `into` from what is there and what is on its way, after asking for what is neither. */
  #fill(offset: number, into: Uint8Array, requestChunks: number): void | Promise<void> {
    const { chunkBytes } = this.#options;
    const last = Math.floor((offset + into.length - 1) / chunkBytes);
    const waits: Promise<void>[] = [];
    for (let index = Math.floor(offset / chunkBytes); index <= last; ) {
      const extent = this.#extents.use(index);
      if (extent !== undefined) {
        this.#copyOut(extent, offset, into);
        index = extent.after;
      } else {
        const request = this.#loading.get(index) ?? this.#request(index, last, requestChunks, false);
        waits.push(this.#fillFrom(request, offset, into));
        index = request.after;
      }
    }
    return settled(waits);
  }

  async #fillFrom(request: Request, offset: number, into: Uint8Array): Promise<void> {
    let extent: Extent;
    try {
      extent = await request.extent;
    } catch (error) {
      if (!request.isAhead) throw error;
      // It was for more than is wanted: what is wrong may be with the rest.
      const { chunkBytes } = this.#options;
      const from = Math.max(offset, request.first * chunkBytes);
      const to = Math.min(offset + into.length, request.after * chunkBytes);
      await this.#fill(from, into.subarray(from - offset, to - offset), 1);
      return;
    }
    this.#copyOut(extent, offset, into);
  }

  /** Copies what an extent has of a range. */
  #copyOut({ first, bytes }: Extent, offset: number, into: Uint8Array): void {
    const start = first * this.#options.chunkBytes;
    const from = Math.max(offset, start);
    const to = Math.min(offset + into.length, start + bytes.length);
    into.set(bytes.subarray(from - start, to - start), from - offset);
  }

  /** One request, from a missing chunk to the last wanted one, or some further, up to the next that is known. */
  #request(first: number, lastWanted: number, requestChunks: number, isAhead: boolean): Request {
    const { maxRequestChunks, chunkBytes, sizeBytes, load } = this.#options;
    const end = Math.min(this.#chunkCount, first + maxRequestChunks, Math.max(lastWanted + 1, first + requestChunks));
    let after = first + 1;
    while (after < end && this.#extents.peek(after) === undefined && !this.#loading.has(after)) after++;
    const extent = load(first * chunkBytes, Math.min(after * chunkBytes, sizeBytes), isAhead)
      .then((bytes) => this.#extents.add(first, bytes))
      .finally(() => {
        for (let index = first; index < after; index++) this.#loading.delete(index);
      });
    // A read that needs it asks again, and says what is wrong.
    if (isAhead) extent.catch(() => undefined);
    const request = { first, after, isAhead, extent };
    for (let index = first; index < after; index++) this.#loading.set(index, request);
    return request;
  }
}
