import type { BlockSource } from "../block-source.ts";

/** Bytes of which some are known to be zeros without a look at them. */
export interface SparseSource extends BlockSource {
  /** The first byte at or behind `offset` that may be something else; `sizeBytes` where nothing follows. */
  nextData(offset: number): Promise<number>;
}

/** Where the next byte is that may be no zero, as far as `source` can tell. */
export async function nextData(source: BlockSource, offset: number): Promise<number> {
  return "nextData" in source ? await (source as SparseSource).nextData(offset) : offset;
}
