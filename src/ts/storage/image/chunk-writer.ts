import type { Chunk, ChunkStore } from "../chunk-store.ts";
import { StorageError } from "../storage-error.ts";

/** Written in one go: a transaction costs more than its bytes. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Fills an empty store in ascending order; chunks of zeros are left out. One batch is written while the next comes. */
export class ChunkWriter {
  /** Bytes stored so far, zeros not counted. */
  storedBytes = 0;
  readonly #store: ChunkStore;
  readonly #limitBytes: number;
  #chunk: Uint8Array | null = null;
  #chunkIndex = -1;
  #batch = new Map<number, Chunk>();
  #batchBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  /** Rejects writes that would make more than `limitBytes` stored. */
  constructor(store: ChunkStore, limitBytes: number) {
    this.#store = store;
    this.#limitBytes = limitBytes;
  }

  /** Takes the bytes of the disk from `offset` on, which is not before what was written last; what lies between is zeros. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const { chunkBytes } = this.#store;
    for (let done = 0; done < bytes.length; ) {
      const index = Math.floor((offset + done) / chunkBytes);
      const start = (offset + done) % chunkBytes;
      const part = bytes.subarray(done, done + chunkBytes - start);
      if (index !== this.#chunkIndex) {
        await this.#endChunk(chunkBytes);
        this.#chunkIndex = index;
      }
      if (this.#chunk !== null || !isZero(part)) {
        this.#chunk ??= new Uint8Array(chunkBytes);
        this.#chunk.set(part, start);
      }
      done += part.length;
    }
  }

  /** Makes it durable. The last chunk gets the length that a disk of `sizeBytes` leaves for it. */
  async finish(sizeBytes: number): Promise<void> {
    await this.#endChunk(Math.min(this.#store.chunkBytes, sizeBytes - this.#chunkIndex * this.#store.chunkBytes));
    await this.#writing;
    await this.#store.put(this.#batch, "strict");
  }

  async #endChunk(length: number): Promise<void> {
    if (this.#chunk === null) return;
    this.#batch.set(this.#chunkIndex, length === this.#chunk.length ? this.#chunk : this.#chunk.slice(0, length));
    this.#chunk = null;
    this.#batchBytes += length;
    this.storedBytes += length;
    if (this.storedBytes > this.#limitBytes) throw tooLarge(this.#limitBytes);
    if (this.#batchBytes < BATCH_BYTES) return;
    const batch = this.#batch;
    this.#batch = new Map();
    this.#batchBytes = 0;
    await this.#writing;
    this.#writing = this.#store.put(batch, "relaxed");
    // Told by whoever waits for it next; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }
}

/** What is in the image does not fit into the room that there is. */
export function tooLarge(limitBytes: number): StorageError {
  const megabytes = Math.floor(limitBytes / 1_000_000);
  return new StorageError(
    "quota",
    `The disk in the image is larger than ${megabytes} MB, which is all the room that there is for it.`,
    "Delete a disk, or use a smaller one.",
  );
}

/** Looks at four bytes at a time where it can. */
export function isZero(bytes: Uint8Array): boolean {
  const start = Math.min((4 - (bytes.byteOffset & 3)) & 3, bytes.length);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, Math.floor((bytes.length - start) / 4));
  for (let at = 0; at < start; at++) if (bytes[at] !== 0) return false;
  for (let at = 0; at < words.length; at++) if (words[at] !== 0) return false;
  for (let at = start + words.length * 4; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}
