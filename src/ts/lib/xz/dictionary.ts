import { XzError } from "./error.ts";

/** No chunk of LZMA2 unpacks to more. */
export const MAX_CHUNK_BYTES = 1 << 21;

/** What was unpacked last, as far back as matches may reach. It grows with what comes, not with what a header says. */
export class Dictionary {
  /** Everything up to `end` is unpacked; the decoder writes behind it, up to `limit`, and moves `end`. */
  bytes = new Uint8Array(1 << 16);
  end = 0;
  /** Where the chunk that is being unpacked has to end. */
  limit = 0;
  /** What precedes this cannot be reached. Below 0 where the beginning is no longer kept. */
  start = 0;
  #sizeBytes = 0;
  #chunkStart = 0;

  /** Begins anew, with nothing that could be reached. */
  reset(): void {
    this.start = this.end;
  }

  /** How far back a match may reach at most. */
  setSize(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
  }

  /** Makes room for a chunk of `length` bytes. */
  startChunk(length: number): void {
    if (this.end + length > this.bytes.length) this.#makeRoom(length);
    this.#chunkStart = this.end;
    this.limit = this.end + length;
  }

  /** A copy of what the chunk unpacked to. */
  chunk(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(this.#chunkStart, this.end);
  }

  /** Appends bytes that were not compressed. */
  append(bytes: Uint8Array): void {
    if (this.end + bytes.length > this.limit) throw new XzError("a chunk unpacks to more than it says");
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
  }

  /** Drops what cannot be reached; where that is not enough, grows. */
  #makeRoom(length: number): void {
    const keptFrom = Math.max(this.start, this.end - this.#sizeBytes);
    const kept = this.end - keptFrom;
    // Sliding costs as much as what is kept: it has to pay for some megabytes to come.
    const wanted = kept + Math.max(length, Math.min(kept, 8 * MAX_CHUNK_BYTES));
    if (wanted <= this.bytes.length) {
      this.bytes.copyWithin(0, keptFrom, this.end);
    } else {
      const larger = new Uint8Array(Math.max(wanted, Math.min(2 * this.bytes.length, this.#sizeBytes)));
      larger.set(this.bytes.subarray(keptFrom, this.end));
      this.bytes = larger;
    }
    this.start -= keptFrom;
    this.end = kept;
  }
}
