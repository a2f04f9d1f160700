import type { BlockSource } from "./block-source.ts";

/** Unit in which the image is kept; requests are for whole ones. */
const CHUNK_BYTES = 64 * 1024;
/** Chunks asked for at once, at least: a request costs more than its bytes. */
const REQUEST_CHUNKS = 4;
/** And at most. */
const MAX_REQUEST_CHUNKS = 32;
/** Chunks kept in memory (128 MiB); the longest unused go first. */
const KEPT_CHUNKS = 2048;
/** A longer read is split: all chunks of one must be in memory at the same time. */
const MAX_READ_BYTES = 16 * 1024 * 1024;
const ATTEMPTS = 5;
const FIRST_DELAY_MS = 300;

export interface HttpSourceHost {
  readonly fetch: typeof fetch;
  /** Whether the server is the page's own: only there If-Range goes without a preflight. */
  readonly sameOrigin: boolean;
  delay(delayMs: number): Promise<void>;
}

/** A disk image on a web server, of which only what is read is loaded. */
export class HttpSource implements BlockSource {
  readonly sizeBytes: number;
  readonly #url: string;
  readonly #host: HttpSourceHost;
  /** ETag or Last-Modified: all parts have to be of one version. */
  readonly #validator: string | null;
  readonly #chunks = new Map<number, Uint8Array>();
  readonly #loading = new Map<number, Promise<void>>();

  private constructor(url: string, sizeBytes: number, validator: string | null, host: HttpSourceHost) {
    this.#url = url;
    this.sizeBytes = sizeBytes;
    this.#validator = validator;
    this.#host = host;
  }

  /**
   * Asks the server whether it hands out parts. Resolves with null where it does not, or does not say so (from another
   * origin without `Access-Control-Expose-Headers: Content-Range`): then the image has to be loaded whole. Rejects
   * where the request itself fails.
   */
  static async open(url: string, host: HttpSourceHost): Promise<HttpSource | null> {
    const response = await host.fetch(url, { headers: { Range: "bytes=0-0" } });
    await response.body?.cancel();
    const total = /^bytes 0-0\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1];
    if (response.status !== 206 || total === undefined) return null;
    return new HttpSource(url, Number(total), validatorOf(response), host);
  }

  read(offset: number, into: Uint8Array): void | Promise<void> {
    if (into.length > MAX_READ_BYTES) return this.#readLong(offset, into);
    const first = Math.floor(offset / CHUNK_BYTES);
    const last = Math.floor((offset + into.length - 1) / CHUNK_BYTES);
    const waits = this.#load(first, last);
    if (waits.length === 0) return this.#copyOut(offset, into, first, last);
    return Promise.all(waits).then(() => this.#copyOut(offset, into, first, last) ?? undefined);
  }

  async #readLong(offset: number, into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length; done += MAX_READ_BYTES) {
      await this.read(offset + done, into.subarray(done, done + MAX_READ_BYTES));
    }
  }

  /** Copies from chunks that are there; one that had to make room meanwhile is loaded again. */
  #copyOut(offset: number, into: Uint8Array, first: number, last: number): void | Promise<void> {
    for (let index = first; index <= last; index++) {
      const chunk = this.#chunks.get(index);
      if (chunk === undefined) return this.read(offset, into);
      // Used now: to the end of the line.
      this.#chunks.delete(index);
      this.#chunks.set(index, chunk);
      const start = index * CHUNK_BYTES;
      const from = Math.max(offset, start);
      const to = Math.min(offset + into.length, start + chunk.length);
      into.set(chunk.subarray(from - start, to - start), from - offset);
    }
  }

  /** Sees to it that chunks are on their way; returns what to wait for. */
  #load(first: number, last: number): Promise<void>[] {
    const waits = new Set<Promise<void>>();
    for (let index = first; index <= last; index++) {
      if (this.#chunks.has(index)) continue;
      const loading = this.#loading.get(index) ?? this.#request(index, last);
      waits.add(loading);
    }
    return [...waits];
  }

  /** One request, from a missing chunk to the last wanted one, or some further, up to the next that is known. */
  #request(first: number, lastWanted: number): Promise<void> {
    const chunkCount = Math.ceil(this.sizeBytes / CHUNK_BYTES);
    const end = Math.min(chunkCount, first + MAX_REQUEST_CHUNKS, Math.max(lastWanted + 1, first + REQUEST_CHUNKS));
    let after = first + 1;
    while (after < end && !this.#chunks.has(after) && !this.#loading.has(after)) after++;
    const request = this.#fetchChunks(first, after).finally(() => {
      for (let index = first; index < after; index++) this.#loading.delete(index);
    });
    for (let index = first; index < after; index++) this.#loading.set(index, request);
    return request;
  }

  async #fetchChunks(first: number, after: number): Promise<void> {
    const start = first * CHUNK_BYTES;
    const end = Math.min(after * CHUNK_BYTES, this.sizeBytes);
    const bytes = await this.#fetchRange(start, end);
    for (let index = first; index < after; index++) {
      const from = (index - first) * CHUNK_BYTES;
      this.#chunks.set(index, bytes.slice(from, Math.min(from + CHUNK_BYTES, bytes.length)));
    }
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= KEPT_CHUNKS) break;
      this.#chunks.delete(oldest);
    }
  }

  async #fetchRange(start: number, end: number): Promise<Uint8Array> {
    const headers: Record<string, string> = { Range: `bytes=${start}-${end - 1}` };
    if (this.#host.sameOrigin && this.#validator !== null) headers["If-Range"] = this.#validator;
    let reason = "";
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await this.#host.delay(FIRST_DELAY_MS * 2 ** (attempt - 1));
      try {
        const response = await this.#host.fetch(this.#url, { headers });
        if (response.status === 200 || (response.status === 206 && validatorOf(response) !== this.#validator)) {
          await response.body?.cancel();
          reason = "it changed on the server since the machine was started; reload the page";
          break;
        }
        reason = `the server answers ${response.status}`;
        if (response.status === 206) {
          const bytes = new Uint8Array(await response.arrayBuffer());
          if (bytes.length === end - start) return bytes;
          reason = "the server sent less than it was asked for";
        }
      } catch {
        // Network errors all look alike; the next attempt shows whether it was a passing one.
        reason = "the server does not answer";
      }
    }
    throw new Error(`The disk image ${this.#url} cannot be read: ${reason}.`);
  }
}

function validatorOf(response: Response): string | null {
  return response.headers.get("ETag") ?? response.headers.get("Last-Modified");
}
