import type { BlockBackend } from "../../virtio/backends.ts";
import type { BlockSource } from "./block-source.ts";
import { pieces, settled } from "./pieces.ts";

/** Unit in which what was written is kept; a multiple of the sector. */
const CHUNK_BYTES = 64 * 1024;

const SECTOR_BYTES = 512;

/** A disk image that cannot be a disk; the message is a sentence for the user. */
export class DiskImageError extends Error {
  override readonly name = "DiskImageError";
}

/** A disk over a source that stays untouched: what the guest writes is kept in memory. */
export class OverlayDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly #source: BlockSource;
  readonly #written = new Map<number, Uint8Array>();
  /** Chunks that are being copied from the source since a part of them is written. */
  readonly #copying = new Map<number, Promise<Uint8Array>>();

  /** Throws DiskImageError where the size is none that a disk can have. */
  constructor(source: BlockSource, readOnly: boolean) {
    if (source.sizeBytes === 0 || source.sizeBytes % SECTOR_BYTES !== 0) {
      throw new DiskImageError(
        `A disk image of ${source.sizeBytes} bytes is no whole number of ${SECTOR_BYTES}-byte sectors: it may be cut off, or no raw image.`,
      );
    }
    this.#source = source;
    this.sizeBytes = source.sizeBytes;
    this.readOnly = readOnly;
  }

  /** Memory that what was written takes up. */
  get usedBytes(): number {
    return this.#written.size * CHUNK_BYTES;
  }

  read(offset: number, into: Uint8Array): void | Promise<void> {
    const waits: Promise<void>[] = [];
    // Neighbouring chunks of the source are asked for at once.
    let unwritten = 0;
    let position = 0;
    const readUnwritten = (): void => {
      if (unwritten === 0) return;
      const wait = this.#source.read(offset + position - unwritten, into.subarray(position - unwritten, position));
      if (wait !== undefined) waits.push(wait);
      unwritten = 0;
    };
    for (const { chunk, start, length } of pieces(offset, into.length, CHUNK_BYTES)) {
      const bytes = this.#written.get(chunk);
      if (bytes !== undefined) {
        readUnwritten();
        into.set(bytes.subarray(start, start + length), position);
      } else {
        unwritten += length;
      }
      position += length;
    }
    readUnwritten();
    return settled(waits);
  }

  write(offset: number, from: Uint8Array): void | Promise<void> {
    const waits: Promise<void>[] = [];
    let position = 0;
    for (const { chunk, start, length } of pieces(offset, from.length, CHUNK_BYTES)) {
      const part = from.subarray(position, position + length);
      const wait = this.#change(chunk, length, (bytes) => bytes.set(part, start));
      if (wait !== undefined) waits.push(wait);
      position += length;
    }
    return settled(waits);
  }

  /** Nothing here outlives the page: what is written is as durable as it gets. */
  flush(): void {}

  /** Keeps the contents: giving memory back would bring the source's old ones to light. */
  discard(_offset: number, _length: number): void {}

  writeZeroes(offset: number, length: number, _mayUnmap: boolean): void | Promise<void> {
    const waits: Promise<void>[] = [];
    for (const piece of pieces(offset, length, CHUNK_BYTES)) {
      const wait = this.#change(piece.chunk, piece.length, (bytes) =>
        bytes.fill(0, piece.start, piece.start + piece.length),
      );
      if (wait !== undefined) waits.push(wait);
    }
    return settled(waits);
  }

  /** Changes `length` bytes of a chunk, which is copied from the source first unless all of it changes. */
  #change(chunk: number, length: number, change: (bytes: Uint8Array) => void): void | Promise<void> {
    const written = this.#written.get(chunk);
    if (written !== undefined) {
      change(written);
      return;
    }
    if (length === this.#chunkLength(chunk)) {
      const bytes = new Uint8Array(length);
      change(bytes);
      this.#written.set(chunk, bytes);
      return;
    }
    const copy = this.#copying.get(chunk) ?? this.#copy(chunk);
    if (copy instanceof Uint8Array) {
      change(copy);
      return;
    }
    return copy.then(change);
  }

  #copy(chunk: number): Uint8Array | Promise<Uint8Array> {
    const bytes = new Uint8Array(this.#chunkLength(chunk));
    const wait = this.#source.read(chunk * CHUNK_BYTES, bytes);
    if (wait === undefined) {
      this.#written.set(chunk, bytes);
      return bytes;
    }
    const copy = wait
      .then(() => {
        // A write of the whole chunk may have come first.
        const current = this.#written.get(chunk) ?? bytes;
        this.#written.set(chunk, current);
        return current;
      })
      .finally(() => this.#copying.delete(chunk));
    this.#copying.set(chunk, copy);
    return copy;
  }

  #chunkLength(chunk: number): number {
    return Math.min(CHUNK_BYTES, this.sizeBytes - chunk * CHUNK_BYTES);
  }
}
