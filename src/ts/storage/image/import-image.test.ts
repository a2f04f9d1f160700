import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MemorySource } from "../block-source.ts";
import { StorageError } from "../storage-error.ts";
import { importImage, type ImportTask } from "./import-image.ts";
import { openImage } from "./open-image.ts";
import { ImageFolder, readAll, sampleDisk, TestStore } from "./testing/samples.ts";

const SIZE_BYTES = 2 * 1024 * 1024 + 512;
const DISK = sampleDisk(SIZE_BYTES);

let folder: ImageFolder;
beforeAll(() => {
  folder = new ImageFolder();
  folder.write("disk.raw", DISK);
  folder.run("qemu-img", "convert", "-O", "qcow2", "-c", "disk.raw", "disk.qcow2");
});
afterAll(() => folder.remove());

function task(change: Partial<ImportTask> = {}): ImportTask {
  return { signal: new AbortController().signal, onProgress: () => {}, limitBytes: Infinity, ...change };
}

function pack(tool: string, input: Uint8Array, ...args: string[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(execFileSync(tool, ["-c", ...args], { input, maxBuffer: 1 << 28 }));
}

const files: Record<string, () => { bytes: Uint8Array<ArrayBuffer>; formats: string[] }> = {
  raw: () => ({ bytes: DISK, formats: [] }),
  qcow2: () => ({ bytes: folder.read("disk.qcow2"), formats: ["qcow2"] }),
  gzip: () => ({ bytes: pack("gzip", DISK, "-1"), formats: ["gzip"] }),
  xz: () => ({ bytes: pack("xz", DISK, "-1"), formats: ["xz"] }),
  zstd: () => ({ bytes: pack("zstd", DISK), formats: ["zstd"] }),
  "qcow2 in xz": () => ({ bytes: pack("xz", folder.read("disk.qcow2"), "-1"), formats: ["xz", "qcow2"] }),
  "qcow2 in zstd in gzip": () => ({
    bytes: pack("gzip", pack("zstd", folder.read("disk.qcow2"))),
    formats: ["gzip", "zstd", "qcow2"],
  }),
};

describe.each(Object.entries(files))("%s", (_, make) => {
  it("is told by its contents before anything is copied", async () => {
    const { bytes, formats } = make();
    const image = await openImage(new MemorySource(bytes));
    const needsUnpacking = formats.length > 0 && formats[0] !== "qcow2";
    expect(image).toMatchObject({ formats, needsUnpacking, content: "disk" });
    if (!needsUnpacking) expect(Buffer.compare(await readAll(image.source), DISK)).toBe(0);
  });

  it.each(["a Blob", "a stream", "a source"])("is imported from %s", async (kind) => {
    const { bytes, formats } = make();
    const blob = new Blob([bytes]);
    const input = kind === "a Blob" ? blob : kind === "a stream" ? blob.stream() : new MemorySource(bytes);
    const store = new TestStore();
    const scratches: TestStore[] = [];
    const progress: [number, number | null][] = [];
    const result = await importImage(
      input,
      store,
      task({
        onProgress: (done, total) => progress.push([done, total]),
        scratch: async () => {
          const made = new TestStore(4096);
          scratches.push(made);
          return { store: made, remove: async () => void (made.removed = true) };
        },
      }),
    );
    expect(result).toEqual({ sizeBytes: SIZE_BYTES, formats, content: "disk" });
    expect(Buffer.compare(store.bytes(SIZE_BYTES), DISK)).toBe(0);
    expect(store.durable).toBe(true);
    expect(scratches.every(({ removed }) => removed)).toBe(true);
    expect(progress.every(([done], index) => index === 0 || done >= (progress[index - 1]?.[0] ?? 0))).toBe(true);
    const [done, total] = progress.at(-1) ?? [];
    if (total !== null) expect(done).toBe(total);
  });
});

describe("importImage", () => {
  it("stores no zeros, and a last chunk as long as the disk leaves for it", async () => {
    const disk = new Uint8Array(40 * 65_536 + 512);
    disk[17 * 65_536 + 5] = 1;
    disk[disk.length - 1] = 2;
    for (const bytes of [disk, new Uint8Array(gzipSync(disk))]) {
      const store = new TestStore();
      await importImage(new Blob([bytes]), store, task());
      expect([...store.chunks.keys()]).toEqual([17, 40]);
      expect(store.chunks.get(40)?.length).toBe(512);
      expect(Buffer.compare(store.bytes(disk.length), disk)).toBe(0);
    }
  });

  it("skips what a qcow2 image has nothing for", async () => {
    folder.run("qemu-img", "create", "-q", "-f", "qcow2", "large.qcow2", "2T");
    folder.run("qemu-io", "-f", "qcow2", "-c", "write -P 3 1T 512", "large.qcow2");
    const store = new TestStore();
    const result = await importImage(new Blob([folder.read("large.qcow2")]), store, task());
    expect(result.sizeBytes).toBe(2 ** 41);
    // The image has a whole cluster: the rest of it reads as zeros.
    expect([...store.chunks.keys()]).toEqual([2 ** 40 / 65_536]);
  });

  it("fills up the last sector, as QEMU does", async () => {
    folder.write("odd.raw", DISK.subarray(0, 100_001));
    const info = JSON.parse(folder.run("qemu-img", "info", "-f", "raw", "--output=json", "odd.raw")) as Record<
      string,
      number
    >;
    for (const bytes of [folder.read("odd.raw"), pack("gzip", folder.read("odd.raw"))]) {
      const store = new TestStore();
      const { sizeBytes } = await importImage(new Blob([bytes]), store, task());
      expect(sizeBytes).toBe(info["virtual-size"]);
      expect(Buffer.compare(store.bytes(sizeBytes).subarray(0, 100_001), DISK.subarray(0, 100_001))).toBe(0);
    }
  });

  it("takes several members, frames and streams, and padding behind them", async () => {
    const padding = new Uint8Array(512);
    for (const tool of ["gzip", "xz", "zstd"]) {
      const parts = [pack(tool, DISK.subarray(0, 300_032)), pack(tool, DISK.subarray(300_032)), padding];
      const store = new TestStore();
      await importImage(new Blob(parts), store, task());
      expect(Buffer.compare(store.bytes(SIZE_BYTES), DISK), tool).toBe(0);
    }
  });

  it("takes xz of several blocks, as several threads make it", async () => {
    const store = new TestStore();
    await importImage(new Blob([pack("xz", DISK, "-0", "-T2", "--block-size=300KiB")]), store, task());
    expect(Buffer.compare(store.bytes(SIZE_BYTES), DISK)).toBe(0);
  });

  it("takes a file for what it is told it is", async () => {
    const bytes = folder.read("disk.qcow2");
    const store = new TestStore();
    const { sizeBytes, formats } = await importImage(new Blob([bytes]), store, task({ format: "raw" }));
    expect(formats).toEqual([]);
    expect(Buffer.compare(store.bytes(sizeBytes).subarray(0, bytes.length), bytes)).toBe(0);
  });
});

describe("an import ends with a sentence:", () => {
  async function failure(
    input: Blob | ReadableStream<Uint8Array>,
    change: Partial<ImportTask> = {},
  ): Promise<StorageError> {
    try {
      await importImage(input, new TestStore(), task(change));
    } catch (error) {
      if (error instanceof StorageError) return error;
      throw error;
    }
    throw new Error("it did not fail");
  }

  it("a zip bomb, at the limit", async () => {
    const bomb = pack("gzip", pack("zstd", new Uint8Array(1 << 25).fill(1)));
    expect(bomb.length).toBeLessThan(10_000);
    const error = await failure(new Blob([bomb]), { limitBytes: 4_000_000 });
    expect(error).toMatchObject({ code: "quota" });
    expect(error.message).toContain("4 MB");
  });

  it("a file compressed over and over", async () => {
    let bytes: Uint8Array<ArrayBuffer> = DISK;
    for (let layer = 0; layer < 6; layer++) bytes = new Uint8Array(gzipSync(bytes));
    expect((await failure(new Blob([bytes]))).message).toMatch(/more than 4 times/);
  });

  it("data that is cut off, in every format", async () => {
    for (const [name, make] of Object.entries(files)) {
      if (name === "raw") continue;
      const { bytes } = make();
      const scratch = async (): ReturnType<NonNullable<ImportTask["scratch"]>> => ({
        store: new TestStore(),
        remove: async () => {},
      });
      for (const share of [0.01, 0.3, 0.8, 0.999]) {
        const cut = new Blob([bytes.subarray(0, Math.floor(bytes.length * share))]);
        const { code, message } = await failure(cut, { scratch });
        expect([code, message.endsWith(".")], `${name} ${share}`).toEqual(["damaged", true]);
      }
    }
  });

  it("an empty file, also a compressed one", async () => {
    expect((await failure(new Blob([]))).message).toMatch(/empty/);
    expect((await failure(new Blob([pack("xz", new Uint8Array(0))]))).message).toMatch(/empty/);
    expect((await failure(new Blob([]).stream())).message).toMatch(/empty/);
  });

  it("a cancelled one, which ends its input", async () => {
    const abort = new AbortController();
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(1)),
      cancel: () => void (cancelled = true),
    });
    const failing = failure(endless, {
      signal: abort.signal,
      onProgress: (done) => {
        if (done > 500_000) abort.abort();
      },
    });
    expect((await failing).code).toBe("cancelled");
    expect(cancelled).toBe(true);
  });

  it("a file that changed while it is read", async () => {
    const blob = new Blob([DISK]);
    const gone = Object.assign(blob, {
      name: "disk.img",
      slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) }),
    });
    expect(await failure(gone)).toMatchObject({ code: "changed", message: expect.stringContaining("disk.img") });
  });

  it("xz with more memory, or a filter, than its decoder has", async () => {
    const small = DISK.subarray(0, 4096);
    expect((await failure(new Blob([pack("xz", small, "--lzma2=dict=512MiB")]))).message).toMatch(/512 MiB/);
    expect((await failure(new Blob([pack("xz", small, "--x86", "--lzma2")]))).message).toMatch(/filter/);
  });

  it("which does not stand in the way of the next: xz after one that failed, and in one another", async () => {
    const xz = pack("xz", DISK, "-0");
    for (let round = 0; round < 3; round++) {
      await failure(new Blob([xz.subarray(0, 100_000)]));
      await failure(new Blob([xz]), { limitBytes: 100_000 });
    }
    const store = new TestStore();
    const { formats } = await importImage(new Blob([pack("xz", xz, "-0")]), store, task());
    expect(formats).toEqual(["xz", "xz"]);
    expect(Buffer.compare(store.bytes(SIZE_BYTES), DISK)).toBe(0);
    // Several at the same time.
    const stores = [new TestStore(), new TestStore(), new TestStore()];
    await Promise.all(stores.map(async (each) => await importImage(new Blob([xz]), each, task())));
    for (const each of stores) expect(Buffer.compare(each.bytes(SIZE_BYTES), DISK)).toBe(0);
  });

  it("a qcow2 image in a stream, where there is no room to unpack it", async () => {
    expect((await failure(new Blob([folder.read("disk.qcow2")]).stream())).message).toMatch(
      /qcow2 image inside a stream/,
    );
  });
});
