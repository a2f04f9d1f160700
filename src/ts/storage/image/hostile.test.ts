/** Damaged and hostile images: each ends in a disk or in a sentence, after a bounded number of steps, in bounded memory. */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BlockSource } from "../block-source.ts";
import { MemorySource } from "../block-source.ts";
import { StorageError } from "../storage-error.ts";
import { importImage } from "./import-image.ts";
import { openImage } from "./open-image.ts";
import { ImageFolder, random, sampleDisk, TestStore } from "./testing/samples.ts";

const DISK = sampleDisk(400 * 1024 + 512);
const LIMIT_BYTES = 4 * 1024 * 1024;
/** What an image may make of itself before it is cancelled, as a user would. */
const PATIENCE_BYTES = 64 * 1024 * 1024;
/** For all kinds together. */
const INPUTS = 1000;

let folder: ImageFolder;
beforeAll(() => {
  folder = new ImageFolder();
  folder.write("disk.raw", DISK);
});
afterAll(() => folder.remove());

function qcow2(options: string, ...more: string[]): Uint8Array {
  folder.run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", options, ...more, "disk.raw", "a.qcow2");
  return folder.read("a.qcow2");
}

function pack(tool: string, input: Uint8Array, ...args: string[]): Uint8Array {
  return new Uint8Array(execFileSync(tool, ["-c", ...args], { input, maxBuffer: 1 << 26 }));
}

const KINDS: Record<string, () => Uint8Array> = {
  "qcow2, version 2": () => qcow2("compat=0.10,cluster_size=4096"),
  "qcow2, small clusters": () => qcow2("cluster_size=512", "-c"),
  "qcow2, zlib": () => qcow2("cluster_size=16k", "-c"),
  "qcow2, zstd": () => qcow2("cluster_size=16k,compression_type=zstd", "-c"),
  "qcow2, subclusters": () => qcow2("cluster_size=16k,extended_l2=on"),
  gzip: () => pack("gzip", DISK),
  xz: () => pack("xz", DISK, "-1"),
  zstd: () => pack("zstd", DISK),
  "zstd, no checksum": () => pack("zstd", DISK, "--no-check"),
  "qcow2 in gzip": () => pack("gzip", qcow2("cluster_size=4096"), "-1"),
};

/** Values that break arithmetic. */
const VALUES = [
  0n,
  1n,
  511n,
  512n,
  65_536n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 52n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** One of the ways in which a file goes wrong, or is made to. */
function mutate(original: Uint8Array, next: () => number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(original);
  const view = new DataView(bytes.buffer);
  // Most of what matters is at the beginning, or where tables are: at whole clusters.
  const place = (): number => {
    const kind = next() % 4;
    if (kind === 0) return next() % Math.min(bytes.length, 128);
    if (kind === 1) return ((next() % bytes.length) & ~511) + (next() % 64) * 8;
    return next() % bytes.length;
  };
  const way = next() % 6;
  if (way === 0) return bytes.slice(0, next() % bytes.length);
  if (way === 1) {
    for (let count = 1 + (next() % 8); count > 0; count--) bytes[place()] = next() & 0xff;
  } else if (way === 2) {
    for (let count = 1 + (next() % 3); count > 0; count--) {
      const at = Math.min(place() & ~7, bytes.length - 8);
      view.setBigUint64(at, VALUES[next() % VALUES.length] ?? 0n);
    }
  } else if (way === 3) {
    // A part of the file over another: tables that point to themselves, clusters used twice.
    const from = (next() % bytes.length) & ~511;
    bytes.copyWithin((next() % bytes.length) & ~511, from, from + 512 * (1 + (next() % 8)));
  } else if (way === 4) {
    bytes.fill(next() & 0xff, place(), place());
  } else {
    const at = place();
    return new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + (next() % 16))]);
  }
  return bytes;
}

/** Imports it as the page does; returns what became of it. */
async function outcome(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const abort = new AbortController();
  const stores = [new TestStore(4096)];
  try {
    const image = await openImage(new MemorySource(bytes));
    await readSome(image.source);
    const result = await importImage(new Blob([bytes]), stores[0] as TestStore, {
      signal: abort.signal,
      limitBytes: LIMIT_BYTES,
      onProgress: (done) => {
        if (done > PATIENCE_BYTES) abort.abort();
      },
      scratch: async () => {
        const store = new TestStore(4096);
        stores.push(store);
        return { store, remove: async () => {} };
      },
    });
    expect(result.sizeBytes % 512).toBe(0);
    return "read";
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    expect(error.message).toMatch(/^[A-Z].*\.$/s);
    return error.code;
  } finally {
    const stored = stores.reduce((sum, store) => sum + store.chunks.size * store.chunkBytes, 0);
    expect(stored).toBeLessThanOrEqual(LIMIT_BYTES + 4096);
  }
}

/** Places that a partition table reader would look at. */
async function readSome(source: BlockSource): Promise<void> {
  const sector = new Uint8Array(512);
  for (const offset of [0, 512, source.sizeBytes - 512]) {
    if (offset >= 0 && offset + 512 <= source.sizeBytes) await source.read(offset, sector);
  }
}

/** What qemu-img makes of it; null where it refuses. */
function readByQemu(bytes: Uint8Array): Uint8Array | null {
  folder.write("damaged.qcow2", bytes);
  try {
    folder.run("qemu-img", "convert", "-f", "qcow2", "-O", "raw", "damaged.qcow2", "damaged.raw");
  } catch {
    return null;
  }
  return folder.read("damaged.raw");
}

describe("a damaged qcow2 image that can still be read", () => {
  const kinds = Object.entries(KINDS).filter(([name]) => name.startsWith("qcow2,"));

  it.each(kinds)(
    "reads as qemu-img reads it: %s",
    async (name, make) => {
      const original = make();
      const next = random(name.length * 104_729);
      let compared = 0;
      for (let round = 0; round < 30; round++) {
        const bytes = mutate(original, next);
        const store = new TestStore(4096);
        const result: unknown = await importImage(new Blob([bytes]), store, {
          signal: new AbortController().signal,
          limitBytes: LIMIT_BYTES,
          onProgress: () => {},
          format: "qcow2",
        }).catch((error: unknown) => error);
        if (result instanceof StorageError) continue;
        const { sizeBytes } = result as { readonly sizeBytes: number };
        // qemu-img also refuses what only somebody who writes needs, such as refcounts.
        const expected = sizeBytes > PATIENCE_BYTES ? null : readByQemu(bytes);
        if (expected === null) continue;
        compared += 1;
        expect(Buffer.compare(store.bytes(sizeBytes), expected), `round ${round}`).toBe(0);
      }
      expect(compared).toBeGreaterThan(5);
    },
    60_000,
  );
});

describe("a thousand damaged and hostile images", () => {
  it.each(Object.entries(KINDS))(
    "%s",
    async (name, make) => {
      const original = make();
      const next = random(name.length * 7919);
      const outcomes = new Map<string, number>();
      for (let round = 0; round < INPUTS / Object.keys(KINDS).length; round++) {
        const bytes = mutate(original, next);
        const result = await outcome(bytes).catch((error: unknown) => {
          throw new Error(`round ${round} of ${name}`, { cause: error });
        });
        outcomes.set(result, (outcomes.get(result) ?? 0) + 1);
      }
      // They were damaged where it matters.
      expect(outcomes.get("damaged") ?? 0).toBeGreaterThan(10);
    },
    60_000,
  );
});
