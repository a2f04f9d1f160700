/** gzip (RFC 1952), all members of a file, with checksums. */
import type { ByteSource } from "../byte-source.ts";
import { crc32 } from "../crc32.ts";
import { InflateError } from "./error.ts";
import { Inflate } from "./inflate.ts";

const FHCRC = 0x02;
const FEXTRA = 0x04;
const FNAME = 0x08;
const FCOMMENT = 0x10;
const RESERVED_FLAGS = 0xe0;
const INPUT_BYTES = 1 << 16;
/** More than Inflate leaves unused while it waits for input. */
const UNUSED_MAX_BYTES = 1024;
/** A name or comment of a member that goes on for longer is none. */
const MAX_TEXT_BYTES = 1 << 16;

/**
 * The unpacked bytes of all members. What follows the last one and is no member is left, as gzip does it: tools pad
 * with zeros. Throws InflateError, also where there is no member at all.
 */
export async function* gunzip(source: ByteSource): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const inflate = new Inflate();
  for (let members = 0; ; members++) {
    const head = await source.peek(3);
    if (!(head[0] === 0x1f && head[1] === 0x8b && head[2] === 8)) {
      if (members > 0) return;
      throw new InflateError("it does not begin as gzip data does");
    }
    await skipHeader(source);
    yield* member(source, inflate);
  }
}

async function* member(source: ByteSource, inflate: Inflate): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  inflate.reset();
  let crc = 0;
  let total = 0;
  /** Input that `inflate` has, but is still in the source: what it does not need must stay there. */
  let given = 0;
  let ended = false;
  for (;;) {
    const piece = inflate.run(ended);
    crc = crc32(piece, crc);
    total += piece.length;
    if (piece.length > 0) yield piece;
    if (inflate.done) break;
    if (piece.length === 0) {
      const kept = Math.min(given, UNUSED_MAX_BYTES);
      await source.take(given - kept);
      const input = (await source.peek(kept + INPUT_BYTES)).subarray(kept);
      ended = input.length < INPUT_BYTES;
      inflate.feed(input);
      given = kept + input.length;
    }
  }
  await source.take(given - inflate.unusedBytes);
  const trailer = await source.take(8);
  if (trailer.length < 8) throw new InflateError("it ends before its checksum");
  const view = new DataView(trailer.buffer, trailer.byteOffset, 8);
  if (view.getUint32(0, true) !== crc) throw new InflateError("the checksum is wrong");
  if (view.getUint32(4, true) !== total % 2 ** 32) throw new InflateError("its length is not the one it says");
}

/** 2.3 */
async function skipHeader(source: ByteSource): Promise<void> {
  const head = await source.take(10);
  if (head.length < 10) throw new InflateError("it ends within a header");
  const flags = head[3] ?? 0;
  if ((flags & RESERVED_FLAGS) !== 0) throw new InflateError("a reserved bit of a header is used");
  if ((flags & FEXTRA) !== 0) {
    const [low = 0, high = 0] = await exactly(source, 2);
    await exactly(source, low | (high << 8));
  }
  if ((flags & FNAME) !== 0) await skipText(source);
  if ((flags & FCOMMENT) !== 0) await skipText(source);
  if ((flags & FHCRC) !== 0) await exactly(source, 2);
}

async function skipText(source: ByteSource): Promise<void> {
  const text = await source.peek(MAX_TEXT_BYTES);
  const end = text.indexOf(0);
  if (end < 0) throw new InflateError("a name in a header has no end");
  await source.take(end + 1);
}

async function exactly(source: ByteSource, count: number): Promise<Uint8Array> {
  const bytes = await source.take(count);
  if (bytes.length < count) throw new InflateError("it ends within a header");
  return bytes;
}
