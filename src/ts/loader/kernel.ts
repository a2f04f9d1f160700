/** Kernels: told apart by what is in them, never by their name. */
import { isElf, parseElf } from "./elf.ts";
import { LoadError } from "./errors.ts";
import { rejectForeign } from "./foreign.ts";
import { isArm64Image, KERNEL64_LOAD_ADDR, parseArm64Image } from "./image.ts";

/** A piece of a kernel. */
export interface KernelSegment {
  /** Where it goes, in bytes from the start of RAM; negative or too large where it does not lie in RAM. */
  ramOffset: number;
  bytes: Uint8Array;
  /** Memory it needs from `ramOffset` on. For ELF, what `bytes` does not fill is zeroed; an Image clears its own. */
  memorySizeBytes: number;
}

/** A kernel that is ready to be placed. */
export interface KernelImage {
  /** "Image" and "flat" are started as Linux is, with the device tree's address in x0; "ELF" starts at its entry, all zero. */
  format: "Image" | "ELF" | "flat";
  segments: KernelSegment[];
  /** Where execution begins, in bytes from the start of RAM. */
  entryRamOffset: number;
}

/**
 * Recognises an uncompressed kernel: arm64 Image, ELF64 for AArch64, and otherwise a flat binary that is started at RAM base +
 * 0x80000, as QEMU does. Files that are known to be something else are refused with a LoadError that says what they are.
 */
export function parseKernel(bytes: Uint8Array, ramBase: number): KernelImage {
  if (bytes.length === 0) throw new LoadError("The kernel file is empty.");
  if (isElf(bytes)) return parseElf(bytes, ramBase);
  if (isArm64Image(bytes)) return parseArm64Image(bytes);
  rejectForeign(bytes);
  return {
    format: "flat",
    segments: [{ ramOffset: KERNEL64_LOAD_ADDR, bytes, memorySizeBytes: bytes.length }],
    entryRamOffset: KERNEL64_LOAD_ADDR,
  };
}
