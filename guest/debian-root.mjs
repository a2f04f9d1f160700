// @ts-check
/**
 * Debian's root file system for arm64 as an archive, from which the disk of the tests and that of the showcase are made:
 * `.cache/guest/debian/root.tar`. Making it takes minutes, since the packages' own scripts run, emulated by QEMU.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { guestDir } from "../scripts/lib/paths.mjs";
import { run } from "../scripts/lib/run.mjs";
import { digest, makeIfStale } from "../scripts/lib/stamp.mjs";
import { step } from "../scripts/lib/steps.mjs";
import { ensurePackages } from "../scripts/packages.mjs";

const suite = "bookworm";
const included = ["systemd-sysv", "dbus", "udev", "iproute2", "ifupdown", "isc-dhcp-client", "procps", "kmod"];

/** Left out by dpkg: nobody reads manual pages in a test, and each file costs the image a block. */
const pathOptions = [
  "path-exclude=/usr/share/man/*",
  "path-exclude=/usr/share/info/*",
  "path-exclude=/usr/share/locale/*",
  "path-exclude=/usr/share/doc/*",
  "path-include=/usr/share/doc/*/copyright",
];

const options = [
  "--architectures=arm64",
  "--variant=minbase",
  "--aptopt=Acquire::Languages=none",
  ...pathOptions.map((option) => `--dpkgopt=${option}`),
  `--include=${included.join(",")}`,
  suite,
];

const folder = join(guestDir, "debian");
const archive = join(folder, "root.tar");

/** What decides about the archive; part of the key of whatever is made from it. */
export const debianRootKey = digest([], options);

/** Lets the kernel start arm64 programs through QEMU: the packages' own scripts run while the root is made. */
async function enableArm64Programs() {
  const registry = "/proc/sys/fs/binfmt_misc";
  if (!existsSync(join(registry, "register"))) await run("mount", ["-t", "binfmt_misc", "binfmt_misc", registry]);
  if (!existsSync(join(registry, "qemu-aarch64"))) await run("update-binfmts", ["--enable", "qemu-aarch64"]);
}

/** Makes the archive unless it is up to date. */
async function makeDebianRoot() {
  await makeIfStale(join(folder, "root.stamp"), debianRootKey, [archive], async () => {
    await enableArm64Programs();
    mkdirSync(folder, { recursive: true });
    await inWorkFolder(async (work) => {
      await step(`install Debian ${suite} for arm64 into an archive`, (say) =>
        run("mmdebstrap", [...options, join(work, "root.tar")], { onLine: say, env: { TMPDIR: work } }),
      );
      renameSync(join(work, "root.tar"), archive);
    });
  });
}

/**
 * Makes an ext4 image of Debian.
 * @param {string} image Where it goes.
 * @param {{ sizeBytes: number, inodes: number, label: string }} layout What is not used takes no room on this host.
 * @param {(root: string) => void | Promise<void>} finish Changes the files in the folder before they go into the image.
 * @throws {Error} With a sentence where this host cannot: it takes root, and binfmt_misc for programs of arm64.
 */
export async function makeDebianDisk(image, { sizeBytes, inodes, label }, finish) {
  await step("packages for making a Debian image", (say) => ensurePackages("debian", say));
  await makeDebianRoot();
  await inWorkFolder(async (work) => {
    const root = join(work, "root");
    const made = join(work, "image.ext4");
    mkdirSync(root);
    await step("unpack Debian", () => run("tar", ["-xf", archive, "-C", root]));
    for (const path of ["var/lib/apt/lists", "var/cache/apt"]) {
      rmSync(join(root, path), { recursive: true, force: true });
      mkdirSync(join(root, path), { recursive: true });
    }
    await finish(root);
    writeFileSync(made, "");
    truncateSync(made, sizeBytes);
    const format = ["-t", "ext4", "-b", "4096", "-O", "^metadata_csum,^64bit", "-J", "size=4", "-m", "0"];
    const size = ["-N", `${inodes}`, "-L", label];
    await step("write the ext4 image", () => run("mke2fs", ["-q", "-F", ...format, ...size, "-d", root, made]));
    renameSync(made, image);
  });
}

/** @param {(work: string) => Promise<void>} make Gets a folder on the disk of the cache, which is removed afterwards. */
async function inWorkFolder(make) {
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "work-"));
  try {
    await make(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
