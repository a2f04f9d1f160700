// @ts-check
/**
 * `npm run guest [-- --update]`: assembles the default guest from Debian's packages, compiling nothing:
 * `.cache/guest/stock/{Image,initramfs.cpio}`, `.cache/guest/tailored/initramfs.cpio`, `.cache/guest/manifest.json`.
 * The packages' versions are those of the first time until `--update`.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { runAsScript } from "../scripts/lib/main.mjs";
import { guestDir } from "../scripts/lib/paths.mjs";
import { digest, filesUnder, makeIfStale } from "../scripts/lib/stamp.mjs";
import { note, step } from "../scripts/lib/steps.mjs";
import { ensurePackages } from "../scripts/packages.mjs";
import { writeCpio } from "./cpio.mjs";
import { debianPackages, packageDir, unpackPackage } from "./debian-packages.mjs";
import { initramfsEntries } from "./initramfs.mjs";
import { manifestFile, replaceFile, replaceIfDifferent, writeManifest } from "./manifest.mjs";
import { selectModules } from "./modules.mjs";

const kernelMetapackage = "linux-image-arm64";
const stamp = join(guestDir, "stamp");
const outputs = [
  "stock/Image",
  "stock/kernel.json",
  "stock/initramfs.cpio",
  "tailored/initramfs.cpio",
  "manifest.json",
];

/** @param {string} kernelDeb @param {string} busyboxDeb @param {string} work A folder for what is unpacked. */
async function assembleFrom(kernelDeb, busyboxDeb, work) {
  await step("unpack the packages", async () => {
    await unpackPackage(kernelDeb, join(work, "kernel"));
    await unpackPackage(busyboxDeb, join(work, "busybox"));
  });
  const image = readdirSync(join(work, "kernel/boot")).find((name) => name.startsWith("vmlinuz-"));
  if (image === undefined) throw new Error(`${kernelDeb} has no /boot/vmlinuz`);
  const release = image.slice("vmlinuz-".length);
  for (const folder of ["stock", "tailored"]) mkdirSync(join(guestDir, folder), { recursive: true });
  const modules = join(work, "modules");
  const count = await step("choose and strip the kernel's modules", () =>
    selectModules(join(work, "kernel"), modules, release),
  );
  const archive = await step("write the initramfs", () => {
    const busybox = readFileSync(join(work, "busybox/bin/busybox"));
    const stock = writeCpio(initramfsEntries(busybox, modules));
    replaceIfDifferent(join(guestDir, "stock/initramfs.cpio"), stock);
    replaceIfDifferent(join(guestDir, "tailored/initramfs.cpio"), writeCpio(initramfsEntries(busybox, null)));
    return stock;
  });
  replaceIfDifferent(join(guestDir, "stock/Image"), readFileSync(join(work, "kernel/boot", image)));
  const title = `Debian's kernel ${release}`;
  replaceFile(join(guestDir, "stock/kernel.json"), `${JSON.stringify({ name: "stock", release, title }, null, 2)}\n`);
  note(`Linux ${release}, ${count} modules, initramfs of ${(archive.length / 2 ** 20).toFixed(1)} MiB`);
}

/**
 * The packages: those of the last time if they are still there, else the newest, downloaded.
 * @param {boolean} update Look for newer ones. @returns {Promise<{ kernelDeb: string, busyboxDeb: string }>}
 */
export async function choosePackages(update) {
  const record = join(guestDir, "packages.json");
  if (!update && existsSync(record)) {
    const { kernel, busybox } = JSON.parse(readFileSync(record, "utf8"));
    const [kernelDeb, busyboxDeb] = [join(packageDir, kernel), join(packageDir, busybox)];
    if (existsSync(kernelDeb) && existsSync(busyboxDeb)) return { kernelDeb, busyboxDeb };
  }
  return step("download Debian's kernel and busybox for arm64", async (say) => {
    say("package lists");
    const { updateLists, downloadPackage, resolveKernelPackage } = debianPackages("arm64");
    await updateLists();
    const kernel = await resolveKernelPackage(kernelMetapackage);
    say(kernel);
    const [kernelDeb, busyboxDeb] = [await downloadPackage(kernel), await downloadPackage("busybox-static")];
    const names = { kernel: basename(kernelDeb), busybox: basename(busyboxDeb) };
    replaceFile(record, `${JSON.stringify(names, null, 2)}\n`);
    return { kernelDeb, busyboxDeb };
  });
}

/**
 * Assembles the default guest unless it is up to date.
 * @param {boolean} [update] Look for newer packages.
 * @throws {Error} With a sentence when this host cannot.
 */
export async function assembleGuest(update = false) {
  const key = digest(
    filesUnder(
      ["guest"],
      (path) => !/\/(?:kernel|disk-root)\//.test(path) && !path.endsWith(".md") && !path.endsWith(".test.ts"),
    ),
  );
  if (update) rmSync(stamp, { force: true });
  const paths = outputs.map((file) => join(guestDir, file));
  const made = await makeIfStale(stamp, key, paths, async () => {
    await step("packages for assembling the guest", (say) => ensurePackages("guest", say));
    const { kernelDeb, busyboxDeb } = await choosePackages(update);
    const work = mkdtempSync(join(guestDir, "assemble-"));
    try {
      await assembleFrom(kernelDeb, busyboxDeb, work);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
    await step("compress the guest for the way to the page", () => writeManifest());
  });
  if (!made) note(`the guest is up to date: ${manifestFile}`);
}

runAsScript(import.meta.url, () => assembleGuest(process.argv.includes("--update")));
