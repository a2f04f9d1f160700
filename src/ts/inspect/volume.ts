/** Bounded reading of a disk: what the parsers of this folder see of it. */
import type { BlockSource } from "../storage/block-source.ts";
import { StorageError } from "../storage/storage-error.ts";
import { InspectError } from "./inspect-error.ts";

const PAGE_BYTES = 64 * 1024;
/** Pages kept (4 MiB): superblocks, tables and directories are read again and again. */
const KEPT_PAGES = 64;

/**
 * What one inspection may do. A hostile image can send a parser round in circles that are each within bounds; the sum of all
 * reads ends that.
 */
export interface ReadLimits {
  /** Calls of `read`. */
  readonly steps: number;
  /** Bytes handed out, and taken from the source. */
  readonly bytes: number;
}

const LIMITS: ReadLimits = { steps: 100_000, bytes: 128 * 2 ** 20 };

/** A source with a page cache and a budget, shared by all volumes on it. */
class PagedSource {
  readonly #source: BlockSource;
  readonly #pages = new Map<number, Uint8Array>();
  #stepsLeft: number;
  #bytesLeft: number;

  constructor(source: BlockSource, limits: ReadLimits) {
    this.#source = source;
    this.#stepsLeft = limits.steps;
    this.#bytesLeft = limits.bytes;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.#bytesLeft -= length;
    if (--this.#stepsLeft < 0 || this.#bytesLeft < 0) throw tooMuch();
    // Long reads are file contents, which nobody reads twice.
    if (length >= PAGE_BYTES) return await this.#take(offset, length);
    const first = Math.floor(offset / PAGE_BYTES);
    const start = offset - first * PAGE_BYTES;
    const page = await this.#page(first);
    if (start + length <= page.length) return page.subarray(start, start + length);
    const out = new Uint8Array(length);
    const head = page.subarray(start);
    out.set(head);
    out.set((await this.#page(first + 1)).subarray(0, length - head.length), head.length);
    return out;
  }

  async #page(index: number): Promise<Uint8Array> {
    let page = this.#pages.get(index);
    if (page === undefined) {
      const offset = index * PAGE_BYTES;
      const length = Math.min(PAGE_BYTES, this.#source.sizeBytes - offset);
      this.#bytesLeft -= length;
      if (this.#bytesLeft < 0) throw tooMuch();
      page = await this.#take(offset, length);
    } else {
      // Used now: to the end of the line.
      this.#pages.delete(index);
    }
    this.#pages.set(index, page);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= KEPT_PAGES) break;
      this.#pages.delete(oldest);
    }
    return page;
  }

  async #take(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    try {
      await this.#source.read(offset, bytes);
    } catch (error) {
      // The container around the disk is damaged here; elsewhere there may be enough of it.
      if (error instanceof StorageError && error.code === "damaged")
        throw new InspectError(error.message, { cause: error });
      throw error;
    }
    return bytes;
  }
}

/** A stretch of a disk: the whole of it, or a partition. Offsets are from its start. */
export class Volume {
  readonly sizeBytes: number;
  readonly #pages: PagedSource;
  readonly #start: number;

  private constructor(pages: PagedSource, start: number, sizeBytes: number) {
    this.#pages = pages;
    this.#start = start;
    this.sizeBytes = sizeBytes;
  }

  static of(source: BlockSource, limits: ReadLimits = LIMITS): Volume {
    return new Volume(new PagedSource(source, limits), 0, source.sizeBytes);
  }

  /** A part of this volume with the same budget; cut off where it goes past the end. */
  part(offset: number, sizeBytes: number): Volume {
    const start = Math.min(Math.max(offset, 0), this.sizeBytes);
    return new Volume(this.#pages, this.#start + start, Math.max(0, Math.min(sizeBytes, this.sizeBytes - start)));
  }

  /** Whether that stretch lies inside. */
  holds(offset: number, length: number): boolean {
    return Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && offset + length <= this.sizeBytes;
  }

  /**
   * The bytes there, which must not be changed. Throws an InspectError where they lie outside of the volume, or the budget
   * is used up.
   */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (!this.holds(offset, length)) throw new InspectError("It points outside of itself: it is damaged or cut off.");
    return length === 0 ? new Uint8Array(0) : await this.#pages.read(this.#start + offset, length);
  }

  /** The same, for reading numbers. */
  async view(offset: number, length: number): Promise<DataView> {
    return viewOf(await this.read(offset, length));
  }
}

function tooMuch(): InspectError {
  return new InspectError("There is no end to what would have to be read: it is damaged.");
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A 64-bit little-endian field; above 2^53 inexact, and then far outside any disk. */
export function u64(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}

/** Whether the ASCII characters of `magic` stand at `offset`. */
export function hasMagic(bytes: Uint8Array, offset: number, magic: string): boolean {
  if (offset + magic.length > bytes.length) return false;
  for (let index = 0; index < magic.length; index++) {
    if (bytes[offset + index] !== magic.charCodeAt(index)) return false;
  }
  return true;
}
