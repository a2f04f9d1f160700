// @ts-check
/** "Is it up to date?": a stamp file holds a digest of everything that went in. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { root } from "./paths.mjs";

/**
 * Every file under the given files and folders, sorted, so that a digest does not depend on the file system.
 * @param {string[]} paths Relative to the clone. @param {(path: string) => boolean} [wanted] @returns {string[]}
 */
export function filesUnder(paths, wanted = () => true) {
  /** @type {string[]} */
  const found = [];
  const visit = (/** @type {string} */ path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) for (const name of readdirSync(path)) visit(join(path, name));
    else if (wanted(path)) found.push(path);
  };
  for (const path of paths) visit(join(root, path));
  return found.sort();
}

/**
 * SHA-256 over names and contents of files, and over anything else that decides the result.
 * @param {string[]} files Absolute paths. @param {string[]} [facts] Versions, options.
 * @returns {string} Hexadecimal.
 */
export function digest(files, facts = []) {
  const hash = createHash("sha256");
  for (const fact of facts) hash.update(`fact ${fact}\0`);
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`file ${relative(root, file)} ${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** SHA-256 of one buffer, hexadecimal. @param {Uint8Array} bytes */
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/**
 * Makes something unless the stamp says that it was made from the same inputs and every output is still there.
 * @param {string} stamp Path of the stamp file. @param {string} key `digest` of the inputs. @param {string[]} outputs
 * @param {() => void | Promise<void>} make @returns {Promise<boolean>} Whether anything was made.
 */
export async function makeIfStale(stamp, key, outputs, make) {
  if (isFresh(stamp, key, outputs)) return false;
  rmSync(stamp, { force: true });
  await make();
  const missing = outputs.filter((path) => !existsSync(path));
  if (missing.length > 0) throw new Error(`not made: ${missing.join(", ")}`);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${key}\n`);
  return true;
}

/** Whether a stamp and every output are there and the stamp holds `key`. @param {string} stamp @param {string} key @param {string[]} outputs */
export function isFresh(stamp, key, outputs) {
  return existsSync(stamp) && readFileSync(stamp, "utf8").trim() === key && outputs.every((path) => existsSync(path));
}
