import { mkdtempSync, openAsBlob, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BlobSource } from "./blob-source.ts";
import { KeptDisk } from "./kept-disk.ts";
import { MemoryChunkStore } from "./memory-chunk-store.ts";
import { StorageError } from "./storage-error.ts";

const SIZE_BYTES = 3 * 1024 * 1024 + 777;
const BYTES = Uint8Array.from({ length: SIZE_BYTES }, (_, at) => (at * 31 + (at >> 9)) & 0xff);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-blob-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A Blob that counts what is read of it. */
function counted(): { blob: Blob; slices: [start: number, end: number][] } {
  const blob = new Blob([BYTES]);
  const slices: [number, number][] = [];
  const slice = (start = 0, end = blob.size): Blob => {
    slices.push([start, end]);
    return Blob.prototype.slice.call(blob, start, end);
  };
  return { blob: Object.assign(blob, { slice }), slices };
}

describe("BlobSource", () => {
  it("reads any part", async () => {
    const source = new BlobSource(new Blob([BYTES]));
    expect(source.sizeBytes).toBe(SIZE_BYTES);
    await fc.assert(
      fc.asyncProperty(fc.nat(SIZE_BYTES - 1), fc.integer({ min: 1, max: 400_000 }), async (offset, length) => {
        const into = new Uint8Array(Math.min(length, SIZE_BYTES - offset)).fill(0xee);
        await source.read(offset, into);
        expect(Buffer.compare(into, BYTES.subarray(offset, offset + into.length))).toBe(0);
      }),
    );
  });

  it("reads nothing before it is asked to, and a little for a little", async () => {
    const { blob, slices } = counted();
    const source = new BlobSource(blob);
    expect(slices).toEqual([]);
    await source.read(1_000_000, new Uint8Array(512));
    expect(slices.length).toBe(1);
    expect(slices[0]?.[1]).toBeLessThanOrEqual((slices[0]?.[0] ?? 0) + 65_536);
  });

  it("costs few reads of the file, however small those of the disk are", async () => {
    const { blob, slices } = counted();
    const source = new BlobSource(blob);
    const sector = new Uint8Array(512);
    for (let at = 0; at + 512 <= SIZE_BYTES; at += 512) await source.read(at, sector);
    expect(slices.length).toBeLessThan(16);
    const total = slices.reduce((sum, [start, end]) => sum + end - start, 0);
    expect(total).toBe(SIZE_BYTES);
  });

  it("follows two that read in turn, each its own part", async () => {
    const { blob, slices } = counted();
    const source = new BlobSource(blob);
    const [half, block] = [SIZE_BYTES >>> 1, new Uint8Array(4096)];
    for (let at = 0; at + 4096 <= half; at += 4096) {
      for (const start of [0, half]) await source.read(start + at, block);
    }
    expect(slices.length).toBeLessThan(20);
  });

  it("reads a file of 30 GB where it is, from any place, and only what is asked for", async () => {
    // Node's own Blob of a file stops at 4 GiB.
    const [sizeBytes, asked] = [30e9, { bytes: 0 }];
    const slice = (start: number, end: number): Blob => {
      asked.bytes += end - start;
      const bytes = Buffer.alloc(end - start);
      if (end === sizeBytes) bytes.write("the end", bytes.length - 512);
      return new Blob([bytes]);
    };
    const source = new BlobSource({ size: sizeBytes, slice } as unknown as Blob);
    expect(source.sizeBytes).toBe(sizeBytes);
    const disk = await KeptDisk.open({ store: new MemoryChunkStore(32_768), base: source, sizeBytes });
    const sector = new Uint8Array(512);
    await disk.read(sizeBytes - 512, sector);
    expect(Buffer.from(sector).toString("latin1", 0, 8)).toBe("the end\0");
    await disk.write(20e9 - (20e9 % 512), new Uint8Array(512).fill(7));
    await disk.flush();
    expect(await disk.usedBytes()).toBe(32_768);
    await disk.read(20e9 - (20e9 % 512), sector);
    expect(sector).toEqual(new Uint8Array(512).fill(7));
    await disk.close();
    expect(asked.bytes).toBeLessThan(300_000);
  });

  it("has read what nobody waits for yet by whom it was made with, and the rest here", async () => {
    const elsewhere: number[] = [];
    const source = new BlobSource(new Blob([BYTES]), async (part) => {
      elsewhere.push(part.size);
      return await part.arrayBuffer();
    });
    await source.read(1_000_000, new Uint8Array(4096));
    expect(elsewhere).toEqual([]);
    const block = new Uint8Array(65_536);
    for (let at = 0; at + block.length <= SIZE_BYTES; at += block.length) {
      await source.read(at, block);
      expect(Buffer.compare(block, BYTES.subarray(at, at + block.length))).toBe(0);
    }
    expect(elsewhere.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(SIZE_BYTES / 2);
  });

  it("answers at once what it has", async () => {
    const source = new BlobSource(new Blob([BYTES]));
    await source.read(0, new Uint8Array(512));
    expect(source.read(512, new Uint8Array(512))).toBeUndefined();
  });

  it("asks once for what several reads want at the same time", async () => {
    const { blob, slices } = counted();
    const source = new BlobSource(blob);
    await Promise.all([0, 512, 4096].map(async (at) => await source.read(at, new Uint8Array(512))));
    expect(slices.length).toBe(1);
  });

  it("says so when the file was changed since it was chosen", async () => {
    const path = join(folder, "disk.img");
    writeFileSync(path, BYTES);
    const source = new BlobSource(await openAsBlob(path));
    await source.read(0, new Uint8Array(512));
    writeFileSync(path, BYTES.subarray(0, 1000));
    const error: unknown = await Promise.resolve(source.read(1_000_000, new Uint8Array(512))).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ code: "changed", advice: "Choose the file again." });
  });
});
