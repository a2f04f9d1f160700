// @ts-check
/**
 * v86 with a guest for it: the npm package, which comes without a BIOS and without a system, Debian's SeaBIOS, its kernel and its
 * busybox for i386, the guest's own scripts, and vmbench compiled for i386.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeCpio } from "../../guest/cpio.mjs";
import { debianPackages, unpackPackage } from "../../guest/debian-packages.mjs";
import { initramfsEntries } from "../../guest/initramfs.mjs";
import { moduleClosure } from "../../guest/modules.mjs";
import { buildDir, root } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { benchDir } from "./program.mjs";
import { benchLayer, compileVmbench } from "./vm-guest.mjs";

/** The latest when this was written. */
export const V86_VERSION = "0.5.462";

/** Debian's i386 compiles for the x87; v86 is at its best with SSE2. */
const FLAGS = ["-march=pentium4", "-mfpmath=sse"];

/** What v86's machine needs for a hard disk; what these depend on follows by itself. */
const DISK_MODULES = ["ata_piix", "sd_mod"];

/**
 * @typedef {object} V86Site
 * @property {string} site The folder to serve. @property {string} page The page in it. @property {string} release The kernel's version.
 */

/** With the guest that measures itself. @param {(detail: string) => void} say @returns {Promise<V86Site>} */
export function makeV86Site(say) {
  const files = ["vm-page/v86.html", "vm-page/v86-main.mjs", "lib/run-until-end.mjs", "lib/timed-lines.mjs"];
  return makeSite({ name: "bench-v86", files, modules: [] }, say, async () => {
    say("vmbench for i386");
    const vmbench = join(benchDir, "vmbench-i386");
    await compileVmbench("i686-linux-gnu-gcc", vmbench, FLAGS);
    return benchLayer(vmbench);
  });
}

/** With a guest that has the drivers of a hard disk. @param {(detail: string) => void} say @returns {Promise<V86Site>} */
export function makeV86DiskSite(say) {
  const files = ["disk-page/v86.html", "disk-page/v86-main.mjs", "page-lib/console-shell.mjs"];
  return makeSite({ name: "bench-v86-disk", files, modules: DISK_MODULES }, say, () =>
    Promise.resolve(Buffer.alloc(0)),
  );
}

/**
 * Downloads and packs.
 * @param {{ name: string, files: readonly string[], modules: readonly string[] }} what The site's name, the files of its page
 *   (which comes first), and the kernel modules in its guest.
 * @param {(detail: string) => void} say
 * @param {() => Promise<Uint8Array>} makeLayer What lies over the initial file system: an archive.
 * @returns {Promise<V86Site>}
 */
async function makeSite({ name, files, modules }, say, makeLayer) {
  mkdirSync(benchDir, { recursive: true });
  const work = mkdtempSync(join(benchDir, "v86-"));
  const site = join(buildDir, name);
  const machine = join(site, "machine");
  rmSync(site, { recursive: true, force: true });
  mkdirSync(machine, { recursive: true });
  try {
    say(`v86 ${V86_VERSION}`);
    await run("npm", ["install", "--prefix", work, "--no-save", "--no-audit", "--no-fund", `v86@${V86_VERSION}`]);
    for (const name of ["libv86.mjs", "v86.wasm", "v86-fallback.wasm"])
      copyFileSync(join(work, "node_modules/v86/build", name), join(machine, name));

    const unpacked = join(work, "root");
    const release = await makeSystem(unpacked, machine, say);
    const tree = modules.length === 0 ? null : await selectDrivers(unpacked, join(work, "modules"), release, modules);
    const system = writeCpio(initramfsEntries(readFileSync(join(unpacked, "bin/busybox")), tree));
    writeFileSync(join(machine, "initrd"), Buffer.concat([system, await makeLayer()]));

    for (const file of files) {
      mkdirSync(dirname(join(site, file)), { recursive: true });
      copyFileSync(join(root, "bench", file), join(site, file));
    }
    return { site, page: files[0] ?? "", release };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Debian's kernel, busybox and SeaBIOS for i386.
 * @param {string} unpacked Where all of their packages go. @param {string} machine Where what the machine loads by itself goes.
 * @param {(detail: string) => void} say @returns {Promise<string>} The kernel's version.
 */
async function makeSystem(unpacked, machine, say) {
  const debian = debianPackages("i386");
  say("package lists for i386");
  await debian.updateLists();
  const kernelName = await debian.resolveKernelPackage("linux-image-686");
  for (const name of ["seabios", "busybox-static", kernelName]) {
    say(name);
    await unpackPackage(await debian.downloadPackage(name), unpacked);
  }
  for (const name of ["bios.bin", "vgabios-stdvga.bin"])
    copyFileSync(join(unpacked, "usr/share/seabios", name), join(machine, name));
  const kernel = readdirSync(join(unpacked, "boot")).find((name) => name.startsWith("vmlinuz-"));
  if (kernel === undefined) throw new Error(`${kernelName} has no /boot/vmlinuz`);
  copyFileSync(join(unpacked, "boot", kernel), join(machine, "kernel"));
  return kernel.slice("vmlinuz-".length);
}

/**
 * Copies modules, and what they depend on, into a tree of their own.
 * @param {string} from Of the unpacked kernel. @param {string} to @param {string} release @param {readonly string[]} names
 * @returns {Promise<string>} `to`.
 */
async function selectDrivers(from, to, release, names) {
  const folder = join("lib/modules", release);
  await run("depmod", ["-b", from, release]);
  for (const path of moduleClosure(readFileSync(join(from, folder, "modules.dep"), "utf8"), [...names])) {
    mkdirSync(dirname(join(to, folder, path)), { recursive: true });
    copyFileSync(join(from, folder, path), join(to, folder, path));
  }
  for (const name of readdirSync(join(from, folder)).filter((file) => /^modules\.(builtin|order)/.test(file)))
    copyFileSync(join(from, folder, name), join(to, folder, name));
  await run("depmod", ["-b", to, release]);
  return to;
}

/** The kernel's command line in v86: nothing that only slows it. @param {string} what From `guestWords`. */
export const v86Line = (what) => `console=ttyS0 quiet mitigations=off tsc=reliable cryptomgr.notests ${what}`;
