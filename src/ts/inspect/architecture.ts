/** Which processor programs are for. */
import { ByteSource } from "../loader/byte-source.ts";
import { decompress } from "../loader/decompress.ts";
import { isElf } from "../loader/elf.ts";
import { LoadError } from "../loader/errors.ts";
import { isArm64Image } from "../loader/image.ts";
import type { FileSystem, OpenFile } from "./file-system.ts";
import { InspectError } from "./inspect-error.ts";
import { viewOf } from "./volume.ts";

/** What this machine runs. */
export const OURS = "arm64";

const EI_CLASS = 4;
const EI_DATA = 5;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;

/** ELF e_machine, as 32 and as 64-bit programs. */
const ELF_MACHINES: Readonly<Record<number, readonly [string, string]>> = {
  3: ["x86", "x86"],
  8: ["mips", "mips64"],
  20: ["powerpc", "powerpc"],
  21: ["ppc64", "ppc64"],
  22: ["s390", "s390x"],
  40: ["arm", "arm"],
  62: ["x86-64", "x86-64"],
  183: ["arm64 (ILP32)", OURS],
  243: ["riscv32", "riscv64"],
  258: ["loongarch32", "loongarch64"],
};

/** Programs that a system has, most wanted first. */
const PROGRAMS = [
  "/bin/sh",
  "/usr/bin/env",
  "/sbin/init",
  "/usr/lib/systemd/systemd",
  "/lib/systemd/systemd",
  "/bin/busybox",
  "/usr/bin/bash",
];

/** Where firmware finds a program to start on a disk that it does not know (UEFI 2.10 section 3.5.1.1). */
const EFI_PROGRAMS: readonly (readonly [string, string])[] = [
  ["/EFI/BOOT/BOOTAA64.EFI", OURS],
  ["/EFI/BOOT/BOOTX64.EFI", "x86-64"],
  ["/EFI/BOOT/BOOTIA32.EFI", "x86"],
  ["/EFI/BOOT/BOOTARM.EFI", "arm"],
  ["/EFI/BOOT/BOOTRISCV64.EFI", "riscv64"],
];

/** The processor that an ELF file is for, by its header; null where it is no ELF file or for one that has no name here. */
export function elfArchitecture(head: Uint8Array): string | null {
  if (!isElf(head) || head.length < 20) return null;
  const machine = viewOf(head).getUint16(18, head[EI_DATA] === ELFDATA2LSB);
  return ELF_MACHINES[machine]?.[head[EI_CLASS] === ELFCLASS64 ? 1 : 0] ?? null;
}

/** The processor that a system's programs are for; null where none of them was found. */
export async function systemArchitecture(files: FileSystem): Promise<string | null> {
  for (const path of PROGRAMS) {
    const file = await files.open(path);
    const found = file === null ? null : elfArchitecture(await file.read(0, 64));
    if (found !== null) return found;
  }
  return null;
}

/** The program by which firmware starts from this file system, ours first; null where there is none. */
export async function efiProgram(files: FileSystem): Promise<{ path: string; architecture: string } | null> {
  for (const [path, architecture] of EFI_PROGRAMS) {
    if ((await files.open(path)) !== null) return { path, architecture };
  }
  return null;
}

/** Whether a file is a kernel that this machine can start, compressed or not. */
export async function isOurKernel(file: OpenFile): Promise<boolean> {
  const source = ByteSource.from(contents(file));
  let content = source;
  try {
    content = await decompress(source);
    const head = await content.peek(64);
    return isArm64Image(head) || elfArchitecture(head) === OURS;
  } catch (error) {
    if (error instanceof LoadError || error instanceof InspectError) return false;
    throw error;
  } finally {
    await content.cancel();
  }
}

const PIECE_BYTES = 64 * 1024;

async function* contents(file: OpenFile): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.sizeBytes; at += PIECE_BYTES) yield await file.read(at, PIECE_BYTES);
}
