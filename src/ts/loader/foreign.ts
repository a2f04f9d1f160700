/** What people drop as a kernel that is none: recognised, so that the message can say what it is and where it belongs. */
import { LoadError } from "./errors.ts";
import { peMachine } from "./image.ts";

/** Bytes at an offset that tell a format, and the sentence for it. */
interface ForeignFormat {
  offset: number;
  magic: string;
  sentence: string;
}

const FOREIGN: readonly ForeignFormat[] = [
  {
    offset: 0x24,
    magic: "\x18\x28\x6f\x01",
    sentence: "This is a zImage, a kernel for 32-bit Arm; the machine needs one for arm64 (AArch64).",
  },
  {
    offset: 0x202,
    magic: "HdrS",
    sentence: "This is a bzImage, a kernel for x86; the machine needs one for arm64 (AArch64).",
  },
  {
    offset: 0x38,
    magic: "RSC\x05",
    sentence: "This is a kernel for RISC-V; the machine needs one for arm64 (AArch64).",
  },
  {
    offset: 0,
    magic: "\x27\x05\x19\x56",
    sentence: "This is a U-Boot image (uImage): take the kernel out of it with dumpimage.",
  },
  {
    offset: 0,
    magic: "ANDROID!",
    sentence: "This is an Android boot image: take the kernel out of it with unpack_bootimg.",
  },
  {
    offset: 0,
    magic: "\xd0\x0d\xfe\xed",
    sentence: "This is a device tree blob or FIT image, not a kernel: a device tree belongs to -dtb.",
  },
  { offset: 0, magic: "070701", sentence: "This is a cpio archive, not a kernel: it belongs to -initrd." },
  { offset: 0, magic: "QFI\xfb", sentence: "This is a qcow2 disk image, not a kernel: it belongs to -drive." },
  { offset: 0x8001, magic: "CD001", sentence: "This is an ISO 9660 image, not a kernel: it belongs to -drive." },
  {
    offset: 0x200,
    magic: "EFI PART",
    sentence: "This is a partitioned disk image, not a kernel: it belongs to -drive.",
  },
  { offset: 0, magic: "\x02\x21\x4c\x18", sentence: compressed("LZ4") },
  { offset: 0, magic: "\x04\x22\x4d\x18", sentence: compressed("LZ4") },
  { offset: 0, magic: "BZh", sentence: compressed("bzip2") },
  { offset: 0, magic: "\x89LZO", sentence: compressed("LZO") },
  { offset: 0, magic: "PK\x03\x04", sentence: "This is a zip archive: unpack it and take the kernel that is in it." },
];

/** IMAGE_FILE_MACHINE_ARM64 */
const PE_ARM64 = 0xaa64;

function compressed(how: string): string {
  return `This file is compressed with ${how}, which is not supported: decompress it first (gzip, zstd and xz are fine).`;
}

/** Throws a LoadError that names the format where `bytes` is known not to be a kernel for this machine. */
export function rejectForeign(bytes: Uint8Array): void {
  for (const { offset, magic, sentence } of FOREIGN) {
    if (matches(bytes, offset, magic)) throw new LoadError(sentence);
  }
  const machine = peMachine(bytes);
  if (machine === undefined) return;
  throw new LoadError(
    machine === PE_ARM64
      ? "This is an EFI application without the header of an arm64 kernel: it needs firmware to start it."
      : "This is an EFI or Windows program for another processor; the machine needs a kernel for arm64 (AArch64).",
  );
}

function matches(bytes: Uint8Array, offset: number, magic: string): boolean {
  if (bytes.length < offset + magic.length) return false;
  for (let index = 0; index < magic.length; index++) {
    if (bytes[offset + index] !== magic.charCodeAt(index)) return false;
  }
  return true;
}
