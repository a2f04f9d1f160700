/** The arm64 boot image, "Image": Linux Documentation/arm64/booting.rst, and the PE header of its EFI stub. */
import { LoadError, megabytes } from "./errors.ts";
import type { KernelImage } from "./kernel.ts";

const TEXT_OFFSET = 8;
const IMAGE_SIZE = 16;
const MAGIC = 56;
/** "ARM\x64" */
const ARM64_IMAGE_MAGIC = 0x644d_5241;
const HEADER_SIZE = 64;

/** Where QEMU puts an Image whose header does not say (image_size 0, kernels before 3.17), and a flat binary. */
export const KERNEL64_LOAD_ADDR = 0x0008_0000;
/** QEMU keeps the first page of RAM for its own start code and moves an image that wants to lie there by 2 MiB. */
const BOOTLOADER_MAX_SIZE = 0x1000;
const IMAGE_ALIGNMENT = 0x0020_0000;

/** True where `bytes` has the header of an arm64 Image. */
export function isArm64Image(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_SIZE && view(bytes).getUint32(MAGIC, true) === ARM64_IMAGE_MAGIC;
}

/** Placement of an Image relative to the start of RAM, as QEMU's load_aarch64_image does it. */
export function parseArm64Image(bytes: Uint8Array): KernelImage {
  const header = view(bytes);
  let offset = KERNEL64_LOAD_ADDR;
  let memorySizeBytes = bytes.length;
  const imageSize = header.getBigUint64(IMAGE_SIZE, true);
  if (imageSize !== 0n) {
    // A hostile header may hold any 64-bit value; one that is no safe integer fails the check against RAM all the same.
    offset = Number(header.getBigUint64(TEXT_OFFSET, true));
    memorySizeBytes = Math.max(bytes.length, Number(imageSize));
    if (offset < BOOTLOADER_MAX_SIZE) offset += IMAGE_ALIGNMENT;
  }
  checkComplete(bytes);
  return { format: "Image", segments: [{ ramOffset: offset, bytes, memorySizeBytes }], entryRamOffset: offset };
}

/** An Image with an EFI stub says in its PE section table how long the file is. */
function checkComplete(bytes: Uint8Array): void {
  const sizeBytes = peFileSize(bytes);
  if (sizeBytes !== undefined && sizeBytes > bytes.length) {
    throw new LoadError(
      `The kernel is truncated: it has ${megabytes(bytes.length)} of ${megabytes(sizeBytes)}. Fetch the file again.`,
    );
  }
}

/** Bytes a PE file has by its section table; undefined where `bytes` is none. */
export function peFileSize(bytes: Uint8Array): number | undefined {
  const pe = peHeader(bytes);
  if (pe === undefined) return undefined;
  const header = view(bytes);
  const sectionCount = header.getUint16(pe + 6, true);
  const table = pe + 24 + header.getUint16(pe + 20, true);
  let end = 0;
  for (let section = 0; section < sectionCount; section++) {
    const at = table + section * 40;
    if (at + 40 > bytes.length) return undefined;
    end = Math.max(end, header.getUint32(at + 16, true) + header.getUint32(at + 20, true));
  }
  return end;
}

/** IMAGE_FILE_HEADER.Machine of a PE file; undefined where `bytes` is none. */
export function peMachine(bytes: Uint8Array): number | undefined {
  const pe = peHeader(bytes);
  return pe === undefined ? undefined : view(bytes).getUint16(pe + 4, true);
}

/** Offset of the "PE\0\0" signature. */
function peHeader(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER_SIZE || bytes[0] !== 0x4d || bytes[1] !== 0x5a) return undefined;
  const pe = view(bytes).getUint32(60, true);
  if (pe + 24 > bytes.length || view(bytes).getUint32(pe, true) !== 0x0000_4550) return undefined;
  return pe;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
