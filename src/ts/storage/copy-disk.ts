import type { BlockSource } from "./block-source.ts";
import { StorageError } from "./storage-error.ts";

/** Read and passed on at a time. */
const BATCH_BYTES = 4 * 1024 * 1024;

export interface CopyTask {
  readonly signal: AbortSignal;
  onProgress(doneBytes: number, totalBytes: number | null): void;
}

/** Hands a whole disk on, from its start to its end. `write` may keep the bytes. */
export async function streamDisk(
  source: BlockSource,
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
  task: CopyTask,
): Promise<void> {
  const total = source.sizeBytes;
  for (let offset = 0; offset < total; offset += BATCH_BYTES) {
    throwIfCancelled(task.signal);
    const bytes = new Uint8Array(Math.min(BATCH_BYTES, total - offset));
    await source.read(offset, bytes);
    await write(bytes);
    task.onProgress(offset + bytes.length, total);
  }
  throwIfCancelled(task.signal);
}

export function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new StorageError("cancelled", "It was cancelled.", "");
}
