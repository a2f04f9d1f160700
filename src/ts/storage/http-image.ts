import type { BlockSource } from "./block-source.ts";
import type { ChunkStore } from "./chunk-store.ts";
import { type CopyTask, throwIfCancelled } from "./copy-disk.ts";
import { HttpSource, type HttpSourceHost } from "./http-source.ts";
import { ChunkWriter } from "./image/chunk-writer.ts";
import { MemoryChunkStore } from "./memory-chunk-store.ts";
import { StorageError } from "./storage-error.ts";
import { StoreSource } from "./store-source.ts";

/** Chunks of a store in memory. */
const CHUNK_BYTES = 64 * 1024;

export interface HttpImageTask extends CopyTask {
  /** Bytes that may be kept of an image that has to be loaded whole, zeros not counted. */
  readonly limitBytes: number;
  /** Where such an image goes; into memory without it. */
  readonly store?: () => Promise<ChunkStore>;
  /** A sentence for the user: why it takes so long. */
  onNote(note: string): void;
}

/** An image on a server, and what tells its version (ETag or Last-Modified). */
export interface HttpImage {
  readonly source: BlockSource;
  /** Absolute. */
  readonly url: string;
  readonly validator: string | null;
  /** All of it was loaded: the server does not hand out parts. */
  readonly isWhole: boolean;
}

/**
 * Opens an image on a server: in parts where the server hands them out, otherwise it is loaded whole, without ever
 * being in memory as one. Rejects with a StorageError.
 */
export async function openHttpImage(url: string, host: HttpSourceHost, task: HttpImageTask): Promise<HttpImage> {
  let source: HttpSource | null;
  try {
    source = await HttpSource.open(url, host);
  } catch (error) {
    throw unreachable(url, error);
  }
  if (source !== null) return { source, url, validator: source.validator, isWhole: false };
  return await downloadWhole(url, host, task);
}

async function downloadWhole(url: string, host: HttpSourceHost, task: HttpImageTask): Promise<HttpImage> {
  throwIfCancelled(task.signal);
  let response: Response;
  try {
    response = await host.fetch(url, { signal: task.signal });
  } catch (error) {
    throwIfCancelled(task.signal);
    throw unreachable(url, error);
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new StorageError(
      "failed",
      `The disk image ${url} cannot be loaded: the server answers ${response.status}.`,
      response.status === 404 ? "Check the address." : "Try again later.",
    );
  }
  task.onNote(`The server does not hand out parts of ${url}: all of it is loaded before the machine can start.`);
  const store = (await task.store?.()) ?? new MemoryChunkStore(CHUNK_BYTES);
  const sizeBytes = await fill(store, response.body, totalOf(response), url, task);
  const validator = response.headers.get("ETag") ?? response.headers.get("Last-Modified");
  return { source: await StoreSource.open(store, null, sizeBytes), url, validator, isWhole: true };
}

/** Stores what comes; returns how much it was. */
async function fill(
  store: ChunkStore,
  body: ReadableStream<Uint8Array>,
  totalBytes: number | null,
  url: string,
  task: HttpImageTask,
): Promise<number> {
  const writer = new ChunkWriter(store, task.limitBytes);
  const reader = body.getReader();
  let at = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      await writer.write(at, value);
      at += value.length;
      task.onProgress(at, totalBytes);
    }
    await writer.finish(at);
  } catch (error) {
    await reader.cancel(error).catch(() => undefined);
    throwIfCancelled(task.signal);
    throw error instanceof StorageError ? error : unreachable(url, error);
  }
  return at;
}

/** The length of what comes out of the body; unknown where it is packed on its way. */
function totalOf(response: Response): number | null {
  const length = response.headers.get("Content-Length");
  return length === null || response.headers.has("Content-Encoding") ? null : Number(length);
}

function unreachable(url: string, cause: unknown): StorageError {
  return new StorageError(
    "failed",
    `The disk image ${url} cannot be loaded: the server does not answer, or does not allow this page to read it.`,
    "Check the connection; a server of another site has to allow it (CORS).",
    { cause },
  );
}
