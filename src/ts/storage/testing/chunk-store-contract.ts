/** What every ChunkStore does. */
import fc from "fast-check";
import type { Chunk, ChunkStore, Durability } from "../chunk-store.ts";
import { type ContractCase, pattern, same, sameBytes } from "./expectations.ts";

export const CONTRACT_CHUNK_BYTES = 8192;

/** A store that can be opened again and again; `open` after `close` finds what was put. */
export interface StoreSubject {
  open(): Promise<ChunkStore>;
  /** Deletes everything; also where there is nothing. */
  delete(): Promise<void>;
  /** Whether what was put is there after `close`. */
  readonly persistent: boolean;
}

/** Bytes whose `slice` is no copy, as that of Node's Buffer. */
class SharingBytes extends Uint8Array<ArrayBuffer> {
  override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(start, end);
  }
}

type Contents = Map<number, Chunk>;

const INDEXES = 12;
const chunk = fc.oneof(
  { weight: 4, arbitrary: fc.nat(1000).map((seed): Chunk | null => pattern(CONTRACT_CHUNK_BYTES, seed)) },
  { weight: 1, arbitrary: fc.constant<Chunk | null>("zeros") },
  { weight: 1, arbitrary: fc.constant<Chunk | null>(null) },
);
const put = fc.record({
  kind: fc.constant("put" as const),
  changes: fc.array(fc.tuple(fc.nat(INDEXES - 1), chunk), { maxLength: 5 }),
  durability: fc.constantFrom<Durability>("relaxed", "strict"),
});
const step = fc.oneof(
  { weight: 5, arbitrary: put },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("get" as const), indexes: fc.array(fc.nat(INDEXES - 1)) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
);

async function compare(store: ChunkStore, model: Contents, indexes: readonly number[]): Promise<void> {
  const chunks = await store.get(indexes);
  same(chunks.length, indexes.length, "chunks that were got");
  for (const [at, index] of indexes.entries()) {
    const expected = model.get(index) ?? null;
    const actual = chunks[at] ?? null;
    if (expected instanceof Uint8Array && actual instanceof Uint8Array) sameBytes(actual, expected, `chunk ${index}`);
    else same(actual, expected, `chunk ${index}`);
  }
}

async function compareAll(store: ChunkStore, model: Contents): Promise<void> {
  const expected = [...model.keys()].sort((a, b) => a - b);
  same(await store.indexes(), expected, "indexes");
  await compare(
    store,
    model,
    Array.from({ length: INDEXES }, (_, index) => index),
  );
}

function apply(model: Contents, changes: Iterable<readonly [number, Chunk | null]>): void {
  for (const [index, change] of changes) {
    if (change === null) model.delete(index);
    else model.set(index, change);
  }
}

export const CHUNK_STORE_CONTRACT: readonly ContractCase<StoreSubject>[] = [
  {
    name: "is empty at first",
    async run(subject) {
      const store = await subject.open();
      same(store.chunkBytes, CONTRACT_CHUNK_BYTES, "chunkBytes");
      same(await store.indexes(), [], "indexes");
      same(await store.get([0, 5]), [null, null], "chunks");
      same(await store.get([]), [], "no chunks");
      await store.put(new Map(), "relaxed");
      await store.put(new Map(), "strict");
      same(await store.indexes(), [], "indexes after empty puts");
      await store.close();
    },
  },
  {
    name: "is what a map is, also when it is opened again",
    async run(subject) {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          await subject.delete();
          const model: Contents = new Map();
          let store = await subject.open();
          for (const row of steps) {
            if (row.kind === "get") await compare(store, model, row.indexes);
            else if (row.kind === "put") {
              await store.put(new Map(row.changes), row.durability);
              apply(model, new Map(row.changes));
            } else if (subject.persistent) {
              await store.close();
              store = await subject.open();
            }
          }
          await compareAll(store, model);
          await store.close();
        }),
        { numRuns: 30 },
      );
    },
  },
  {
    name: "puts that are under way together are done in their order",
    async run(subject) {
      const store = await subject.open();
      const puts: Promise<void>[] = [];
      for (let seed = 0; seed < 10; seed++) {
        const content = seed % 3 === 2 ? null : pattern(CONTRACT_CHUNK_BYTES, seed);
        puts.push(store.put(new Map([[3, content]]), seed % 4 === 0 ? "strict" : "relaxed"));
      }
      const got = store.get([3]);
      await Promise.all(puts);
      const model: Contents = new Map([[3, pattern(CONTRACT_CHUNK_BYTES, 9)]]);
      await compare(store, model, [3]);
      same((await got).length, 1, "chunks that were got meanwhile");
      await store.close();
    },
  },
  {
    name: "what is given and got shares no memory with the store",
    async run(subject) {
      const store = await subject.open();
      const larger = new SharingBytes(new ArrayBuffer(3 * CONTRACT_CHUNK_BYTES));
      larger.set(pattern(larger.length, 1));
      const expected = new Uint8Array(larger).slice(CONTRACT_CHUNK_BYTES, 2 * CONTRACT_CHUNK_BYTES);
      const view = larger.subarray(CONTRACT_CHUNK_BYTES, 2 * CONTRACT_CHUNK_BYTES);
      await store.put(new Map([[1, view]]), "relaxed");
      larger.fill(0);
      const [first] = await store.get([1]);
      if (!(first instanceof Uint8Array)) throw new Error("the chunk is not there");
      sameBytes(first, expected, "chunk after the given bytes changed");
      first.fill(1);
      await compare(store, new Map([[1, expected]]), [1]);
      await store.close();
    },
  },
  {
    name: "a disk's last chunk may be shorter",
    async run(subject) {
      const store = await subject.open();
      const model: Contents = new Map([[7, pattern(512, 4)]]);
      await store.put(model, "strict");
      await compare(store, model, [7]);
      await store.put(new Map([[7, pattern(CONTRACT_CHUNK_BYTES, 5)]]), "strict");
      apply(model, [[7, pattern(CONTRACT_CHUNK_BYTES, 5)]]);
      await compare(store, model, [7]);
      await store.close();
    },
  },
  {
    name: "far chunks and many chunks",
    async run(subject) {
      const store = await subject.open();
      const far = 2 ** 40;
      await store.put(new Map([[far, pattern(CONTRACT_CHUNK_BYTES, 1)]]), "relaxed");
      const changes = new Map<number, Chunk>();
      for (let index = 299; index >= 0; index--) changes.set(index, pattern(CONTRACT_CHUNK_BYTES, index));
      await store.put(changes, "strict");
      const expected = [...Array.from({ length: 300 }, (_, index) => index), far];
      same(await store.indexes(), expected, "indexes");
      await compare(store, new Map([...changes, [far, pattern(CONTRACT_CHUNK_BYTES, 1)]]), [far, 299, 0, 150]);
      await store.close();
    },
  },
  {
    name: "zeros and what was taken away cost next to nothing",
    async run(subject) {
      const store = await subject.open();
      const empty = await store.usedBytes();
      await store.put(new Map(Array.from({ length: 100 }, (_, index) => [index, "zeros"] as const)), "strict");
      const zeros = (await store.usedBytes()) - empty;
      if (zeros > CONTRACT_CHUNK_BYTES) throw new Error(`100 chunks of zeros cost ${zeros} bytes`);
      const bytes = Array.from({ length: 8 }, (_, index) => [index, pattern(CONTRACT_CHUNK_BYTES, index)] as const);
      await store.put(new Map(bytes), "strict");
      const used = (await store.usedBytes()) - empty;
      if (used < 8 * CONTRACT_CHUNK_BYTES) throw new Error(`8 chunks of bytes cost only ${used} bytes`);
      await store.put(new Map(Array.from({ length: 100 }, (_, index) => [index, null] as const)), "strict");
      await store.put(new Map(), "strict");
      const left = (await store.usedBytes()) - empty;
      if (left > CONTRACT_CHUNK_BYTES) throw new Error(`nothing costs ${left} bytes`);
      await store.close();
    },
  },
  {
    name: "is empty again after it was deleted",
    async run(subject) {
      const store = await subject.open();
      await store.put(new Map([[1, pattern(CONTRACT_CHUNK_BYTES, 1)]]), "strict");
      await store.close();
      await subject.delete();
      await subject.delete();
      const again = await subject.open();
      same(await again.indexes(), [], "indexes");
      await again.close();
    },
  },
];
