import type { BlockSource } from "../block-source.ts";
import { nextData, type SparseSource } from "./sparse-source.ts";

const SECTOR_BYTES = 512;

/** A raw image as a disk: one that does not end with a sector is filled up with zeros, as QEMU does it. */
export class SectorSource implements SparseSource {
  readonly sizeBytes: number;
  readonly #file: BlockSource;

  constructor(file: BlockSource) {
    this.#file = file;
    this.sizeBytes = wholeSectors(file.sizeBytes);
  }

  read(offset: number, into: Uint8Array): void | Promise<void> {
    const inside = Math.max(0, Math.min(into.length, this.#file.sizeBytes - offset));
    into.fill(0, inside);
    return this.#file.read(offset, into.subarray(0, inside));
  }

  async nextData(offset: number): Promise<number> {
    const next = await nextData(this.#file, offset);
    return next >= this.#file.sizeBytes ? this.sizeBytes : next;
  }
}

/** The size of the disk that a raw image of `sizeBytes` is. */
export function wholeSectors(sizeBytes: number): number {
  return Math.ceil(sizeBytes / SECTOR_BYTES) * SECTOR_BYTES;
}
