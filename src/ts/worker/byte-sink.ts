/** Where a download goes, part by part. */
export interface DownloadSink {
  /** Bytes that were appended. */
  readonly length: number;
  /** Throws RangeError where there is not that much memory. */
  append(part: Uint8Array): void | Promise<void>;
  /** Throws away what was appended: the download begins anew. */
  clear(): void | Promise<void>;
}

/** Puts the parts of a file together without keeping them twice where the size is known beforehand. */
export class ByteSink implements DownloadSink {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** `expectedBytes` is a hint; more may come. Throws RangeError where the browser has not that much. */
  constructor(expectedBytes: number) {
    this.#bytes = new Uint8Array(expectedBytes);
  }

  get length(): number {
    return this.#length;
  }

  append(part: Uint8Array): void {
    const needed = this.#length + part.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2, 64 * 1024));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(part, this.#length);
    this.#length = needed;
  }

  clear(): void {
    this.#length = 0;
  }

  /** What was appended so far; not a copy. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }
}
