import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { splitImage } from "../../../scripts/split-image.mjs";
import { MemorySource } from "./block-source.ts";
import { openChunkSet } from "./chunk-set.ts";
import { parseManifest } from "./chunk-set-manifest.ts";
import { openImage } from "./image/open-image.ts";
import { random, sampleDisk } from "./image/testing/samples.ts";
import { StorageError } from "./storage-error.ts";

const CHUNK_BYTES = 64 * 1024;
const SIZE_BYTES = 40 * CHUNK_BYTES + 1536;
/** Text, noise and holes, with some chunks of zeros and two that are alike. */
const DISK = (() => {
  const disk = sampleDisk(SIZE_BYTES);
  disk.fill(0, 3 * CHUNK_BYTES, 6 * CHUNK_BYTES);
  disk.copyWithin(20 * CHUNK_BYTES, 0, CHUNK_BYTES);
  const next = random(3);
  for (let at = 0; at < 5000; at++) disk[next() % (2 * CHUNK_BYTES)] = next() & 0xff;
  disk.copyWithin(20 * CHUNK_BYTES, 0, CHUNK_BYTES);
  return disk;
})();

/** The first chunk behind the zeros that has something else. */
const DATA_CHUNK = Math.floor(DISK.findIndex((byte, at) => at >= 6 * CHUNK_BYTES && byte !== 0) / CHUNK_BYTES);

let folder: string;
let image: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-chunks-"));
  image = join(folder, "my disk.img");
  writeFileSync(image, DISK);
});
afterAll(() => rmSync(folder, { recursive: true }));

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

/** Any static host; `change` may answer something else than the file. */
async function serve(change: (path: string, bytes: Buffer) => Buffer | number = (_, bytes) => bytes) {
  const requests: string[] = [];
  const started = createServer((request, response) => {
    const path = join(folder, decodeURIComponent(request.url ?? ""));
    requests.push(basename(path));
    const answer = existsSync(path) ? change(path, readFileSync(path)) : 404;
    response.writeHead(typeof answer === "number" ? answer : 200);
    response.end(typeof answer === "number" ? "" : answer);
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const host = {
    fetch: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, init),
    sameOrigin: true,
    delay: async () => {},
  };
  return { requests, host, base: `http://127.0.0.1:${(started.address() as AddressInfo).port}/` };
}

async function open(manifest: string, change?: Parameters<typeof serve>[0]) {
  const { requests, host, base } = await serve(change);
  const url = base + manifest;
  const bytes = new Uint8Array(readFileSync(join(folder, manifest)));
  const opened = await openImage(new MemorySource(bytes), {
    openChunkSet: (source) => openChunkSet(url, source, host),
  });
  return { source: opened.source, opened, requests };
}

async function split(options: Parameters<typeof splitImage>[2]): Promise<string> {
  const { manifest } = await splitImage(image, folder, { chunkBytes: CHUNK_BYTES, level: 1, ...options });
  return basename(manifest);
}

describe.each(["zstd", "gzip", "none"] as const)("a disk in chunks, %s", (compression) => {
  it("is told by its contents, and read as the disk was, at any place", async () => {
    const manifest = await split({ compression });
    const { source, opened, requests } = await open(manifest);
    expect(opened).toMatchObject({ formats: ["chunk-set"], needsUnpacking: false, content: "disk" });
    expect(source.sizeBytes).toBe(SIZE_BYTES);
    await fc.assert(
      fc.asyncProperty(fc.nat(SIZE_BYTES - 1), fc.integer({ min: 1, max: 300_000 }), async (offset, length) => {
        const into = new Uint8Array(Math.min(length, SIZE_BYTES - offset)).fill(0xee);
        await source.read(offset, into);
        expect(Buffer.compare(into, DISK.subarray(offset, offset + into.length))).toBe(0);
      }),
      { numRuns: 30 },
    );
    // No chunk was loaded twice, and zeros never.
    const set = parseManifest(readFileSync(join(folder, manifest), "utf8"));
    const times = (hash: string): number => requests.filter((name) => name.startsWith(hash)).length;
    for (const hash of new Set(set.chunks)) {
      if (hash !== null) expect(times(hash)).toBeLessThanOrEqual(set.chunks.filter((other) => other === hash).length);
    }
    expect(requests.length).toBeLessThanOrEqual(set.chunks.filter((hash) => hash !== null).length);
  });
});

describe("ChunkSetSource", () => {
  it("loads only what is read", async () => {
    const { source, requests } = await open(await split({ compression: "zstd" }));
    await source.read(DATA_CHUNK * CHUNK_BYTES + 512, new Uint8Array(1024));
    // The first chunk is read when it is opened: it tells a CD.
    expect(requests.length).toBe(1 + 1);
    await source.read(3 * CHUNK_BYTES, new Uint8Array(3 * CHUNK_BYTES));
    expect(requests.length).toBe(1 + 1);
  });

  it("knows where zeros are", async () => {
    const { source } = await open(await split({ compression: "zstd" }));
    expect("nextData" in source).toBe(true);
    const sparse = source as typeof source & { nextData(offset: number): Promise<number> };
    expect(await sparse.nextData(512)).toBe(512);
    expect(await sparse.nextData(3 * CHUNK_BYTES + 512)).toBe(DATA_CHUNK * CHUNK_BYTES);
  });

  it.each<readonly [string, (bytes: Buffer) => Buffer | number, RegExp]>([
    ["another chunk", (bytes) => Buffer.concat([bytes.subarray(1), Buffer.alloc(1)]), /not the one that its manifest/],
    ["a chunk that is cut off", (bytes) => bytes.subarray(0, bytes.length - 1), /not the one that its manifest/],
    ["a chunk that does not end", () => Buffer.alloc(1 << 20), /more than it was asked for/],
    ["no chunk", () => 404, /answers 404/],
    ["an error again and again", () => 503, /answers 503/],
  ])("refuses %s with a sentence", async (_, change, message) => {
    const manifest = await split({ compression: "zstd" });
    const opening = open(manifest, (path, bytes) => (path.endsWith(".json") ? bytes : change(bytes)));
    const error: unknown = await opening.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StorageError);
    expect((error as StorageError).message).toMatch(message);
  });

  it("refuses a chunk that unpacks to something larger or smaller, though its hash is right", async () => {
    for (const length of [CHUNK_BYTES - 1, CHUNK_BYTES + 1, 0]) {
      const bytes = Buffer.alloc(length, 1);
      const hash = createHash("sha256").update(bytes).digest("hex");
      writeFileSync(join(folder, "odd.json"), JSON.stringify({ ...valid(), folder: "odd", chunks: [hash] }));
      mkdirSync(join(folder, "odd"), { recursive: true });
      writeFileSync(join(folder, "odd", `${hash}.bin`), bytes);
      await expect(open("odd.json")).rejects.toThrow(/unpacks to/);
    }
  });

  it("checks the manifest by its hash", async () => {
    const manifest = await split({ compression: "zstd" });
    const bytes = new Uint8Array(readFileSync(join(folder, manifest)));
    const { host, base } = await serve();
    const hash = createHash("sha256").update(bytes).digest("hex");
    const source = await openChunkSet(base + manifest, new MemorySource(bytes), host, hash);
    expect(source.sizeBytes).toBe(SIZE_BYTES);
    const wrong = openChunkSet(base + manifest, new MemorySource(bytes), host, "0".repeat(64));
    await expect(wrong).rejects.toMatchObject({ code: "changed" });
  });

  it("is refused as a file, where its chunks cannot be known", async () => {
    const bytes = new Uint8Array(readFileSync(join(folder, await split({ compression: "zstd" }))));
    await expect(openImage(new MemorySource(bytes))).rejects.toMatchObject({ code: "format" });
  });
});

function valid() {
  return {
    armletChunkSet: 1,
    sizeBytes: CHUNK_BYTES,
    chunkBytes: CHUNK_BYTES,
    compression: "none",
    folder: "x",
    chunks: [1],
  };
}

describe("parseManifest", () => {
  it("reads zeros as a number of chunks", () => {
    const hash = "a".repeat(64);
    const text = JSON.stringify({ ...valid(), sizeBytes: 5 * CHUNK_BYTES - 512, chunks: [2, hash, 2] });
    expect(parseManifest(text).chunks).toEqual([null, null, hash, null, null]);
  });

  it.each<readonly [string, Record<string, unknown>]>([
    ["another version", { armletChunkSet: 2 }],
    ["a size of 2^63", { sizeBytes: 2 ** 63 }],
    ["no whole sectors", { sizeBytes: 100 }],
    ["chunks of one byte", { chunkBytes: 1 }],
    ["chunks of 4 GiB", { chunkBytes: 2 ** 32 }],
    ["an unknown compression", { compression: "lz4" }],
    ["a folder elsewhere", { folder: "../secrets" }],
    ["a folder on another server", { folder: "//evil.example" }],
    ["a file's name in place of a hash", { chunks: ["../x"] }],
    ["too few chunks", { chunks: [] }],
    ["too many", { chunks: [1, 1] }],
    ["2^53 chunks of zeros", { chunks: [2 ** 53 - 1] }],
    ["a disk with more chunks than there may be", { sizeBytes: 2 ** 50, chunkBytes: 4096, chunks: [2 ** 24] }],
    ["a negative number of them", { chunks: [-1] }],
    ["something else beside", { extra: 1 }],
  ])("refuses %s", (_, change) => {
    expect(() => parseManifest(JSON.stringify({ ...valid(), ...change }))).toThrow(StorageError);
  });

  it("refuses what is no JSON", () => {
    expect(() => parseManifest('{"armletChunkSet":1')).toThrow(/no JSON/);
  });
});

describe("split-image", () => {
  it("makes one file of chunks that are alike, and takes away those that are no longer needed", async () => {
    await split({ compression: "gzip" });
    await split({ compression: "zstd" });
    const files = readdirSync(join(folder, "my-disk.chunks"));
    expect(files.every((name) => name.endsWith(".zst"))).toBe(true);
    const set = parseManifest(readFileSync(join(folder, "my-disk.json"), "utf8"));
    expect(set.chunks[20]).toBe(set.chunks[0]);
    expect(set.chunks.slice(3, 6)).toEqual([null, null, null]);
    expect(files.length).toBe(new Set(set.chunks.filter((hash) => hash !== null)).size);
  });

  it("refuses what is no raw disk", async () => {
    writeFileSync(join(folder, "odd.img"), new Uint8Array(100));
    await expect(splitImage(join(folder, "odd.img"), folder)).rejects.toThrow(/512-byte sectors/);
    const qcow2 = new Uint8Array(512);
    qcow2.set(Buffer.from("QFI\xfb", "latin1"));
    writeFileSync(join(folder, "q.img"), qcow2);
    await expect(splitImage(join(folder, "q.img"), folder)).rejects.toThrow(/qemu-img convert/);
    await expect(splitImage(image, folder, { chunkBytes: 1000 })).rejects.toThrow(/multiple of 4/);
  });
});
