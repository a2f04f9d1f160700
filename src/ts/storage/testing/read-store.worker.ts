/** Hands out all chunks of a store of a real browser, or fills one; e2e/power-cut.spec.ts bundles and starts it. */
import { openChunkStore } from "../open-chunk-store.ts";
import type { Chunk } from "../chunk-store.ts";
import type { StoreKind } from "../disk-record.ts";

interface Request {
  readonly kind: StoreKind;
  readonly id: string;
  readonly chunkBytes: number;
  /** Chunks to put; null to read all. */
  readonly fill: readonly (readonly [number, Uint8Array])[] | null;
}

/** Reads as a machine would that is started after the cut: as the one writer. */
async function serve({ kind, id, chunkBytes, fill }: Request): Promise<[number, Chunk | null][]> {
  const store = await openChunkStore(kind, id, chunkBytes);
  try {
    if (fill !== null) {
      await store.put(new Map(fill), "strict");
      return [];
    }
    const indexes = await store.indexes();
    const chunks = await store.get(indexes);
    return indexes.map((index, at) => [index, chunks[at] ?? null]);
  } finally {
    await store.close();
  }
}

addEventListener("message", (event: MessageEvent<Request>) => {
  void serve(event.data).then(
    (chunks) => postMessage({ chunks }),
    (error: unknown) => postMessage({ failure: String(error) }),
  );
});
