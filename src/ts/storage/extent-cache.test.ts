import { describe, expect, it } from "vitest";
import { ExtentCache } from "./extent-cache.ts";

const CHUNK_BYTES = 8;

/** A cache for four chunks, with the extents 0 – 1, 4 and 6, where the last chunk is cut off. */
function filled(): ExtentCache {
  const cache = new ExtentCache(CHUNK_BYTES, 4 * CHUNK_BYTES);
  cache.add(0, new Uint8Array(16));
  cache.add(4, new Uint8Array(8));
  cache.add(6, new Uint8Array(3));
  return cache;
}

/** The chunks that are there, of the first ten. */
function chunksOf(cache: ExtentCache): number[] {
  return Array.from({ length: 10 }, (_, chunk) => chunk).filter((chunk) => cache.peek(chunk) !== undefined);
}

describe("ExtentCache", () => {
  it("has each chunk of what was added, also a last one that is cut off", () => {
    const cache = filled();
    expect(chunksOf(cache)).toEqual([0, 1, 4, 6]);
    expect(cache.use(1)).toMatchObject({ first: 0, after: 2 });
    expect(cache.use(6)).toMatchObject({ first: 6, after: 7 });
    expect(cache.use(2)).toBeUndefined();
  });

  it("lets the longest unused go, all of it", () => {
    const cache = filled();
    cache.add(8, new Uint8Array(8));
    expect(chunksOf(cache)).toEqual([4, 6, 8]);
  });

  it("keeps what was used since, and takes a look for no use", () => {
    const cache = filled();
    cache.use(0);
    cache.peek(4);
    cache.add(8, new Uint8Array(8));
    expect(chunksOf(cache)).toEqual([0, 1, 6, 8]);
  });

  it("has room for one that is larger than all the room, alone", () => {
    const cache = filled();
    cache.add(7, new Uint8Array(40));
    expect(chunksOf(cache)).toEqual([7, 8, 9]);
    cache.add(0, new Uint8Array(8));
    expect(chunksOf(cache)).toEqual([0]);
  });
});
