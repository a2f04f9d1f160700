/** Zstandard, with the errors of the loader. */
import { zstdDecompress } from "../lib/zstd/decompress.ts";
import type { ByteSource } from "./byte-source.ts";

/**
 * The decompressed bytes of every frame in `source`. What follows the last frame is left: the kernel's zboot wrapper has the unpacked
 * size there in 4 bytes, and tools that write disks pad with zeros.
 */
export async function* unzstd(source: ByteSource): AsyncGenerator<Uint8Array> {
  yield* zstdDecompress(source);
  await source.cancel();
}
