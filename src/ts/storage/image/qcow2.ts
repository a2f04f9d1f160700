/** qcow2 images, read only (QEMU, docs/interop/qcow2.txt). */
import { Inflate, inflateExactly } from "../../lib/inflate/inflate.ts";
import { InflateError } from "../../lib/inflate/error.ts";
import { zstdDecompress } from "../../lib/zstd/decompress.ts";
import { ZstdError } from "../../lib/zstd/error.ts";
import { ByteSource } from "../../loader/byte-source.ts";
import type { BlockSource } from "../block-source.ts";
import { COMPRESSION_ZSTD, damaged, type Qcow2Header, readHeader } from "./qcow2-header.ts";
import { Qcow2Tables, type Run } from "./qcow2-tables.ts";
import type { SparseSource } from "./sparse-source.ts";

/** Unpacked clusters kept, the longest unused going first: reads are often smaller than a cluster. */
const KEPT_BYTES = 8 * 1024 * 1024;

/**
 * The disk in a qcow2 image: versions 2 and 3, compressed clusters, subclusters; its snapshots are not looked at. An image that
 * holds only changes is opened with what it lies over.
 */
export class Qcow2Source implements SparseSource {
  readonly sizeBytes: number;
  readonly #file: BlockSource;
  readonly #header: Qcow2Header;
  readonly #tables: Qcow2Tables;
  readonly #base: BlockSource | null;
  readonly #inflate = new Inflate();
  /** Unpacked clusters by their offset in the file. */
  readonly #clusters = new Map<number, Promise<Uint8Array>>();

  private constructor(file: BlockSource, header: Qcow2Header, base: BlockSource | null) {
    this.#file = file;
    this.#base = base;
    this.#header = header;
    this.sizeBytes = header.sizeBytes;
    this.#tables = new Qcow2Tables(file, header);
  }

  /**
   * Rejects with a StorageError where the image is damaged, or has something that is not supported; a backing file is
   * not, unless `base` is the disk in it.
   */
  static async open(file: BlockSource, base: BlockSource | null = null): Promise<Qcow2Source> {
    return new Qcow2Source(file, await readHeader(file, { overBase: base !== null }), base);
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    const waits: Promise<void>[] = [];
    for (let done = 0; done < into.length; ) {
      const run = await this.#tables.run(offset + done, into.length - done);
      const wait = this.#readRun(run, offset + done, into.subarray(done, done + run.length));
      if (wait !== undefined) {
        // Told below; here it is only kept from counting as unhandled meanwhile.
        wait.catch(() => undefined);
        waits.push(wait);
      }
      done += run.length;
    }
    await Promise.all(waits);
  }

  nextData(offset: number): Promise<number> {
    return this.#tables.skip(offset, this.#base === null ? ["zeros", "below"] : ["zeros"]);
  }

  /** The first byte at or behind `offset` that the image itself has, zeros too; `sizeBytes` where none follows. */
  nextOwn(offset: number): Promise<number> {
    return this.#tables.skip(offset, ["below"]);
  }

  #readRun(run: Run, offset: number, into: Uint8Array): void | Promise<void> {
    if (run.kind === "zeros") {
      into.fill(0);
      return;
    }
    if (run.kind === "below") return this.#readBase(offset, into);
    if (run.kind === "data") {
      if (run.hostOffset + into.length > this.#file.sizeBytes) {
        throw damaged("a cluster lies behind the end of the file, which may be cut off");
      }
      return this.#file.read(run.hostOffset, into);
    }
    const start = offset - run.clusterStart;
    return this.#cluster(run.hostOffset, run.hostBytes).then((bytes) => {
      into.set(bytes.subarray(start, start + into.length));
    });
  }

  /** The base may be shorter than the disk: what lies behind it is zeros. */
  #readBase(offset: number, into: Uint8Array): void | Promise<void> {
    const inside = this.#base === null ? 0 : Math.max(0, Math.min(into.length, this.#base.sizeBytes - offset));
    into.fill(0, inside);
    if (inside > 0) return this.#base?.read(offset, into.subarray(0, inside));
  }

  #cluster(hostOffset: number, hostBytes: number): Promise<Uint8Array> {
    const known = this.#clusters.get(hostOffset);
    this.#clusters.delete(hostOffset);
    const cluster = known ?? this.#unpack(hostOffset, hostBytes);
    this.#clusters.set(hostOffset, cluster);
    if (known === undefined) {
      cluster.catch(() => this.#clusters.delete(hostOffset));
      for (const oldest of this.#clusters.keys()) {
        if (this.#clusters.size * 2 ** this.#header.clusterBits <= KEPT_BYTES) break;
        this.#clusters.delete(oldest);
      }
    }
    return cluster;
  }

  async #unpack(hostOffset: number, hostBytes: number): Promise<Uint8Array> {
    const packed = new Uint8Array(hostBytes);
    await this.#file.read(hostOffset, packed);
    const sizeBytes = 2 ** this.#header.clusterBits;
    try {
      if (this.#header.compression === COMPRESSION_ZSTD) return await unzstdExactly(packed, sizeBytes);
      return inflateExactly(this.#inflate, packed, sizeBytes);
    } catch (error) {
      if (!(error instanceof InflateError || error instanceof ZstdError)) throw error;
      throw damaged(`a compressed cluster cannot be unpacked (${error.message})`);
    }
  }
}

/** The data ends where the cluster is full: what follows may be the next cluster's. */
async function unzstdExactly(packed: Uint8Array, sizeBytes: number): Promise<Uint8Array> {
  const result = new Uint8Array(sizeBytes);
  let done = 0;
  for await (const piece of zstdDecompress(ByteSource.from(packed))) {
    result.set(piece.subarray(0, sizeBytes - done), done);
    done += piece.length;
    if (done >= sizeBytes) return result;
  }
  throw new ZstdError("it unpacks to less than it should");
}
