// @ts-check
/**
 * `.cache/guest/manifest.json`: the guests that are there, for the page and the command line.
 *
 * @typedef {object} FileRecord
 * @property {string} file Relative to the manifest; as the guest gets it.
 * @property {number} sizeBytes
 * @property {string} sha256
 * @property {{ file: string, sizeBytes: number }} gzip The same, compressed for the way to a page only.
 *
 * @typedef {object} GuestRecord
 * @property {string} title For people.
 * @property {string} description What it is good for: a sentence or two, for people.
 * @property {string} release The kernel's version, as `uname -r` prints it.
 * @property {FileRecord} kernel
 * @property {FileRecord | null} initrd Null where the kernel starts from its disk alone.
 * @property {{ file: string, sizeBytes: number, sha256: string }} [disk] What it starts from, relative to the manifest: a set of chunks, all
 *   in that file's folder.
 * @property {string} append The kernel's command line.
 * @property {string} args The machine as a command line; file names are relative to the page, beside which `guest/` lies.
 * @property {number} memoryMiB
 *
 * @typedef {object} Manifest
 * @property {1} format
 * @property {string} default Name of the guest that boots if nothing else is asked for.
 * @property {string} args The default guest's.
 * @property {Record<string, GuestRecord>} guests
 */
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { guestDir } from "../scripts/lib/paths.mjs";
import { sha256 } from "../scripts/lib/stamp.mjs";

export const manifestFile = join(guestDir, "manifest.json");

/** Memory of the default guest: more costs the kernel's start 19 million instructions for each GiB. */
const memoryMiB = 256;

/** Without self-tests (half a billion instructions) and messages; kernel mappings in large blocks. */
const commandLines = {
  stock: "console=ttyAMA0 quiet cryptomgr.notests rodata=on",
  tailored: "console=ttyAMA0 quiet",
};

/** Guests from the most to the least wanted as the default. `folder` holds Image and kernel.json, `initrd` the archive. */
const candidates = [
  {
    name: "full",
    title: "Linux",
    description: "A shell in a moment. The kernel is built for this machine and has what a whole distribution wants.",
    folder: "kernels/full",
    initrd: "tailored",
    append: commandLines.tailored,
  },
  {
    name: "lean",
    title: "Linux, lean",
    description: "The least to download and the soonest prompt: a kernel with this machine's drivers and little else.",
    folder: "kernels/lean",
    initrd: "tailored",
    append: commandLines.tailored,
  },
  {
    name: "stock",
    title: "Debian's kernel",
    description: "The arm64 kernel as Debian ships it, unchanged, with the modules that the machine's devices need.",
    folder: "stock",
    initrd: "stock",
    append: commandLines.stock,
  },
];

/** Writes a file by way of another name, so that nobody ever reads half of it. @param {string} path @param {string | Uint8Array} data */
export function replaceFile(path, data) {
  writeFileSync(`${path}.new`, data);
  renameSync(`${path}.new`, path);
}

/** The same, unless the file has that content already: what is derived from it stays up to date. @param {string} path @param {Uint8Array} data */
export function replaceIfDifferent(path, data) {
  if (!existsSync(path) || !readFileSync(path).equals(data)) replaceFile(path, data);
}

/** @param {string} file @returns {FileRecord} */
function describeFile(file) {
  const path = join(guestDir, file);
  const data = readFileSync(path);
  const packed = `${path}.gz`;
  if (!existsSync(packed) || statSync(packed).mtimeMs < statSync(path).mtimeMs)
    replaceFile(packed, gzipSync(data, { level: 9 }));
  return {
    file,
    sizeBytes: data.length,
    sha256: sha256(data),
    gzip: { file: `${file}.gz`, sizeBytes: statSync(packed).size },
  };
}

/** What is known of the kernel in a folder; one that somebody put there by hand comes without a description. @param {string} folder */
function describeKernel(folder) {
  const file = join(guestDir, folder, "kernel.json");
  return existsSync(file)
    ? JSON.parse(readFileSync(file, "utf8"))
    : { release: "unknown", ownTitle: "A kernel of your own" };
}

/**
 * The default machine: what a guest at its prompt needs, no more (each device costs it instructions). The virtio
 * console tells the guest the terminal's size.
 * @param {FileRecord} kernel @param {FileRecord | null} initrd @param {string} append @param {string} [disk]
 */
const machineArgs = (kernel, initrd, append, disk) =>
  [
    `-M virt -cpu cortex-a57 -m ${memoryMiB} -smp 1 -kernel guest/${kernel.file}`,
    ...(initrd === null ? [] : [`-initrd guest/${initrd.file}`]),
    `-append "${append}" -chardev stdio,id=terminal,mux=on -serial chardev:terminal`,
    "-device virtio-rng-device -device virtio-serial-device -device virtconsole,chardev=terminal",
    ...(disk === undefined ? [] : [`-drive if=none,id=disk0,file=guest/${disk} -device virtio-blk-device,drive=disk0`]),
  ].join(" ");

/** The showcase's disk (disk.mjs), a set of chunks. */
export const showcaseManifest = "showcase/showcase.json";

/**
 * The showcase, on the best kernel that is there. Only those built for this machine reach a disk without an initramfs.
 * @param {string} kernelName @param {GuestRecord} kernel @returns {GuestRecord | null} Null where its disk was not made.
 */
function showcase(kernelName, { release, kernel, initrd, append }) {
  const path = join(guestDir, showcaseManifest);
  if (!existsSync(path)) return null;
  const data = readFileSync(path);
  const { sizeBytes } = JSON.parse(data.toString());
  const archive = kernelName === "stock" ? initrd : null;
  const line = `${append} root=/dev/vda rootfstype=ext4 rw init=/opt/boot/init`;
  return {
    title: "Debian 12",
    description:
      "A whole Debian with apt, dpkg and perl on a disk, of which only what is used comes from the server. What you write is kept.",
    release,
    kernel,
    initrd: archive,
    disk: { file: showcaseManifest, sizeBytes, sha256: sha256(data) },
    append: line,
    memoryMiB,
    args: machineArgs(kernel, archive, line, showcaseManifest),
  };
}

/**
 * Looks which guests are there and writes the manifest.
 * @returns {Manifest}
 * @throws {Error} If there is none.
 */
export function writeManifest() {
  /** @type {Record<string, GuestRecord>} */
  const guests = {};
  for (const { name, title, description, folder, initrd, append } of candidates) {
    const kernel = `${folder}/Image`;
    const archive = `${initrd}/initramfs.cpio`;
    if (![kernel, archive].every((file) => existsSync(join(guestDir, file)))) continue;
    const { release, ownTitle } = describeKernel(folder);
    const [image, files] = [describeFile(kernel), describeFile(archive)];
    guests[name] = {
      title: ownTitle ?? title,
      description: ownTitle === undefined ? description : `The kernel that was put at ${kernel}.`,
      release,
      kernel: image,
      initrd: files,
      append,
      memoryMiB,
      args: machineArgs(image, files, append),
    };
  }
  const [first, record] = Object.entries(guests)[0] ?? [];
  if (first === undefined || record === undefined) throw new Error(`There is no guest in ${guestDir} yet.`);
  const debian = showcase(first, record);
  if (debian !== null) guests.debian = debian;
  /** @type {Manifest} */
  const manifest = { format: 1, default: first, args: record.args, guests };
  replaceFile(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}
