/** What a disk was when it was opened: bytes that never change. */
export interface BlockSource {
  readonly sizeBytes: number;
  /** Fills all of `into`; at once where it returns nothing. Rejects with a sentence for the user. */
  read(offset: number, into: Uint8Array): void | Promise<void>;
}

/** A disk image that is in memory already. */
export class MemorySource implements BlockSource {
  readonly sizeBytes: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.sizeBytes = bytes.length;
  }

  read(offset: number, into: Uint8Array): void {
    into.set(this.#bytes.subarray(offset, offset + into.length));
  }
}
