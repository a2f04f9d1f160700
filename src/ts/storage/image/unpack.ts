/** Takes the compression off a disk image that comes as a stream. */
import { InflateError } from "../../lib/inflate/error.ts";
import { gunzip } from "../../lib/inflate/gunzip.ts";
import { xzDecompress } from "../../lib/xz/decompress.ts";
import { XzError, XzUnsupportedError } from "../../lib/xz/error.ts";
import { zstdDecompress } from "../../lib/zstd/decompress.ts";
import { ZstdError } from "../../lib/zstd/error.ts";
import { ByteSource } from "../../loader/byte-source.ts";
import type { BlockSource } from "../block-source.ts";
import { StorageError } from "../storage-error.ts";
import { type Compression, DETECT_BYTES, type DetectedFormat, detectFormat, isCompression } from "./detect.ts";

/** Layers of compression at most; real files have one. */
const MAX_LAYERS = 4;
const READ_BYTES = 1 << 20;

const UNPACKERS: Record<Compression, (source: ByteSource) => AsyncGenerator<Uint8Array>> = {
  gzip: gunzip,
  xz: xzDecompress,
  zstd: zstdDecompress,
};

export interface Unpacked {
  /** What was taken off, from the outside in. */
  readonly compressions: readonly Compression[];
  /** What was below. */
  readonly format: Exclude<DetectedFormat, Compression>;
  readonly bytes: ByteSource;
}

/** Takes off all compression by magic bytes. What cannot be unpacked ends in a StorageError, here or when it is read. */
export async function unpack(input: ByteSource): Promise<Unpacked> {
  const compressions: Compression[] = [];
  let bytes = input;
  try {
    for (;;) {
      const format = detectFormat(await bytes.peek(DETECT_BYTES));
      if (!isCompression(format)) return { compressions, format, bytes };
      if (compressions.length === MAX_LAYERS) {
        throw new StorageError(
          "format",
          `The file is compressed more than ${MAX_LAYERS} times over.`,
          "Unpack it first.",
        );
      }
      compressions.push(format);
      bytes = ByteSource.from(withSentences(format, bytes));
    }
  } catch (error) {
    // Ends the decoders, and with them the input.
    await bytes.cancel();
    throw error;
  }
}

/** A source from its beginning to its end. */
export function bytesOf(source: BlockSource): ByteSource {
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < source.sizeBytes; at += READ_BYTES) {
      const piece = new Uint8Array(Math.min(READ_BYTES, source.sizeBytes - at));
      await source.read(at, piece);
      yield piece;
    }
  };
  return ByteSource.from(pieces());
}

/** Errors of the decoder become sentences; those of the input (a lost connection) pass as they are. */
async function* withSentences(compression: Compression, source: ByteSource): AsyncGenerator<Uint8Array> {
  const inputErrors: unknown[] = [];
  const input = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (let piece = await source.next(); piece !== undefined; piece = await source.next()) yield piece;
    } catch (error) {
      inputErrors.push(error);
      throw error;
    }
  };
  try {
    yield* UNPACKERS[compression](ByteSource.from(input()));
  } catch (error) {
    if (inputErrors.length > 0) throw inputErrors[0];
    throw damagedStream(compression, error);
  } finally {
    await source.cancel();
  }
}

function damagedStream(compression: Compression, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  if (error instanceof XzUnsupportedError) {
    return new StorageError(
      "format",
      `The file's ${compression} data ${error.message}.`,
      "Unpack it first, or compress it with xz -9 at most.",
      { cause: error },
    );
  }
  const isKnown = error instanceof InflateError || error instanceof XzError || error instanceof ZstdError;
  return new StorageError(
    "damaged",
    `The file's ${compression} data is damaged or cut off${isKnown ? `: ${error.message}` : ""}.`,
    "Fetch the file again.",
    { cause: error },
  );
}
