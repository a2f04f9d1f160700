// @ts-check
/** node_modules as package-lock.json says. Uses nothing but Node's own modules: it runs before there are any others. */
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { run } from "./run.mjs";
import { step } from "./steps.mjs";

/** @typedef {{ packages: Record<string, { version?: string, optional?: boolean, peer?: boolean }> }} Lock */

/** @param {string} path @returns {Lock | null} */
const readLock = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null);

/** Whether every package of the lock is installed in its version; those for other systems may be absent. */
export function npmPackagesAreFresh() {
  const wanted = readLock(join(root, "package-lock.json"));
  const installed = readLock(join(root, "node_modules/.package-lock.json"));
  if (wanted === null || installed === null) return false;
  return Object.entries(wanted.packages).every(([path, { version, optional }]) => {
    const there = installed.packages[path];
    return path === "" || (there === undefined ? optional === true : there.version === version);
  });
}

/** Runs `npm ci` if node_modules is missing or not what the lock says. */
export async function ensureNpmPackages() {
  if (npmPackagesAreFresh()) return;
  const folder = join(root, "node_modules");
  // npm would empty the folder that it points to, which is another working copy's.
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() === true)
    throw new Error("node_modules is a link and not what package-lock.json says. Remove the link and start again.");
  await step("npm packages", async () => {
    await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: root });
    if (!npmPackagesAreFresh())
      throw new Error("npm ci ended well, but node_modules is not what package-lock.json says.");
  });
}

/** @throws {Error} If this Node is older than package.json asks for. */
export function checkNode() {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const wanted = String(engines.node).replace(">=", "").split(".").map(Number);
  const here = process.versions.node.split(".").map(Number);
  const [major = 0, minor = 0] = here;
  const [wantedMajor = 0, wantedMinor = 0] = wanted;
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
    throw new Error(`Armlet needs Node ${wanted.join(".")} or newer; this is ${process.versions.node}.`);
  }
}
