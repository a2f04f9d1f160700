/** Every disk of the command line and of the page keeps the promises of BlockBackend. */
import { createHash } from "node:crypto";
import { chmodSync, linkSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

const backends: readonly (readonly [string, () => BlockBackend])[] = [
  ["a file written in place", () => disks.open(drive())],
  ["a file with snapshot=on", () => disks.open(drive({ snapshot: true }))],
  ["an image in memory", () => new OverlayDisk(new MemorySource(original), false)],
];

/** Sectors of the disk, and what is done to them. */
const range = fc
  .tuple(fc.integer({ min: 0, max: SECTORS - 1 }), fc.integer({ min: 1, max: SECTORS }))
  .map(([start, count]) => ({ start: start * 512, length: Math.min(count, SECTORS - start) * 512 }));
const operations = fc.array(
  fc.record({ kind: fc.constantFrom("read", "write", "zero", "flush"), range, fill: fc.integer({ min: 1, max: 255 }) }),
  { maxLength: 20 },
);

describe.each(backends)("%s", (_, open) => {
  it("has the image's size and can be written", () => {
    expect(open()).toMatchObject({ sizeBytes: SIZE_BYTES, readOnly: false });
  });

  it("reads what was written last, and the image elsewhere", async () => {
    await fc.assert(
      fc.asyncProperty(operations, async (steps) => {
        writeFileSync(image, original);
        const disk = open();
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
  const disk = disks.open(drive());
  await disk.write(512, new Uint8Array(1024).fill(0xab));
  await disk.flush();
  const expected = original.slice().fill(0xab, 512, 1536);
  expect(Buffer.compare(readFileSync(image), expected)).toBe(0);
  expect(statSync(image).size).toBe(SIZE_BYTES);
});

it("snapshot=on leaves the file untouched, even one that may not be written", async () => {
  chmodSync(image, 0o444);
  const disk = disks.open(drive({ snapshot: true }));
  await disk.write(0, new Uint8Array(4096).fill(1));
  await disk.flush();
  await disks.close();
  expect(Buffer.compare(readFileSync(image), original)).toBe(0);
});

it("readonly=on is told to the guest", () => {
  expect(disks.open(drive({ readOnly: true })).readOnly).toBe(true);
  expect(disks.open(drive({ id: "b", readOnly: true, snapshot: true })).readOnly).toBe(true);
});

it("format=raw is the image's bytes, whatever they look like", async () => {
  const bytes = original.slice();
  bytes.set(Buffer.from("QFI\xfb", "latin1"));
  writeFileSync(image, bytes);
  const disk = disks.open(drive({ format: "raw" }));
  const into = new Uint8Array(512);
  await disk.read(0, into);
  expect(Buffer.compare(into, bytes.subarray(0, 512))).toBe(0);
});

it("sha256= takes the image that was hashed, and no other", async () => {
  const sha256 = createHash("sha256").update(original).digest("hex");
  const disk = await disks.openChecked(drive({ sha256, snapshot: true }));
  expect(disk.sizeBytes).toBe(SIZE_BYTES);
  truncateSync(image, SIZE_BYTES - 512);
  const other = createHash("sha256").update(original.subarray(0, -512)).digest("hex");
  const failed = disks.openChecked(drive({ id: "b", sha256, snapshot: true }));
  await expect(failed).rejects.toThrow(`its SHA-256 is ${other}, and should be ${sha256}.`);
});

it("a file that becomes shorter is an error for the guest, with a sentence", () => {
  const disk = disks.open(drive());
  truncateSync(image, 512);
  expect(() => disk.read(512, new Uint8Array(512))).toThrow(/has become shorter/);
});

describe("refused with a sentence:", () => {
  it.each([
    [
      "a size that is no multiple of 512",
      (): void => truncateSync(image, 1000),
      /1000 bytes, which is no multiple of 512/,
    ],
    ["an empty file", (): void => truncateSync(image, 0), /0 bytes/],
    ["a qcow2 image", (): void => writeFileSync(image, Buffer.from("QFI\xfb", "latin1")), /qemu-img convert -O raw/],
    ["no file", (): void => rmSync(image), /There is no file/],
  ])("%s", (_, prepare, message) => {
    prepare();
    expect(() => disks.open(drive())).toThrow(HostError);
    expect(() => disks.open(drive())).toThrow(message);
  });

  it("format=qcow2, and a disk that only a browser has", () => {
    expect(() => disks.open(drive({ format: "qcow2" }))).toThrow(/qemu-img convert -O raw/);
    expect(() => disks.open(drive({ file: "disk:a" }))).toThrow(/a disk that a browser keeps/);
  });

  it("one file for two drives of which one writes, whatever its names", () => {
    const other = join(folder, "other.img");
    linkSync(image, other);
    disks.open(drive());
    expect(() => disks.open(drive({ id: "b", file: other, readOnly: true }))).toThrow(/one writes it/);
  });

  it("but not one that both only read", () => {
    disks.open(drive({ readOnly: true }));
    expect(disks.open(drive({ id: "b", snapshot: true })).sizeBytes).toBe(SIZE_BYTES);
  });
});
