import { storageError, storageErrorOf } from "./browser-error.ts";
import type { CachedChunk, ChunkCache } from "./chunk-cache.ts";
import type { Chunk, ChunkStore, Durability } from "./chunk-store.ts";
import type { StorageError } from "./storage-error.ts";

/** What one transaction carries; the bytes of two are in memory beside the cache at most. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** After a write, so long until it is on its way to the store: a tab that is killed loses little. */
const WRITE_OUT_MS = 100;
/** After the store has failed, so long until it is tried again by itself. */
const RETRY_MS = 5000;

interface Waiting {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: StorageError): void;
}

/** What happens to chunks when they reach the store. */
export interface WriteBackHost {
  /** The store has `content` of a chunk now; null: the chunk is not there any more. */
  stored(index: number, content: Chunk | null): void;
  /** The store has failed; whoever depends on it is told by their own promise. */
  failed(error: StorageError): void;
}

/** Brings the dirty chunks of a cache to the store, one transaction after the other. */
export class WriteBack {
  readonly #cache: ChunkCache;
  readonly #store: ChunkStore;
  readonly #host: WriteBackHost;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #running: Promise<void> | null = null;
  /** What was dirty at this change is to be written, although nobody waits for it. */
  #wantedUntil = 0;
  #flush: Waiting | null = null;
  #room: Waiting | null = null;
  /** Something was put that need not have reached the medium. */
  #unflushed = false;
  #failing = false;
  #held = false;

  constructor(cache: ChunkCache, store: ChunkStore, host: WriteBackHost) {
    this.#cache = cache;
    this.#store = store;
    this.#host = host;
  }

  /** Something was changed. */
  changed(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = null;
        this.#wantedUntil = this.#cache.changes;
        this.#start();
      },
      this.#failing ? RETRY_MS : WRITE_OUT_MS,
    );
  }

  /** Makes everything durable that was changed before. Flushes that come while one is under way share the next. */
  flush(): void | Promise<void> {
    if (this.#cache.dirtyBytes === 0 && !this.#unflushed && this.#running === null) return;
    this.#flush ??= waiting();
    const { promise } = this.#flush;
    this.#start();
    return promise;
  }

  /** Settles when a transaction has ended, and so there may be room for changes. */
  room(): Promise<void> {
    this.#room ??= waiting();
    const { promise } = this.#room;
    this.#start();
    return promise;
  }

  /** Flushes; then nothing goes to the store until `release`. */
  async hold(): Promise<void> {
    await this.flush();
    this.#held = true;
    await this.#running;
  }

  release(): void {
    this.#held = false;
    this.#start();
  }

  /** Nothing goes to the store any more, once what is on its way has arrived; whoever waits is told that it ended. */
  async stop(): Promise<void> {
    this.#held = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#running;
    this.#reject(storageError("cancelled"));
  }

  #start(): void {
    if (this.#held) return;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Changes of this turn go together.
    await Promise.resolve();
    while (!this.#held && this.#wanted()) {
      try {
        await this.#step();
        this.#failing = false;
      } catch (cause) {
        this.#failing = true;
        this.#wantedUntil = 0;
        const error = storageErrorOf(cause);
        this.#reject(error);
        this.#host.failed(error);
        this.changed();
      }
    }
    this.#running = null;
  }

  #wanted(): boolean {
    return this.#flush !== null || this.#room !== null || this.#cache.dirtyUntil(this.#wantedUntil);
  }

  async #step(): Promise<void> {
    const flush = this.#flush;
    if (flush === null) {
      await this.#writeBatch(this.#cache.changes, false);
      this.#roomMade();
      return;
    }
    this.#flush = null;
    try {
      await this.#writeAll();
    } catch (error) {
      flush.reject(storageErrorOf(error));
      throw error;
    }
    flush.resolve();
    this.#roomMade();
  }

  #roomMade(): void {
    this.#room?.resolve();
    this.#room = null;
  }

  #reject(error: StorageError): void {
    this.#room?.reject(error);
    this.#room = null;
    this.#flush?.reject(error);
    this.#flush = null;
  }

  /** Everything that is dirty now, the last of it strictly: that makes all the rest durable too. */
  async #writeAll(): Promise<void> {
    const until = this.#cache.changes;
    do await this.#writeBatch(until, true);
    while (this.#unflushed);
  }

  async #writeBatch(until: number, flush: boolean): Promise<void> {
    if (this.#failing) {
      // What takes no room first: it may make some.
      const shrinking = this.#cache.take(Infinity, until, ({ content }) => !(content instanceof Uint8Array));
      if (shrinking.length > 0) await this.#put(shrinking, "relaxed");
    }
    const chunks = this.#cache.take(BATCH_BYTES, until);
    const strict = flush && !this.#cache.dirtyUntil(until);
    if (chunks.length > 0 || (strict && this.#unflushed)) await this.#put(chunks, strict ? "strict" : "relaxed");
  }

  async #put(chunks: readonly CachedChunk[], durability: Durability): Promise<void> {
    const changes = new Map(chunks.map(({ index, content }) => [index, content]));
    try {
      await this.#store.put(changes, durability);
    } catch (error) {
      this.#cache.settle(chunks, false);
      throw error;
    }
    this.#unflushed = durability === "relaxed";
    for (const [index, content] of changes) this.#host.stored(index, content);
    this.#cache.settle(chunks, true);
    this.#roomMade();
  }
}

function waiting(): Waiting {
  let resolve = (): void => {};
  let reject = (_: StorageError): void => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Told to whoever still waits.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
