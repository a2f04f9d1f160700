import type { BlockSource } from "./block-source.ts";
import { fetchBytes, type HttpSourceHost, WrongAnswer } from "./http-fetch.ts";
import { ReadCache } from "./read-cache.ts";

export type { HttpSourceHost } from "./http-fetch.ts";

/** Unit in which the image is kept; requests are for whole ones. */
const CHUNK_BYTES = 64 * 1024;
/** Chunks asked for at once, at least: a request costs more than its bytes. */
const REQUEST_CHUNKS = 4;
/** And at most (2 MiB); long reads are several requests at the same time. */
const MAX_REQUEST_CHUNKS = 32;
/** Chunks kept in memory (128 MiB). */
const KEPT_CHUNKS = 2048;
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
      aheadChunks: MAX_REQUEST_CHUNKS / 2,
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
    const headers: Record<string, string> = { Range: `bytes=${start}-${end - 1}` };
    // A weak validator cannot be used here (RFC 9110, 13.1.5).
    if (this.#host.sameOrigin && this.validator !== null && !this.validator.startsWith("W/")) {
      headers["If-Range"] = this.validator;
    }
    const check = (response: Response): WrongAnswer | null => this.#wrongAnswer(response, start, end);
    return await fetchBytes(this.#host, { url: this.url, headers, lengthBytes: end - start, exact: true, check });
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
}

function validatorOf(response: Response): string | null {
  return response.headers.get("ETag") ?? response.headers.get("Last-Modified");
}

/** What the body is packed with on its way; null for nothing. */
function encodingOf(response: Response): string | null {
  const encoding = response.headers.get("Content-Encoding");
  return encoding === null || encoding === "identity" ? null : encoding;
}
