/** The kernel that a system would boot, and its initramfs, by the names that distributions give them. */
import { isOurKernel } from "./architecture.ts";
import type { FileSystem } from "./file-system.ts";

/** Where kernels are on a file system: a root with /boot, a /boot of its own, and the discs of installers. */
const FOLDERS = [
  "/boot",
  "/",
  "/install.a64",
  "/casper",
  "/live",
  "/images/pxeboot",
  "/boot/aarch64",
  "/boot/aarch64/loader",
  "/arch/boot/aarch64",
];

/** "vmlinuz", "Image.gz", "vmlinuz-6.1.0-50-arm64", "Image-6.4.0-default"; what follows the name is the version. */
const KERNEL = /^(?:vmlinuz|vmlinux|Image|linux)(?:\.gz|\.zst|\.xz|\.efi)?(?:-(.+))?$/;
const UNWANTED = /\.old$|rescue|\.hmac$|\.sig$|\.bak$/;
/** Kernels looked into at most; a folder with more is nobody's /boot. */
const MAX_KERNELS = 20;

export interface KernelFiles {
  readonly kernelPath: string;
  readonly initrdPath: string | null;
}

/** The newest kernel for this machine and what goes with it; null where there is none. */
export async function findKernel(files: FileSystem): Promise<KernelFiles | null> {
  for (const folder of FOLDERS) {
    const entries = await files.list(folder);
    if (entries === null) continue;
    const names = entries.filter(({ kind }) => kind === "file" || kind === "symlink").map(({ name }) => name);
    for (const name of kernels(names).slice(0, MAX_KERNELS)) {
      const kernelPath = join(folder, name);
      const file = await files.open(kernelPath);
      if (file === null || !(await isOurKernel(file))) continue;
      const initrd = initrdFor(KERNEL.exec(name)?.[1] ?? null, names);
      return { kernelPath, initrdPath: initrd === null ? null : join(folder, initrd) };
    }
  }
  return null;
}

/** Kernels among names, newest first; those without a version (mostly links to one with) last. */
function kernels(names: readonly string[]): string[] {
  return names
    .filter((name) => KERNEL.test(name) && !UNWANTED.test(name))
    .sort((a, b) => compareVersions(KERNEL.exec(b)?.[1] ?? "", KERNEL.exec(a)?.[1] ?? ""));
}

function initrdFor(version: string | null, names: readonly string[]): string | null {
  const wanted =
    version === null
      ? ["initrd.img", "initramfs-linux.img", "initramfs.img", "initrd.gz", "initrd", "initramfs", "initramfs.cpio.gz"]
      : [
          `initrd.img-${version}`,
          `initramfs-${version}.img`,
          `initramfs-${version}`,
          `initrd-${version}`,
          `initrd-${version}.img`,
        ];
  return wanted.find((name) => names.includes(name)) ?? null;
}

const PARTS = /\d+|\D+/g;

/** Orders versions as people do: 6.10 after 6.9, numbers after nothing. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.match(PARTS) ?? [], b.match(PARTS) ?? []];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [x, y] = [left[index] ?? "", right[index] ?? ""];
    if (x === y) continue;
    const numbers = /^\d/.test(x) && /^\d/.test(y);
    if (numbers && Number(x) !== Number(y)) return Number(x) - Number(y);
    return x < y ? -1 : 1;
  }
  return 0;
}

function join(folder: string, name: string): string {
  return folder === "/" ? `/${name}` : `${folder}/${name}`;
}
