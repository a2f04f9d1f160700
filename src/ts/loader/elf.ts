/** ELF64 executables for AArch64 (System V gABI; ELF for the Arm 64-bit Architecture), by their program headers. */
import { address, LoadError } from "./errors.ts";
import type { KernelImage, KernelSegment } from "./kernel.ts";

const EI_CLASS = 4;
const EI_DATA = 5;
const ELFCLASS32 = 1;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const ET_EXEC = 2;
const ET_DYN = 3;
const EM_AARCH64 = 183;
const PT_LOAD = 1;
const PF_X = 1;
const EHDR_SIZE = 64;
const PHDR_SIZE = 56;

/** e_machine values worth naming in a message. */
const MACHINES: Readonly<Record<number, string>> = {
  3: "32-bit x86",
  8: "MIPS",
  20: "PowerPC",
  21: "64-bit PowerPC",
  22: "S390",
  40: "32-bit Arm",
  62: "x86-64",
  243: "RISC-V",
  258: "LoongArch",
};

/** True where `bytes` begins with the ELF magic. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/**
 * The segments of an ELF executable, at their physical addresses. The entry point is a virtual address; where the segment it
 * lies in has another physical address, it moves along, as in QEMU's load_elf.
 */
export function parseElf(bytes: Uint8Array, ramBase: number): KernelImage {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 20) throw new LoadError("The ELF file is truncated: it ends within its header.");
  const machine = header.getUint16(18, bytes[EI_DATA] === ELFDATA2LSB);
  if (machine !== EM_AARCH64) {
    const name = MACHINES[machine] ?? `machine number ${machine}`;
    throw new LoadError(`This ELF file is for ${name}; the machine needs one for AArch64 (arm64).`);
  }
  if (bytes[EI_CLASS] !== ELFCLASS64) {
    const kind = bytes[EI_CLASS] === ELFCLASS32 ? "a 32-bit (ILP32) ELF file" : "an ELF file of unknown class";
    throw new LoadError(`This is ${kind}; the machine needs a 64-bit one.`);
  }
  if (bytes[EI_DATA] !== ELFDATA2LSB)
    throw new LoadError("This ELF file is big-endian; the machine needs a little-endian one.");
  if (bytes.length < EHDR_SIZE) throw new LoadError("The ELF file is truncated: it ends within its header.");
  const type = header.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN) {
    throw new LoadError("This ELF file is not an executable (an object file or core dump): link it first.");
  }
  return loadSegments(header, bytes, ramBase);
}

function loadSegments(header: DataView, bytes: Uint8Array, ramBase: number): KernelImage {
  const tableOffset = u64(header, 32);
  const entrySize = header.getUint16(54, true);
  const count = header.getUint16(56, true);
  if (count > 0 && (entrySize < PHDR_SIZE || tableOffset + count * entrySize > bytes.length)) {
    throw new LoadError("The ELF file is truncated: its program headers lie outside the file.");
  }
  const segments: KernelSegment[] = [];
  let entry = header.getBigUint64(24, true);
  for (let index = 0; index < count; index++) {
    const at = tableOffset + index * entrySize;
    if (header.getUint32(at, true) !== PT_LOAD) continue;
    const flags = header.getUint32(at + 4, true);
    const fileOffset = u64(header, at + 8);
    const virtual = header.getBigUint64(at + 16, true);
    const physical = header.getBigUint64(at + 24, true);
    const fileSize = u64(header, at + 32);
    const memorySize = u64(header, at + 40);
    if (fileOffset + fileSize > bytes.length) {
      throw new LoadError(
        `The ELF file is truncated: its segment at ${address(Number(physical))} goes past the end of the file.`,
      );
    }
    if (fileSize > memorySize) {
      throw new LoadError(
        `The ELF file is damaged: its segment at ${address(Number(physical))} has more bytes than memory.`,
      );
    }
    const original = header.getBigUint64(24, true);
    if ((flags & PF_X) !== 0 && original >= virtual && original < virtual + BigInt(fileSize)) {
      entry = original - virtual + physical;
    }
    if (memorySize > 0) {
      segments.push({
        ramOffset: Number(physical) - ramBase,
        bytes: bytes.subarray(fileOffset, fileOffset + fileSize),
        memorySizeBytes: memorySize,
      });
    }
  }
  if (segments.length === 0) throw new LoadError("This ELF file has nothing to load: no PT_LOAD program header.");
  return { format: "ELF", segments, entryRamOffset: Number(entry) - ramBase };
}

/** A 64-bit field as a number; above 2^53 inexact, and then far outside any file or memory. */
function u64(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}
