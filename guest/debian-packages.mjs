// @ts-check
/**
 * Packages of the Debian release that this host runs, for other architectures, downloaded with apt but installed nowhere: package lists
 * and state of our own, so that the host's architectures and lists stay as they are and root is not needed.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { guestDir } from "../scripts/lib/paths.mjs";
import { hasCommand, run } from "../scripts/lib/run.mjs";

/** Where the downloaded packages are. */
export const packageDir = join(guestDir, "packages");

/**
 * The packages of one architecture.
 * @param {string} architecture As Debian calls it: "arm64".
 */
export function debianPackages(architecture) {
  const stateDir = join(guestDir, "apt", architecture);
  /** Options that make apt see that architecture only, with state below the cache. @type {string[]} */
  const aptOptions = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    "Acquire::Languages=none",
    "APT::Sandbox::User=root",
    `Dir::State=${join(stateDir, "state")}`,
    `Dir::State::Lists=${join(stateDir, "lists")}`,
    `Dir::Cache=${join(stateDir, "cache")}`,
    `Dir::State::status=${join(stateDir, "status")}`,
  ].flatMap((option) => ["-o", option]);

  /** Makes the private state and fetches the package lists. */
  async function updateLists() {
    if (!hasCommand("apt-get")) throw new Error("This host has no apt-get, so Debian's packages cannot be fetched.");
    for (const folder of ["state", "lists/partial", "cache/archives/partial"]) {
      mkdirSync(join(stateDir, folder), { recursive: true });
    }
    writeFileSync(join(stateDir, "status"), "");
    try {
      await run("apt-get", [...aptOptions, "update", "-q"]);
    } catch (error) {
      // A source of the host's that is unreachable or has nothing for it does not matter, as long as Debian's does.
      if ((await describePackage("busybox-static")) === null) throw error;
    }
  }

  /** Newest version of a package and the packages that it depends on. @param {string} name */
  async function describePackage(name) {
    const text = await run("apt-cache", [...aptOptions, "--no-all-versions", "show", name]).catch(() => "");
    const value = (/** @type {string} */ key) => new RegExp(`^${key}: (.*)$`, "m").exec(text)?.[1] ?? "";
    if (value("Version") === "") return null;
    const depends = value("Depends")
      .split(",")
      .map((entry) => entry.trim().split(/[ :|]/)[0] ?? "");
    return { name, version: value("Version"), depends };
  }

  /**
   * Downloads the newest version of a package, unless it is here already.
   * @param {string} name
   * @returns {Promise<string>} Path of the .deb.
   * @throws {Error} If this Debian has no such package for the architecture.
   */
  async function downloadPackage(name) {
    const found = await describePackage(name);
    if (found === null) throw new Error(`This Debian has no package ${name} for ${architecture}.`);
    mkdirSync(packageDir, { recursive: true });
    // apt writes the colon of an epoch as %3a.
    const prefix = `${name}_${found.version.replace(":", "%3a")}_`;
    const files = [`${prefix}${architecture}.deb`, `${prefix}all.deb`];
    const present = () => readdirSync(packageDir).find((file) => files.includes(file));
    if (present() === undefined) {
      await run("apt-get", [...aptOptions, "download", "-q", `${name}=${found.version}`], { cwd: packageDir });
    }
    const file = present();
    if (file === undefined) throw new Error(`apt-get download ${name} left no ${files.join(" or ")} in ${packageDir}`);
    return join(packageDir, file);
  }

  /**
   * Downloads packages and all that they depend on, in their newest versions, unless they are here already.
   * @param {readonly string[]} names
   * @returns {Promise<string[]>} Paths of the .debs, in apt's order.
   * @throws {Error} If this Debian lacks one of them for the architecture.
   */
  async function downloadWithDependencies(names) {
    const plan = await run("apt-get", [
      ...aptOptions,
      ...["-o", "APT::Install-Recommends=false", "--simulate", "install"],
      ...names,
    ]);
    const found = [...plan.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name = "", version = ""]) => ({
      name,
      version,
    }));
    mkdirSync(packageDir, { recursive: true });
    const fileOf = (
      /** @type {{ name: string, version: string }} */ { name, version },
      /** @type {string[]} */ files,
    ) =>
      [architecture, "all"]
        .map((suffix) => `${name}_${version.replace(":", "%3a")}_${suffix}.deb`)
        .find((file) => files.includes(file));
    const before = readdirSync(packageDir);
    const missing = found.filter((one) => fileOf(one, before) === undefined);
    const wanted = missing.map(({ name, version }) => `${name}=${version}`);
    if (wanted.length > 0) await run("apt-get", [...aptOptions, "download", "-q", ...wanted], { cwd: packageDir });
    const after = readdirSync(packageDir);
    return found.map((one) => {
      const file = fileOf(one, after);
      if (file === undefined) throw new Error(`apt-get download ${one.name} left no package in ${packageDir}`);
      return join(packageDir, file);
    });
  }

  /** The kernel package that the metapackage stands for, unsigned (the same kernel, smaller) if there is one. @param {string} metapackage */
  async function resolveKernelPackage(metapackage) {
    const meta = await describePackage(metapackage);
    const kernel = meta?.depends.find((name) => /^linux-image-\d/.test(name));
    if (meta === null || kernel === undefined) throw new Error(`${metapackage} names no kernel package.`);
    const unsigned = await describePackage(`${kernel}-unsigned`);
    return unsigned === null || unsigned.version !== meta.version ? kernel : unsigned.name;
  }

  return { updateLists, downloadPackage, downloadWithDependencies, resolveKernelPackage };
}

/** Unpacks a package's files. @param {string} deb @param {string} folder */
export async function unpackPackage(deb, folder) {
  mkdirSync(folder, { recursive: true });
  await run("dpkg-deb", ["-x", deb, folder]);
}
