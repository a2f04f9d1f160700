import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReadCache } from "./read-cache.ts";

const CHUNK_BYTES = 16;
const SIZE_BYTES = 4096 * CHUNK_BYTES - 5;
const BYTES = Uint8Array.from({ length: SIZE_BYTES }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
const [MAX_REQUEST, AHEAD, KEPT] = [8, 16, 64];

interface Load {
  readonly start: number;
  readonly end: number;
  readonly isAhead: boolean;
}

/** A cache over BYTES that notes what it loads; `refuses` tells which loads fail. */
function cacheOf(refuses: (load: Load) => boolean = () => false): { cache: ReadCache; loads: Load[] } {
  const loads: Load[] = [];
  const cache = new ReadCache({
    sizeBytes: SIZE_BYTES,
    chunkBytes: CHUNK_BYTES,
    requestChunks: 1,
    maxRequestChunks: MAX_REQUEST,
    aheadChunks: AHEAD,
    keptChunks: KEPT,
    async load(start, end, isAhead) {
      const load = { start, end, isAhead };
      loads.push(load);
      await Promise.resolve();
      if (refuses(load)) throw new Error(`no ${start} to ${end}`);
      return BYTES.slice(start, end);
    },
  });
  return { cache, loads };
}

/** Reads chunk by chunk, and looks at what comes. */
async function readChunks(cache: ReadCache, first: number, count: number): Promise<void> {
  for (let chunk = first; chunk < first + count; chunk++) {
    const into = new Uint8Array(Math.min(CHUNK_BYTES, SIZE_BYTES - chunk * CHUNK_BYTES));
    await cache.read(chunk * CHUNK_BYTES, into);
    expect(into).toEqual(BYTES.subarray(chunk * CHUNK_BYTES, chunk * CHUNK_BYTES + into.length));
  }
}

describe("ReadCache", () => {
  it("reads any parts at the same time, whatever has to make room meanwhile", async () => {
    const range = fc.tuple(fc.nat(SIZE_BYTES - 1), fc.integer({ min: 1, max: 600 }));
    await fc.assert(
      fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 24 }), async (ranges) => {
        const { cache } = cacheOf();
        const parts = ranges.map(([offset, length]) => ({
          offset,
          into: new Uint8Array(Math.min(length, SIZE_BYTES - offset)),
        }));
        await Promise.all(parts.map(async ({ offset, into }) => await cache.read(offset, into)));
        for (const { offset, into } of parts) expect(into).toEqual(BYTES.subarray(offset, offset + into.length));
      }),
    );
  });

  it("has what a sequence reads next on its way, and loads nothing twice", async () => {
    const { cache, loads } = cacheOf();
    await readChunks(cache, 0, 1000);
    expect(loads.reduce((sum, { start, end }) => sum + end - start, 0)).toBeLessThanOrEqual(
      (1000 + AHEAD + MAX_REQUEST) * CHUNK_BYTES,
    );
    const starts = loads.map(({ start }) => start);
    expect(new Set(starts).size).toBe(starts.length);
    // Only the first few were waited for.
    expect(loads.filter(({ isAhead }) => !isAhead).every(({ start }) => start < 8 * CHUNK_BYTES)).toBe(true);
    expect(loads.filter(({ start, end }) => end - start === MAX_REQUEST * CHUNK_BYTES).length).toBeGreaterThan(100);
  });

  it("asks for a long read at once and not behind each other", async () => {
    const { cache, loads } = cacheOf();
    const into = new Uint8Array(12 * CHUNK_BYTES);
    const done = cache.read(40 * CHUNK_BYTES, into);
    expect(loads.map(({ start, end }) => [start / CHUNK_BYTES, end / CHUNK_BYTES])).toEqual([
      [40, 48],
      [48, 52],
    ]);
    await done;
    expect(into).toEqual(BYTES.subarray(40 * CHUNK_BYTES, 52 * CHUNK_BYTES));
  });

  it.each([1, 2, 3, 4])("reads ahead of %i sequences no more than stays until it is used", async (count) => {
    const { cache, loads } = cacheOf();
    for (let chunk = 0; chunk < 300; chunk++) {
      for (let stream = 0; stream < count; stream++) await readChunks(cache, stream * 1000 + chunk, 1);
    }
    const ahead = loads.reduce((sum, { start, end }) => sum + end - start, 0) / CHUNK_BYTES - 300 * count;
    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThanOrEqual(2 * AHEAD);
    const starts = loads.map(({ start }) => start);
    expect(new Set(starts).size).toBe(starts.length);
  });

  it("reads nothing ahead of reads that do not follow one another", async () => {
    const { cache, loads } = cacheOf();
    await readChunks(cache, 0, 20);
    loads.length = 0;
    for (let turn = 1; turn < 50; turn++) await readChunks(cache, (turn * 769) % 4000, 1);
    expect(loads.filter(({ isAhead }) => isAhead)).toEqual([]);
    expect(loads.every(({ start, end }) => end - start === CHUNK_BYTES)).toBe(true);
  });

  it("tells nobody of what is wrong with bytes that nobody asked for", async () => {
    const bad = 500 * CHUNK_BYTES + 3;
    const { cache, loads } = cacheOf(({ start, end }) => start <= bad && bad < end);
    await readChunks(cache, 400, 100);
    expect(loads.some(({ start, end, isAhead }) => isAhead && start <= bad && bad < end)).toBe(true);
    const wanted = new Uint8Array(CHUNK_BYTES);
    await expect(cache.read(500 * CHUNK_BYTES, wanted)).rejects.toThrow(/^no 8000 to 8016$/);
    await readChunks(cache, 501, 50);
  });

  it("tells who waits for a read-ahead that fails, of what was asked for", async () => {
    const { cache } = cacheOf(({ end }) => end > 100 * CHUNK_BYTES);
    await readChunks(cache, 60, 40);
    // Several at the same time, some of which are already on their way.
    const results = await Promise.allSettled([100, 101, 103].map(async (chunk) => await readChunks(cache, chunk, 1)));
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  });

  it("can be asked again after a failure", async () => {
    let broken = true;
    const { cache } = cacheOf(() => broken);
    const into = new Uint8Array(3 * CHUNK_BYTES);
    await expect(cache.read(0, into)).rejects.toThrow("no 0 to 48");
    broken = false;
    await cache.read(0, into);
    expect(into).toEqual(BYTES.subarray(0, into.length));
  });
});
