import type { BlockSource } from "./block-source.ts";
import type { Chunk, ChunkStore } from "./chunk-store.ts";
import { StorageError } from "./storage-error.ts";

/** Read, written and passed on at a time. */
const BATCH_BYTES = 4 * 1024 * 1024;

export interface CopyTask {
  readonly signal: AbortSignal;
  onProgress(doneBytes: number, totalBytes: number | null): void;
}

/** Copies a whole disk into an empty store; chunks of zeros are left out. Durable when it resolves. */
export async function copyDisk(source: BlockSource, store: ChunkStore, task: CopyTask): Promise<void> {
  const { chunkBytes } = store;
  await readThrough(source, task, async (offset, bytes) => {
    const changes = new Map<number, Chunk>();
    for (let start = 0; start < bytes.length; start += chunkBytes) {
      const chunk = bytes.subarray(start, start + chunkBytes);
      if (!isZero(chunk)) changes.set((offset + start) / chunkBytes, chunk);
    }
    if (changes.size > 0) await store.put(changes, "relaxed");
  });
  await store.put(new Map(), "strict");
}

/** Hands a whole disk on, from its start to its end. `write` may keep the bytes. */
export async function streamDisk(
  source: BlockSource,
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
  task: CopyTask,
): Promise<void> {
  await readThrough(source, task, async (_, bytes) => await write(bytes));
}

async function readThrough(
  source: BlockSource,
  task: CopyTask,
  take: (offset: number, bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<void> {
  const total = source.sizeBytes;
  for (let offset = 0; offset < total; offset += BATCH_BYTES) {
    throwIfCancelled(task.signal);
    const bytes = new Uint8Array(Math.min(BATCH_BYTES, total - offset));
    await source.read(offset, bytes);
    await take(offset, bytes);
    task.onProgress(offset + bytes.length, total);
  }
  throwIfCancelled(task.signal);
}

export function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new StorageError("cancelled", "It was cancelled.", "");
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
