/** gzip (RFC 1952). */
import { gunzip as gunzipMembers } from "../lib/inflate/gunzip.ts";
import type { ByteSource } from "./byte-source.ts";

/** The decompressed bytes of every member in `source`; throws where the data is damaged or ends early. What follows is left. */
export async function* gunzip(source: ByteSource): AsyncGenerator<Uint8Array> {
  yield* gunzipMembers(source);
  await source.cancel();
}
