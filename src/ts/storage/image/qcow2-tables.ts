/** L1 and L2 tables of a qcow2 image: where on the host a cluster of the guest is (QEMU, docs/interop/qcow2.txt). */
import type { BlockSource } from "../block-source.ts";
import { damaged, type Qcow2Header, SUBCLUSTERS } from "./qcow2-header.ts";

/** Unit in which tables are read and kept: tables of large clusters are not needed whole. */
const PAGE_BYTES = 16 * 1024;
/** 8 MiB; the longest unused go first. */
const KEPT_PAGES = 512;

/** Bits 55:32 of an offset in an entry's high word; bits 31:9 in its low one. */
const OFFSET_HIGH = 0x00ff_ffff;
const OFFSET_LOW = 0xffff_fe00;
/** Bit 62 of an L2 entry. */
const COMPRESSED_HIGH = 0x4000_0000;
/** Bit 0 of a standard cluster descriptor. */
const ALL_ZEROS = 1;

/** What a part of the disk is: `length` bytes, all of the same kind. */
export type Run =
  | { readonly kind: "zeros"; readonly length: number }
  /** Not in the image: what lies below it shows through, or zeros where nothing does. */
  | { readonly kind: "below"; readonly length: number }
  /** At `hostOffset` in the file. */
  | { readonly kind: "data"; readonly length: number; readonly hostOffset: number }
  /** In a compressed cluster, whose data is in `hostBytes` bytes of the file at most. */
  | {
      readonly kind: "compressed";
      readonly length: number;
      readonly hostOffset: number;
      readonly hostBytes: number;
      /** Where the cluster begins on the disk. */
      readonly clusterStart: number;
    };

/** The mapping of an image. Everything in the tables is checked when it is used; refcounts are never looked at. */
export class Qcow2Tables {
  readonly #file: BlockSource;
  readonly #header: Qcow2Header;
  readonly #clusterBytes: number;
  readonly #entryBytes: 8 | 16;
  /** Bytes of the disk that one L2 table stands for. */
  readonly #tableReach: number;
  readonly #pages = new Map<number, DataView | Promise<DataView>>();

  constructor(file: BlockSource, header: Qcow2Header) {
    this.#file = file;
    this.#header = header;
    this.#clusterBytes = 2 ** header.clusterBits;
    this.#entryBytes = header.extendedL2 ? 16 : 8;
    this.#tableReach = this.#clusterBytes * (this.#clusterBytes / this.#entryBytes);
  }

  /** What is at `offset` of the disk, and for how long it goes on; at most `maxLength`. */
  async run(offset: number, maxLength: number): Promise<Run> {
    const tableOffset = await this.#l2Table(offset);
    if (tableOffset === 0) {
      return { kind: "below", length: Math.min(maxLength, this.#tableReach - (offset % this.#tableReach)) };
    }
    const page = await this.#entryPage(tableOffset, offset);
    const run = this.#runInCluster(page, tableOffset, offset, maxLength);
    if (run.kind === "compressed") return run;
    // Neighbours that are alike are read at once.
    let { length } = run;
    while (length < maxLength && (offset + length) % this.#tableReach !== 0) {
      const next = offset + length;
      if (!page.covers(this.#entryOffset(tableOffset, next))) break;
      const more = this.#runInCluster(page, tableOffset, next, maxLength - length);
      const follows =
        more.kind === "zeros" ||
        more.kind === "below" ||
        (more.kind === "data" && run.kind === "data" && more.hostOffset === run.hostOffset + length);
      if (more.kind !== run.kind || !follows) break;
      length += more.length;
    }
    return { ...run, length };
  }

  /** The first byte at or behind `offset` that is of none of the kinds; the disk's size where none follows. */
  async skip(offset: number, kinds: readonly Run["kind"][]): Promise<number> {
    const { sizeBytes } = this.#header;
    let at = offset;
    while (at < sizeBytes) {
      const run = await this.run(at, sizeBytes - at);
      if (!kinds.includes(run.kind)) return at;
      at += run.length;
    }
    return sizeBytes;
  }

  /** Where the L2 table for `offset` is; 0 where there is none. */
  async #l2Table(offset: number): Promise<number> {
    const index = Math.floor(offset / this.#tableReach);
    const at = this.#header.l1TableOffset + index * 8;
    const page = await this.#page(at);
    const tableOffset = offsetOf(page.getUint32(at), page.getUint32(at + 4));
    if (tableOffset % this.#clusterBytes !== 0) throw damaged("an L2 table does not begin at a cluster");
    return tableOffset;
  }

  #entryOffset(tableOffset: number, offset: number): number {
    return tableOffset + Math.floor((offset % this.#tableReach) / this.#clusterBytes) * this.#entryBytes;
  }

  async #entryPage(tableOffset: number, offset: number): Promise<Page> {
    const at = this.#entryOffset(tableOffset, offset);
    if (at + this.#entryBytes > this.#file.sizeBytes) {
      throw damaged("an L2 table lies behind the end of the file, which may be cut off");
    }
    return await this.#page(at);
  }

  /** What is at `offset`, up to the end of its cluster or subcluster. */
  #runInCluster(page: Page, tableOffset: number, offset: number, maxLength: number): Run {
    const at = this.#entryOffset(tableOffset, offset);
    const inCluster = offset % this.#clusterBytes;
    const high = page.getUint32(at);
    const low = page.getUint32(at + 4);
    const length = Math.min(maxLength, this.#clusterBytes - inCluster);
    if ((high & COMPRESSED_HIGH) !== 0) {
      return { kind: "compressed", length, ...this.#compressed(high, low), clusterStart: offset - inCluster };
    }
    const hostOffset = offsetOf(high, low);
    if (hostOffset % this.#clusterBytes !== 0) throw damaged("a cluster does not begin where clusters do");
    if (this.#header.extendedL2) {
      return this.#subclusters(hostOffset, page.getUint32(at + 8), page.getUint32(at + 12), inCluster, length);
    }
    const isMarked = (low & ALL_ZEROS) !== 0;
    if (isMarked && this.#header.version === 2) throw damaged("a cluster is marked as only version 3 has it");
    if (isMarked) return { kind: "zeros", length };
    return hostOffset === 0 ? { kind: "below", length } : { kind: "data", length, hostOffset: hostOffset + inCluster };
  }

  /** An extended L2 entry's bitmap: in its low word what is allocated, in the high one what reads as zeros. */
  #subclusters(hostOffset: number, zeros: number, allocated: number, inCluster: number, length: number): Run {
    const subclusterBytes = this.#clusterBytes / SUBCLUSTERS;
    const first = Math.floor(inCluster / subclusterBytes);
    if ((zeros & allocated) !== 0) throw damaged("a subcluster is allocated and zeros at the same time");
    const kindOf = (index: number): "data" | "zeros" | "below" =>
      ((allocated >>> index) & 1) === 1 ? "data" : ((zeros >>> index) & 1) === 1 ? "zeros" : "below";
    const kind = kindOf(first);
    let end = first + 1;
    while (end < SUBCLUSTERS && kindOf(end) === kind) end++;
    const runLength = Math.min(length, end * subclusterBytes - inCluster);
    if (kind !== "data") return { kind, length: runLength };
    if (hostOffset === 0) throw damaged("a subcluster is allocated, but its cluster is not");
    return { kind: "data", length: runLength, hostOffset: hostOffset + inCluster };
  }

  /** Compressed cluster descriptor: the offset in the bits below `x`, above it the number of further sectors. */
  #compressed(high: number, low: number): { hostOffset: number; hostBytes: number } {
    const x = 62 - (this.#header.clusterBits - 8);
    const descriptor = ((BigInt(high) << 32n) | BigInt(low)) & ((1n << 62n) - 1n);
    const hostOffset = descriptor & ((1n << BigInt(x)) - 1n);
    const sectors = Number(descriptor >> BigInt(x)) + 1;
    if (hostOffset >= BigInt(this.#file.sizeBytes)) {
      throw damaged("a compressed cluster lies behind the end of the file, which may be cut off");
    }
    const start = Number(hostOffset);
    const end = Math.min(start - (start % 512) + sectors * 512, this.#file.sizeBytes);
    return { hostOffset: start, hostBytes: end - start };
  }

  async #page(offset: number): Promise<Page> {
    const index = Math.floor(offset / PAGE_BYTES);
    const known = this.#pages.get(index);
    this.#pages.delete(index);
    const loading = known ?? this.#load(index);
    this.#pages.set(index, loading);
    return new Page(index * PAGE_BYTES, await loading);
  }

  #load(index: number): Promise<DataView> {
    const load = async (): Promise<DataView> => {
      const start = index * PAGE_BYTES;
      const bytes = new Uint8Array(Math.min(PAGE_BYTES, this.#file.sizeBytes - start));
      await this.#file.read(start, bytes);
      return new DataView(bytes.buffer);
    };
    const loading = load();
    loading.then(
      (page) => {
        if (this.#pages.get(index) === loading) this.#pages.set(index, page);
      },
      // Whoever waits for it is told; the next one tries again.
      () => this.#pages.delete(index),
    );
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size < KEPT_PAGES) break;
      this.#pages.delete(oldest);
    }
    return loading;
  }
}

/** A page of tables, read by offsets in the file. Entries never cross its border: both are powers of two. */
class Page {
  readonly #start: number;
  readonly #view: DataView;

  constructor(start: number, view: DataView) {
    this.#start = start;
    this.#view = view;
  }

  covers(offset: number): boolean {
    return offset >= this.#start && offset - this.#start + 16 <= this.#view.byteLength;
  }

  getUint32(offset: number): number {
    return this.#view.getUint32(offset - this.#start);
  }
}

function offsetOf(high: number, low: number): number {
  return (high & OFFSET_HIGH) * 2 ** 32 + ((low & OFFSET_LOW) >>> 0);
}
