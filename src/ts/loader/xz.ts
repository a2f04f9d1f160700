/** xz. */
import { xzDecompress } from "../lib/xz/decompress.ts";
import type { ByteSource } from "./byte-source.ts";

/** The decompressed bytes of every stream in `source`; throws where the data is damaged or ends early. What follows is left. */
export async function* unxz(source: ByteSource): AsyncGenerator<Uint8Array> {
  yield* xzDecompress(source);
  await source.cancel();
}
