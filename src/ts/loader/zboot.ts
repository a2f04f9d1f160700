/** The EFI zboot image of Linux (drivers/firmware/efi/libstub/zboot-header.S): a PE program with a compressed Image inside. */
import type { ByteSource } from "./byte-source.ts";
import { LoadError } from "./errors.ts";

const PAYLOAD_OFFSET = 8;
const PAYLOAD_SIZE = 12;
const COMPRESSION_TYPE = 24;
const HEADER_SIZE = 64;
const SUPPORTED = ["gzip", "zstd", "xzkern"];

/** True where `head` begins a zboot image: "MZ", two bytes of anything, "zimg". */
export function isZboot(head: Uint8Array): boolean {
  return head.length >= HEADER_SIZE && text(head, 0, 2) === "MZ" && text(head, 4, 4) === "zimg";
}

/** The compressed payload of the zboot image in `source`. */
export async function openZboot(source: ByteSource): Promise<AsyncIterable<Uint8Array>> {
  const head = await source.peek(HEADER_SIZE);
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const type = text(head, COMPRESSION_TYPE, 32).replace(/\0.*$/s, "");
  const supported = SUPPORTED.some((name) => type.startsWith(name));
  if (!supported) {
    throw new LoadError(
      `The kernel in this EFI image is compressed with ${type}, which is not supported: take the plain Image.`,
    );
  }
  return payload(source, view.getUint32(PAYLOAD_OFFSET, true), view.getUint32(PAYLOAD_SIZE, true));
}

async function* payload(source: ByteSource, offset: number, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let position = 0;
  const end = offset + sizeBytes;
  while (position < end) {
    const piece = await source.next();
    if (piece === undefined)
      throw new LoadError("The EFI image is truncated: its kernel goes past the end of the file.");
    const from = Math.max(0, offset - position);
    if (from < piece.length) yield piece.subarray(from, Math.min(piece.length, end - position));
    position += piece.length;
  }
  await source.cancel();
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
