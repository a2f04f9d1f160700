// @ts-check
/** The Debian packages that the scripts install, and why: the only list. */
import { existsSync, readdirSync } from "node:fs";
import { hasCommand, run } from "./lib/run.mjs";

/** Package name -> what needs it, by the task that asks. */
export const packages = {
  /** `npm start`: assembling the default guest. */
  guest: {
    "binutils-aarch64-linux-gnu": "strips the kernel modules",
    kmod: "depmod: what depends on what among the modules",
  },
  /** `npm run guest:kernel`. */
  kernel: {
    "linux-source-6.1": "the kernel's source",
    "gcc-aarch64-linux-gnu": "compiles it",
    gcc: "the kernel's build tools",
    "libc6-dev": "the kernel's build tools",
    make: "the kernel's build",
    flex: "Kconfig",
    bison: "Kconfig",
    bc: "the kernel's build",
    "libssl-dev": "the kernel's build tools",
    "libelf-dev": "the kernel's build tools",
    "xz-utils": "unpacks the source",
  },
  /** `npm run guest:debian`, `npm run guest:disk`: the Debian disks of the end-to-end tests and of the showcase. */
  debian: {
    mmdebstrap: "makes the root file system",
    "arch-test": "mmdebstrap's check that arm64 programs run",
    "qemu-user-static": "runs the packages' scripts",
    "binfmt-support": "starts arm64 programs by their header",
    e2fsprogs: "mke2fs, e2fsck",
    zstd: "compresses the showcase's disk",
  },
  /** `npm run suites`: programs of Debian on our machine and on QEMU's. */
  suites: {
    "qemu-system-arm": "the machine to compare with",
    "ipxe-qemu": "network cards' ROMs, without which qemu-system-aarch64 refuses its default machine",
    e2fsprogs: "mke2fs",
    kmod: "depmod: what depends on what among the modules",
    openssl: "keys and signatures to work on",
  },
  /** `npm run bench`, `npm run bench:…`. */
  bench: {
    chromium: "where the page runs",
    "gcc-aarch64-linux-gnu": "compiles the program that is measured",
    "libc6-dev-arm64-cross": "the C library of the program that measures a guest from within",
    gcc: "compiles it for the host: the value to expect",
    "libc6-dev": "printf for that",
    "qemu-system-arm": "the engine to compare with",
    "ipxe-qemu": "network cards' ROMs, without which qemu-system-aarch64 refuses its default machine",
  },
  /** `npm run bench:vm -- --v86`. */
  v86: {
    "gcc-i686-linux-gnu": "compiles the program that measures a guest from within",
    "libc6-dev-i386-cross": "its C library",
  },
  /** `npm test`. */
  test: {
    chromium: "end-to-end tests",
    "fonts-dejavu-core": "a font for the terminal in screenshots",
    "qemu-system-arm": "the machine that ours is compared with",
    "qemu-user": "instruction by instruction comparison",
    "qemu-utils": "disk images",
    "device-tree-compiler": "device trees",
    "binutils-aarch64-linux-gnu": "assembles test programs, checks the disassembler",
    wabt: "wasm-objdump: checks the listing of compiled code",
    "ipxe-qemu": "network cards' ROMs, without which qemu-system-aarch64 refuses its default machine",
    e2fsprogs: "checks disks afterwards",
    cpio: "reads the initramfs",
    "xz-utils": "makes kernels for the loader's tests",
    zstd: "makes kernels for the loader's tests",
    fdisk: "partition tables to read: sfdisk, fdisk",
    gdisk: "partition tables to read: sgdisk",
    dosfstools: "file systems to read: mkfs.vfat",
    mtools: "puts files into FAT",
    genisoimage: "file systems to read: ISO 9660",
    "squashfs-tools": "file systems to recognise",
    xfsprogs: "file systems to recognise",
    "btrfs-progs": "file systems to recognise",
    "f2fs-tools": "file systems to recognise",
    exfatprogs: "file systems to recognise",
    "cryptsetup-bin": "encrypted volumes to recognise",
  },
};

/** Names of packages that dpkg does not have installed. @param {string[]} names @returns {Promise<string[]>} */
export async function missingPackages(names) {
  const listed = await run("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\\n"]);
  const installed = new Set(
    listed
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/** Whether Debian's package tools are here and may be used. */
export const canInstall = () => hasCommand("apt-get") && hasCommand("dpkg-query") && process.getuid?.() === 0;

/** What to tell a user whose host cannot install packages. @param {string[]} names */
export function installSentence(names) {
  return hasCommand("apt-get")
    ? `Packages are missing and only root can install them: sudo apt-get install ${names.join(" ")}`
    : `This host has no apt-get; install what Debian calls ${names.join(", ")} by its own means`;
}

let listsAreFresh = false;

/** Runs `apt-get update` once per process. @param {boolean} [force] Even if there are package lists. */
export async function updateLists(force = false) {
  const lists = "/var/lib/apt/lists";
  const some = existsSync(lists) && readdirSync(lists).some((name) => name.includes("_Packages"));
  if (listsAreFresh || (some && !force)) return;
  await run("apt-get", ["update", "-q"], { env: { DEBIAN_FRONTEND: "noninteractive" } });
  listsAreFresh = true;
}

/**
 * Installs those of the packages that are missing. A failed attempt is repeated once with fresh package lists.
 * @param {keyof typeof packages} task @param {(detail: string) => void} say
 * @throws {Error} With a sentence for the user when it cannot be done here.
 */
export async function ensurePackages(task, say) {
  const names = Object.keys(packages[task]);
  if (!hasCommand("dpkg-query")) throw new Error(installSentence(names));
  const missing = await missingPackages(names);
  if (missing.length === 0) return;
  if (!canInstall()) throw new Error(installSentence(missing));
  say(`apt-get install ${missing.join(" ")}`);
  const install = () =>
    run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...missing], {
      env: { DEBIAN_FRONTEND: "noninteractive" },
    });
  await updateLists();
  try {
    await install();
  } catch {
    // The lists may be older than the mirror's packages: fetch them and say what fails then.
    await updateLists(true);
    await install();
  }
}
