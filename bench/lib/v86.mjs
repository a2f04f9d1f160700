// @ts-check
/**
 * v86 with a guest for it: the npm package, which comes without a BIOS and without a system, Debian's SeaBIOS, its kernel and its
 * busybox for i386, the guest's own scripts, and vmbench compiled for i386.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeCpio } from "../../guest/cpio.mjs";
import { debianPackages, unpackPackage } from "../../guest/debian-packages.mjs";
import { initramfsEntries } from "../../guest/initramfs.mjs";
import { buildDir, root } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { benchDir } from "./program.mjs";
import { benchLayer, compileVmbench } from "./vm-guest.mjs";

/** The latest when this was written. */
export const V86_VERSION = "0.5.462";

/** Debian's i386 compiles for the x87; v86 is at its best with SSE2. */
const FLAGS = ["-march=pentium4", "-mfpmath=sse"];

/**
 * Downloads, compiles and packs. @param {(detail: string) => void} say
 * @returns {Promise<{ site: string, page: string, release: string }>} The folder to serve, the page in it, and the kernel's version.
 */
export async function makeV86Site(say) {
  mkdirSync(benchDir, { recursive: true });
  const work = mkdtempSync(join(benchDir, "v86-"));
  const site = join(buildDir, "bench-v86");
  const machine = join(site, "machine");
  rmSync(site, { recursive: true, force: true });
  for (const folder of ["machine", "vm-page", "lib"]) mkdirSync(join(site, folder), { recursive: true });
  try {
    say(`v86 ${V86_VERSION}`);
    await run("npm", ["install", "--prefix", work, "--no-save", "--no-audit", "--no-fund", `v86@${V86_VERSION}`]);
    for (const name of ["libv86.mjs", "v86.wasm", "v86-fallback.wasm"])
      copyFileSync(join(work, "node_modules/v86/build", name), join(machine, name));

    const debian = debianPackages("i386");
    say("package lists for i386");
    await debian.updateLists();
    const kernelName = await debian.resolveKernelPackage("linux-image-686");
    for (const name of ["seabios", "busybox-static", kernelName]) {
      say(name);
      await unpackPackage(await debian.downloadPackage(name), join(work, "root"));
    }
    for (const name of ["bios.bin", "vgabios-stdvga.bin"])
      copyFileSync(join(work, "root/usr/share/seabios", name), join(machine, name));
    const kernel = readdirSync(join(work, "root/boot")).find((name) => name.startsWith("vmlinuz-"));
    if (kernel === undefined) throw new Error(`${kernelName} has no /boot/vmlinuz`);
    copyFileSync(join(work, "root/boot", kernel), join(machine, "kernel"));

    say("vmbench for i386");
    const vmbench = join(benchDir, "vmbench-i386");
    await compileVmbench("i686-linux-gnu-gcc", vmbench, FLAGS);
    const system = writeCpio(initramfsEntries(readFileSync(join(work, "root/bin/busybox")), null));
    writeFileSync(join(machine, "initrd"), Buffer.concat([system, benchLayer(vmbench)]));

    for (const file of ["vm-page/v86.html", "vm-page/v86-main.mjs", "lib/run-until-end.mjs", "lib/timed-lines.mjs"])
      copyFileSync(join(root, "bench", file), join(site, file));
    return { site, page: "vm-page/v86.html", release: kernel.slice("vmlinuz-".length) };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The kernel's command line in v86: nothing that only slows it. @param {string} what From `guestWords`. */
export const v86Line = (what) => `console=ttyS0 quiet mitigations=off tsc=reliable cryptomgr.notests ${what}`;
