/** What a dropped file is, by its contents. */
import type { FileFindings } from "./findings.ts";
import type { BlockSource } from "../storage/block-source.ts";
import { StorageError } from "../storage/storage-error.ts";
import { InspectError } from "./inspect-error.ts";
import { foreignFile, type Known, knownFile, storageSentence } from "./known-files.ts";
import { type Peek, peek } from "./peek.ts";
import { diskSummary, sizeText } from "./summary.ts";
import { deviceOf, type Survey, survey } from "./survey.ts";
import { printable } from "./text.ts";
import { viewOf, Volume } from "./volume.ts";

export interface InspectHints {
  /** The file's name: it decides nothing that its contents can. */
  readonly name: string;
  /** Containers that were taken off already, from the outside in. */
  readonly formats: readonly string[];
}

/** Magics lie within: the last is that of an ISO image, at 32 KiB. */
const HEAD_BYTES = 36 * 1024;
/** A disk of zeros is an empty disk; a shorter file is nothing. */
const MIN_BLANK_BYTES = 64 * 1024;
const DISK_NAMES = /\.(?:img|raw|dd|disk|ext[234]|wic|bin)(?:\.\w+)?$/i;
const INITRD_NAMES = /init(?:rd|ramfs)/i;

const NOTHING = {
  ...{ role: null, diskSizeBytes: null, partitionTable: null, partitions: [], system: null, root: null },
  ...{ rootArguments: [], backing: null },
} as const satisfies Partial<FileFindings>;

/**
 * Tells what a file is. `source` is the file, or what is inside where its container was opened (`hints.formats`). qcow2 images
 * are looked into; compressed files are unpacked a little. Never throws because of what is in the file: that is a sentence in `summary`, with role null.
 * An error of the source itself (a file that cannot be read) is told the same way.
 */
export async function inspectFile(source: BlockSource, hints: InspectHints): Promise<FileFindings> {
  const outer = { ...NOTHING, formats: hints.formats };
  const name = printable(hints.name);
  if (source.sizeBytes === 0)
    return { ...outer, summary: `“${name}” is empty (or a folder: drop the files in it instead).` };
  try {
    await source.read(0, new Uint8Array(Math.min(source.sizeBytes, 512)));
  } catch (error) {
    const reason = error instanceof StorageError ? ` ${error.message}` : "";
    return { ...outer, summary: `“${name}” cannot be read.${reason} If it is a folder, drop the files in it instead.` };
  }
  try {
    const content = await peek(source);
    const formats = [...hints.formats, ...content.formats];
    return { ...outer, formats, ...(await look(content, { ...hints, formats })) };
  } catch (error) {
    if (error instanceof InspectError) return { ...outer, summary: error.message };
    if (error instanceof StorageError) return { ...outer, summary: storageSentence(error) };
    throw error;
  }
}

type Conclusion = Pick<FileFindings, "role" | "summary"> & Partial<FileFindings>;

async function look({ source, complete }: Peek, hints: InspectHints): Promise<Conclusion> {
  const volume = Volume.of(source);
  const head = await volume.read(0, Math.min(HEAD_BYTES, volume.sizeBytes));
  if (!complete && hints.formats.at(-1) === "qcow2") return packedImage(head, hints.formats);
  const known = knownFile(head);
  // A tar archive has its magic where a disk has boot code: that of a disk is stronger.
  try {
    const found = known === null || known.role === null ? await survey(volume) : null;
    if (found !== null) return disk(found, volume.sizeBytes, complete);
  } catch (error) {
    // Whatever a damaged partition table is of, it can be attached and mended.
    if (!(error instanceof InspectError)) throw error;
    return { role: "disk", summary: error.message, diskSizeBytes: complete ? volume.sizeBytes : null };
  }
  if (known !== null) return known;
  const foreign = byName(foreignFile(head), hints.name);
  if (foreign !== null) return foreign;
  if (DISK_NAMES.test(hints.name) || (volume.sizeBytes >= MIN_BLANK_BYTES && (await isBlank(volume)))) {
    return unknownDisk(volume, complete, await isBlank(volume));
  }
  return {
    role: null,
    summary: `What “${printable(hints.name)}” is cannot be told: it is no kernel, initramfs, device tree or disk that is known here.`,
  };
}

/** Linux unpacks more kinds of initramfs than the host does, and some of them can only be told by the name. */
function byName(foreign: Known | null, name: string): Known | null {
  if (foreign === null || foreign.role !== null || !INITRD_NAMES.test(name)) return foreign;
  return foreign.summary.includes("compressed with")
    ? { role: "initrd", summary: "An initramfs by its name, compressed in a way that only the kernel can unpack." }
    : foreign;
}

/** A qcow2 image of which the first bytes were unpacked: they tell the size of the disk. */
function packedImage(head: Uint8Array, formats: readonly string[]): Conclusion {
  const size = head.length < 32 ? Number.NaN : Number(viewOf(head).getBigUint64(24));
  const known = Number.isSafeInteger(size);
  return {
    role: "disk",
    summary: `A qcow2 disk image${known ? ` of ${sizeText(size)}` : ""}, compressed with ${formats.slice(0, -1).join(" and ")}. What is on it shows once it is unpacked.`,
    diskSizeBytes: known ? size : null,
  };
}

function disk(found: Survey, sizeBytes: number, complete: boolean): Conclusion {
  const isDisc = found.places[0]?.info?.type === "iso9660";
  return {
    role: isDisc ? "cdrom" : "disk",
    summary: diskSummary(found, complete),
    diskSizeBytes: complete ? sizeBytes : null,
    partitionTable: found.table?.kind ?? null,
    partitions: found.partitions,
    system: found.system,
    root: isDisc || found.root === null ? null : deviceOf(found.root.number),
    rootArguments: [
      ...(found.rootFlags === "" ? [] : found.rootFlags.split(" ")),
      ...(found.table?.needsForce === true ? ["gpt"] : []),
    ],
  };
}

function unknownDisk(volume: Volume, complete: boolean, blank: boolean): Conclusion {
  const size = complete ? ` of ${sizeText(volume.sizeBytes)}` : "";
  return {
    role: "disk",
    summary: blank
      ? `An empty disk${size}: no partitions and no file system on it.`
      : `By its name a disk${size}; no partition table or file system that is known here is on it.`,
    diskSizeBytes: complete ? volume.sizeBytes : null,
  };
}

/** Whether the first MiB is nothing but zeros. */
async function isBlank(volume: Volume): Promise<boolean> {
  const bytes = await volume.read(0, Math.min(2 ** 20, volume.sizeBytes));
  return bytes.every((byte) => byte === 0);
}
