import { gunzip } from "../lib/inflate/gunzip.ts";
import { InflateError } from "../lib/inflate/error.ts";
import { sha256 } from "../lib/sha256.ts";
import { zstdDecompress } from "../lib/zstd/decompress.ts";
import { ZstdError } from "../lib/zstd/error.ts";
import { ByteSource } from "../loader/byte-source.ts";
import type { BlockSource } from "./block-source.ts";
import { CHUNK_SUFFIXES, type ChunkSet, MAX_MANIFEST_BYTES, parseManifest } from "./chunk-set-manifest.ts";
import { cannotRead, fetchBytes, type HttpSourceHost, WrongAnswer } from "./http-fetch.ts";
import type { SparseSource } from "./image/sparse-source.ts";
import { ReadCache } from "./read-cache.ts";
import { StorageError } from "./storage-error.ts";

/** Unpacked chunks kept in memory. */
const KEPT_BYTES = 64 * 1024 * 1024;
/** Chunks on their way before they are asked for. */
const AHEAD_CHUNKS = 4;

/** A disk that is cut into compressed files on a server: only what is read is loaded, and checked before it is used. */
export class ChunkSetSource implements SparseSource {
  readonly sizeBytes: number;
  /** Where the manifest is, absolute. */
  readonly url: string;
  readonly #set: ChunkSet;
  readonly #host: HttpSourceHost;
  readonly #cache: ReadCache;

  constructor(url: string, set: ChunkSet, host: HttpSourceHost) {
    this.url = url;
    this.sizeBytes = set.sizeBytes;
    this.#set = set;
    this.#host = host;
    this.#cache = new ReadCache({
      sizeBytes: set.sizeBytes,
      chunkBytes: set.chunkBytes,
      requestChunks: 1,
      maxRequestChunks: 1,
      aheadChunks: AHEAD_CHUNKS,
      keptChunks: Math.max(8, Math.floor(KEPT_BYTES / set.chunkBytes)),
      load: (start, end) => this.#load(start / set.chunkBytes, end - start),
    });
  }

  read(offset: number, into: Uint8Array): void | Promise<void> {
    return this.#cache.read(offset, into);
  }

  nextData(offset: number): Promise<number> {
    const { chunkBytes, chunks, sizeBytes } = this.#set;
    let index = Math.floor(offset / chunkBytes);
    while (index < chunks.length && chunks[index] === null) index++;
    return Promise.resolve(Math.min(sizeBytes, Math.max(offset, index * chunkBytes)));
  }

  async #load(index: number, length: number): Promise<Uint8Array> {
    const { chunks, compression, folder, chunkBytes } = this.#set;
    const hash = chunks[index] ?? null;
    if (hash === null) return new Uint8Array(length);
    const url = new URL(`${folder}/${hash}${CHUNK_SUFFIXES[compression]}`, this.url).href;
    const packed = await fetchBytes(this.#host, {
      url,
      lengthBytes: maxPackedBytes(chunkBytes),
      exact: false,
      check: ({ status }) =>
        status === 200 ? null : new WrongAnswer("failed", `the server answers ${status} for a part of it`),
    });
    const wrong = (reason: string): StorageError => cannotRead(this.url, new WrongAnswer("damaged", reason));
    if ((await sha256(packed)) !== hash) throw wrong(`the chunk ${url} is not the one that its manifest names`);
    try {
      return await UNPACK[compression](packed, length);
    } catch (error) {
      if (!(error instanceof InflateError || error instanceof ZstdError)) throw error;
      throw wrong(`the chunk ${url} cannot be unpacked (${error.message})`);
    }
  }
}

/**
 * Opens a disk in chunks by its manifest, which was read from `url` (absolute). `expected` is the SHA-256 that the
 * manifest has to have; null is any. Rejects with a StorageError.
 */
export async function openChunkSet(
  url: string,
  manifest: BlockSource,
  host: HttpSourceHost,
  expected: string | null = null,
): Promise<ChunkSetSource> {
  if (manifest.sizeBytes > MAX_MANIFEST_BYTES) {
    throw new StorageError("damaged", `The manifest ${url} is larger than any may be.`, "Look at the server.");
  }
  const bytes = new Uint8Array(manifest.sizeBytes);
  await manifest.read(0, bytes);
  if (expected !== null && (await sha256(bytes)) !== expected) {
    throw new StorageError(
      "changed",
      `The manifest ${url} is not the one that its SHA-256 was given for.`,
      "It was changed on the server: get a new link, or leave out sha256=.",
    );
  }
  return new ChunkSetSource(url, parseManifest(new TextDecoder().decode(bytes)), host);
}

/** What no compression makes larger than it was, but for its headers. */
function maxPackedBytes(chunkBytes: number): number {
  return chunkBytes + Math.ceil(chunkBytes / 256) + 1024;
}

const UNPACK: Record<ChunkSet["compression"], (packed: Uint8Array, length: number) => Promise<Uint8Array>> = {
  zstd: async (packed, length) => await collect(zstdDecompress(ByteSource.from(packed)), length),
  gzip: async (packed, length) => await collect(gunzip(ByteSource.from(packed)), length),
  none: async (packed, length) => await collect([packed], length),
};

/** Exactly `length` bytes, checksums included; a chunk that unpacks to more is stopped. */
async function collect(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  for await (const piece of pieces) {
    if (done + piece.length > length) throw new InflateError("it unpacks to more than it should");
    bytes.set(piece, done);
    done += piece.length;
  }
  if (done < length) throw new InflateError("it unpacks to less than it should");
  return bytes;
}
