import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MemorySource } from "../block-source.ts";
import { StoreSource } from "../store-source.ts";
import { exportImage } from "./export-image.ts";
import { importChanges, readChanges } from "./import-changes.ts";
import { ImageFolder, random, sampleDisk, TestStore } from "./testing/samples.ts";

const SIZE = 3 * 1024 * 1024 + 512;
const BASE_SIZE = SIZE - 100_352;
const task = { signal: new AbortController().signal, onProgress: () => {}, limitBytes: Infinity };

let folder: ImageFolder;
let base: Uint8Array;
beforeAll(() => {
  folder = new ImageFolder();
  base = sampleDisk(BASE_SIZE);
  folder.write("base.raw", base);
});
afterAll(() => folder.remove());

/** Changes as QEMU makes them, at places of `seed`, and the disk that comes of them. */
function changedByQemu(name: string, options: string, seed: number): Uint8Array {
  folder.run("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.raw", "-F", "raw", "-o", options, name, `${SIZE}`);
  const next = random(seed);
  const commands = Array.from({ length: 40 }, (_, at) => {
    const offset = (next() % (SIZE / 512)) * 512;
    const length = Math.min(SIZE - offset, 512 * (1 + (next() % 200)));
    return at % 4 === 0 ? `write -z ${offset} ${length}` : `write -P ${1 + (next() % 255)} ${offset} ${length}`;
  });
  folder.run("qemu-io", ...commands.flatMap((command) => ["-c", command]), name);
  folder.run("qemu-img", "convert", "-O", "raw", name, "whole.raw");
  return folder.read("whole.raw");
}

async function broughtIn(name: string, chunkBytes: number): Promise<{ store: TestStore; disk: Uint8Array }> {
  const store = new TestStore(chunkBytes);
  const sizeBytes = await importChanges(new MemorySource(folder.read(name)), new MemorySource(base), store, task);
  const disk = new Uint8Array(sizeBytes);
  await (await StoreSource.open(store, new MemorySource(base), sizeBytes)).read(0, disk);
  return { store, disk };
}

describe("importChanges", () => {
  it.each([
    ["cluster_size=64k", 32_768],
    ["cluster_size=512", 32_768],
    ["cluster_size=4k,compat=0.10", 4096],
    ["cluster_size=64k,extended_l2=on", 4096],
    ["cluster_size=2M", 65_536],
  ])("makes of QEMU's image with %s the disk that QEMU reads", async (options, chunkBytes) => {
    const expected = changedByQemu("changes.qcow2", options, chunkBytes);
    const { disk } = await broughtIn("changes.qcow2", chunkBytes);
    expect(Buffer.compare(disk, expected)).toBe(0);
  });

  it("stores what was changed and nothing else, and takes what our export writes", async () => {
    const store = new TestStore(32_768);
    store.chunks.set(1, new Uint8Array(32_768).fill(7));
    store.chunks.set(5, "zeros");
    store.chunks.set(96, new Uint8Array(512).fill(9));
    const origin = { url: "https://example.org/base.raw", sizeBytes: BASE_SIZE };
    const backing = { name: "base.raw", format: "raw", base: origin } as const;
    const disk = { sizeBytes: SIZE, store, base: new MemorySource(base), scanBase: true, backing };
    const pieces: Uint8Array[] = [];
    const sink = new WritableStream<Uint8Array>({ write: (piece) => void pieces.push(piece) });
    await exportImage(disk, "changes", sink, task);
    const file = Buffer.concat(pieces);
    folder.write("ours.qcow2", file);
    expect(await readChanges(new MemorySource(file))).toEqual({
      backing: { name: "base.raw", base: origin },
      sizeBytes: SIZE,
    });
    const back = await broughtIn("ours.qcow2", 32_768);
    expect([...back.store.chunks.keys()]).toEqual([1, 5, 96]);
    expect(back.store.chunks).toEqual(store.chunks);
    // QEMU reads the same, and finds nothing to complain of in what it does not know.
    folder.run("qemu-img", "check", "ours.qcow2");
    folder.run("qemu-img", "convert", "-O", "raw", "ours.qcow2", "whole.raw");
    expect(Buffer.compare(back.disk, folder.read("whole.raw"))).toBe(0);
  });

  it("takes no more than there is room for, and can be cancelled", async () => {
    changedByQemu("changes.qcow2", "cluster_size=64k", 5);
    const file = new MemorySource(folder.read("changes.qcow2"));
    const into = async (change: Partial<typeof task>): Promise<number> =>
      await importChanges(file, new MemorySource(base), new TestStore(32_768), { ...task, ...change });
    await expect(into({ limitBytes: 40_000 })).rejects.toMatchObject({ code: "quota" });
    await expect(into({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("readChanges", () => {
  it("tells what lies below, and null for what is whole", async () => {
    changedByQemu("changes.qcow2", "cluster_size=64k", 3);
    const found = await readChanges(new MemorySource(folder.read("changes.qcow2")));
    expect(found).toEqual({ backing: { name: "base.raw", base: null }, sizeBytes: SIZE });
    folder.run("qemu-img", "create", "-q", "-f", "qcow2", "plain.qcow2", "1M");
    expect(await readChanges(new MemorySource(folder.read("plain.qcow2")))).toBeNull();
    expect(await readChanges(new MemorySource(base))).toBeNull();
    expect(await readChanges(new MemorySource(new Uint8Array(0)))).toBeNull();
  });

  it.each([
    ["no JSON", "{"],
    ["no address", '{"url":"javascript:alert(1)","sizeBytes":5}'],
    ["no size", '{"url":null,"sizeBytes":-1}'],
    ["another value", "7"],
  ])("takes a record of ours with %s for none", async (_, json) => {
    changedByQemu("changes.qcow2", "cluster_size=64k", 3);
    const bytes = folder.read("changes.qcow2");
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    // Before the other extensions: QEMU's file has room behind its header, and its backing file's name further back.
    const record = new Uint8Array(8 + Math.ceil(json.length / 8) * 8);
    new DataView(record.buffer).setUint32(0, 0x4152_4d4c);
    new DataView(record.buffer).setUint32(4, json.length);
    record.set(new TextEncoder().encode(json), 8);
    const headerBytes = view.getUint32(100);
    bytes.copyWithin(headerBytes + record.length, headerBytes, 4096);
    bytes.set(record, headerBytes);
    view.setBigUint64(8, view.getBigUint64(8) + BigInt(record.length));
    const found = await readChanges(new MemorySource(bytes));
    expect(found?.backing).toEqual({ name: "base.raw", base: null });
  });
});
