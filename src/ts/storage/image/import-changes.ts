/** Takes the changes to an image, as `changes` exports them or any program makes them, into the store of a disk over it. */
import type { BlockSource } from "../block-source.ts";
import type { Chunk, ChunkStore } from "../chunk-store.ts";
import { type CopyTask, throwIfCancelled } from "../copy-disk.ts";
import { isZero, tooLarge } from "./chunk-writer.ts";
import { detectFormat } from "./detect.ts";
import { headOf } from "./open-image.ts";
import { Qcow2Source } from "./qcow2.ts";
import { type Backing, readHeader } from "./qcow2-header.ts";

/** Written in one go. */
const BATCH_CHUNKS = 128;

/** What holds only the changes to another image. */
export interface Changes {
  readonly backing: Backing;
  /** Of the disk that both make together. */
  readonly sizeBytes: number;
}

/** What `file` says of the image that it holds the changes to; null where it is none such. Rejects where it is damaged. */
export async function readChanges(file: BlockSource): Promise<Changes | null> {
  if (file.sizeBytes === 0 || detectFormat(await headOf(file)) !== "qcow2") return null;
  const { backing, sizeBytes } = await readHeader(file, { overBase: true });
  return backing === null ? null : { backing, sizeBytes };
}

/**
 * Puts what `file` holds over `base` into `store`, which is empty; `limitBytes` may be stored. A chunk that is written in part is
 * filled up from the base. Resolves with the disk's size when all of it is durable; rejects with a StorageError.
 */
export async function importChanges(
  file: BlockSource,
  base: BlockSource,
  store: ChunkStore,
  { limitBytes, ...task }: CopyTask & { readonly limitBytes: number },
): Promise<number> {
  const image = await Qcow2Source.open(file, base);
  const { chunkBytes } = store;
  const { sizeBytes } = image;
  let batch = new Map<number, Chunk>();
  let storedBytes = 0;
  for (let at = await image.nextOwn(0); at < sizeBytes; ) {
    throwIfCancelled(task.signal);
    const index = Math.floor(at / chunkBytes);
    const bytes = new Uint8Array(Math.min(chunkBytes, sizeBytes - index * chunkBytes));
    await image.read(index * chunkBytes, bytes);
    // Zeros are written too: below them there may be something else.
    const zeros = isZero(bytes);
    batch.set(index, zeros ? "zeros" : bytes);
    storedBytes += zeros ? 0 : bytes.length;
    if (storedBytes > limitBytes) throw tooLarge(limitBytes);
    if (batch.size === BATCH_CHUNKS) {
      await store.put(batch, "relaxed");
      batch = new Map();
    }
    task.onProgress(index * chunkBytes, sizeBytes);
    at = await image.nextOwn(Math.min(sizeBytes, (index + 1) * chunkBytes));
  }
  throwIfCancelled(task.signal);
  await store.put(batch, "strict");
  task.onProgress(sizeBytes, sizeBytes);
  return sizeBytes;
}
