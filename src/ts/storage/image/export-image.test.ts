import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BlockSource, MemorySource } from "../block-source.ts";
import type { CopyTask } from "../copy-disk.ts";
import { StorageError } from "../storage-error.ts";
import { type ExportDisk, exportImage, type ExportFormat } from "./export-image.ts";
import { importImage } from "./import-image.ts";
import { Qcow2Source } from "./qcow2.ts";
import { ImageFolder, random, sampleDisk, TestStore } from "./testing/samples.ts";

let folder: ImageFolder;
beforeAll(() => {
  folder = new ImageFolder();
});
afterAll(() => folder.remove());

function task(change: Partial<CopyTask> = {}): CopyTask {
  return { signal: new AbortController().signal, onProgress: () => {}, ...change };
}

/** A disk over `base`, or over nothing, with what `writes` says: for each chunk a byte, or zeros. */
function keptDisk(
  sizeBytes: number,
  base: BlockSource | null,
  writes: Record<number, number | "zeros">,
  chunkBytes = 65_536,
) {
  const store = new TestStore(chunkBytes);
  for (const [index, value] of Object.entries(writes)) {
    const length = Math.min(chunkBytes, sizeBytes - Number(index) * chunkBytes);
    store.chunks.set(Number(index), value === "zeros" ? value : new Uint8Array(length).fill(value));
  }
  const backing = { name: "base.raw", format: "raw", base: { url: null, sizeBytes: base?.sizeBytes ?? 0 } } as const;
  return { disk: { sizeBytes, store, base, scanBase: true, backing } satisfies ExportDisk, store };
}

/** What the guest sees. */
function contents(disk: ExportDisk, store: TestStore, base: Uint8Array | null): Uint8Array {
  const bytes = new Uint8Array(disk.sizeBytes);
  if (base !== null) bytes.set(base);
  for (const [index, chunk] of store.chunks) {
    const start = index * store.chunkBytes;
    if (chunk === "zeros") bytes.fill(0, start, start + store.chunkBytes);
    else bytes.set(chunk, start);
  }
  return bytes;
}

async function exported(disk: ExportDisk, format: ExportFormat, name: string, change: Partial<CopyTask> = {}) {
  const pieces: Uint8Array[] = [];
  let end = "open";
  const sink = new WritableStream<Uint8Array>({
    write: (piece) => void pieces.push(piece),
    close: () => void (end = "closed"),
    abort: () => void (end = "aborted"),
  });
  let failure: unknown = null;
  await exportImage(disk, format, sink, task(change)).catch((error: unknown) => (failure = error));
  const bytes = Buffer.concat(pieces);
  writeFileSync(folder.file(name), bytes);
  return { bytes, end, failure, sizes: pieces.map(({ length }) => length) };
}

/** qemu-img finds nothing wrong, and reads the disk out of it. */
function expectImage(name: string, disk: Uint8Array): void {
  const check = JSON.parse(folder.run("qemu-img", "check", "--output=json", name)) as Record<string, number>;
  expect(check).toMatchObject({ "check-errors": 0 });
  expect(check.leaks ?? 0).toBe(0);
  expect(check.corruptions ?? 0).toBe(0);
  folder.write("expected.raw", disk);
  expect(folder.run("qemu-img", "compare", "-F", "raw", "-f", "qcow2", name, "expected.raw")).toContain("identical");
}

const SIZE = 3 * 1024 * 1024 + 512;

describe("exportImage", () => {
  it("writes a raw image byte for byte", async () => {
    const base = sampleDisk(SIZE);
    const { disk, store } = keptDisk(SIZE, new MemorySource(base), { 1: 7, 2: "zeros", 48: 9 });
    const { bytes, end } = await exported(disk, "raw", "out.raw");
    expect(Buffer.compare(bytes, contents(disk, store, base))).toBe(0);
    expect(end).toBe("closed");
  });

  it.each([4096, 12_288, 65_536, 262_144, 4_194_304])(
    "writes a qcow2 image of chunks of %i bytes",
    async (chunkBytes) => {
      const next = random(chunkBytes);
      const writes: Record<number, number | "zeros"> = {};
      const count = Math.ceil(SIZE / chunkBytes);
      for (let index = 0; index < count; index++) {
        const kind = next() % 4;
        if (kind === 0) writes[index] = 1 + (next() % 255);
        else if (kind === 1) writes[index] = next() % 2 === 0 ? "zeros" : 0;
      }
      writes[count - 1] = 5;
      const { disk, store } = keptDisk(SIZE, null, writes, chunkBytes);
      const { end } = await exported(disk, "qcow2", "out.qcow2");
      expect(end).toBe("closed");
      expectImage("out.qcow2", contents(disk, store, null));
    },
  );

  it("leaves out what is zeros, in the disk and in its base", async () => {
    const base = new Uint8Array(SIZE);
    base.fill(3, 65_536, 200_000);
    const { disk, store } = keptDisk(SIZE, new MemorySource(base), { 2: "zeros", 5: 0, 9: 1 });
    const { bytes } = await exported(disk, "qcow2", "out.qcow2");
    expectImage("out.qcow2", contents(disk, store, base));
    // Header, refcount table and block, L1, L2; chunks 1, 3 and 9.
    expect(bytes.length).toBe(8 * 65_536);
    const whole = await exported({ ...disk, scanBase: false }, "qcow2", "whole.qcow2");
    expectImage("whole.qcow2", contents(disk, store, base));
    expect(whole.bytes.length).toBeGreaterThan(40 * 65_536);
  });

  it("writes only the changes, over the base by its name", async () => {
    const base = sampleDisk(SIZE - 100_000);
    folder.write("base.raw", base);
    // The disk is larger than its base: it was resized.
    const { disk, store } = keptDisk(SIZE, new MemorySource(base), { 0: 1, 3: "zeros", 4: 0, 20: 2, 48: 3 });
    const { bytes } = await exported(disk, "changes", "changes.qcow2");
    expect(bytes.length).toBe((5 + 3) * 65_536);
    const info = JSON.parse(folder.run("qemu-img", "info", "--output=json", "changes.qcow2")) as Record<
      string,
      unknown
    >;
    expect(info).toMatchObject({
      "backing-filename": "base.raw",
      "backing-filename-format": "raw",
      "virtual-size": SIZE,
    });
    const expected = contents(disk, store, base);
    expectImage("changes.qcow2", expected);
    folder.run("qemu-img", "rebase", "-b", "", "changes.qcow2");
    expectImage("changes.qcow2", expected);
    expect(Buffer.compare(await readBack("changes.qcow2"), expected)).toBe(0);
  });

  it("names a base whose name looks like a protocol as the file that it is", async () => {
    folder.write("a:b.raw", sampleDisk(SIZE));
    const { disk } = keptDisk(SIZE, new MemorySource(sampleDisk(SIZE)), { 0: 1 });
    const backing = { name: "a:b.raw", format: "raw", base: null } as const;
    await exported({ ...disk, backing }, "changes", "colon.qcow2");
    expect(folder.run("qemu-img", "check", "colon.qcow2")).toContain("No errors");
    folder.run("qemu-img", "convert", "-O", "raw", "colon.qcow2", "colon.raw");
    const long = { name: "x".repeat(2000), format: "raw", base: null } as const;
    expect((await exported({ ...disk, backing: long }, "changes", "long.qcow2")).failure).toBeInstanceOf(StorageError);
  });

  it("costs only what is written where the disk is large", async () => {
    const { disk, store } = keptDisk(2 ** 42, null, { 0: 1, 40_000_000: 2 });
    store.chunks.set(50_000_000, "zeros");
    const { bytes, sizes } = await exported(disk, "qcow2", "large.qcow2");
    expect(folder.run("qemu-img", "check", "large.qcow2")).toContain("No errors");
    // An L1 table of 64 KiB, and two L2 tables.
    expect(bytes.length).toBe((1 + 2 + 1 + 2 + 2) * 65_536);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1 << 20);
    const read = await Qcow2Source.open(new MemorySource(bytes));
    const sector = new Uint8Array(512);
    await read.read(40_000_000 * 65_536, sector);
    expect(sector.every((byte) => byte === 2)).toBe(true);
  });

  it("has as many refcount blocks as small clusters need", async () => {
    const writes = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [index * 2, 1 + (index % 255)]));
    const { disk, store } = keptDisk(6000 * 4096 * 2, null, writes, 4096);
    await exported(disk, "qcow2", "many.qcow2");
    expectImage("many.qcow2", contents(disk, store, null));
  });

  it("is read back by importImage", async () => {
    const base = sampleDisk(SIZE);
    const { disk, store } = keptDisk(SIZE, new MemorySource(base), { 7: 1, 8: "zeros" });
    const { bytes } = await exported(disk, "qcow2", "back.qcow2");
    const copy = new TestStore(4096);
    await importImage(new Blob([bytes]), copy, { ...task(), limitBytes: Infinity });
    expect(Buffer.compare(copy.bytes(SIZE), contents(disk, store, base))).toBe(0);
  });

  it("tells progress that only grows, and ends whole", async () => {
    const { disk } = keptDisk(SIZE, new MemorySource(sampleDisk(SIZE)), { 7: 1, 8: "zeros" });
    for (const format of ["raw", "qcow2", "changes"] as const) {
      const progress: (readonly [number, number | null])[] = [];
      await exported(disk, format, "p", { onProgress: (done, total) => progress.push([done, total]) });
      expect(progress.every(([done], at) => at === 0 || done >= (progress[at - 1]?.[0] ?? 0))).toBe(true);
      const [done, total] = progress.at(-1) ?? [];
      expect(done, format).toBe(total);
    }
  });

  it("aborts the file where it is cancelled, or the disk cannot be read", async () => {
    const { disk } = keptDisk(SIZE, new MemorySource(sampleDisk(SIZE)), { 7: 1 });
    for (const format of ["raw", "qcow2", "changes"] as const) {
      const abort = new AbortController();
      abort.abort();
      const cancelled = await exported(disk, format, "c", { signal: abort.signal });
      expect(cancelled).toMatchObject({ end: "aborted", failure: { code: "cancelled" } });
    }
    const broken: BlockSource = {
      sizeBytes: SIZE,
      read: () => Promise.reject(new StorageError("changed", "It changed.", "")),
    };
    expect(await exported({ ...disk, base: broken }, "qcow2", "b")).toMatchObject({
      end: "aborted",
      failure: { code: "changed" },
    });
  });
});

async function readBack(name: string): Promise<Uint8Array> {
  const source = await Qcow2Source.open(new MemorySource(folder.read(name)));
  const bytes = new Uint8Array(source.sizeBytes);
  await source.read(0, bytes);
  return bytes;
}
