/** The contents of a file in memory: pages, of which those that were never written do not exist. */

const PAGE_BYTES = 4096;

export class SparseBytes {
  private readonly pages = new Map<number, Uint8Array>();
  private length = 0;
  /** Asks for memory before it is taken (bytes, negative to give back). Throws where there is no more. */
  private readonly reserve: (bytes: number) => void;

  constructor(reserve: (bytes: number) => void) {
    this.reserve = reserve;
  }

  get sizeBytes(): number {
    return this.length;
  }

  get allocatedBytes(): number {
    return this.pages.size * PAGE_BYTES;
  }

  /** Fills `into` as far as the file goes; how many bytes there were. */
  read(offset: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.length, this.length - offset));
    for (let done = 0; done < count; ) {
      const at = offset + done;
      const within = at % PAGE_BYTES;
      const piece = Math.min(count - done, PAGE_BYTES - within);
      const page = this.pages.get((at - within) / PAGE_BYTES);
      if (page === undefined) into.fill(0, done, done + piece);
      else into.set(page.subarray(within, within + piece), done);
      done += piece;
    }
    return count;
  }

  /** Writes all of `from`, or nothing and throws. */
  write(offset: number, from: Uint8Array): void {
    const first = Math.floor(offset / PAGE_BYTES);
    const end = Math.ceil((offset + from.length) / PAGE_BYTES);
    let missing = 0;
    for (let index = first; index < end; ++index) if (!this.pages.has(index)) missing += 1;
    this.reserve(missing * PAGE_BYTES);
    for (let done = 0; done < from.length; ) {
      const at = offset + done;
      const within = at % PAGE_BYTES;
      const piece = Math.min(from.length - done, PAGE_BYTES - within);
      this.page((at - within) / PAGE_BYTES).set(from.subarray(done, done + piece), within);
      done += piece;
    }
    this.length = Math.max(this.length, offset + from.length);
  }

  private page(index: number): Uint8Array {
    let page = this.pages.get(index);
    if (page === undefined) {
      page = new Uint8Array(PAGE_BYTES);
      this.pages.set(index, page);
    }
    return page;
  }

  /** Cuts the file off, or makes it longer with zeros. */
  resize(sizeBytes: number): void {
    if (sizeBytes < this.length) {
      const keep = Math.ceil(sizeBytes / PAGE_BYTES);
      const before = this.allocatedBytes;
      for (const index of [...this.pages.keys()]) if (index >= keep) this.pages.delete(index);
      this.reserve(this.allocatedBytes - before);
      const within = sizeBytes % PAGE_BYTES;
      if (within > 0) this.pages.get(keep - 1)?.fill(0, within);
    }
    this.length = sizeBytes;
  }

  /** Gives all memory back. */
  clear(): void {
    this.reserve(-this.allocatedBytes);
    this.pages.clear();
    this.length = 0;
  }
}
