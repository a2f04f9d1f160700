/** xz through xz-decompress, which is loaded when it is needed. */
import type { ByteSource } from "./byte-source.ts";

/** The decompressed bytes of `source`; throws where the data is damaged or ends early. */
export async function* unxz(source: ByteSource): AsyncGenerator<Uint8Array> {
  const XzReadableStream = await loadDecoder();
  const input = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const piece = await source.next();
      if (piece === undefined) controller.close();
      else controller.enqueue(new Uint8Array(piece));
    },
  });
  const reader = new XzReadableStream(input).getReader();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        finished = true;
        return;
      }
      yield value;
    }
  } finally {
    // After the last byte the decoder has let go of its memory by itself, and fails to do so again.
    if (!finished) await reader.cancel().catch(() => undefined);
  }
}

type Decoder = typeof import("xz-decompress")["XzReadableStream"];

/** The package is CommonJS: bundlers see its exports by name, Node as the default export. */
async function loadDecoder(): Promise<Decoder> {
  const module = (await import("xz-decompress")) as Partial<typeof import("xz-decompress")> & {
    default?: typeof import("xz-decompress");
  };
  const decoder = module.XzReadableStream ?? module.default?.XzReadableStream;
  if (decoder === undefined) throw new Error("the xz decoder's package has changed its exports");
  return decoder;
}
