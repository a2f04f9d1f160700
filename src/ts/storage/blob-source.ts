import type { BlockSource } from "./block-source.ts";
import { ReadCache } from "./read-cache.ts";
import { StorageError } from "./storage-error.ts";

const CHUNK_BYTES = 64 * 1024;
/**
 * Chunks read at once while reads follow one another (4 MiB). Chromium takes less than twice as long for 4 MiB of a file as for 1
 * (docs/performance.md).
 */
const MAX_REQUEST_CHUNKS = 64;
/** Two requests and the rest of the one that is being used (8 MiB): the next bytes are there before the guest wants them. */
const AHEAD_CHUNKS = 128;
/** 32 MiB */
const KEPT_CHUNKS = 512;

/** Reads all of a Blob, which is a part of a file. Rejects with the browser's error. */
export type ReadBlob = (part: Blob) => Promise<ArrayBuffer>;

/** A file of this computer, or any other Blob, read where it is: nothing is copied before it is asked for. */
export class BlobSource implements BlockSource {
  readonly sizeBytes: number;
  readonly #blob: Blob;
  readonly #cache: ReadCache;
  readonly #readAhead: ReadBlob;

  /** `readAhead` reads what nobody waits for yet. */
  constructor(blob: Blob, readAhead: ReadBlob = readHere) {
    this.#blob = blob;
    this.#readAhead = readAhead;
    this.sizeBytes = blob.size;
    this.#cache = new ReadCache({
      sizeBytes: blob.size,
      chunkBytes: CHUNK_BYTES,
      requestChunks: 1,
      maxRequestChunks: MAX_REQUEST_CHUNKS,
      aheadChunks: AHEAD_CHUNKS,
      keptChunks: KEPT_CHUNKS,
      load: (start, end, isAhead) => this.#load(start, end, isAhead ? this.#readAhead : readHere),
    });
  }

  read(offset: number, into: Uint8Array): void | Promise<void> {
    return this.#cache.read(offset, into);
  }

  async #load(start: number, end: number, read: ReadBlob): Promise<Uint8Array> {
    let bytes: ArrayBuffer;
    try {
      bytes = await read(this.#blob.slice(start, end));
    } catch (error) {
      // NotReadableError or NotFoundError: the browser compares the file with what it was when it was chosen.
      throw this.#changed({ cause: error });
    }
    if (bytes.byteLength !== end - start) throw this.#changed();
    return new Uint8Array(bytes);
  }

  #changed(options?: ErrorOptions): StorageError {
    const name =
      "name" in this.#blob && typeof this.#blob.name === "string" ? `The file ${this.#blob.name}` : "The file";
    return new StorageError(
      "changed",
      `${name} cannot be read any more: it was changed, moved or deleted since it was chosen.`,
      "Choose the file again.",
      options,
    );
  }
}

async function readHere(part: Blob): Promise<ArrayBuffer> {
  return await part.arrayBuffer();
}
