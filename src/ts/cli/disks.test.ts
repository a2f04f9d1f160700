/** Every disk of the command line and of the page keeps the promises of BlockBackend. */
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { chmodSync, linkSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BlockBackend } from "../../virtio/backends.ts";
import type { DriveConfig } from "../config/machine-config.ts";
import { MemorySource } from "../storage/block-source.ts";
import { OverlayDisk } from "../storage/overlay-disk.ts";
import { Disks } from "./disks.ts";
import { HostError } from "./host-error.ts";

const SECTORS = 300;
const SIZE_BYTES = SECTORS * 512;

let folder: string;
let image: string;
let disks: Disks;
const original = Uint8Array.from({ length: SIZE_BYTES }, (_, at) => (at * 7 + (at >> 9)) & 0xff);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-disks-"));
  image = join(folder, "disk.img");
  writeFileSync(image, original);
  disks = new Disks();
});

afterEach(async () => {
  await disks.close();
  rmSync(folder, { recursive: true });
});

const drive = (options: Partial<DriveConfig> = {}): DriveConfig => ({
  id: "hd0",
  file: image,
  format: null,
  sha256: null,
  media: "disk",
  snapshot: false,
  readOnly: false,
  ...options,
});

const backends: readonly (readonly [string, () => Promise<BlockBackend> | BlockBackend])[] = [
  ["a file written in place", () => disks.open(drive())],
  ["a file with snapshot=on", () => disks.open(drive({ snapshot: true }))],
  ["an image in memory", () => new OverlayDisk(new MemorySource(original), false)],
];

/** Header of version 3 and nothing else. */
const QCOW2 = Buffer.from("QFI\xfb\0\0\0\x03", "latin1");

/** Sectors of the disk, and what is done to them. */
const range = fc
  .tuple(fc.integer({ min: 0, max: SECTORS - 1 }), fc.integer({ min: 1, max: SECTORS }))
  .map(([start, count]) => ({ start: start * 512, length: Math.min(count, SECTORS - start) * 512 }));
const operations = fc.array(
  fc.record({ kind: fc.constantFrom("read", "write", "zero", "flush"), range, fill: fc.integer({ min: 1, max: 255 }) }),
  { maxLength: 20 },
);

describe.each(backends)("%s", (_, open) => {
  it("has the image's size and can be written", async () => {
    expect(await open()).toMatchObject({ sizeBytes: SIZE_BYTES, readOnly: false });
  });

  it("reads what was written last, and the image elsewhere", async () => {
    await fc.assert(
      fc.asyncProperty(operations, async (steps) => {
        writeFileSync(image, original);
        const disk = await open();
        const model = original.slice();
        for (const { kind, range: where, fill } of steps) {
          const end = where.start + where.length;
          if (kind === "write") {
            const bytes = Uint8Array.from({ length: where.length }, (__, at) => (at + fill) & 0xff);
            await disk.write(where.start, bytes);
            model.set(bytes, where.start);
            // The caller's buffer is its own again.
            bytes.fill(0xee);
          } else if (kind === "zero") {
            await disk.writeZeroes(where.start, where.length, fill % 2 === 0);
            model.fill(0, where.start, end);
          } else if (kind === "flush") {
            await disk.flush();
          } else {
            const into = new Uint8Array(where.length);
            await disk.read(where.start, into);
            expect(Buffer.compare(into, model.subarray(where.start, end))).toBe(0);
          }
        }
        const all = new Uint8Array(SIZE_BYTES);
        await disk.read(0, all);
        expect(Buffer.compare(all, model)).toBe(0);
        await disks.close();
      }),
      { numRuns: 30 },
    );
  });
});

it("what is written in place is in the file, byte for byte", async () => {
  const disk = await disks.open(drive());
  await disk.write(512, new Uint8Array(1024).fill(0xab));
  await disk.flush();
  const expected = original.slice().fill(0xab, 512, 1536);
  expect(Buffer.compare(readFileSync(image), expected)).toBe(0);
  expect(statSync(image).size).toBe(SIZE_BYTES);
});

it("snapshot=on leaves the file untouched, even one that may not be written", async () => {
  chmodSync(image, 0o444);
  const disk = await disks.open(drive({ snapshot: true }));
  await disk.write(0, new Uint8Array(4096).fill(1));
  await disk.flush();
  await disks.close();
  expect(Buffer.compare(readFileSync(image), original)).toBe(0);
});

it("readonly=on is told to the guest", async () => {
  expect((await disks.open(drive({ readOnly: true }))).readOnly).toBe(true);
  expect((await disks.open(drive({ id: "b", readOnly: true, snapshot: true }))).readOnly).toBe(true);
});

it("format=raw is the image's bytes, whatever they look like", async () => {
  const bytes = original.slice();
  bytes.set(Buffer.from("QFI\xfb", "latin1"));
  writeFileSync(image, bytes);
  const disk = await disks.open(drive({ format: "raw" }));
  const into = new Uint8Array(512);
  await disk.read(0, into);
  expect(Buffer.compare(into, bytes.subarray(0, 512))).toBe(0);
});

it("sha256= takes the image that was hashed, and no other", async () => {
  const sha256 = createHash("sha256").update(original).digest("hex");
  const disk = await disks.open(drive({ sha256, snapshot: true }));
  expect(disk.sizeBytes).toBe(SIZE_BYTES);
  truncateSync(image, SIZE_BYTES - 512);
  const other = createHash("sha256").update(original.subarray(0, -512)).digest("hex");
  const failed = disks.open(drive({ id: "b", sha256, snapshot: true }));
  await expect(failed).rejects.toThrow(`its SHA-256 is ${other}, and should be ${sha256}.`);
});

it("a file that becomes shorter is an error for the guest, with a sentence", async () => {
  const disk = await disks.open(drive());
  truncateSync(image, 512);
  expect(() => disk.read(512, new Uint8Array(512))).toThrow(/has become shorter/);
});

describe("an image in another format", () => {
  const make: Record<string, (file: string) => void> = {
    qcow2: (file) => execFileSync("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", "-c", image, file]),
    gzip: (file) => writeFileSync(file, gzipSync(original)),
    xz: (file) => writeFileSync(file, execFileSync("xz", ["-c", image])),
    "qcow2 in zstd": (file) => {
      execFileSync("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", image, `${file}.qcow2`]);
      writeFileSync(file, execFileSync("zstd", ["-q", "-c", `${file}.qcow2`]));
    },
  };

  it.each(Object.entries(make))("is read, but not written in place: %s", async (_, write) => {
    const file = join(folder, "other.img");
    write(file);
    const before = readFileSync(file);
    await expect(disks.open(drive({ file }))).rejects.toThrow(/can be read here but not written: .*snapshot=on/);
    await disks.close();
    for (const options of [{ readOnly: true }, { snapshot: true }]) {
      const disk = await disks.open(drive({ id: JSON.stringify(options), file, ...options }));
      const all = new Uint8Array(SIZE_BYTES);
      await disk.read(0, all);
      expect(Buffer.compare(all, original)).toBe(0);
      if (disk.readOnly) continue;
      await disk.write(512, new Uint8Array(1024).fill(0xab));
      await disk.read(0, all);
      expect(Buffer.compare(all, original.slice().fill(0xab, 512, 1536))).toBe(0);
    }
    expect(Buffer.compare(readFileSync(file), before)).toBe(0);
  });

  it("is what format= says: qcow2 bytes as a raw disk", async () => {
    const file = join(folder, "other.img");
    make.qcow2?.(file);
    const bytes = readFileSync(file);
    const disk = await disks.open(drive({ file, format: "raw", snapshot: true }));
    expect(disk.sizeBytes).toBe(Math.ceil(bytes.length / 512) * 512);
    const head = new Uint8Array(512);
    await disk.read(0, head);
    expect(Buffer.compare(head, bytes.subarray(0, 512))).toBe(0);
  });

  it("a raw one that ends within a sector is filled up for reading, as QEMU does", async () => {
    truncateSync(image, 1000);
    const disk = await disks.open(drive({ readOnly: true }));
    expect(disk.sizeBytes).toBe(1024);
    const all = new Uint8Array(1024);
    await disk.read(0, all);
    expect(Buffer.compare(all, Buffer.concat([original.subarray(0, 1000), Buffer.alloc(24)]))).toBe(0);
  });
});

describe("refused with a sentence:", () => {
  it.each([
    [
      "a size that is no multiple of 512",
      (): void => truncateSync(image, 1000),
      /1000 bytes, which is no multiple of 512/,
    ],
    ["an empty file", (): void => truncateSync(image, 0), /is empty/],
    [
      "a qcow2 image of which only the magic is there",
      (): void => writeFileSync(image, QCOW2),
      /qcow2 image is damaged/,
    ],
    ["a VMware image", (): void => writeFileSync(image, "KDMV"), /qemu-img convert -f vmdk/],
    ["no file", (): void => rmSync(image), /There is no file/],
  ])("%s", async (_, prepare, message) => {
    prepare();
    const error: unknown = await disks.open(drive()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HostError);
    expect((error as HostError).message).toMatch(message);
  });

  it("format=qcow2 of what is none, and a disk that only a browser has", async () => {
    await expect(disks.open(drive({ format: "qcow2" }))).rejects.toThrow(/qcow2 image is damaged/);
    await expect(disks.open(drive({ file: "disk:a" }))).rejects.toThrow(/a disk that a browser keeps/);
  });

  it("one file for two drives of which one writes, whatever its names", async () => {
    const other = join(folder, "other.img");
    linkSync(image, other);
    await disks.open(drive());
    await expect(disks.open(drive({ id: "b", file: other, readOnly: true }))).rejects.toThrow(/one writes it/);
  });

  it("but not one that both only read", async () => {
    await disks.open(drive({ readOnly: true }));
    expect((await disks.open(drive({ id: "b", snapshot: true }))).sizeBytes).toBe(SIZE_BYTES);
  });
});

describe("a file that another machine has", () => {
  let other: Disks;
  beforeEach(() => {
    other = new Disks();
  });
  afterEach(async () => await other.close());

  it("is refused where one of the two writes it, until the other one is closed", async () => {
    await other.open(drive());
    await expect(disks.open(drive())).rejects.toThrow(/the disk of another machine that is running/);
    await expect(disks.open(drive({ snapshot: true }))).rejects.toThrow(HostError);
    await Promise.all([disks.close(), other.close()]);
    await disks.open(drive({ snapshot: true }));
    await expect(other.open(drive())).rejects.toThrow(/the disk of another machine that is running/);
  });

  it("is shared where both only read it", async () => {
    await other.open(drive({ snapshot: true }));
    expect((await disks.open(drive({ readOnly: true }))).sizeBytes).toBe(SIZE_BYTES);
  });
});
