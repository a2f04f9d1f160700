// @ts-check
/** The default guest's root: `guest/root`, busybox, and for a kernel with modules those that it may need. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** @typedef {import("./cpio.mjs").Entry} Entry */

const skeleton = fileURLToPath(new URL("root", import.meta.url));

const emptyFolders = [
  "bin",
  "dev",
  "mnt",
  "proc",
  "root",
  "run",
  "sbin",
  "sys",
  "tmp",
  "usr/bin",
  "usr/sbin",
  "var/log",
];

/** Names that something runs by path; the other commands get theirs from `busybox --install` behind the prompt. */
const links = {
  "bin/sh": "busybox",
  "sbin/modprobe": "../bin/busybox",
  "sbin/poweroff": "../bin/busybox",
  "sbin/reboot": "../bin/busybox",
  "var/run": "../run",
};

/** Files that modprobe reads, of the many that depmod writes. */
const moduleLists = ["modules.alias", "modules.builtin", "modules.dep"];

/** Files of a tree, relative. @param {string} folder @param {string} [under] @returns {string[]} */
function walk(folder, under = "") {
  return readdirSync(join(folder, under)).flatMap((name) => {
    const path = under === "" ? name : `${under}/${name}`;
    return statSync(join(folder, path)).isDirectory() ? walk(folder, path) : [path];
  });
}

/**
 * @param {Uint8Array} busybox The static program. @param {string | null} moduleTree Made by `selectModules`, or none.
 * @returns {Entry[]} Sorted, each folder before what is in it.
 */
export function initramfsEntries(busybox, moduleTree) {
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  const add = (/** @type {Entry} */ entry) => {
    const parts = entry.path.split("/");
    for (let depth = 1; depth < parts.length; depth += 1) {
      const path = parts.slice(0, depth).join("/");
      if (!entries.has(path)) entries.set(path, { type: "directory", path, mode: 0o755 });
    }
    entries.set(entry.path, entry);
  };
  for (const path of emptyFolders) add({ type: "directory", path, mode: path === "tmp" ? 0o1777 : 0o755 });
  add({ type: "character", path: "dev/console", mode: 0o600, major: 5, minor: 1 });
  add({ type: "character", path: "dev/null", mode: 0o666, major: 1, minor: 3 });
  add({ type: "file", path: "bin/busybox", mode: 0o755, data: busybox });
  for (const [path, target] of Object.entries(links)) add({ type: "link", path, mode: 0o777, target });
  for (const path of walk(skeleton)) {
    const data = readFileSync(join(skeleton, path));
    add({ type: "file", path, mode: data.subarray(0, 2).toString() === "#!" ? 0o755 : 0o644, data });
  }
  const modules = moduleTree === null ? [] : walk(moduleTree);
  for (const path of modules) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (!name.endsWith(".ko") && !moduleLists.includes(name)) continue;
    add({ type: "file", path, mode: 0o644, data: readFileSync(join(/** @type {string} */ (moduleTree), path)) });
  }
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
