import { describe, expect, it } from "vitest";
import { MemoryChunkStore } from "./memory-chunk-store.ts";
import { StoreSink } from "./store-sink.ts";

const CHUNK_BYTES = 4096;

describe("StoreSink", () => {
  it("keeps what comes, in any parts, and no zeros", async () => {
    const store = new MemoryChunkStore(CHUNK_BYTES);
    const sink = new StoreSink(store, Infinity);
    const file = new Uint8Array(10 * CHUNK_BYTES + 77);
    file.fill(3, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 1);
    file[file.length - 1] = 9;
    for (let at = 0; at < file.length; at += 1000) await sink.append(file.subarray(at, at + 1000));
    expect(sink.length).toBe(file.length);
    const source = await sink.finish();
    expect(source.sizeBytes).toBe(file.length);
    const read = new Uint8Array(file.length);
    await source.read(0, read);
    expect(Buffer.compare(read, file)).toBe(0);
    expect(await store.indexes()).toEqual([2, 3, 10]);
  });

  it("begins anew with nothing of what was there", async () => {
    const store = new MemoryChunkStore(CHUNK_BYTES);
    const sink = new StoreSink(store, Infinity);
    await sink.append(new Uint8Array(9000).fill(1));
    await sink.clear();
    expect(sink.length).toBe(0);
    expect(await store.indexes()).toEqual([]);
    await sink.append(new Uint8Array(100).fill(2));
    const source = await sink.finish();
    const read = new Uint8Array(100);
    await source.read(0, read);
    expect(read.every((byte) => byte === 2)).toBe(true);
  });

  it("stops at its limit, zeros not counted", async () => {
    const sink = new StoreSink(new MemoryChunkStore(CHUNK_BYTES), 2 * CHUNK_BYTES);
    await sink.append(new Uint8Array(100 * CHUNK_BYTES));
    await sink.append(new Uint8Array(2 * CHUNK_BYTES).fill(1));
    await expect(sink.append(new Uint8Array(2 * CHUNK_BYTES).fill(1))).rejects.toMatchObject({ code: "quota" });
  });
});
