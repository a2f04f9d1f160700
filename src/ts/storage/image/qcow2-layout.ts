/** A qcow2 image that is written from its beginning to its end (QEMU, docs/interop/qcow2.txt). */
import { StorageError } from "../storage-error.ts";
import {
  BACKING_FORMAT,
  type BackingBase,
  BASE_EXTENSION,
  MAX_CLUSTER_BITS,
  MIN_CLUSTER_BITS,
  QCOW2_MAGIC,
  V3_HEADER_BYTES,
} from "./qcow2-header.ts";

/** The image below, as its file is called. */
export interface BackingFile {
  readonly name: string;
  readonly format: "raw" | "qcow2";
  /** By what the base is found again when the changes come back; null: by its name only. */
  readonly base: BackingBase | null;
}

export interface Qcow2Contents {
  readonly sizeBytes: number;
  /** Unit of `data` and `zeros`: a multiple of 4096. */
  readonly chunkBytes: number;
  /** Chunks that the file holds, ascending. */
  readonly data: readonly number[];
  /** Chunks that read as zeros whatever is below, ascending. */
  readonly zeros: readonly number[];
  readonly backing: BackingFile | null;
}

/** Refcounts have 16 bits. */
const REFCOUNT_ORDER = 4;
const REFCOUNT_BYTES = 2;
/** Bit 63 of L1 and L2 entries: the refcount is exactly one. */
const COPIED_HIGH = 0x8000_0000;
const ALL_ZEROS = 1;
const MAX_NAME_BYTES = 1023;

/**
 * Where everything goes: header, refcount table and blocks, L1 table, L2 tables, then the data in ascending order. One
 * cluster is used once, so all refcounts are one.
 */
export class Qcow2Layout {
  readonly clusterBytes: number;
  readonly #contents: Qcow2Contents;
  readonly #clustersPerChunk: number;
  readonly #l1Entries: number;
  /** L2 tables that there are, by their place in the L1 table; ascending. */
  readonly #l2Indexes: readonly number[];
  readonly #refcountTable: number;
  readonly #refcountBlocks: number;
  readonly #l1Clusters: number;
  readonly #totalClusters: number;

  constructor(contents: Qcow2Contents) {
    this.#contents = contents;
    this.clusterBytes = clusterSize(contents.chunkBytes);
    this.#clustersPerChunk = contents.chunkBytes / this.clusterBytes;
    this.#l1Entries = Math.ceil(contents.sizeBytes / (this.clusterBytes * this.#l2Entries));
    this.#l2Indexes = this.#neededTables();
    this.#l1Clusters = Math.max(1, this.#clusters(this.#l1Entries * 8));
    const others = 1 + this.#l1Clusters + this.#l2Indexes.length + this.#dataClusters();
    let table = 1;
    let blocks = 1;
    // Refcounts are counted themselves.
    for (;;) {
      const total = others + table + blocks;
      const neededBlocks = this.#clusters(total * REFCOUNT_BYTES);
      const neededTable = this.#clusters(neededBlocks * 8);
      if (neededBlocks <= blocks && neededTable <= table) break;
      blocks = Math.max(blocks, neededBlocks);
      table = Math.max(table, neededTable);
    }
    this.#refcountTable = table;
    this.#refcountBlocks = blocks;
    this.#totalClusters = others + table + blocks;
  }

  /** All that precedes the data, part by part. */
  *tables(): Generator<Uint8Array> {
    yield this.#header();
    yield this.#pointers(this.#refcountBlocks, this.#refcountTable, (index) => 1 + this.#refcountTable + index, 0);
    for (let block = 0; block < this.#refcountBlocks; block++) yield this.#refcounts(block);
    yield this.#l1Table();
    yield* this.#l2Tables();
  }

  get #l2Entries(): number {
    return this.clusterBytes / 8;
  }

  get #l1Start(): number {
    return 1 + this.#refcountTable + this.#refcountBlocks;
  }

  #clusters(bytes: number): number {
    return Math.ceil(bytes / this.clusterBytes);
  }

  /** Clusters that a chunk has: the disk's last one may have fewer. */
  #chunkClusters(index: number): number {
    const { sizeBytes, chunkBytes } = this.#contents;
    return this.#clusters(Math.min(chunkBytes, sizeBytes - index * chunkBytes));
  }

  #dataClusters(): number {
    const { data } = this.#contents;
    const last = data.at(-1);
    return last === undefined ? 0 : (data.length - 1) * this.#clustersPerChunk + this.#chunkClusters(last);
  }

  #neededTables(): number[] {
    const needed = new Set<number>();
    for (const index of this.#contents.data) this.#addTables(index, needed);
    for (const index of this.#contents.zeros) this.#addTables(index, needed);
    return [...needed].sort((a, b) => a - b);
  }

  /** A chunk of small clusters may need more than one table. */
  #addTables(index: number, needed: Set<number>): void {
    const first = index * this.#clustersPerChunk;
    const last = first + this.#chunkClusters(index) - 1;
    for (let table = Math.floor(first / this.#l2Entries); table <= Math.floor(last / this.#l2Entries); table++) {
      needed.add(table);
    }
  }

  #header(): Uint8Array {
    const bytes = new Uint8Array(this.clusterBytes);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, QCOW2_MAGIC);
    view.setUint32(4, 3);
    view.setUint32(20, Math.log2(this.clusterBytes));
    view.setBigUint64(24, BigInt(this.#contents.sizeBytes));
    view.setUint32(36, this.#l1Entries);
    view.setBigUint64(40, BigInt(this.#l1Start * this.clusterBytes));
    view.setBigUint64(48, BigInt(this.clusterBytes));
    view.setUint32(56, this.#refcountTable);
    view.setUint32(96, REFCOUNT_ORDER);
    view.setUint32(100, V3_HEADER_BYTES);
    const { backing } = this.#contents;
    if (backing !== null) this.#writeBacking(view, bytes, backing);
    return bytes;
  }

  #writeBacking(view: DataView, bytes: Uint8Array, backing: BackingFile): void {
    // QEMU takes what precedes a colon for a protocol.
    const name = new TextEncoder().encode(/^[^/]*:/.test(backing.name) ? `./${backing.name}` : backing.name);
    const extensions: [type: number, data: Uint8Array][] = [[BACKING_FORMAT, new TextEncoder().encode(backing.format)]];
    if (backing.base !== null) {
      extensions.push([BASE_EXTENSION, new TextEncoder().encode(JSON.stringify(backing.base))]);
    }
    const extensionBytes = extensions.reduce((sum, [, data]) => sum + 8 + Math.ceil(data.length / 8) * 8, 0);
    // The extensions, their end, the name.
    const nameAt = V3_HEADER_BYTES + extensionBytes + 8;
    if (name.length > MAX_NAME_BYTES || nameAt + name.length > bytes.length) {
      throw new StorageError("format", "The base's name is too long for a qcow2 image.", "Export the whole disk.");
    }
    let at = V3_HEADER_BYTES;
    for (const [type, data] of extensions) {
      view.setUint32(at, type);
      view.setUint32(at + 4, data.length);
      bytes.set(data, at + 8);
      at += 8 + Math.ceil(data.length / 8) * 8;
    }
    bytes.set(name, nameAt);
    view.setBigUint64(8, BigInt(nameAt));
    view.setUint32(16, name.length);
  }

  /** A table of `count` offsets in `clusters` clusters. */
  #pointers(count: number, clusters: number, clusterOf: (index: number) => number, flagsHigh: number): Uint8Array {
    const bytes = new Uint8Array(clusters * this.clusterBytes);
    const view = new DataView(bytes.buffer);
    for (let index = 0; index < count; index++) this.#setOffset(view, index * 8, clusterOf(index), flagsHigh);
    return bytes;
  }

  #setOffset(view: DataView, at: number, cluster: number, flagsHigh: number): void {
    const offset = cluster * this.clusterBytes;
    view.setUint32(at, (Math.floor(offset / 2 ** 32) | flagsHigh) >>> 0);
    view.setUint32(at + 4, offset >>> 0);
  }

  #refcounts(block: number): Uint8Array {
    const bytes = new Uint8Array(this.clusterBytes);
    const view = new DataView(bytes.buffer);
    const entries = this.clusterBytes / REFCOUNT_BYTES;
    const used = Math.min(entries, this.#totalClusters - block * entries);
    for (let index = 0; index < used; index++) view.setUint16(index * REFCOUNT_BYTES, 1);
    return bytes;
  }

  #l1Table(): Uint8Array {
    const bytes = new Uint8Array(this.#l1Clusters * this.clusterBytes);
    const view = new DataView(bytes.buffer);
    const first = this.#l1Start + this.#l1Clusters;
    this.#l2Indexes.forEach((index, row) => this.#setOffset(view, index * 8, first + row, COPIED_HIGH));
    return bytes;
  }

  *#l2Tables(): Generator<Uint8Array> {
    const { data, zeros } = this.#contents;
    let cluster = this.#l1Start + this.#l1Clusters + this.#l2Indexes.length;
    const rows = { data: this.#clusterNumbers(data), zeros: this.#clusterNumbers(zeros) };
    let nextData = rows.data.next();
    let nextZeros = rows.zeros.next();
    for (const index of this.#l2Indexes) {
      const bytes = new Uint8Array(this.clusterBytes);
      const view = new DataView(bytes.buffer);
      const start = index * this.#l2Entries;
      for (; nextData.done !== true && nextData.value < start + this.#l2Entries; nextData = rows.data.next()) {
        this.#setOffset(view, (nextData.value - start) * 8, cluster++, COPIED_HIGH);
      }
      for (; nextZeros.done !== true && nextZeros.value < start + this.#l2Entries; nextZeros = rows.zeros.next()) {
        view.setUint32((nextZeros.value - start) * 8 + 4, ALL_ZEROS);
      }
      yield bytes;
    }
  }

  /** Numbers of the clusters of chunks. */
  *#clusterNumbers(chunks: readonly number[]): Generator<number, undefined> {
    for (const index of chunks) {
      const first = index * this.#clustersPerChunk;
      const count = this.#chunkClusters(index);
      for (let cluster = 0; cluster < count; cluster++) yield first + cluster;
    }
  }
}

/** The largest cluster that a chunk has a whole number of. */
function clusterSize(chunkBytes: number): number {
  let bytes = 2 ** MIN_CLUSTER_BITS;
  while (bytes < 2 ** MAX_CLUSTER_BITS && chunkBytes % (bytes * 2) === 0) bytes *= 2;
  return bytes;
}
