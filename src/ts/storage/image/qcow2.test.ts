import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MemorySource } from "../block-source.ts";
import { StorageError } from "../storage-error.ts";
import { Qcow2Source } from "./qcow2.ts";
import { ImageFolder, readAll, sampleDisk } from "./testing/samples.ts";

/** Not a whole number of clusters of any size but the smallest. */
const SIZE_BYTES = 3 * 1024 * 1024 + 1536;
const DISK = sampleDisk(SIZE_BYTES);

let folder: ImageFolder;
beforeAll(() => {
  folder = new ImageFolder();
  folder.write("disk.raw", DISK);
});
afterAll(() => folder.remove());

/** What qemu-img makes of the disk with these options. */
function convert(name: string, options: string, ...more: string[]): MemorySource {
  folder.run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", options, ...more, "disk.raw", name);
  return new MemorySource(folder.read(name));
}

/** What qemu-img reads out of an image. */
function readByQemu(name: string): Uint8Array {
  folder.run("qemu-img", "convert", "-f", "qcow2", "-O", "raw", name, `${name}.raw`);
  return folder.read(`${name}.raw`);
}

async function expectDisk(file: MemorySource, disk: Uint8Array): Promise<void> {
  const source = await Qcow2Source.open(file);
  expect(source.sizeBytes).toBe(disk.length);
  expect(Buffer.compare(await readAll(source), disk)).toBe(0);
}

const KINDS: readonly (readonly [options: string, ...more: string[]])[] = [
  ["compat=0.10"],
  ["compat=0.10,cluster_size=512"],
  ["compat=0.10,cluster_size=4096", "-c"],
  ["compat=1.1"],
  ["compat=1.1", "-c"],
  ["compat=1.1,cluster_size=512", "-c"],
  ["compat=1.1,cluster_size=2M"],
  ["compat=1.1,cluster_size=2M", "-c"],
  ["compression_type=zstd", "-c"],
  ["compression_type=zstd,cluster_size=512", "-c"],
  ["compression_type=zstd,cluster_size=2M", "-c"],
  ["extended_l2=on,cluster_size=16k"],
  ["extended_l2=on,cluster_size=64k"],
  ["extended_l2=on,cluster_size=2M"],
  ["extended_l2=on,compression_type=zstd", "-c"],
  ["lazy_refcounts=on,refcount_bits=1"],
  ["preallocation=metadata"],
  ["preallocation=falloc,cluster_size=4096"],
];

describe("Qcow2Source", () => {
  it.each(KINDS)("reads what qemu-img writes with %s", async (options, ...more) => {
    await expectDisk(convert("kind.qcow2", options, ...more), DISK);
  });

  it.each(["compat=0.10", "cluster_size=512", "extended_l2=on", "compression_type=zstd"])(
    "reads any part as qemu-img does, after any writes: %s",
    async (options) => {
      const unit = 512;
      const range = fc
        .tuple(fc.nat(SIZE_BYTES / unit - 1), fc.integer({ min: 1, max: 600 }))
        .map(([start, count]) => [start * unit, Math.min(count, SIZE_BYTES / unit - start) * unit] as const);
      const write = fc.tuple(fc.constantFrom("write -P 7", "write -z", "write -zu", "discard"), range);
      await fc.assert(
        fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 12 }), fc.array(range), async (writes, reads) => {
          convert("any.qcow2", options, "-c");
          const commands = writes.flatMap(([command, [offset, length]]) => ["-c", `${command} ${offset} ${length}`]);
          folder.run("qemu-io", "-f", "qcow2", ...commands, "any.qcow2");
          const expected = readByQemu("any.qcow2");
          const source = await Qcow2Source.open(new MemorySource(folder.read("any.qcow2")));
          expect(Buffer.compare(await readAll(source), expected)).toBe(0);
          for (const [offset, length] of reads) {
            const into = new Uint8Array(length).fill(0xee);
            await source.read(offset, into);
            expect(Buffer.compare(into, expected.subarray(offset, offset + length))).toBe(0);
          }
        }),
        { numRuns: 4 },
      );
    },
    60_000,
  );

  it("reads the disk as it is now where there are snapshots", async () => {
    convert("snapshot.qcow2", "compat=1.1");
    folder.run("qemu-img", "snapshot", "-c", "before", "snapshot.qcow2");
    folder.run("qemu-io", "-f", "qcow2", "-c", "write -P 3 65000 70000", "snapshot.qcow2");
    await expectDisk(new MemorySource(folder.read("snapshot.qcow2")), DISK.slice().fill(3, 65_000, 135_000));
  });

  it("tells where there is nothing, without a look at it", async () => {
    folder.run("qemu-img", "create", "-q", "-f", "qcow2", "large.qcow2", "4T");
    folder.run("qemu-io", "-f", "qcow2", "-c", "write -P 3 3T 512", "-c", "write -z 1T 1M", "large.qcow2");
    const source = await Qcow2Source.open(new MemorySource(folder.read("large.qcow2")));
    expect(source.sizeBytes).toBe(2 ** 42);
    expect(await source.nextData(0)).toBe(3 * 2 ** 40);
    expect(await source.nextData(3 * 2 ** 40 + 65_536)).toBe(2 ** 42);
    const sector = new Uint8Array(512);
    await source.read(3 * 2 ** 40, sector);
    expect(sector.every((byte) => byte === 3)).toBe(true);
  });

  it("takes a disk for as long as QEMU does where its size is no whole sector", async () => {
    convert("odd.qcow2", "compat=1.1");
    const image = folder.read("odd.qcow2");
    new DataView(image.buffer).setBigUint64(24, BigInt(SIZE_BYTES - 100));
    folder.write("odd.qcow2", image);
    await expectDisk(new MemorySource(image), readByQemu("odd.qcow2"));
  });

  it("reads an image that is marked dirty or corrupt, as QEMU does for reading", async () => {
    convert("dirty.qcow2", "compat=1.1");
    const image = folder.read("dirty.qcow2");
    new DataView(image.buffer).setBigUint64(72, 3n);
    await expectDisk(new MemorySource(image), DISK);
  });
});

describe("refused with a sentence:", () => {
  /** A small image with a change to it. */
  async function refusal(options: string, change: (view: DataView, image: Uint8Array) => void): Promise<unknown> {
    const file = convert("bad.qcow2", options, "-c");
    const image = await readAll(file);
    change(new DataView(image.buffer), image);
    try {
      await readAll(await Qcow2Source.open(new MemorySource(image)));
    } catch (error) {
      return error;
    }
    return null;
  }

  const L1 = (view: DataView): number => Number(view.getBigUint64(40));
  const L2 = (view: DataView): number => Number(view.getBigUint64(L1(view)) & 0x00ff_ffff_ffff_fe00n);

  it.each<readonly [string, (view: DataView, image: Uint8Array) => void, RegExp]>([
    ["a size of 2^63", (view) => view.setBigUint64(24, 2n ** 63n), /9223372036854775808 bytes/],
    ["a size that the L1 table is too small for", (view) => view.setBigUint64(24, 2n ** 50n), /L1 table/],
    ["an L1 table of 2^32 entries", (view) => view.setUint32(36, 0xffff_ffff), /L1 table is larger/],
    ["an L1 table behind the end", (view) => view.setBigUint64(40, 2n ** 40n), /behind the end/],
    ["an L1 table at 2^63", (view) => view.setBigUint64(40, 2n ** 63n), /behind the end/],
    ["an L1 table that begins anywhere", (view) => view.setBigUint64(40, 520n), /begin at a cluster/],
    ["clusters of 2^8 bytes", (view) => view.setUint32(20, 8), /2\^8 bytes/],
    ["clusters of 2^63 bytes", (view) => view.setUint32(20, 63), /2\^63 bytes/],
    ["a header of 1 byte", (view) => view.setUint32(100, 1), /has 1 bytes/],
    ["a header of 4 GiB", (view) => view.setUint32(100, 0xffff_fff8), /header says/],
    ["a compression without its feature bit", (view) => view.setUint8(104, 1), /contradicts/],
    ["a feature bit without its compression", (view) => view.setBigUint64(72, 8n), /contradicts/],
    ["encryption", (view) => view.setUint32(32, 2), /encrypted/],
    ["an external data file", (view) => view.setBigUint64(72, 4n), /data in another file/],
    ["a feature of the future", (view) => view.setBigUint64(72, 1n << 40n), /feature bit 40/],
    ["an L2 table behind the end", (view) => view.setBigUint64(L1(view), 2n ** 50n), /L2 table lies behind/],
    ["an L2 table that begins anywhere", (view) => view.setBigUint64(L1(view), 1024n), /begin at a cluster/],
    ["a cluster behind the end", (view) => view.setBigUint64(L2(view), 2n ** 50n), /cluster lies behind/],
    ["a cluster that begins anywhere", (view) => view.setBigUint64(L2(view), 1024n), /begin where clusters do/],
    ["a compressed one behind the end", (view) => view.setBigUint64(L2(view), (1n << 62n) | (1n << 50n)), /behind/],
    ["a compressed one of noise", (view) => view.setBigUint64(L2(view), (1n << 62n) | 40n), /cannot be unpacked/],
  ])("%s", async (_, change, message) => {
    const error = await refusal("compat=1.1", change);
    expect(error).toBeInstanceOf(StorageError);
    expect((error as StorageError).message).toMatch(message);
    expect((error as StorageError).advice).not.toBe("");
  });

  it("the name that the image has for a feature", async () => {
    const error = await refusal("compat=1.1", (view, image) => {
      // QEMU's table has no name for bit 7: one of its rows gets it.
      const table = Number(view.getUint32(100));
      expect(view.getUint32(table)).toBe(0x6803_f857);
      view.setUint8(table + 9, 7);
      image.set(Buffer.from("teleportation\0"), table + 10);
      view.setBigUint64(72, 1n << 7n);
    });
    expect((error as StorageError).message).toContain("teleportation");
  });

  it("a backing file, with its name", async () => {
    folder.run("qemu-img", "create", "-q", "-f", "qcow2", "-b", "disk.raw", "-F", "raw", "top.qcow2");
    const top = new MemorySource(folder.read("top.qcow2"));
    await expect(Qcow2Source.open(top)).rejects.toThrow(/changes to another image \(disk\.raw\)/);
  });

  it("encryption as qemu-img makes it", async () => {
    const secret = ["--object", "secret,id=s,data=geheim"];
    const options = "encrypt.format=aes,encrypt.key-secret=s";
    folder.run("qemu-img", "create", "-q", ...secret, "-f", "qcow2", "-o", options, "locked.qcow2", "1M");
    await expect(Qcow2Source.open(new MemorySource(folder.read("locked.qcow2")))).rejects.toThrow(/encrypted/);
  });

  it("an image that is cut off anywhere, or else it is read as it was", async () => {
    const file = await readAll(convert("cut.qcow2", "cluster_size=4096", "-c"));
    for (let length = 0; length < file.length; length += 20_011) {
      const cut = (async () => await readAll(await Qcow2Source.open(new MemorySource(file.slice(0, length)))))();
      await expect(cut, `${length}`).rejects.toBeInstanceOf(StorageError);
    }
  });
});
