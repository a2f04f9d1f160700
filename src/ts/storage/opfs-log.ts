/** What the index of a disk says, after a power cut as well. */
import { storageError } from "./browser-error.ts";
import { decodeBatches, decodeHeader, type IndexEntry, SLOT_NONE, SLOT_ZEROS } from "./opfs-index.ts";

/** Where a chunk is. */
export interface ChunkPlace {
  readonly slot: number;
  /** Bytes of the chunk. */
  readonly length: number;
}

export interface OpenedLog {
  /** Which of the two files is in use. */
  readonly file: 0 | 1;
  readonly generation: number;
  /** Where the next batch goes, and the checksum that it continues. */
  readonly end: number;
  readonly chain: number;
  readonly places: Map<number, ChunkPlace>;
  /** Slots that only the batches after the last strict one name: a replay needs them until there is another strict one. */
  readonly leaving: number[];
  /** Whether there are batches after the last strict one. */
  readonly unflushed: boolean;
}

/**
 * Finds the newer of two logs and replays it. What came after the last strict batch may have reached the medium in any
 * order: `intact` looks at a chunk's bytes, and the log ends before the first batch one of whose chunks is not there.
 * Null where no log was ever completed: the disk is new. Throws a StorageError where it is one of something else.
 */
export async function openLog(
  logs: readonly [Uint8Array, Uint8Array],
  chunkBytes: number,
  intact: (entry: IndexEntry) => boolean | Promise<boolean>,
): Promise<OpenedLog | null> {
  const candidates = ([0, 1] as const).flatMap((file) => {
    const header = decodeHeader(logs[file]);
    if (header === null) return [];
    const batches = decodeBatches(logs[file], header.generation);
    // The first batch makes a log complete.
    return batches[0]?.strict === true ? [{ file, header, batches }] : [];
  });
  candidates.sort((a, b) => b.header.generation - a.header.generation);
  const [newest] = candidates;
  if (newest === undefined) return null;
  if (newest.header.chunkBytes !== chunkBytes) throw storageError("damaged");
  const { batches } = newest;
  const places = new Map<number, ChunkPlace>();
  const sure = batches.findLastIndex(({ strict }) => strict);
  const leaving: number[] = [];
  let last = 0;
  for (const [at, batch] of batches.entries()) {
    if (at > sure && !(await allIntact(batch.entries, intact))) break;
    for (const entry of batch.entries) {
      const before = applyEntry(places, entry);
      if (at > sure && before !== undefined && hasBytes(before.slot)) leaving.push(before.slot);
    }
    last = at;
  }
  const { end = 0, checksum: chain = 0 } = batches[last] ?? {};
  const { file, header } = newest;
  return { file, generation: header.generation, end, chain, places, leaving, unflushed: last > sure };
}

/** Returns where the chunk was before. */
export function applyEntry(
  places: Map<number, ChunkPlace>,
  { chunk, slot, length }: IndexEntry,
): ChunkPlace | undefined {
  const before = places.get(chunk);
  if (slot === SLOT_NONE) places.delete(chunk);
  else places.set(chunk, { slot, length });
  return before;
}

export function hasBytes(slot: number): boolean {
  return slot !== SLOT_NONE && slot !== SLOT_ZEROS;
}

async function allIntact(
  entries: readonly IndexEntry[],
  intact: (entry: IndexEntry) => boolean | Promise<boolean>,
): Promise<boolean> {
  for (const entry of entries) if (hasBytes(entry.slot) && !(await intact(entry))) return false;
  return true;
}
