/** Files that are no disk: told by their first bytes, with a sentence for people. */
import type { FileRole } from "./findings.ts";
import { LoadError } from "../loader/errors.ts";
import { rejectForeign } from "../loader/foreign.ts";
import { isElf } from "../loader/elf.ts";
import { isArm64Image } from "../loader/image.ts";
import { elfArchitecture, OURS } from "./architecture.ts";
import { hasMagic, viewOf } from "./volume.ts";

/** What a file is; `sizeBytes` of the disk inside, where it is a disk whose contents are not to be seen yet. */
export interface Known {
  readonly role: FileRole | null;
  readonly summary: string;
  readonly format?: string;
  readonly sizeBytes?: number;
}

interface Magic {
  readonly offset: number;
  readonly magic: string;
  readonly known: Known;
}

const CPIO = "An initramfs (cpio archive).";

const cannotRead = (what: string, todo: string): Known => ({
  role: null,
  summary: `${what}, which cannot be read here: ${todo}.`,
});
const unpackFirst = (what: string): Known => cannotRead(what, "unpack it and take what is in it");
const convertFirst = (what: string): Known =>
  cannotRead(`A disk image in ${what} format`, "convert it with qemu-img convert -O qcow2");

const MAGICS: readonly Magic[] = [
  { offset: 0, magic: "070701", known: { role: "initrd", summary: CPIO } },
  { offset: 0, magic: "070702", known: { role: "initrd", summary: CPIO } },
  {
    offset: 0,
    magic: "070707",
    known: cannotRead("A cpio archive of the old format", "make it anew with cpio -o -H newc"),
  },
  { offset: 0, magic: "\xd0\x0d\xfe\xed", known: { role: "dtb", summary: "A device tree." } },
  { offset: 0, magic: "KDMV", known: convertFirst("VMDK") },
  { offset: 0, magic: "# Disk DescriptorFile", known: convertFirst("VMDK") },
  { offset: 0x40, magic: "\x7f\x10\xda\xbe", known: convertFirst("VDI") },
  { offset: 0, magic: "vhdxfile", known: convertFirst("VHDX") },
  { offset: 0, magic: "conectix", known: convertFirst("VHD") },
  { offset: 0, magic: "QED\0", known: convertFirst("QED") },
  { offset: 0, magic: "PK\x03\x04", known: unpackFirst("A zip archive") },
  { offset: 0, magic: "7z\xbc\xaf\x27\x1c", known: unpackFirst("A 7z archive") },
  { offset: 0, magic: "Rar!", known: unpackFirst("A RAR archive") },
  { offset: 257, magic: "ustar", known: unpackFirst("A tar archive") },
];

/** What a file is by its beginning; null where that does not tell. `head` has 36 KiB, or all there is. */
export function knownFile(head: Uint8Array): Known | null {
  if (isArm64Image(head)) return { role: "kernel", summary: "A Linux kernel for arm64." };
  if (isElf(head)) return elfFile(head);
  if (hasMagic(head, 0, "QFI\xfb") && head.length >= 104) {
    const sizeBytes = Number(viewOf(head).getBigUint64(24));
    return { role: "disk", summary: "", format: "qcow2", sizeBytes };
  }
  return MAGICS.find(({ offset, magic }) => hasMagic(head, offset, magic))?.known ?? null;
}

/** The sentence for kernels of other machines and the like; null where it is none of those either. */
export function foreignFile(head: Uint8Array): Known | null {
  try {
    rejectForeign(head);
    return null;
  } catch (error) {
    if (error instanceof LoadError) return { role: null, summary: error.message };
    throw error;
  }
}

function elfFile(head: Uint8Array): Known {
  const architecture = elfArchitecture(head);
  if (architecture === OURS) {
    return { role: "kernel", summary: "An ELF program for arm64: as a kernel it is started at its entry point." };
  }
  const processor = architecture === null ? "another processor" : architecture;
  return { role: null, summary: `An ELF program for ${processor}: this machine runs arm64 programs only.` };
}
