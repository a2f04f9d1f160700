/** What a file is, by its first bytes. */
import { StorageError } from "../storage-error.ts";

/** Compression that a disk image may be wrapped in. */
export const COMPRESSIONS = ["gzip", "xz", "zstd"] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** `raw` is whatever has no container around it, file systems and garbage included. */
export type DetectedFormat = Compression | "qcow2" | "chunk-set" | "iso9660" | "raw";

/** Bytes from the beginning that tell every format here. */
export const DETECT_BYTES = 0x8006;

interface Magic {
  readonly offset: number;
  readonly bytes: string;
}

const at = (offset: number, bytes: string): Magic => ({ offset, bytes });

const KNOWN: readonly (readonly [format: DetectedFormat, magic: Magic])[] = [
  ["gzip", at(0, "\x1f\x8b\x08")],
  ["xz", at(0, "\xfd7zXZ\x00")],
  ["zstd", at(0, "\x28\xb5\x2f\xfd")],
  ["qcow2", at(0, "QFI\xfb\x00\x00\x00\x02")],
  ["qcow2", at(0, "QFI\xfb\x00\x00\x00\x03")],
  ["iso9660", at(0x8001, "CD001")],
];

/** What a manifest of a chunk set has in its first bytes (chunk-set.ts). */
const CHUNK_SET = /^\s*\{\s*"armletChunkSet"/;

const UNPACK = "Unpack it first; gzip, xz and zstd are fine as they are.";

/** What is recognised so that a sentence can say what to do with it. */
const REFUSED: readonly (readonly [name: string, advice: string, ...magic: readonly Magic[]])[] = [
  ["a VMware disk (VMDK)", convert("vmdk"), at(0, "KDMV"), at(0, "COWD"), at(0, "# Disk DescriptorFile")],
  ["a VirtualBox disk (VDI)", convert("vdi"), at(0x40, "\x7f\x10\xda\xbe")],
  ["a Hyper-V disk (VHDX)", convert("vhdx"), at(0, "vhdxfile")],
  ["a Virtual PC disk (VHD)", convert("vpc"), at(0, "conectix")],
  ["a QED disk", convert("qed"), at(0, "QED\x00")],
  ["a Parallels disk", convert("parallels"), at(0, "WithoutFreeSpace"), at(0, "WithouFreSpacExt")],
  ["a disk image of qcow version 1", convert("qcow"), at(0, "QFI\xfb\x00\x00\x00\x01")],
  [
    "a qcow image of a version that is not known here",
    "qemu-img convert -O qcow2 OLD NEW makes one of version 3.",
    at(0, "QFI\xfb"),
  ],
  ["an Android sparse image", "simg2img OLD NEW makes a raw image of it.", at(0, "\x3a\xff\x26\xed")],
  ["compressed with bzip2", UNPACK, ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((level) => at(0, `BZh${level}1AY&SY`))],
  ["compressed with LZ4", UNPACK, at(0, "\x04\x22\x4d\x18"), at(0, "\x02\x21\x4c\x18")],
  ["compressed with LZO", UNPACK, at(0, "\x89LZO\x00\x0d\x0a")],
  ["compressed with lzip", UNPACK, at(0, "LZIP")],
  ["compressed with compress", UNPACK, at(0, "\x1f\x9d")],
  ["a zip archive", "Unpack it and take the disk image that is in it.", at(0, "PK\x03\x04"), at(0, "PK\x05\x06")],
  ["a 7z archive", "Unpack it and take the disk image that is in it.", at(0, "7z\xbc\xaf\x27\x1c")],
  ["a RAR archive", "Unpack it and take the disk image that is in it.", at(0, "Rar!\x1a\x07")],
  ["a tar archive", "Unpack it and take the disk image that is in it.", at(257, "ustar")],
  [
    "a web page",
    "The server may have sent a message in place of the file: open the address in a tab of its own.",
    ...["<!DOCTYPE html", "<!doctype html", "<html", "<HTML"].map((text) => at(0, text)),
  ],
  [
    "a pointer of Git LFS",
    "The disk image itself is elsewhere: git lfs pull fetches it.",
    at(0, "version https://git-lfs"),
  ],
];

/**
 * What begins with `head`, the first DETECT_BYTES of a file or all of it. Throws a StorageError that says how to
 * convert it where it is known and cannot be used.
 */
export function detectFormat(head: Uint8Array): DetectedFormat {
  for (const [format, magic] of KNOWN) {
    if (matches(head, magic)) return format;
  }
  if (CHUNK_SET.test(String.fromCharCode(...head.subarray(0, 64)))) return "chunk-set";
  for (const [name, advice, ...magics] of REFUSED) {
    if (magics.some((magic) => matches(head, magic))) {
      throw new StorageError("format", `The file is ${name}, which cannot be used as a disk here.`, advice);
    }
  }
  return "raw";
}

/** Whether a format is a compression, whose contents can only be read from the beginning on. */
export function isCompression(format: DetectedFormat): format is Compression {
  return (COMPRESSIONS as readonly string[]).includes(format);
}

function convert(name: string): string {
  return `qemu-img convert -f ${name} -O qcow2 OLD NEW makes one that can.`;
}

function matches(head: Uint8Array, { offset, bytes }: Magic): boolean {
  if (head.length < offset + bytes.length) return false;
  for (let index = 0; index < bytes.length; index++) {
    if (head[offset + index] !== bytes.charCodeAt(index)) return false;
  }
  return true;
}
