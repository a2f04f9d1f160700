import type { BlockSource } from "./block-source.ts";
import { ReadCache } from "./read-cache.ts";
import { StorageError } from "./storage-error.ts";

/** Unit in which the image is kept; requests are for whole ones. */
const CHUNK_BYTES = 64 * 1024;
/** Chunks asked for at once, at least: a request costs more than its bytes. */
const REQUEST_CHUNKS = 4;
/** And at most (2 MiB); long reads are several requests at the same time. */
const MAX_REQUEST_CHUNKS = 32;
/** Chunks kept in memory (128 MiB). */
const KEPT_CHUNKS = 2048;
const ATTEMPTS = 5;
const FIRST_DELAY_MS = 300;
/** A connection that is silent for so long is taken for lost. */
const STALL_MS = 30_000;
/** Answers that another attempt may change. */
const PASSING_STATUS: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

export interface HttpSourceHost {
  readonly fetch: typeof fetch;
  /** Whether the server is the page's own: only there If-Range goes without a preflight. */
  readonly sameOrigin: boolean;
  delay(delayMs: number): Promise<void>;
}

/** The server's answer is no part of the image: another attempt makes no sense. */
class WrongAnswer extends Error {
  readonly code: "changed" | "failed";

  constructor(code: "changed" | "failed", reason: string) {
    super(reason);
    this.code = code;
  }
}

/** A disk image on a web server, of which only what is read is loaded. */
export class HttpSource implements BlockSource {
  readonly sizeBytes: number;
  readonly url: string;
  /** ETag or Last-Modified: all parts have to be of one version. null where the server tells neither. */
  readonly validator: string | null;
  readonly #host: HttpSourceHost;
  readonly #cache: ReadCache;

  private constructor(url: string, sizeBytes: number, validator: string | null, host: HttpSourceHost) {
    this.url = url;
    this.sizeBytes = sizeBytes;
    this.validator = validator;
    this.#host = host;
    this.#cache = new ReadCache({
      sizeBytes,
      chunkBytes: CHUNK_BYTES,
      requestChunks: REQUEST_CHUNKS,
      maxRequestChunks: MAX_REQUEST_CHUNKS,
      keptChunks: KEPT_CHUNKS,
      load: (start, end) => this.#load(start, end),
    });
  }

  /**
   * Asks the server whether it hands out parts. Resolves with null where it does not, or does not say so (from another
   * origin without `Access-Control-Expose-Headers: Content-Range`), or would hand out parts of something compressed:
   * then the image has to be loaded whole. Rejects where the request itself fails.
   */
  static async open(url: string, host: HttpSourceHost): Promise<HttpSource | null> {
    const response = await host.fetch(url, { headers: { Range: "bytes=0-0" } });
    await response.body?.cancel();
    const total = /^bytes 0-0\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1];
    if (response.status !== 206 || total === undefined || encodingOf(response) !== null) return null;
    const sizeBytes = Number(total);
    return Number.isSafeInteger(sizeBytes) ? new HttpSource(url, sizeBytes, validatorOf(response), host) : null;
  }

  read(offset: number, into: Uint8Array): void | Promise<void> {
    return this.#cache.read(offset, into);
  }

  async #load(start: number, end: number): Promise<Uint8Array> {
    let reason = "";
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await this.#host.delay(FIRST_DELAY_MS * 2 ** (attempt - 1));
      try {
        const part = await this.#loadOnce(start, end);
        if (part instanceof Uint8Array) return part;
        reason = part;
      } catch (error) {
        if (error instanceof WrongAnswer) throw this.#error(error.code, error.message, error);
        // Network errors all look alike; the next attempt shows whether it was a passing one.
        reason = "the server does not answer";
      }
    }
    throw this.#error("failed", reason);
  }

  /** The bytes, or why another attempt may have more luck. Throws WrongAnswer where it will not. */
  async #loadOnce(start: number, end: number): Promise<Uint8Array | string> {
    const headers: Record<string, string> = { Range: `bytes=${start}-${end - 1}` };
    // A weak validator cannot be used here (RFC 9110, 13.1.5).
    if (this.#host.sameOrigin && this.validator !== null && !this.validator.startsWith("W/")) {
      headers["If-Range"] = this.validator;
    }
    const stall = new AbortController();
    let timer = setTimeout(() => stall.abort(), STALL_MS);
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => stall.abort(), STALL_MS);
    };
    try {
      const response = await this.#host.fetch(this.url, { headers, signal: stall.signal });
      if (PASSING_STATUS.includes(response.status)) {
        await response.body?.cancel();
        return `the server answers ${response.status}`;
      }
      const wrong = this.#wrongAnswer(response, start, end);
      if (wrong !== null) {
        await response.body?.cancel();
        throw wrong;
      }
      return await readPart(response, end - start, alive);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What is wrong with an answer, by its headers. */
  #wrongAnswer(response: Response, start: number, end: number): WrongAnswer | null {
    const changed = new WrongAnswer(
      "changed",
      "it changed on the server since the machine was started; reload the page",
    );
    const { status } = response;
    if (status === 200) {
      if (validatorOf(response) !== this.validator) return changed;
      return new WrongAnswer("failed", "the server sends the whole file where it was asked for a part of it");
    }
    // Range Not Satisfiable: it is shorter now.
    if (status === 416) return changed;
    if (status !== 206) return new WrongAnswer("failed", `the server answers ${status}`);
    if (validatorOf(response) !== this.validator) return changed;
    if (encodingOf(response) !== null) {
      return new WrongAnswer(
        "failed",
        "the server compresses parts of it (Content-Encoding), which do not fit together",
      );
    }
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get("Content-Range") ?? "");
    if (range === null || Number(range[1]) !== start || Number(range[2]) !== end - 1) {
      return new WrongAnswer("failed", "the server sends another part than it was asked for");
    }
    return range[3] === "*" || Number(range[3]) === this.sizeBytes ? null : changed;
  }

  #error(code: "changed" | "failed", reason: string, cause?: unknown): StorageError {
    const advice =
      code === "changed"
        ? "Start the machine again with the image as it is now."
        : "Look at the server, or use another.";
    return new StorageError(code, `The disk image ${this.url} cannot be read: ${reason}.`, advice, { cause });
  }
}

/** Exactly `length` bytes of an answer; the reason where there are fewer. A server that sends on and on is stopped. */
async function readPart(response: Response, length: number, alive: () => void): Promise<Uint8Array | string> {
  const bytes = new Uint8Array(length);
  let done = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const piece = await reader?.read();
    if (piece === undefined || piece.done) break;
    alive();
    if (done + piece.value.length > length) {
      await reader?.cancel();
      throw new WrongAnswer("failed", "the server sends more than it was asked for");
    }
    bytes.set(piece.value, done);
    done += piece.value.length;
  }
  return done === length ? bytes : "the server sends less than it was asked for";
}

function validatorOf(response: Response): string | null {
  return response.headers.get("ETag") ?? response.headers.get("Last-Modified");
}

/** What the body is packed with on its way; null for nothing. */
function encodingOf(response: Response): string | null {
  const encoding = response.headers.get("Content-Encoding");
  return encoding === null || encoding === "identity" ? null : encoding;
}
