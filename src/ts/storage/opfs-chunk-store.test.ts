/** Chunks in files: the contract, and what is left of them after power cuts and kills at any operation. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Chunk, ChunkStore, Durability } from "./chunk-store.ts";
import { OpfsChunkReader } from "./opfs-chunk-reader.ts";
import { OpfsChunkStore } from "./opfs-chunk-store.ts";
import { CHUNK_STORE_CONTRACT, CONTRACT_CHUNK_BYTES } from "./testing/chunk-store-contract.ts";
import { pattern } from "./testing/expectations.ts";
import { FakeMedium, PowerCut } from "./testing/fake-files.ts";

describe("OpfsChunkStore", () => {
  it.each(CHUNK_STORE_CONTRACT)("$name", { timeout: 60_000 }, async (contract) => {
    let medium = new FakeMedium();
    await contract.run({
      open: async () => await OpfsChunkStore.open(medium, CONTRACT_CHUNK_BYTES),
      delete: () => {
        medium = new FakeMedium();
        return Promise.resolve();
      },
      persistent: true,
    });
  });
});

const CHUNK = 4096;
const CHUNKS = 6;

interface Put {
  readonly changes: readonly (readonly [number, number])[];
  readonly durability: Durability;
}

/** Content of a chunk by number: bytes, zeros, or nothing. */
function contentOf(seed: number): Chunk | null {
  if (seed % 8 === 0) return null;
  return seed % 8 === 1 ? "zeros" : pattern(CHUNK, seed);
}

const put: fc.Arbitrary<Put> = fc.record({
  changes: fc.array(fc.tuple(fc.nat(CHUNKS - 1), fc.nat(10_000)), { maxLength: 4 }),
  durability: fc.constantFrom<Durability>("relaxed", "relaxed", "strict"),
});

/** The number of each chunk's content; absent ones have none. */
type State = ReadonlyMap<number, number>;

function after(state: State, { changes }: Put): State {
  const next = new Map(state);
  for (const [index, seed] of changes) {
    if (contentOf(seed) === null) next.delete(index);
    else next.set(index, seed);
  }
  return next;
}

function text(chunk: Chunk | null | undefined): string {
  return chunk instanceof Uint8Array ? Buffer.from(chunk).toString("base64") : String(chunk ?? null);
}

async function stateText(store: ChunkStore): Promise<string> {
  const all = Array.from({ length: CHUNKS }, (_, index) => index);
  return [await store.indexes(), ...(await store.get(all)).map(text)].join("|");
}

function expectedText(state: State): string {
  const all = Array.from({ length: CHUNKS }, (_, index) => index);
  const content = (index: number): Chunk | null => contentOf(state.get(index) ?? 0);
  return [all.filter((index) => state.has(index)), ...all.map((index) => text(content(index)))].join("|");
}

/** Puts until the power goes off; returns the states that may be found then, the one that is sure first. */
async function runUntilCut(store: ChunkStore, start: State, puts: readonly Put[]): Promise<State[]> {
  let possible: State[] = [start];
  for (const one of puts) {
    const next = after(possible.at(-1) ?? start, one);
    const changes = new Map(one.changes.map(([index, seed]) => [index, contentOf(seed)]));
    possible.push(next);
    try {
      await store.put(changes, one.durability);
    } catch (error) {
      expect((error as Error).cause).toBeInstanceOf(PowerCut);
      return possible;
    }
    if (one.durability === "strict") possible = [next];
  }
  return possible;
}

const round = fc.record({
  puts: fc.array(put, { minLength: 1, maxLength: 12 }),
  operations: fc.nat(60),
  kind: fc.constantFrom("kill", "power cut"),
  luck: fc.array(fc.boolean(), { minLength: 1, maxLength: 50 }),
});

describe("OpfsChunkStore after its process was killed or the power was cut", () => {
  it("has what was put up to some put, and at least up to the last strict one", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 4 }), async (rounds) => {
        let medium = new FakeMedium();
        let states: State[] = [new Map()];
        for (const { puts, operations, kind, luck } of rounds) {
          const store = await OpfsChunkStore.open(medium, CHUNK);
          const found = await stateText(store);
          const state = states.find((candidate) => expectedText(candidate) === found);
          if (state === undefined) throw new Error("what is found was never put");
          medium.operationsLeft = operations;
          states = await runUntilCut(store, state, puts);
          let drawn = 0;
          const reached = (): boolean => luck[drawn++ % luck.length] ?? true;
          medium = medium.after((file) => (kind === "kill" ? file.afterKill() : file.afterPowerCut(reached)));
        }
        const found = await stateText(await OpfsChunkStore.open(medium, CHUNK));
        expect(states.map(expectedText)).toContain(found);
        const files = { data: medium.data, indexes: medium.indexes };
        const blob = (file: typeof files.data): Blob => new Blob([file.afterKill().slice().buffer]);
        const reader = await OpfsChunkReader.open(
          { data: blob(files.data), indexes: [blob(files.indexes[0]), blob(files.indexes[1])] },
          CHUNK,
        );
        expect(await stateText(reader)).toBe(found);
      }),
      { numRuns: 400 },
    );
  });

  it("also where the log is written anew over and over", { timeout: 120_000 }, async () => {
    for (let operations = 0; operations < 24; operations++) {
      let medium = new FakeMedium();
      const store = await OpfsChunkStore.open(medium, CHUNK);
      await store.put(new Map([[5, pattern(CHUNK, 5)]]), "strict");
      // A log that is about to be written anew.
      const zeros = new Map(Array.from({ length: 3000 }, (_, index) => [10 + index, "zeros"] as const));
      const none = new Map([...zeros.keys()].map((index) => [index, null] as const));
      await store.put(zeros, "relaxed");
      medium.operationsLeft = operations;
      const cut = await store.put(none, "strict").then(
        () => false,
        () => true,
      );
      const luck = (): boolean => operations % 2 === 0;
      medium = medium.after((file) => file.afterPowerCut(luck));
      const again = await OpfsChunkStore.open(medium, CHUNK);
      const indexes = await again.indexes();
      expect([[5], [5, ...zeros.keys()]]).toContainEqual(indexes);
      if (!cut) expect(indexes).toEqual([5]);
      expect(text((await again.get([5]))[0])).toBe(text(pattern(CHUNK, 5)));
    }
  });
});

describe("OpfsChunkStore", () => {
  it("a full medium: the put does nothing, and later ones go on", async () => {
    const medium = new FakeMedium();
    const store = await OpfsChunkStore.open(medium, CHUNK);
    await store.put(new Map([[0, pattern(CHUNK, 1)]]), "strict");
    medium.roomBytes = CHUNK + 100;
    const two = new Map<number, Chunk | null>([
      [0, pattern(CHUNK, 2)],
      [1, pattern(CHUNK, 3)],
    ]);
    await expect(store.put(two, "strict")).rejects.toMatchObject({ name: "StorageError", code: "quota" });
    expect(await store.indexes()).toEqual([0]);
    expect(text((await store.get([0]))[0])).toBe(text(pattern(CHUNK, 1)));
    medium.roomBytes = 10;
    await expect(store.put(new Map([[2, "zeros"]]), "strict")).rejects.toMatchObject({ code: "quota" });
    medium.roomBytes = Infinity;
    await store.put(two, "strict");
    const again = await OpfsChunkStore.open(
      medium.after((file) => file.afterPowerCut(() => false)),
      CHUNK,
    );
    expect((await again.get([0, 1, 2])).map(text)).toEqual([pattern(CHUNK, 2), pattern(CHUNK, 3), null].map(text));
  });

  it("uses slots again, and gives the end of the file back", async () => {
    const medium = new FakeMedium();
    const store = await OpfsChunkStore.open(medium, CHUNK);
    for (let seed = 0; seed < 50; seed++) {
      await store.put(new Map([0, 1, 2, 3].map((index) => [index, pattern(CHUNK, seed + index)])), "strict");
    }
    expect(medium.data.getSize()).toBeLessThanOrEqual(8 * CHUNK);
    await store.put(new Map([0, 1, 2].map((index) => [index, null])), "strict");
    await store.put(new Map([[3, null]]), "strict");
    expect(medium.data.getSize()).toBe(0);
  });

  it("does not take the files of another disk, or broken ones, for an empty disk", async () => {
    const medium = new FakeMedium();
    const store = await OpfsChunkStore.open(medium, CHUNK);
    await store.put(new Map([[0, pattern(CHUNK, 1)]]), "strict");
    await expect(OpfsChunkStore.open(medium, 2 * CHUNK)).rejects.toMatchObject({ code: "damaged" });
    const broken = new FakeMedium([medium.data.afterKill(), new Uint8Array(64), new Uint8Array(3)]);
    await expect(OpfsChunkStore.open(broken, CHUNK)).rejects.toMatchObject({ code: "damaged" });
    const short = new FakeMedium([new Uint8Array(100), medium.indexes[0].afterKill(), new Uint8Array()]);
    await expect((await OpfsChunkStore.open(short, CHUNK)).get([0])).rejects.toMatchObject({ code: "damaged" });
  });
});
