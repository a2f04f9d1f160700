// @ts-check
/**
 * `npm run guest:kernel [-- lean full]`: builds the tailored kernels from Debian's kernel source into
 * `.cache/guest/kernels/NAME/`. A kernel whose inputs (fragments, source package, compiler) have not changed is kept.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runAsScript } from "../../scripts/lib/main.mjs";
import { guestDir } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { digest, isFresh } from "../../scripts/lib/stamp.mjs";
import { note, step } from "../../scripts/lib/steps.mjs";
import { ensurePackages } from "../../scripts/packages.mjs";
import { assembleGuest } from "../assemble.mjs";
import { writeManifest } from "../manifest.mjs";
import { checkConfig, mergeFragments } from "./config.mjs";

const sourcePackage = "linux-source-6.1";
const here = fileURLToPath(new URL(".", import.meta.url));

/** Name -> fragments, later ones win. */
export const kernels = {
  lean: ["lean.config"],
  full: ["lean.config", "full.config"],
};

/** Where a tailored kernel lies once it is built. @param {string} name */
export const kernelFolder = (name) => join(guestDir, "kernels", name);

/** @param {string} version @param {string} compiler @param {string} name */
async function buildKernel(version, compiler, name) {
  const fragments = kernels[/** @type {keyof typeof kernels} */ (name)].map((file) => join(here, file));
  const key = digest(fragments, [sourcePackage, version, compiler, "recipe 1"]);
  const out = kernelFolder(name);
  const stamp = join(out, "stamp");
  const outputs = ["Image", "config", "System.map", "kernel.json"].map((file) => join(out, file));
  if (isFresh(stamp, key, outputs)) {
    note(`kernel "${name}" is up to date: ${join(out, "Image")}`);
    return;
  }
  const source = await unpackSource(version);
  const objects = join(guestDir, `kernel-objects-${name}`);
  mkdirSync(objects, { recursive: true });
  const wanted = mergeFragments(fragments.map((file) => readFileSync(file, "utf8")));
  const fragment = join(objects, "wanted.config");
  writeFileSync(fragment, [...wanted].map(([symbol, value]) => `${symbol}=${value}\n`).join(""));
  const make = (/** @type {string[]} */ args, /** @type {(line: string) => void} */ onLine = () => {}) =>
    run("make", ["-C", source, "ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-", `O=${objects}`, ...args], {
      // The same inputs give the same Image, wherever and whenever it is built.
      env: {
        KCONFIG_ALLCONFIG: fragment,
        KBUILD_BUILD_USER: "armlet",
        KBUILD_BUILD_HOST: "armlet",
        KBUILD_BUILD_VERSION: "1",
        KBUILD_BUILD_TIMESTAMP: `Debian ${version}`,
      },
      onLine,
    });
  await step(`configure kernel "${name}"`, () => make(["allnoconfig"]));
  checkConfig(wanted, readFileSync(join(objects, ".config"), "utf8"));
  await step(`compile kernel "${name}"`, (say) => make([`-j${availableParallelism()}`, "Image"], say));
  mkdirSync(out, { recursive: true });
  rmSync(stamp, { force: true });
  const release = readFileSync(join(objects, "include/config/kernel.release"), "utf8").trim();
  const place = (/** @type {string} */ from, /** @type {string} */ to) => {
    copyFileSync(join(objects, from), join(out, `${to}.new`));
    renameSync(join(out, `${to}.new`), join(out, to));
  };
  place("arch/arm64/boot/Image", "Image");
  place(".config", "config");
  place("System.map", "System.map");
  writeFileSync(
    join(out, "kernel.json"),
    `${JSON.stringify({ name, release, title: `tailored kernel "${name}", ${release}`, sourcePackage, version }, null, 2)}\n`,
  );
  writeFileSync(stamp, `${key}\n`);
  note(`kernel "${name}" ${release}: ${join(out, "Image")}`);
}

/** The source tree, unpacked once for each version of the package. @param {string} version */
async function unpackSource(version) {
  const folder = join(guestDir, "kernel-source", version.replaceAll(/[^\w.+~-]/g, "_"));
  const source = join(folder, sourcePackage);
  const stamp = join(folder, "unpacked");
  if (existsSync(stamp)) return source;
  await step(`unpack ${sourcePackage} ${version}`, async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await run("tar", ["-xf", `/usr/src/${sourcePackage}.tar.xz`, "-C", folder]);
  });
  writeFileSync(stamp, `${version}\n`);
  return source;
}

async function main() {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(kernels);
  const unknown = names.filter((name) => !(name in kernels));
  if (unknown.length > 0) {
    throw new Error(`There is no kernel "${unknown[0]}". The tailored kernels are ${Object.keys(kernels).join(", ")}.`);
  }
  await step("packages for building a kernel", (say) => ensurePackages("kernel", say));
  const version = await run("dpkg-query", ["-W", "-f", "${Version}", sourcePackage]);
  const compiler = (await run("aarch64-linux-gnu-gcc", ["--version"])).split("\n")[0] ?? "";
  for (const name of names) await buildKernel(version, compiler, name);
  // The page offers what the manifest lists; the initramfs comes with the default guest.
  await assembleGuest();
  await step("list the guests for the page", () => writeManifest());
}

runAsScript(import.meta.url, main);
