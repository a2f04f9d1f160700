// @ts-check
/**
 * `npm run guest:disk`: the showcase, a Debian 12 for arm64 that a page reads from its server chunk by chunk:
 * `.cache/guest/showcase`. busybox is its first process (guest/disk-root), which takes a thirtieth of the instructions that
 * systemd does; systemd is there too (`init=/sbin/init`).
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { runAsScript } from "../scripts/lib/main.mjs";
import { guestDir, root as clone } from "../scripts/lib/paths.mjs";
import { digest, filesUnder, makeIfStale } from "../scripts/lib/stamp.mjs";
import { note, step } from "../scripts/lib/steps.mjs";
import { splitImage } from "../scripts/split-image.mjs";
import { assembleGuest, choosePackages } from "./assemble.mjs";
import { makeBootable } from "./debian-image.mjs";
import { debianRootKey, makeDebianDisk } from "./debian-root.mjs";
import { unpackPackage } from "./debian-packages.mjs";
import { showcaseManifest, writeManifest } from "./manifest.mjs";

/** Room for packages: what nobody wrote is not stored, neither here nor on a server. */
const layout = { sizeBytes: 2 ** 30, inodes: 65_536, label: "debian" };
/**
 * As much as Linux reads ahead. From 64 to 256 KiB a boot loads 3.4 to 4.9 MB in 160 to 65 files; every file costs a way to
 * the server and back.
 */
const chunkBytes = 128 * 1024;
const folder = join(guestDir, "debian");
/** Where the image is once made; a page gets the chunks that are cut from it. */
export const showcaseImage = join(folder, "showcase.ext4");

const skeleton = fileURLToPath(new URL("disk-root", import.meta.url));
const shared = fileURLToPath(new URL("root", import.meta.url));

/** Files of the default guest that the showcase starts with too. @type {Record<string, string>} */
const borrowed = {
  "etc/init/terminal-size": "terminal-size",
  "etc/init/follow-size": "follow-size",
  "etc/acpi/PWRF/00000080": "acpi/PWRF/00000080",
  "usr/share/udhcpc/default.script": "udhcpc",
};

/**
 * Writes a file of ours into the root. Debian's own shell has none of busybox's commands, so scripts are busybox's.
 * @param {string} from @param {string} to
 */
function install(from, to) {
  const text = readFileSync(from, "utf8").replace(/^#!\/bin\/sh$/m, "#!/opt/boot/busybox sh");
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
}

/** @param {string} root Folder of the files. */
async function addBusybox(root) {
  const { busyboxDeb } = await choosePackages(false);
  const work = mkdtempSync(join(guestDir, "busybox-"));
  try {
    await unpackPackage(busyboxDeb, work);
    copyFileSync(join(work, "bin/busybox"), join(root, "opt/boot/busybox"));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  chmodSync(join(root, "opt/boot/busybox"), 0o755);
  symlinkSync("busybox", join(root, "opt/boot/init"));
}

/** What makes Debian the showcase. @param {string} root Folder of the files. */
async function finish(root) {
  makeBootable(root);
  for (const path of filesUnder([relative(clone, skeleton)])) install(path, join(root, relative(skeleton, path)));
  for (const [from, to] of Object.entries(borrowed)) install(join(shared, from), join(root, "opt/boot", to));
  await addBusybox(root);
  for (const name of ["reboot", "halt"]) symlinkSync("poweroff", join(root, "usr/local/sbin", name));
}

/** Makes the disk and its chunks unless they are up to date. @throws {Error} With a sentence where this host cannot. */
export async function makeShowcase() {
  const sources = [...filesUnder(["guest/disk-root", "guest/root"]), fileURLToPath(import.meta.url)];
  const key = digest(sources, [debianRootKey]);
  const outputs = [showcaseImage, join(guestDir, showcaseManifest)];
  const made = await makeIfStale(join(folder, "showcase.stamp"), key, outputs, async () => {
    await makeDebianDisk(showcaseImage, layout, finish);
    await step("cut and compress the showcase's disk", async (say) => {
      await splitImage(showcaseImage, dirname(outputs[1] ?? ""), {
        chunkBytes,
        onProgress: (done, total) => say(`${Math.floor((done / total) * 100)} %`),
      });
    });
  });
  if (!made) note(`the showcase is up to date: ${join(guestDir, showcaseManifest)}`);
  writeManifest();
}

runAsScript(import.meta.url, async () => {
  await assembleGuest();
  await makeShowcase();
});
