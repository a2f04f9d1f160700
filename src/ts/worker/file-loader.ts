import { FailureError } from "../protocol/failure.ts";
import type { DownloadSink } from "./byte-sink.ts";
import { type DownloadOptions, download, downloadInto } from "./download.ts";
import { badAddress, unreadable } from "./download-failure.ts";
import { ProgressThrottle, type ProgressThrottleHost } from "./progress-throttle.ts";

/** Addresses a machine's file may have; others (file:, javascript:) a page cannot or must not load. */
const LOADABLE_PROTOCOLS: readonly string[] = ["http:", "https:", "blob:", "data:"];

export interface FileLoaderHost extends ProgressThrottleHost {
  /** What names are relative to: an absolute URL. */
  readonly baseUrl: string;
  /** Files that are also there gzip-compressed: by name, the name of the packed file. */
  readonly packed: ReadonlyMap<string, string>;
  /** Files that the page has: by name. They come before what the server has. */
  readonly files: ReadonlyMap<string, Blob>;
  /** The origin of the page. */
  readonly origin: string;
  readonly fetch: typeof fetch;
  delay(delayMs: number, signal: AbortSignal): Promise<void>;
}

/** Loads the files of one machine, each once, and tells how far they are. */
export class FileLoader {
  readonly #host: FileLoaderHost;
  readonly #signal: AbortSignal;
  readonly #started = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  constructor(host: FileLoaderHost, signal: AbortSignal) {
    this.#host = host;
    this.#signal = signal;
  }

  /** Begins to load a file that will be asked for. */
  prefetch(name: string): void {
    if (this.#started.has(name)) return;
    const file = this.#load(name);
    // Whoever asks for the file gets the error; until then it is not an unhandled one.
    file.catch(() => {});
    this.#started.set(name, file);
  }

  /** The file's bytes. They belong to the caller: asked for again, the file is loaded again. */
  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const started = this.#started.get(name);
    this.#started.delete(name);
    return await (started ?? this.#load(name));
  }

  /** Loads a file from its server into what `open` makes (downloadInto); what the page has of that name does not count. */
  async readInto(name: string, open: (expectedBytes: number) => DownloadSink): Promise<string | null> {
    const { origin, fetch, delay } = this.#host;
    const throttle = new ProgressThrottle(this.#host);
    const onProgress = (loadedBytes: number, totalBytes: number | null, note: string | null): void =>
      throttle.report({ name, loadedBytes, totalBytes, note });
    onProgress(0, null, null);
    try {
      return await downloadInto(this.resolve(name), { signal: this.#signal, origin, fetch, delay, onProgress }, open);
    } finally {
      throttle.flush();
    }
  }

  /** The absolute address of a file name. Throws FailureError where it is none that can be loaded. */
  resolve(name: string): string {
    if (!URL.canParse(name, this.#host.baseUrl)) throw badAddress(name);
    const url = new URL(name, this.#host.baseUrl);
    if (!LOADABLE_PROTOCOLS.includes(url.protocol)) throw badAddress(name);
    return url.href;
  }

  async #load(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const host = this.#host;
    const throttle = new ProgressThrottle(host);
    const onProgress = (loadedBytes: number, totalBytes: number | null, note: string | null): void =>
      throttle.report({ name, loadedBytes, totalBytes, note });
    onProgress(0, null, null);
    try {
      const { origin, fetch, delay } = host;
      const file = host.files.get(name);
      const bytes =
        file === undefined
          ? await this.#downloadPacked(name, { signal: this.#signal, origin, fetch, delay, onProgress })
          : await readFile(name, file);
      onProgress(bytes.length, bytes.length, null);
      return bytes;
    } finally {
      throttle.flush();
    }
  }

  /** The packed file where there is one; the plain one where there is none, or no longer. */
  async #downloadPacked(name: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
    const packed = this.#host.packed.get(name);
    if (packed === undefined) return await download(this.resolve(name), options);
    try {
      return await unpack(await download(this.resolve(packed), options));
    } catch (error) {
      if (!(error instanceof FailureError) || error.failure.code !== "not-found") throw error;
      return await download(this.resolve(name), options);
    }
  }
}

async function readFile(name: string, file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw unreadable(name, error);
  }
}

/**
 * What a packed file holds. Some servers unpack a .gz file on its way (Content-Encoding), and the plain file may have
 * taken its place: what does not start as gzip (RFC 1952, 2.3.1) is taken as it is.
 */
async function unpack(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
