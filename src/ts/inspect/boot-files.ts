/** The kernel and initramfs that a disk's own system would boot, for starting it without its boot loader. */
import type { FileFindings } from "./findings.ts";
import type { BlockSource } from "../storage/block-source.ts";
import { OURS } from "./architecture.ts";
import { type FileSystem, readWhole } from "./file-system.ts";
import { InspectError } from "./inspect-error.ts";
import { peek } from "./peek.ts";
import { survey } from "./survey.ts";
import { Volume } from "./volume.ts";

/** Distributions' kernels have up to 50 MB. */
const MAX_KERNEL_BYTES = 256 * 2 ** 20;
/** Those with all drivers and firmware have up to 200 MB. */
const MAX_INITRD_BYTES = 512 * 2 ** 20;
const LIMITS = { steps: 1_000_000, bytes: 2 ** 30 };

/** A kernel as the disk has it, perhaps compressed, and what goes with it. */
export interface ExtractedBootFiles {
  readonly kernel: Uint8Array<ArrayBuffer>;
  readonly initrd: Uint8Array<ArrayBuffer> | null;
  /** Kernel arguments that fit: the console and, where it is known, `root=`. */
  readonly append: string;
}

/**
 * Takes kernel and initramfs out of a disk. `source` and `findings` are those of `inspectFile` for the same disk; of a compressed
 * image there is only the beginning. Null where no kernel for this machine was found. Rejects with an InspectError where they
 * are damaged.
 */
export async function extractBootFiles(
  source: BlockSource,
  findings: FileFindings,
): Promise<ExtractedBootFiles | null> {
  const { source: disk } = await peek(source);
  const found = await survey(Volume.of(disk, LIMITS));
  if (found === null || found.kernel === null) return null;
  // A kernel of ours beside programs of another processor would end with its first program.
  if ((found.system?.architecture ?? OURS) !== OURS) return null;
  const { place, kernelPath, initrdPath } = found.kernel;
  if (place.files === null) return null;
  return {
    kernel: await take(place.files, kernelPath, MAX_KERNEL_BYTES),
    initrd: initrdPath === null ? null : await take(place.files, initrdPath, MAX_INITRD_BYTES),
    append: [
      "console=ttyAMA0",
      ...(findings.root === null ? [] : [`root=${findings.root}`, "rw", ...findings.rootArguments]),
    ].join(" "),
  };
}

async function take(files: FileSystem, path: string, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await files.open(path);
  if (file === null) throw new InspectError(`${path} is not on the disk any more.`);
  return await readWhole(file, limitBytes, path);
}
