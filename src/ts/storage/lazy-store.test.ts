import { describe, expect, it } from "vitest";
import { LazyStore } from "./lazy-store.ts";
import { MemoryChunkStore } from "./memory-chunk-store.ts";

const CHUNK = 4096;

describe("LazyStore", () => {
  it("makes nothing before the first write, and one store for writes at the same time", async () => {
    let made = 0;
    const store = new LazyStore(CHUNK, async () => {
      made++;
      await Promise.resolve();
      return new MemoryChunkStore(CHUNK);
    });
    expect(await store.indexes()).toEqual([]);
    expect(await store.get([1, 2])).toEqual([null, null]);
    expect(await store.usedBytes()).toBe(0);
    await store.put(new Map(), "strict");
    await store.put(new Map([[3, null]]), "strict");
    await store.close();
    expect(made).toBe(0);
    expect(store.created).toBe(false);
    const bytes = new Uint8Array(CHUNK).fill(7);
    await Promise.all([store.put(new Map([[1, bytes]]), "relaxed"), store.put(new Map([[2, "zeros"]]), "strict")]);
    expect(made).toBe(1);
    expect(store.created).toBe(true);
    expect(await store.get([1, 2, 3])).toEqual([bytes, "zeros", null]);
    expect(await store.usedBytes()).toBe(CHUNK);
  });

  it("tries again after it could not be made", async () => {
    let full = true;
    const store = new LazyStore(CHUNK, () =>
      full ? Promise.reject(new Error("full")) : Promise.resolve(new MemoryChunkStore(CHUNK)),
    );
    await expect(store.put(new Map([[0, "zeros"]]), "strict")).rejects.toThrow("full");
    expect(store.created).toBe(false);
    full = false;
    await store.put(new Map([[0, "zeros"]]), "strict");
    expect(await store.indexes()).toEqual([0]);
  });
});
