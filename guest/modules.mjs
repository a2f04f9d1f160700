// @ts-check
/** The kernel modules of the default guest: which, what they depend on, and stripped of what costs a boot. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { run } from "../scripts/lib/run.mjs";

/** Modules by what they are for; dependencies follow by themselves, `init` loads only those whose device is there. */
export const wantedModules = {
  transports: ["virtio_mmio", "virtio_pci"],
  devices: ["virtio_blk", "virtio_net", "virtio_console", "virtio_rng", "virtio_balloon", "virtio_mem", "virtio_pmem"],
  scsi: ["virtio_scsi", "sd_mod", "sr_mod"],
  input: ["virtio_input", "evdev", "gpio_keys"],
  sockets: ["vmw_vsock_virtio_transport"],
  sharedFolders: ["9pnet_virtio", "9p", "virtiofs"],
  fileSystems: [
    "ext4",
    "crc32c_generic",
    "vfat",
    "nls_ascii",
    "nls_cp437",
    "isofs",
    "squashfs",
    "overlay",
    "loop",
    "fuse",
  ],
};

/** Module names have `-` and `_` alike. @param {string} path */
const moduleName = (path) => basename(path, ".ko").replaceAll("-", "_");

/**
 * The wanted modules and all that they depend on.
 * @param {string} dependencies Text of modules.dep. @param {string[]} names
 * @returns {string[]} Paths relative to the folder of modules.dep, sorted.
 * @throws {Error} Naming the modules that this kernel has not.
 */
export function moduleClosure(dependencies, names) {
  /** @type {Map<string, string[]>} */
  const byName = new Map();
  for (const line of dependencies.split("\n")) {
    const [path, needs] = line.split(":");
    if (path === undefined || needs === undefined) continue;
    // modules.dep lists direct and indirect dependencies of a module.
    byName.set(moduleName(path), [path, ...needs.trim().split(" ").filter(Boolean)]);
  }
  const missing = names.filter((name) => !byName.has(moduleName(name)));
  if (missing.length > 0) throw new Error(`This kernel has no module ${missing.join(", ")}.`);
  return [...new Set(names.flatMap((name) => byName.get(moduleName(name)) ?? []))].sort();
}

/**
 * Copies the wanted modules into a file tree of their own with modules.dep and modules.alias, without debug
 * information, type information (BTF) and signature: checking those takes a guest longer than the rest of its boot.
 * @param {string} from Unpacked kernel package. @param {string} to Root of the new tree. @param {string} release
 */
export async function selectModules(from, to, release) {
  const folder = join("lib/modules", release);
  await run("depmod", ["-b", from, release]);
  const all = readFileSync(join(from, folder, "modules.dep"), "utf8");
  const paths = moduleClosure(all, Object.values(wantedModules).flat());
  const copies = paths.map((path) => join(to, folder, path));
  for (const [index, path] of paths.entries()) {
    const copy = copies[index] ?? "";
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(join(from, folder, path), copy);
  }
  // strip writes the file anew, which leaves out the signature appended behind it.
  await run("aarch64-linux-gnu-strip", ["--strip-debug", "--remove-section=.BTF", ...copies]);
  for (const name of readdirSync(join(from, folder)).filter((file) => /^modules\.(builtin|order)/.test(file))) {
    copyFileSync(join(from, folder, name), join(to, folder, name));
  }
  await run("depmod", ["-b", to, release]);
  return paths.length;
}
