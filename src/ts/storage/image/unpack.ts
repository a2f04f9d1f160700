/** Takes the compression off a disk image that comes as a stream. */
import { InflateError } from "../../lib/inflate/error.ts";
import { gunzip } from "../../lib/inflate/gunzip.ts";
import { zstdDecompress } from "../../lib/zstd/decompress.ts";
import { ZstdError } from "../../lib/zstd/error.ts";
import { ByteSource } from "../../loader/byte-source.ts";
import { unxz } from "../../loader/xz.ts";
import type { BlockSource } from "../block-source.ts";
import { StorageError } from "../storage-error.ts";
import { type Compression, DETECT_BYTES, type DetectedFormat, detectFormat, isCompression } from "./detect.ts";

/** Layers of compression at most; real files have one. */
const MAX_LAYERS = 4;
const READ_BYTES = 1 << 20;

const UNPACKERS: Record<Compression, (source: ByteSource) => AsyncGenerator<Uint8Array>> = {
  gzip: gunzip,
  xz: unxz,
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

/** Codes of the xz decoder's get_next_output (XZ Embedded, xz.h) that say more than that the data is wrong. */
const XZ_MEMLIMIT = /error code 4\b/;
const XZ_OPTIONS = /error code 6\b/;

function damagedStream(compression: Compression, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (compression === "xz" && XZ_MEMLIMIT.test(text)) {
    return new StorageError(
      "format",
      "The xz data needs more than 64 MiB of memory to unpack.",
      "Unpack it first, or compress it with xz -9 at most.",
      { cause: error },
    );
  }
  if (compression === "xz" && XZ_OPTIONS.test(text)) {
    return new StorageError(
      "format",
      "The xz data uses a filter or a checksum that is not known here.",
      "Unpack it first, or compress it with xz and no further options.",
      { cause: error },
    );
  }
  const reason = error instanceof InflateError || error instanceof ZstdError ? `: ${error.message}` : "";
  return new StorageError(
    "damaged",
    `The file's ${compression} data is damaged or cut off${reason}.`,
    "Fetch the file again.",
    { cause: error },
  );
}
