/** A disk image as the disk that is in it. */
import type { BlockSource } from "../block-source.ts";
import { StorageError } from "../storage-error.ts";
import { DETECT_BYTES, type DetectedFormat, detectFormat, isCompression } from "./detect.ts";
import { Qcow2Source } from "./qcow2.ts";
import { SectorSource } from "./sector-source.ts";
import { bytesOf, unpack } from "./unpack.ts";

/** Formats that can be named (`format=`); otherwise the first bytes tell. */
export const IMAGE_FORMATS = ["raw", "qcow2"] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

export interface OpenImageOptions {
  /** Takes the file for what it says, as QEMU does: with `raw` a qcow2 file is a disk that begins with "QFI". */
  readonly format?: ImageFormat | null;
  /** Opens what a chunk set's manifest describes; without it a manifest is refused. */
  readonly openChunkSet?: (manifest: BlockSource) => Promise<BlockSource>;
}

export interface OpenImage {
  /** The disk; where it needs unpacking, the file as it is. */
  readonly source: BlockSource;
  /** Containers from the outside in, such as `["xz", "qcow2"]`; empty for a plain file. */
  readonly formats: readonly string[];
  /** The disk can only be read after importImage has unpacked it. */
  readonly needsUnpacking: boolean;
  /** What the disk holds; `iso9660` is a CD or DVD. */
  readonly content: "disk" | "iso9660";
}

/**
 * Opens an image by its first bytes; compression is looked through, so that `formats` is complete. Rejects with a
 * StorageError where it is damaged, or is none that can be used.
 */
export async function openImage(file: BlockSource, options: OpenImageOptions = {}): Promise<OpenImage> {
  if (file.sizeBytes === 0) throw new StorageError("format", "The file is empty: it has no bytes.", "");
  if (options.format === "raw") return plain(new SectorSource(file), "raw");
  if (options.format === "qcow2") return qcow2(await Qcow2Source.open(file));
  const format = detectFormat(await headOf(file));
  if (format === "qcow2") return qcow2(await Qcow2Source.open(file));
  if (format === "chunk-set") return await openSet(file, options);
  if (!isCompression(format)) return plain(new SectorSource(file), format);

  const unpacked = await unpack(bytesOf(file));
  await unpacked.bytes.cancel();
  if (unpacked.format === "chunk-set") throw compressedSet();
  return {
    source: file,
    formats: [...unpacked.compressions, ...(unpacked.format === "qcow2" ? ["qcow2"] : [])],
    needsUnpacking: true,
    content: contentOf(unpacked.format),
  };
}

/** The bytes that tell a format. */
export async function headOf(file: BlockSource): Promise<Uint8Array> {
  const head = new Uint8Array(Math.min(DETECT_BYTES, file.sizeBytes));
  await file.read(0, head);
  return head;
}

function plain(source: BlockSource, format: DetectedFormat): OpenImage {
  return { source, formats: [], needsUnpacking: false, content: contentOf(format) };
}

async function qcow2(source: Qcow2Source): Promise<OpenImage> {
  if (source.sizeBytes === 0) throw new StorageError("format", "The disk in the qcow2 image has no bytes.", "");
  return { source, formats: ["qcow2"], needsUnpacking: false, content: contentOf(detectContent(await headOf(source))) };
}

async function openSet(file: BlockSource, { openChunkSet }: OpenImageOptions): Promise<OpenImage> {
  if (openChunkSet === undefined) {
    throw new StorageError(
      "format",
      "The file is the manifest of a disk that is cut into chunks; the chunks are elsewhere.",
      "Give its address in place of the file: -drive file=https://….json.",
    );
  }
  const source = await openChunkSet(file);
  return {
    source,
    formats: ["chunk-set"],
    needsUnpacking: false,
    content: contentOf(detectContent(await headOf(source))),
  };
}

export function compressedSet(): StorageError {
  return new StorageError("format", "The file is a compressed manifest of a disk in chunks.", "Unpack it first.");
}

function contentOf(format: DetectedFormat): "disk" | "iso9660" {
  return format === "iso9660" ? "iso9660" : "disk";
}

/** What the disk inside a container holds: nothing is a container there any more. */
function detectContent(head: Uint8Array): DetectedFormat {
  return String.fromCharCode(...head.subarray(0x8001, 0x8006)) === "CD001" ? "iso9660" : "raw";
}
