// @ts-check
/**
 * npm run file-list -- FOLDER [LIST]: writes the list of a folder's files that `-fsdev local,path=URL` reads (docs/command-line.md,
 * "Sharing folders"). LIST is FOLDER/files.json without it; files are named relative to it.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { sha256 } from "./lib/stamp.mjs";

const [folder, list = folder === undefined ? "" : join(folder, "files.json")] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Usage: npm run file-list -- FOLDER [LIST]");
  process.exit(1);
}

/** @type {object[]} */
const files = [];

/** @param {string} path Below the folder, "" for itself. */
function add(path) {
  for (const name of readdirSync(join(folder ?? "", path)).sort()) {
    const below = path === "" ? name : `${path}/${name}`;
    const file = join(folder ?? "", below);
    if (resolve(file) === resolve(list)) continue;
    const stat = lstatSync(file);
    const mode = (stat.mode & 0o7777).toString(8).padStart(4, "0");
    const common = { path: below, mtime: Math.floor(stat.mtimeMs / 1000) };
    if (stat.isSymbolicLink()) files.push({ ...common, type: "symlink", target: readlinkSync(file) });
    else if (stat.isDirectory()) {
      files.push({ ...common, type: "directory", mode });
      add(below);
    } else if (stat.isFile()) {
      const url = relative(dirname(list), file).split("/").map(encodeURIComponent).join("/");
      files.push({ ...common, mode, size: stat.size, sha256: sha256(readFileSync(file)), url });
    } else console.error(`${below} is left out: it is neither a file nor a folder nor a link.`);
  }
}

add("");
writeFileSync(list, `${JSON.stringify({ format: "armlet-files", version: 1, files }, null, 1)}\n`);
console.error(`${list}: ${files.length} files.`);
