import { IDBFactory } from "fake-indexeddb";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { BlockBackend } from "../../virtio/backends.ts";
import { type BlockSource, MemorySource } from "./block-source.ts";
import { storageError } from "./browser-error.ts";
import type { Chunk, ChunkStore, Durability } from "./chunk-store.ts";
import { IdbChunkStore } from "./idb-chunk-store.ts";
import { KeptDisk, type KeptDiskOptions } from "./kept-disk.ts";
import { MemoryChunkStore } from "./memory-chunk-store.ts";
import { OverlayDisk } from "./overlay-disk.ts";
import { BLOCK_BACKEND_CONTRACT, CONTRACT_SECTORS, type DiskSubject } from "./testing/block-backend-contract.ts";
import { pattern, same, sameBytes } from "./testing/expectations.ts";

const CHUNK = 8192;
const SIZE = CONTRACT_SECTORS * 512;

/** Small enough that chunks come and go. */
const CACHE = 6 * CHUNK;

/** A source that answers later. */
class LateSource implements BlockSource {
  readonly sizeBytes: number;
  readonly #memory: MemorySource;

  constructor(bytes: Uint8Array) {
    this.#memory = new MemorySource(bytes);
    this.sizeBytes = bytes.length;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, offset % 3));
    this.#memory.read(offset, into);
  }
}

/** A KeptDisk that is closed and opened again over the same store. */
function keptSubject(
  makeStore: () => () => Promise<ChunkStore>,
  makeBase: (image: Uint8Array) => BlockSource | null,
): DiskSubject {
  const origins = new Map<BlockBackend, { openStore: () => Promise<ChunkStore>; base: BlockSource | null }>();
  const opened = async (origin: {
    openStore: () => Promise<ChunkStore>;
    base: BlockSource | null;
  }): Promise<KeptDisk> => {
    const disk = await KeptDisk.open({
      store: await origin.openStore(),
      base: origin.base,
      sizeBytes: SIZE,
      cacheBytes: CACHE,
    });
    origins.set(disk, origin);
    return disk;
  };
  return {
    async open(image) {
      const base = makeBase(image);
      const disk = await opened({ openStore: makeStore(), base });
      if (base === null) await disk.write(0, image);
      return disk;
    },
    async reopen(disk) {
      const origin = origins.get(disk);
      if (origin === undefined || !(disk instanceof KeptDisk)) throw new Error("not a disk of this test");
      await disk.close();
      return await opened(origin);
    },
  };
}

function memoryStore(): () => Promise<ChunkStore> {
  const store = new MemoryChunkStore(CHUNK);
  return () => Promise.resolve(store);
}

function idbStore(): () => Promise<ChunkStore> {
  const browser = new IDBFactory();
  return async () => await IdbChunkStore.open(browser, "d1", CHUNK);
}

const SUBJECTS: Readonly<Record<string, () => DiskSubject>> = {
  "KeptDisk in memory over nothing": () => keptSubject(memoryStore, () => null),
  "KeptDisk in memory over an image that is there": () => keptSubject(memoryStore, (image) => new MemorySource(image)),
  "KeptDisk in memory over an image that answers late": () =>
    keptSubject(memoryStore, (image) => new LateSource(image)),
  "KeptDisk in IndexedDB over nothing": () => keptSubject(idbStore, () => null),
  "KeptDisk in IndexedDB over an image that answers late": () =>
    keptSubject(idbStore, (image) => new LateSource(image)),
  OverlayDisk: () => ({
    open: (image) => Promise.resolve(new OverlayDisk(new LateSource(image), false)),
    reopen: () => Promise.resolve(null),
  }),
};

describe.each(Object.entries(SUBJECTS))("%s", (_, subject) => {
  it.each(BLOCK_BACKEND_CONTRACT)("$name", { timeout: 120_000 }, async (contract) => {
    await contract.run(subject());
  });
});

/** A store in memory that writes down what is put, and fails or waits as the test says. */
class WatchedStore extends MemoryChunkStore {
  readonly puts: { readonly indexes: readonly number[]; readonly durability: Durability }[] = [];
  readonly gets: (readonly number[])[] = [];
  failure: Error | null = null;
  /** Bytes that there is room for. */
  roomBytes = Infinity;
  gate: Promise<void> = Promise.resolve();

  override async get(indexes: readonly number[]): Promise<(Chunk | null)[]> {
    this.gets.push(indexes);
    return await super.get(indexes);
  }

  override async put(changes: ReadonlyMap<number, Chunk | null>, durability: Durability = "relaxed"): Promise<void> {
    const before = new Map(
      [...changes].map(([index, chunk]) => [index, chunk instanceof Uint8Array ? chunk.slice() : chunk]),
    );
    await this.gate;
    for (const [index, chunk] of changes)
      same(String(chunk) === String(before.get(index)), true, "bytes stay while they are put");
    if (this.failure !== null) throw this.failure;
    const added = [...changes.values()].reduce(
      (sum, chunk) => sum + (chunk instanceof Uint8Array ? chunk.length : 0),
      0,
    );
    if (added > 0 && (await this.usedBytes()) + added > this.roomBytes) throw storageError("quota");
    this.puts.push({ indexes: [...changes.keys()], durability });
    await super.put(changes);
  }
}

async function open(options: Partial<KeptDiskOptions> & { store: ChunkStore }): Promise<KeptDisk> {
  return await KeptDisk.open({ base: null, sizeBytes: 64 * CHUNK, cacheBytes: 16 * CHUNK, ...options });
}

async function expectStored(store: ChunkStore, index: number, expected: Uint8Array): Promise<void> {
  const [chunk] = await store.get([index]);
  if (!(chunk instanceof Uint8Array)) throw new Error(`the store has no bytes of chunk ${index}`);
  sameBytes(chunk, expected, `chunk ${index} in the store`);
}

afterEach(() => {
  vi.useRealTimers();
});

describe("KeptDisk", () => {
  it("answers from memory at once, and fetches what is not there once for all who wait", async () => {
    const store = new WatchedStore(CHUNK);
    await store.put(new Map([[3, pattern(CHUNK, 3)]]));
    const disk = await open({ store });
    const [a, b] = [new Uint8Array(512), new Uint8Array(1024)];
    const waits = [disk.read(3 * CHUNK, a), disk.read(3 * CHUNK + 512, b)];
    expect(waits.every((wait) => wait instanceof Promise)).toBe(true);
    await Promise.all(waits.map((wait) => Promise.resolve(wait)));
    sameBytes(a, pattern(CHUNK, 3).subarray(0, 512), "what is read");
    sameBytes(b, pattern(CHUNK, 3).subarray(512, 1536), "what is read");
    expect(store.gets).toEqual([[3]]);
    expect(disk.read(3 * CHUNK, a)).toBeUndefined();
    // Never written: no need to ask.
    expect(disk.read(9 * CHUNK, b)).toBeUndefined();
    sameBytes(b, new Uint8Array(1024), "what is read");
    expect(disk.write(9 * CHUNK + 512, a)).toBeUndefined();
    await disk.close();
  });

  it("reads ahead where it is read in sequence, several chunks by one get", async () => {
    const store = new WatchedStore(CHUNK);
    const image = new Map(Array.from({ length: 64 }, (_, index) => [index, pattern(CHUNK, index)] as const));
    await store.put(image);
    const disk = await open({ store, cacheBytes: 128 * CHUNK });
    const into = new Uint8Array(CHUNK);
    for (let chunk = 0; chunk < 64; chunk++) {
      await disk.read(chunk * CHUNK, into);
      sameBytes(into, pattern(CHUNK, chunk), "what is read");
    }
    expect(store.gets.length).toBeLessThan(12);
    expect(store.gets.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, index) => index));
    // Here and there: only what is wanted.
    const again = await open({ store, cacheBytes: 128 * CHUNK });
    store.gets.length = 0;
    for (const chunk of [40, 3, 22, 60, 9]) await again.read(chunk * CHUNK, into);
    expect(store.gets).toEqual([[40], [3], [22], [60], [9]]);
    await disk.close();
  });

  it("writes out soon after a write, without a flush and relaxed", async () => {
    vi.useFakeTimers();
    const store = new WatchedStore(CHUNK);
    const disk = await open({ store });
    await disk.write(0, pattern(2 * CHUNK, 1));
    await disk.write(512, pattern(512, 2));
    expect(store.puts).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.puts).toEqual([{ indexes: [0, 1], durability: "relaxed" }]);
    expect(disk.dirtyBytes).toBe(0);
    await disk.close();
    // What was put relaxed is made durable, although nothing is dirty.
    expect(store.puts[1]).toEqual({ indexes: [], durability: "strict" });
  });

  it("a flush is one strict put after everything before it; flushes at once share one", async () => {
    const store = new WatchedStore(CHUNK);
    const disk = await open({ store });
    expect(disk.flush()).toBeUndefined();
    await disk.write(CHUNK, pattern(CHUNK, 1));
    await disk.write(5 * CHUNK, pattern(512, 2));
    const first = disk.flush();
    const second = disk.flush();
    await Promise.all([first, second]);
    expect(store.puts).toEqual([{ indexes: [1, 5], durability: "strict" }]);
    expect(disk.flush()).toBeUndefined();
    await disk.close();
  });

  it("a flush takes what is written while another flush is under way", async () => {
    const store = new WatchedStore(CHUNK);
    const disk = await open({ store });
    let pass = (): void => {};
    store.gate = new Promise((resolve) => {
      pass = resolve;
    });
    await disk.write(0, pattern(CHUNK, 1));
    const first = disk.flush();
    await new Promise((resolve) => setTimeout(resolve, 5));
    // The chunk is on its way to the store: its bytes may not change there.
    await disk.write(512, new Uint8Array(512).fill(7));
    let secondDone = false;
    const second = Promise.resolve(disk.flush()).then(() => {
      secondDone = true;
    });
    pass();
    await first;
    expect(secondDone).toBe(false);
    await expectStored(store, 0, pattern(CHUNK, 1));
    await second;
    await expectStored(store, 0, pattern(CHUNK, 1).fill(7, 512, 1024));
    await disk.close();
  });

  it("costs only what is written", async () => {
    const store = new MemoryChunkStore(65_536);
    const disk = await open({ store, sizeBytes: 4 * 2 ** 30, cacheBytes: 2 ** 24 });
    await disk.discard(0, 4 * 2 ** 30);
    await disk.writeZeroes(0, 2 ** 31, true);
    for (const at of [0, 2 ** 31, 2 ** 32 - 4096]) await disk.write(at, pattern(4096, at));
    await disk.flush();
    expect(await disk.usedBytes()).toBe(3 * 65_536);
    await disk.discard(2 ** 31, 2 ** 30);
    await disk.writeZeroes(0, 65_536, false);
    await disk.flush();
    expect(await disk.usedBytes()).toBe(65_536);
    const into = pattern(8192, 1);
    await disk.read(0, into);
    sameBytes(into, new Uint8Array(8192), "what is read");
    await disk.close();
  });

  it("takes a chunk over an image that was zeroed for zeros", async () => {
    const store = new MemoryChunkStore(CHUNK);
    const disk = await open({ store, base: new MemorySource(pattern(64 * CHUNK, 1)) });
    await disk.writeZeroes(CHUNK, 3 * CHUNK, true);
    await disk.close();
    expect(await store.get([0, 1, 2, 3, 4])).toEqual([null, "zeros", "zeros", "zeros", null]);
  });

  it("ends with zeros where the image below is shorter", async () => {
    const image = pattern(CHUNK + 512, 1);
    const disk = await open({ store: new MemoryChunkStore(CHUNK), base: new MemorySource(image) });
    const expected = new Uint8Array(3 * CHUNK);
    expected.set(image);
    const into = new Uint8Array(3 * CHUNK).fill(1);
    await disk.read(0, into);
    sameBytes(into, expected, "what is read");
    await disk.write(CHUNK + 1024, new Uint8Array(512).fill(9));
    expected.fill(9, CHUNK + 1024, CHUNK + 1536);
    await disk.read(0, into.fill(1));
    sameBytes(into, expected, "what is read");
    await disk.close();
  });

  it("keeps its memory: writers wait until the store has taken something", async () => {
    const store = new WatchedStore(CHUNK);
    let pass = (): void => {};
    store.gate = new Promise((resolve) => {
      pass = resolve;
    });
    const disk = await open({ store });
    let done = 0;
    const writes = Array.from({ length: 40 }, async (_, chunk) => {
      await disk.write(chunk * CHUNK, pattern(CHUNK, chunk));
      done += 1;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(done).toBeLessThan(14);
    expect(disk.dirtyBytes).toBeLessThanOrEqual(14 * CHUNK);
    pass();
    await Promise.all(writes);
    await disk.close();
    for (let chunk = 0; chunk < 40; chunk++) await expectStored(store, chunk, pattern(CHUNK, chunk));
  });

  it("a full store: the flush fails, what was flushed stays, and all of it is stored once there is room", async () => {
    const errors: string[] = [];
    const store = new WatchedStore(CHUNK);
    const disk = await open({ store, onError: ({ code }) => errors.push(code) });
    await disk.write(0, pattern(2 * CHUNK, 1));
    await disk.flush();
    store.roomBytes = 3 * CHUNK;
    await disk.write(0, pattern(4 * CHUNK, 2));
    await expect(disk.flush()).rejects.toMatchObject({ name: "StorageError", code: "quota" });
    await expect(disk.flush()).rejects.toMatchObject({ code: "quota" });
    expect(errors).toEqual(["quota", "quota"]);
    await expectStored(store, 0, pattern(2 * CHUNK, 1).subarray(0, CHUNK));
    const into = new Uint8Array(4 * CHUNK);
    await disk.read(0, into);
    sameBytes(into, pattern(4 * CHUNK, 2), "what is read");
    await expect(disk.close()).rejects.toMatchObject({ code: "quota" });
    store.roomBytes = Infinity;
    await disk.close();
    await expectStored(store, 3, pattern(4 * CHUNK, 2).subarray(3 * CHUNK));
  });

  it("a full store: writes fail when the cache is full, and go on once there is room", async () => {
    const store = new WatchedStore(CHUNK);
    const disk = await open({ store });
    store.failure = storageError("quota");
    const write = async (chunk: number): Promise<void> => await disk.write(chunk * CHUNK, pattern(CHUNK, chunk));
    const results = await Promise.allSettled(Array.from({ length: 30 }, (_, chunk) => write(chunk)));
    const accepted = results.flatMap(({ status }, chunk) => (status === "fulfilled" ? [chunk] : []));
    expect(accepted.length).toBeGreaterThan(8);
    expect(accepted.length).toBeLessThan(16);
    await expect(write(31)).rejects.toMatchObject({ code: "quota" });
    store.failure = null;
    await write(31);
    await disk.close();
    for (const chunk of [...accepted, 31]) await expectStored(store, chunk, pattern(CHUNK, chunk));
  });

  it("a full store: what the guest gives back makes room", async () => {
    const store = new WatchedStore(CHUNK);
    const disk = await open({ store });
    await disk.write(0, pattern(4 * CHUNK, 1));
    await disk.flush();
    store.roomBytes = 4 * CHUNK;
    await disk.write(8 * CHUNK, pattern(2 * CHUNK, 2));
    await expect(disk.flush()).rejects.toMatchObject({ code: "quota" });
    await disk.discard(0, 2 * CHUNK);
    // The store counts what a put adds before what it takes away, as browsers may.
    await disk.flush();
    expect(await store.indexes()).toEqual([2, 3, 8, 9]);
    await disk.close();
  });

  it("tries again by itself after a failure", async () => {
    vi.useFakeTimers();
    const store = new WatchedStore(CHUNK);
    const disk = await open({ store });
    store.failure = storageError("failed");
    await disk.write(0, pattern(CHUNK, 1));
    await vi.advanceTimersByTimeAsync(1000);
    expect(await store.indexes()).toEqual([]);
    store.failure = null;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await store.indexes()).toEqual([0]);
    await disk.close();
  });

  it("says that a chunk is damaged that the store had and has no more", async () => {
    const store = new MemoryChunkStore(CHUNK);
    await store.put(new Map([[1, pattern(CHUNK, 1)]]));
    const disk = await open({ store });
    await store.put(new Map([[1, null]]));
    await expect(disk.read(CHUNK, new Uint8Array(512))).rejects.toMatchObject({ code: "damaged" });
    await expect(disk.write(CHUNK, new Uint8Array(512))).rejects.toMatchObject({ code: "damaged" });
    // A write of all of it needs nothing of what was there.
    await disk.write(CHUNK, pattern(CHUNK, 2));
    await disk.close();
    await expectStored(store, 1, pattern(CHUNK, 2));
  });

  it("a write of a whole chunk is not undone by what was being fetched", async () => {
    const store = new WatchedStore(CHUNK);
    await store.put(new Map([[1, pattern(CHUNK, 1)]]));
    const disk = await open({ store });
    const early = disk.read(CHUNK, new Uint8Array(512));
    await disk.write(CHUNK, pattern(CHUNK, 2));
    await early;
    const into = new Uint8Array(CHUNK);
    await disk.read(CHUNK, into);
    sameBytes(into, pattern(CHUNK, 2), "what is read");
    await disk.close();
  });

  it("holds still: flushed, and nothing reaches the store until it is released", async () => {
    const store = new WatchedStore(CHUNK);
    const disk = await open({ store });
    await disk.write(0, pattern(CHUNK, 1));
    await disk.hold();
    const puts = store.puts.length;
    await expectStored(store, 0, pattern(CHUNK, 1));
    await disk.write(0, pattern(CHUNK, 2));
    let flushed = false;
    const flush = Promise.resolve(disk.flush()).then(() => {
      flushed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([store.puts.length, flushed]).toEqual([puts, false]);
    disk.release();
    await flush;
    await expectStored(store, 0, pattern(CHUNK, 2));
    await disk.close();
  });

  it("whoever waits is told when the disk is abandoned, and the store keeps what was flushed", async () => {
    const store = new WatchedStore(CHUNK);
    const disk = await open({ store });
    await disk.write(0, pattern(CHUNK, 1));
    await disk.hold();
    await disk.write(0, pattern(CHUNK, 2));
    const flush = disk.flush();
    await disk.abandon();
    await expect(flush).rejects.toMatchObject({ code: "cancelled" });
    await expectStored(store, 0, pattern(CHUNK, 1));
  });
});
