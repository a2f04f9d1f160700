// @ts-check
/** The guest that measures itself: the project's own kernel and initial file system with the programs laid over it. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeCpio } from "../../guest/cpio.mjs";
import { guestDir, root } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { benchDir } from "./program.mjs";

const sources = join(root, "bench/guest/vmbench");
const scripts = join(root, "bench/guest/vm");
const FLAGS = ["-std=gnu99", "-O2", "-ffp-contract=off", "-static", "-Wall", "-Wextra", "-Werror"];

/**
 * @typedef {object} VmGuest
 * @property {string} kernel Path. @property {string} initrd Path.
 * @property {string} release The kernel's version. @property {string} append The guest's own kernel command line.
 */

/** Compiles vmbench. @param {string} compiler Of the guest's architecture. @param {string} output @param {readonly string[]} [flags] */
export async function compileVmbench(compiler, output, flags = []) {
  const files = readdirSync(sources).filter((name) => name.endsWith(".c"));
  await run(compiler, [...FLAGS, ...flags, "-o", output, ...files.map((name) => join(sources, name)), "-lm"]);
}

/** The programs as an archive that the kernel unpacks after, and over, the one before it. @param {string} vmbench Path. */
export function benchLayer(vmbench) {
  const script = (/** @type {string} */ name) => readFileSync(join(scripts, name));
  return writeCpio([
    { path: "bench", type: "directory", mode: 0o755 },
    ...readdirSync(scripts).map((name) => ({
      path: `bench/${name}`,
      type: /** @type {const} */ ("file"),
      mode: 0o755,
      data: script(name),
    })),
    { path: "bench/vmbench", type: "file", mode: 0o755, data: readFileSync(vmbench) },
  ]);
}

/**
 * Compiles and packs what a guest of the manifest needs to measure itself.
 * @param {string} [name] The manifest's default without it. @returns {Promise<VmGuest>}
 * @throws {Error} If that guest is not there.
 */
export async function makeVmGuest(name) {
  /** @type {import("../../guest/manifest.mjs").Manifest} */
  const manifest = JSON.parse(readFileSync(join(guestDir, "manifest.json"), "utf8"));
  const record = manifest.guests[name ?? manifest.default];
  if (record === undefined || record.initrd === null) {
    const usable = Object.entries(manifest.guests).filter(([, { initrd }]) => initrd !== null);
    throw new Error(
      `There is no guest "${name}" with an initramfs; there are ${usable.map(([key]) => key).join(", ")}.`,
    );
  }
  mkdirSync(benchDir, { recursive: true });
  const vmbench = join(benchDir, "vmbench");
  await compileVmbench("aarch64-linux-gnu-gcc", vmbench);
  const initrd = join(benchDir, "vm-initramfs.cpio");
  writeFileSync(initrd, Buffer.concat([readFileSync(join(guestDir, record.initrd.file)), benchLayer(vmbench)]));
  return { kernel: join(guestDir, record.kernel.file), initrd, release: record.release, append: record.append };
}

/**
 * What is to be measured, as the guest's first process reads it from its kernel's command line.
 * @param {{ scale: number, only: readonly string[] }} what `only`: prefixes of the names; all without any.
 */
export function guestWords({ scale, only }) {
  const chosen = only.length === 0 ? "" : ` bench.only=${only.join(",")}`;
  return `rdinit=/bench/init bench.scale=${scale}${chosen}`;
}

/**
 * The machine, word by word, for QEMU and for ours alike.
 * @param {VmGuest} guest `kernel` and `initrd` as the machine finds them.
 * @param {string} what Of `guestWords`.
 * @returns {string[]}
 */
export function machineWords({ kernel, initrd, append }, what) {
  const machine = "-M virt -cpu cortex-a57 -accel tcg -smp 1 -m 256 -nic none -no-reboot".split(" ");
  return [...machine, "-kernel", kernel, "-initrd", initrd, "-append", `${append} ${what}`];
}
