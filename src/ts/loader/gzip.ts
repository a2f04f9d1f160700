/** gzip (RFC 1952) through the platform's DecompressionStream. */
import type { ByteSource } from "./byte-source.ts";

/** The decompressed bytes of `source`; throws where the data is damaged or ends early. */
export async function* gunzip(source: ByteSource): AsyncGenerator<Uint8Array> {
  const stream = new DecompressionStream("gzip");
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  const feed = async (): Promise<void> => {
    try {
      for (let piece = await source.next(); piece !== undefined; piece = await source.next()) {
        await writer.write(new Uint8Array(piece));
      }
      await writer.close();
    } catch (error) {
      // Errors the readable side as well, so that the loop below ends with it.
      await writer.abort(error);
      throw error;
    }
  };
  const feeding = feed();
  // The reader reports the same error first; this marks the promise as handled until it is awaited below.
  feeding.catch(() => undefined);
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    await feeding;
    finished = true;
  } finally {
    if (!finished) await reader.cancel().catch(() => undefined);
  }
}
