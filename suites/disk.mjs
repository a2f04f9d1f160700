// @ts-check
/**
 * The disk that the suites run from: programs of Debian 12 for arm64 with what is in suites/skeleton, unpacked from Debian's packages,
 * none of whose scripts run: `.cache/guest/suites/suites.ext4`. It takes no root.
 */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { choosePackages } from "../guest/assemble.mjs";
import { debianPackages, unpackPackage } from "../guest/debian-packages.mjs";
import { guestDir } from "../scripts/lib/paths.mjs";
import { run } from "../scripts/lib/run.mjs";
import { digest, filesUnder, makeIfStale } from "../scripts/lib/stamp.mjs";
import { note, step } from "../scripts/lib/steps.mjs";
import { ensurePackages } from "../scripts/packages.mjs";
import { writeOpensslData } from "./lib/openssl-data.mjs";

/** Where the disk and QEMU's results are. */
export const suitesDir = join(guestDir, "suites");
export const suitesDisk = join(suitesDir, "suites.ext4");
const stamp = join(suitesDir, "stamp");

const PACKAGES = [
  "dash",
  "libc-bin",
  "python3",
  "libpython3-stdlib",
  "libpython3.11-testsuite",
  "openssl",
  "stress-ng",
];
const SIZE_BYTES = 2 ** 30;
/** Left out: nobody reads them in a test. */
const UNREAD = ["usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian"];
const MOUNT_POINTS = ["proc", "sys", "dev", "tmp", "run", "root"];
/** Folders of a Debian kernel's modules whose algorithms test themselves. */
const CRYPTO_FOLDERS = ["kernel/crypto", "kernel/arch/arm64/crypto"];

const skeleton = fileURLToPath(new URL("skeleton", import.meta.url));

/** The modules of Debian's kernel with algorithms. @param {string} kernelDeb @param {string} work @param {string} root */
async function addCryptoModules(kernelDeb, work, root) {
  const kernel = join(work, "kernel");
  await unpackPackage(kernelDeb, kernel);
  const [release = ""] = readdirSync(join(kernel, "lib/modules"));
  const [from, to] = [kernel, root].map((folder) => join(folder, "lib/modules", release));
  if (from === undefined || to === undefined) throw new Error(`${kernelDeb} has no modules`);
  await run("depmod", ["-b", kernel, release]);
  const chosen = [...CRYPTO_FOLDERS, "kernel/lib"];
  for (const folder of chosen)
    if (existsSync(join(from, folder))) cpSync(join(from, folder), join(to, folder), { recursive: true });
  for (const name of readdirSync(from).filter((file) => /^modules\.(builtin|order)/.test(file)))
    copyFileSync(join(from, name), join(to, name));
  await run("depmod", ["-b", root, release]);
}

/** @param {string} work */
async function makeDisk(work) {
  const root = join(work, "root");
  const debs = await step("download the suites' packages for arm64", async () => {
    const { updateLists, downloadWithDependencies } = debianPackages("arm64");
    await updateLists();
    return downloadWithDependencies(PACKAGES);
  });
  const { kernelDeb, busyboxDeb } = await choosePackages(false);
  await step(`unpack ${debs.length} packages`, async (say) => {
    for (const deb of debs) {
      say(deb);
      await unpackPackage(deb, root);
    }
    for (const path of UNREAD) rmSync(join(root, path), { recursive: true, force: true });
    for (const path of MOUNT_POINTS) mkdirSync(join(root, path), { recursive: true });
    await addCryptoModules(kernelDeb, work, root);
  });
  cpSync(skeleton, root, { recursive: true });
  await unpackPackage(busyboxDeb, join(work, "busybox"));
  mkdirSync(join(root, "suite/bin"), { recursive: true });
  copyFileSync(join(work, "busybox/bin/busybox"), join(root, "suite/bin/busybox"));
  chmodSync(join(root, "suite/bin/busybox"), 0o755);
  const accounts = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n";
  mkdirSync(join(root, "etc"), { recursive: true });
  writeFileSync(join(root, "etc/passwd"), accounts);
  writeFileSync(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
  writeFileSync(join(root, "etc/hosts"), "127.0.0.1 localhost suites\n::1 localhost\n");
  await step("keys and data for openssl", () => writeOpensslData(join(root, "suite/data")));
  const image = join(work, "suites.ext4");
  writeFileSync(image, "");
  truncateSync(image, SIZE_BYTES);
  const format = ["-t", "ext4", "-b", "4096", "-O", "^metadata_csum,^64bit", "-E", "root_owner=0:0", "-m", "0"];
  await step("write the ext4 image", () => run("mke2fs", ["-q", "-F", ...format, "-d", root, image]));
  renameSync(image, suitesDisk);
}

/** Makes the disk unless it is up to date. What QEMU did with the one before is forgotten. @throws {Error} With a sentence where this host cannot. */
export async function makeSuitesDisk() {
  const key = digest(filesUnder(["suites/skeleton", "suites/disk.mjs", "suites/lib/openssl-data.mjs"]), PACKAGES);
  const made = await makeIfStale(stamp, key, [suitesDisk], async () => {
    await step("packages for the suites", (say) => ensurePackages("suites", say));
    rmSync(suitesDir, { recursive: true, force: true });
    mkdirSync(suitesDir, { recursive: true });
    const work = mkdtempSync(join(suitesDir, "work-"));
    try {
      await makeDisk(work);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
  if (!made) note(`the suites' disk is up to date: ${suitesDisk}`);
}
