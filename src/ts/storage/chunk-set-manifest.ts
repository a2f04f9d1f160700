import * as v from "valibot";
import { StorageError } from "./storage-error.ts";

/** How the files of a chunk set are packed, and what their names end with. */
export const CHUNK_SUFFIXES = { zstd: ".zst", gzip: ".gz", none: ".bin" } as const;
export type ChunkCompression = keyof typeof CHUNK_SUFFIXES;

/** The largest manifest: a disk of 100 GiB in chunks of 64 KiB has less. */
export const MAX_MANIFEST_BYTES = 128 * 1024 * 1024;
const MAX_CHUNKS = 2 ** 24;

/**
 * The manifest of a disk that is cut into chunks for a static host (scripts/split-image.mjs writes it). The files lie in
 * a folder beside it; each is named by the SHA-256 of what is in it, so that chunks that are alike are one file, and a
 * changed chunk is another one.
 */
const MANIFEST = v.strictObject({
  /** Version of this description; by this key a manifest is told from a disk image. It comes first. */
  armletChunkSet: v.literal(1),
  sizeBytes: v.pipe(v.number(), v.safeInteger(), v.minValue(512), v.multipleOf(512)),
  /** Unpacked; the disk's last one may be shorter. */
  chunkBytes: v.pipe(v.number(), v.safeInteger(), v.minValue(4096), v.maxValue(2 ** 24), v.multipleOf(4096)),
  compression: v.picklist(["zstd", "gzip", "none"]),
  /** Where the files are, relative to the manifest. */
  folder: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/)),
  /** From the beginning of the disk on: the SHA-256 of a chunk's file, or how many chunks of zeros follow. */
  chunks: v.array(
    v.union([
      v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
      v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_CHUNKS)),
    ]),
  ),
});

/** A disk in chunks: plain data. */
export interface ChunkSet {
  readonly sizeBytes: number;
  readonly chunkBytes: number;
  readonly compression: ChunkCompression;
  readonly folder: string;
  /** For each chunk the SHA-256 of its file; null for zeros. */
  readonly chunks: readonly (string | null)[];
}

/** Reads a manifest. Throws a StorageError where it is none, or contradicts itself. */
export function parseManifest(text: string): ChunkSet {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw damaged("it is no JSON", error);
  }
  const result = v.safeParse(MANIFEST, json);
  if (!result.success) {
    const [issue] = result.issues;
    throw damaged(`${v.getDotPath(issue) ?? "the manifest"}: ${issue.message}`);
  }
  const { sizeBytes, chunkBytes, compression, folder } = result.output;
  const count = Math.ceil(sizeBytes / chunkBytes);
  if (count > MAX_CHUNKS) throw damaged("it has more chunks than any disk may have");
  const chunks: (string | null)[] = [];
  for (const entry of result.output.chunks) {
    const zeros = typeof entry === "number" ? entry : 0;
    if (chunks.length + Math.max(zeros, 1) > count) throw damaged("it has more chunks than the disk");
    if (typeof entry === "string") chunks.push(entry);
    else for (let index = 0; index < zeros; index++) chunks.push(null);
  }
  if (chunks.length < count) throw damaged("it has fewer chunks than the disk");
  return { sizeBytes, chunkBytes, compression, folder, chunks };
}

function damaged(reason: string, cause?: unknown): StorageError {
  return new StorageError(
    "damaged",
    `The manifest of the disk in chunks cannot be read: ${reason}.`,
    "Fetch it again, or make it again with split-image.",
    { cause },
  );
}
