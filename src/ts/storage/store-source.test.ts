import { describe, expect, it } from "vitest";
import { MemorySource } from "./block-source.ts";
import type { Chunk } from "./chunk-store.ts";
import { MemoryChunkStore } from "./memory-chunk-store.ts";
import { StoreSource } from "./store-source.ts";

const CHUNK = 4096;
const CHUNKS = 200;

/** A base, what was written over it, and what both come to. */
async function sample(baseBytes: number) {
  const base = Uint8Array.from({ length: baseBytes }, (_, index) => (index * 7) % 251);
  const expected = new Uint8Array(CHUNKS * CHUNK);
  expected.set(base);
  const store = new MemoryChunkStore(CHUNK);
  const changes = new Map<number, Chunk>();
  for (let index = 0; index < CHUNKS; index += 3) {
    const zeros = index % 2 === 0;
    changes.set(index, zeros ? "zeros" : new Uint8Array(CHUNK).fill(index));
    expected.fill(zeros ? 0 : index, index * CHUNK, (index + 1) * CHUNK);
  }
  await store.put(changes);
  return { base: new MemorySource(base), store, expected };
}

async function readAll(source: StoreSource, stepBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(source.sizeBytes).fill(0xee);
  for (let at = 0; at < bytes.length; at += stepBytes) {
    await source.read(at, bytes.subarray(at, at + stepBytes));
  }
  return bytes;
}

describe("StoreSource", () => {
  it("reads what was written, the base elsewhere, and zeros behind its end, in steps of any size", async () => {
    const { base, store, expected } = await sample(100 * CHUNK + 512);
    const source = await StoreSource.open(store, base, CHUNKS * CHUNK);
    for (const stepBytes of [512, 5000, 100_000, CHUNKS * CHUNK]) {
      expect(Buffer.compare(await readAll(source, stepBytes), expected), `${stepBytes}`).toBe(0);
    }
  });

  it("stands still as a snapshot, whatever is written afterwards, and is none where that takes too much", async () => {
    const { base, store, expected } = await sample(CHUNKS * CHUNK);
    expect(await StoreSource.snapshot(store, base, CHUNKS * CHUNK, 10)).toBeNull();
    const still = await StoreSource.snapshot(store, base, CHUNKS * CHUNK, CHUNKS);
    await store.put(new Map<number, Chunk | null>([...Array(CHUNKS).keys()].map((index) => [index, "zeros"])));
    await store.put(new Map([[3, null]]));
    if (still === null) throw new Error("no snapshot");
    expect(Buffer.compare(await readAll(still, 64_000), expected)).toBe(0);
  });
});
