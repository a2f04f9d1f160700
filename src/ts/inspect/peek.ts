/** The beginning of a file, without its compression: enough to tell what it is before anybody unpacks it. */
import { ByteSource } from "../loader/byte-source.ts";
import { decompress } from "../loader/decompress.ts";
import { LoadError } from "../loader/errors.ts";
import { type BlockSource, MemorySource } from "../storage/block-source.ts";
import { Qcow2Source } from "../storage/image/qcow2.ts";
import { InspectError } from "./inspect-error.ts";
import { hasMagic } from "./volume.ts";

/** Unpacked at most: partition tables, superblocks and the first files of a small disk are there. */
const PEEK_BYTES = 16 * 2 ** 20;
const QCOW2_MAGIC = "QFI\xfb";
const PIECE_BYTES = 256 * 1024;

export interface Peek {
  /** What is inside: all of it, or the beginning. A plain file is itself. */
  readonly source: BlockSource;
  /** Compressions from the outside in, such as `["xz"]`. */
  readonly formats: readonly string[];
  /** False where `source` is only the beginning. */
  readonly complete: boolean;
}

/**
 * Takes containers off: compressions in part, qcow2 as it is. Throws an InspectError or a StorageError where they are
 * damaged.
 */
export async function peek(source: BlockSource): Promise<Peek> {
  const unpacked = await unpack(source);
  if (!(await isQcow2(unpacked.source))) return unpacked;
  const formats = [...unpacked.formats, "qcow2"];
  // Of the beginning of a packed image only the header is of use.
  return unpacked.complete
    ? { source: await Qcow2Source.open(unpacked.source), formats, complete: true }
    : { ...unpacked, formats };
}

async function isQcow2(source: BlockSource): Promise<boolean> {
  const head = new Uint8Array(Math.min(QCOW2_MAGIC.length, source.sizeBytes));
  await source.read(0, head);
  return hasMagic(head, 0, QCOW2_MAGIC);
}

async function unpack(source: BlockSource): Promise<Peek> {
  const formats: string[] = [];
  let content: ByteSource | undefined;
  try {
    content = await decompress(ByteSource.from(pieces(source)), (name) => formats.push(name));
    if (formats.length === 0) return { source, formats, complete: true };
    return { ...(await beginning(content)), formats };
  } catch (error) {
    if (error instanceof LoadError) throw new InspectError(error.message, { cause: error });
    throw error;
  } finally {
    await content?.cancel();
  }
}

async function beginning(content: ByteSource): Promise<Omit<Peek, "formats">> {
  const parts: Uint8Array[] = [];
  let length = 0;
  let complete = false;
  while (length < PEEK_BYTES) {
    const piece = await content.next();
    complete = piece === undefined;
    if (piece === undefined) break;
    parts.push(piece);
    length += piece.length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { source: new MemorySource(bytes), complete };
}

/** A source from front to back, as far as somebody takes it. */
export async function* pieces(source: BlockSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.sizeBytes; at += PIECE_BYTES) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, source.sizeBytes - at));
    await source.read(at, piece);
    yield piece;
  }
}
