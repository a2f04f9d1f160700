/** Takes the compression off a stream, layer by layer, by magic bytes: gzip, zstd, xz and the EFI zboot wrapper around them. */
import { XzUnsupportedError } from "../lib/xz/error.ts";
import { ByteSource } from "./byte-source.ts";
import { LoadError } from "./errors.ts";
import { gunzip } from "./gzip.ts";
import { unxz } from "./xz.ts";
import { isZboot, openZboot } from "./zboot.ts";
import { unzstd } from "./zstd.ts";

/** Layers taken off at most; real files have one or two. */
const MAX_LAYERS = 4;
/** Bytes that tell every format here. */
const MAGIC_BYTES = 64;

interface Layer {
  magic: readonly number[];
  name: string;
  open(source: ByteSource): AsyncGenerator<Uint8Array>;
}

const LAYERS: readonly Layer[] = [
  { magic: [0x1f, 0x8b, 0x08], name: "gzip", open: gunzip },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], name: "zstd", open: unzstd },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], name: "xz", open: unxz },
];

/** `source` without its compression; returned as it is where it has none. `onLayer` hears the name of what is taken off. */
export async function decompress(source: ByteSource, onLayer?: (name: string) => void): Promise<ByteSource> {
  let current = source;
  for (let depth = 0; depth <= MAX_LAYERS; depth++) {
    const head = await current.peek(MAGIC_BYTES);
    if (isZboot(head)) {
      onLayer?.("zboot");
      current = ByteSource.from(await openZboot(current));
      continue;
    }
    const layer = LAYERS.find(({ magic }) => magic.every((byte, index) => head[index] === byte));
    if (layer === undefined) return current;
    onLayer?.(layer.name);
    current = ByteSource.from(named(layer, current));
  }
  await source.cancel();
  throw new LoadError(`The file is compressed more than ${MAX_LAYERS} times over.`);
}

/** Says which compression found its data damaged; errors of the input itself (a lost connection) pass unchanged. */
async function* named(layer: Layer, source: ByteSource): AsyncGenerator<Uint8Array> {
  const input = new InputErrors(source);
  try {
    yield* layer.open(ByteSource.from(input.pieces()));
  } catch (error) {
    if (input.error !== undefined) throw input.error.reason;
    if (error instanceof LoadError) throw error;
    if (error instanceof XzUnsupportedError)
      throw new LoadError(`The file's xz data ${error.message}.`, { cause: error });
    throw new LoadError(`The file's ${layer.name} data is damaged or truncated: ${message(error)}.`, { cause: error });
  } finally {
    await source.cancel();
  }
}

/** Remembers an error of the input, to tell it from one of the decoder. */
class InputErrors {
  readonly #source: ByteSource;
  error: { reason: unknown } | undefined;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    for (;;) {
      let piece: Uint8Array | undefined;
      try {
        piece = await this.#source.next();
      } catch (reason) {
        this.error = { reason };
        throw reason;
      }
      if (piece === undefined) return;
      yield piece;
    }
  }
}

function message(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\.$/, "");
}
