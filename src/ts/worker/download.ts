import { ByteSink, type DownloadSink } from "./byte-sink.ts";
import {
  badStatus,
  blocked,
  connectionLost,
  formatBytes,
  tooLarge,
  unreachable,
  wrongType,
} from "./download-failure.ts";

/** Attempts in a row that bring nothing new before a download is given up. */
const MAX_FRUITLESS_ATTEMPTS = 5;
/** The same, where nothing ever came from that server. */
const MAX_FIRST_ATTEMPTS = 3;
const FIRST_DELAY_MS = 400;
/** A connection that is silent for so long is taken for lost. */
const STALL_MS = 20_000;
/** Answers that another attempt may change. */
const PASSING_STATUS: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** The origin the request comes from: elsewhere, a refusal may be CORS. */
  readonly origin: string;
  /** `note` is a sentence while something has to be said, else null. */
  onProgress(loadedBytes: number, totalBytes: number | null, note: string | null): void;
  readonly fetch: typeof fetch;
  delay(delayMs: number, signal: AbortSignal): Promise<void>;
}

/** The connection broke, or a passing answer came: another attempt makes sense. `status` is the answer's, if any. */
class AttemptError extends Error {
  readonly response: Response | null;

  constructor(message: string, response: Response | null, options?: ErrorOptions) {
    super(message, options);
    this.response = response;
  }
}

/**
 * Loads a file completely. A lost connection is taken up again where it broke, if the server can; each step is told
 * through `onProgress`. Rejects with a FailureError that says what happened and what to do, or with the signal's
 * reason.
 */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  let sink = new ByteSink(0);
  await downloadInto(url, options, (expectedBytes) => {
    sink = new ByteSink(expectedBytes);
    return sink;
  });
  return sink.view();
}

/**
 * The same, into what `open` makes; it is asked again where the download begins anew with another size. `expectedBytes`
 * is a hint, 0 where nothing is known. Resolves with what tells this version of the file from the next (ETag or
 * Last-Modified), null where the server says nothing of that.
 */
export async function downloadInto(
  url: string,
  options: DownloadOptions,
  open: (expectedBytes: number) => DownloadSink,
): Promise<string | null> {
  const transfer = new Transfer(url, options, open);
  for (let fruitless = 0; ; ) {
    const before = transfer.loadedBytes;
    try {
      await transfer.attempt();
      return transfer.validator;
    } catch (error) {
      options.signal.throwIfAborted();
      if (!(error instanceof AttemptError)) throw error;
      fruitless = transfer.loadedBytes > before ? 1 : fruitless + 1;
      const everAnswered = transfer.loadedBytes > 0;
      if (fruitless >= (everAnswered ? MAX_FRUITLESS_ATTEMPTS : MAX_FIRST_ATTEMPTS)) {
        throw await transfer.giveUp(error);
      }
      transfer.say(
        everAnswered
          ? `Connection lost after ${formatBytes(transfer.loadedBytes)}. Taking it up again …`
          : "No answer yet. Trying again …",
      );
      await options.delay(FIRST_DELAY_MS * 2 ** (fruitless - 1), options.signal);
    }
  }
}

/** One file on its way, over as many connections as it takes. */
class Transfer {
  readonly #url: string;
  readonly #options: DownloadOptions;
  readonly #sameOrigin: boolean;
  readonly #open: (expectedBytes: number) => DownloadSink;
  #sink: DownloadSink = new ByteSink(0);
  #totalBytes: number | null = null;
  /** What tells this version of the file from the next (ETag or Last-Modified). */
  #validator: string | null = null;
  #note: string | null = null;

  constructor(url: string, options: DownloadOptions, open: (expectedBytes: number) => DownloadSink) {
    this.#url = url;
    this.#open = open;
    this.#options = options;
    this.#sameOrigin = new URL(url).origin === options.origin;
  }

  get loadedBytes(): number {
    return this.#sink.length;
  }

  get validator(): string | null {
    return this.#validator;
  }

  say(note: string | null): void {
    this.#note = note;
    this.#options.onProgress(this.#sink.length, this.#totalBytes, note);
  }

  /** One request. Throws AttemptError where a further one may help. */
  async attempt(): Promise<void> {
    const stall = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, stall.signal]);
    let stallTimer = setTimeout(() => stall.abort(), STALL_MS);
    const alive = (): void => {
      clearTimeout(stallTimer);
      stallTimer = setTimeout(() => stall.abort(), STALL_MS);
    };
    try {
      const response = await this.#request(signal);
      await this.#accept(response);
      await this.#read(response, alive);
    } catch (error) {
      // fetch and its body report every network error as a TypeError, a stall as the abort that it caused.
      if (error instanceof TypeError || stall.signal.aborted) {
        throw new AttemptError("the connection broke", null, { cause: error });
      }
      throw error;
    } finally {
      clearTimeout(stallTimer);
    }
  }

  async #request(signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.#sink.length > 0) {
      headers.Range = `bytes=${this.#sink.length}-`;
      // Elsewhere If-Range would need a preflight; there the validator is compared when the answer comes.
      if (this.#sameOrigin && this.#validator !== null) headers["If-Range"] = this.#validator;
    }
    return await this.#options.fetch(this.#url, { signal, headers });
  }

  /** Looks at the answer before its body: throws, or leaves the sink where the body goes on. */
  async #accept(response: Response): Promise<void> {
    if (response.status === 416) {
      await this.#sink.clear();
      throw new AttemptError("the server cannot go on from here", response);
    }
    if (PASSING_STATUS.includes(response.status)) throw new AttemptError("a passing answer", response);
    if (!response.ok) throw badStatus(this.#url, response.status, response.statusText);
    const contentType = response.headers.get("Content-Type") ?? "";
    if (/^(text\/html|application\/xhtml\+xml)\b/i.test(contentType)) throw wrongType(this.#url, contentType);
    const validator = response.headers.get("ETag") ?? response.headers.get("Last-Modified");
    const goesOn = response.status === 206 && this.#rangeStart(response) && validator === this.#validator;
    if (!goesOn) await this.#beginAnew(response, validator);
    this.say(null);
  }

  #rangeStart(response: Response): boolean {
    const range = response.headers.get("Content-Range");
    // Not readable from another origin unless exposed: then the 206 to this request has to do.
    if (range === null) return !this.#sameOrigin;
    return range.startsWith(`bytes ${this.#sink.length}-`);
  }

  async #beginAnew(response: Response, validator: string | null): Promise<void> {
    await this.#sink.clear();
    if (response.status === 206) {
      throw new AttemptError("the file changed meanwhile", response);
    }
    const length = response.headers.get("Content-Length");
    // The length of an encoded body says nothing about the file's.
    const known = length !== null && response.headers.get("Content-Encoding") === null;
    this.#totalBytes = known ? Number(length) : null;
    this.#validator = validator;
    try {
      this.#sink = this.#open(this.#totalBytes ?? 0);
    } catch (error) {
      if (error instanceof RangeError) throw tooLarge(this.#url, this.#totalBytes ?? 0);
      throw error;
    }
  }

  async #read(response: Response, alive: () => void): Promise<void> {
    if (response.body !== null) {
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        alive();
        await this.#append(value);
      }
    }
    const total = this.#totalBytes;
    if (total !== null && this.#sink.length < total) throw new AttemptError("the body ended early", response);
  }

  async #append(part: Uint8Array): Promise<void> {
    if (this.#sink.length === 0) this.#checkStart(part);
    try {
      await this.#sink.append(part);
    } catch (error) {
      if (error instanceof RangeError) throw tooLarge(this.#url, this.#sink.length + part.length);
      throw error;
    }
    if (this.#totalBytes !== null && this.#sink.length > this.#totalBytes) this.#totalBytes = null;
    this.#options.onProgress(this.#sink.length, this.#totalBytes, this.#note);
  }

  /** Servers without a type for the name still answer with their error page. */
  #checkStart(part: Uint8Array): void {
    const start = new TextDecoder("latin1").decode(part.subarray(0, 64)).trimStart().toLowerCase();
    if (start.startsWith("<!doctype html") || start.startsWith("<html")) throw wrongType(this.#url, "HTML");
  }

  /** The failure to tell after the last attempt. */
  async giveUp(last: AttemptError): Promise<Error> {
    if (this.#sink.length > 0) return connectionLost(this.#url, this.#sink.length, this.#totalBytes);
    if (last.response !== null) return badStatus(this.#url, last.response.status, last.response.statusText);
    if (!this.#sameOrigin && (await this.#answersWithoutCors())) return blocked(this.#url);
    return unreachable(this.#url);
  }

  /** A request whose answer nobody may read succeeds where a readable one is refused for lack of CORS headers. */
  async #answersWithoutCors(): Promise<boolean> {
    try {
      await this.#options.fetch(this.#url, { mode: "no-cors", signal: this.#options.signal });
      return true;
    } catch {
      // Any failure means the same here: not even an unreadable answer comes.
      return false;
    }
  }
}
