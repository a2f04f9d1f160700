/** Files that are no disk: told by their first bytes, with a sentence for people. */
import type { FileRole } from "./findings.ts";
import { LoadError } from "../loader/errors.ts";
import { rejectForeign } from "../loader/foreign.ts";
import { isElf } from "../loader/elf.ts";
import { isArm64Image } from "../loader/image.ts";
import { detectFormat } from "../storage/image/detect.ts";
import { StorageError } from "../storage/storage-error.ts";
import { elfArchitecture, OURS } from "./architecture.ts";
import { hasMagic } from "./volume.ts";

/** What a file is. */
export interface Known {
  readonly role: FileRole | null;
  readonly summary: string;
}

interface Magic {
  readonly offset: number;
  readonly magic: string;
  readonly known: Known;
}

const CPIO = "An initramfs (cpio archive).";

const MAGICS: readonly Magic[] = [
  { offset: 0, magic: "070701", known: { role: "initrd", summary: CPIO } },
  { offset: 0, magic: "070702", known: { role: "initrd", summary: CPIO } },
  {
    offset: 0,
    magic: "070707",
    known: {
      role: null,
      summary: "A cpio archive of the old format, which Linux does not unpack: make it anew with cpio -o -H newc.",
    },
  },
  { offset: 0, magic: "\xd0\x0d\xfe\xed", known: { role: "dtb", summary: "A device tree." } },
];

/** What a file is by its beginning; null where that does not tell. `head` has 36 KiB, or all there is. */
export function knownFile(head: Uint8Array): Known | null {
  if (isArm64Image(head)) return { role: "kernel", summary: "A Linux kernel for arm64." };
  if (isElf(head)) return elfFile(head);
  return MAGICS.find(({ offset, magic }) => hasMagic(head, offset, magic))?.known ?? null;
}

/** The sentence for what is known and of no use here: archives, other disk formats, kernels of other machines. */
export function foreignFile(head: Uint8Array): Known | null {
  try {
    if (detectFormat(head) === "chunk-set") {
      return {
        role: null,
        summary: "A disk that is cut into chunks, which are elsewhere: give its address in place of the file.",
      };
    }
    rejectForeign(head);
    return null;
  } catch (error) {
    if (error instanceof LoadError) return { role: null, summary: error.message };
    if (error instanceof StorageError) return { role: null, summary: storageSentence(error) };
    throw error;
  }
}

/** What happened, and what to do. */
export function storageSentence({ message, advice }: StorageError): string {
  return advice === "" ? message : `${message} ${advice}`;
}

function elfFile(head: Uint8Array): Known {
  const architecture = elfArchitecture(head);
  if (architecture === OURS) {
    return { role: "kernel", summary: "An ELF program for arm64: as a kernel it is started at its entry point." };
  }
  const processor = architecture === null ? "another processor" : architecture;
  return { role: null, summary: `An ELF program for ${processor}: this machine runs arm64 programs only.` };
}
