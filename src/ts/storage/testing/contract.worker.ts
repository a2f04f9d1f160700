/** Runs the contract suites over the stores of a real browser; e2e/storage.spec.ts bundles and starts it. */
import { type BlockSource, MemorySource } from "../block-source.ts";
import type { StoreKind } from "../disk-record.ts";
import { KeptDisk } from "../kept-disk.ts";
import { deleteChunkStore, openChunkStore } from "../open-chunk-store.ts";
import { BLOCK_BACKEND_CONTRACT, CONTRACT_SECTORS, type DiskSubject } from "./block-backend-contract.ts";
import { CHUNK_STORE_CONTRACT, CONTRACT_CHUNK_BYTES, type StoreSubject } from "./chunk-store-contract.ts";
import { type ContractCase, pattern, same, sameBytes } from "./expectations.ts";

export interface ContractResult {
  readonly name: string;
  /** What is wrong, or null. */
  readonly failure: string | null;
}

const ID = "contract";

function storeSubject(kind: StoreKind): StoreSubject {
  return {
    open: async () => await openChunkStore(kind, ID, CONTRACT_CHUNK_BYTES),
    delete: async () => await deleteChunkStore(kind, ID),
    persistent: true,
  };
}

/** Small enough that chunks come and go. */
const CACHE_BYTES = 6 * CONTRACT_CHUNK_BYTES;

function diskSubject(kind: StoreKind, overImage: boolean): DiskSubject & { end(): Promise<void> } {
  let base: BlockSource | null = null;
  let open: KeptDisk | null = null;
  const end = async (): Promise<void> => {
    await open?.close();
    open = null;
  };
  const opened = async (): Promise<KeptDisk> => {
    const store = await openChunkStore(kind, ID, CONTRACT_CHUNK_BYTES);
    const disk = await KeptDisk.open({ store, base, sizeBytes: CONTRACT_SECTORS * 512, cacheBytes: CACHE_BYTES });
    open = disk;
    return disk;
  };
  return {
    end,
    async open(image) {
      await end();
      await deleteChunkStore(kind, ID);
      base = overImage ? new MemorySource(image) : null;
      const disk = await opened();
      if (!overImage) await disk.write(0, image);
      return disk;
    },
    async reopen() {
      await end();
      return await opened();
    },
  };
}

const SECOND_OPENING: ContractCase<StoreKind> = {
  name: "can be read while another has it open, and is there for one writer",
  async run(kind) {
    const store = await openChunkStore(kind, ID, CONTRACT_CHUNK_BYTES);
    await store.put(new Map([[2, pattern(CONTRACT_CHUNK_BYTES, 2)]]), "relaxed");
    const reader = await openChunkStore(kind, ID, CONTRACT_CHUNK_BYTES, { readOnly: true });
    same(await reader.indexes(), [2], "indexes");
    const [chunk] = await reader.get([2]);
    if (!(chunk instanceof Uint8Array)) throw new Error("the chunk is not there");
    sameBytes(chunk, pattern(CONTRACT_CHUNK_BYTES, 2), "chunk");
    await reader.close();
    if (kind === "opfs") {
      const second = await openChunkStore(kind, ID, CONTRACT_CHUNK_BYTES).then(
        () => "open",
        (error: unknown) => (error as { code?: unknown }).code,
      );
      same(second, "busy", "a second writer");
    }
    await store.put(new Map([[3, "zeros"]]), "strict");
    await store.close();
  },
};

async function runAll(kind: StoreKind): Promise<ContractResult[]> {
  const runs: { readonly name: string; run(): Promise<void> }[] = [
    ...CHUNK_STORE_CONTRACT.map(({ name, run }) => ({
      name: `store: ${name}`,
      run: async () => await run(storeSubject(kind)),
    })),
    { name: `store: ${SECOND_OPENING.name}`, run: async () => await SECOND_OPENING.run(kind) },
    ...[false, true].flatMap((overImage) =>
      BLOCK_BACKEND_CONTRACT.map(({ name, run }) => ({
        name: `disk over ${overImage ? "an image" : "nothing"}: ${name}`,
        run: async () => {
          const subject = diskSubject(kind, overImage);
          try {
            await run(subject);
          } finally {
            await subject.end();
          }
        },
      })),
    ),
  ];
  const results: ContractResult[] = [];
  for (const { name, run } of runs) {
    await deleteChunkStore(kind, ID);
    const failure = await run().then(
      () => null,
      (error: unknown) =>
        error instanceof Error ? `${error.name}: ${error.message} ${String(error.cause)}` : String(error),
    );
    results.push({ name, failure });
  }
  return results;
}

addEventListener("message", (event: MessageEvent<StoreKind>) => {
  void runAll(event.data).then((results) => postMessage(results));
});
