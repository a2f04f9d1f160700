// @ts-check
/**
 * `npm run guest:debian`: a Debian 12 root file system for arm64 in an ext4 image, for the end-to-end tests:
 * `.cache/guest/debian/debian-12.ext4` (256 MiB, systemd, user root without a password).
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runAsScript } from "../scripts/lib/main.mjs";
import { guestDir } from "../scripts/lib/paths.mjs";
import { run } from "../scripts/lib/run.mjs";
import { digest, makeIfStale } from "../scripts/lib/stamp.mjs";
import { step } from "../scripts/lib/steps.mjs";
import { ensurePackages } from "../scripts/packages.mjs";

const suite = "bookworm";
const sizeBytes = 256 * 2 ** 20;
const included = ["systemd-sysv", "dbus", "udev", "iproute2", "ifupdown", "isc-dhcp-client", "procps", "kmod"];

/** Left out by dpkg: nobody reads manual pages in a test, and each file costs the image a block. */
const pathOptions = [
  "path-exclude=/usr/share/man/*",
  "path-exclude=/usr/share/info/*",
  "path-exclude=/usr/share/locale/*",
  "path-exclude=/usr/share/doc/*",
  "path-include=/usr/share/doc/*/copyright",
];

/** Where the image is once made. */
export const debianImage = join(guestDir, "debian/debian-12.ext4");

/**
 * Files of the image that make it a machine one can log in to on the serial line.
 * @type {Record<string, string>}
 */
const files = {
  "etc/hostname": "debian\n",
  "etc/hosts": "127.0.0.1 localhost debian\n::1 localhost\n",
  "etc/fstab": "/dev/vda / ext4 defaults,errors=remount-ro 0 1\n",
  "etc/network/interfaces": "auto lo\niface lo inet loopback\nallow-hotplug eth0\niface eth0 inet dhcp\n",
};

/** Lets the kernel start arm64 programs through QEMU: the packages' own scripts run while the image is made. */
async function enableArm64Programs() {
  const registry = "/proc/sys/fs/binfmt_misc";
  if (!existsSync(join(registry, "register"))) await run("mount", ["-t", "binfmt_misc", "binfmt_misc", registry]);
  if (!existsSync(join(registry, "qemu-aarch64"))) await run("update-binfmts", ["--enable", "qemu-aarch64"]);
}

/** @param {string} work */
async function makeImage(work) {
  const root = join(work, "root");
  const archive = join(work, "root.tar");
  await step(`install Debian ${suite} for arm64 into a folder`, (say) =>
    run(
      "mmdebstrap",
      [
        "--architectures=arm64",
        "--variant=minbase",
        "--aptopt=Acquire::Languages=none",
        ...pathOptions.map((option) => `--dpkgopt=${option}`),
        `--include=${included.join(",")}`,
        suite,
        archive,
      ],
      { onLine: say, env: { TMPDIR: work } },
    ),
  );
  await step("write the ext4 image", async () => {
    mkdirSync(root);
    await run("tar", ["-xf", archive, "-C", root]);
    for (const folder of ["var/lib/apt/lists", "var/cache/apt"]) {
      rmSync(join(root, folder), { recursive: true, force: true });
      mkdirSync(join(root, folder), { recursive: true });
    }
    for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
    const shadow = readFileSync(join(root, "etc/shadow"), "utf8");
    writeFileSync(join(root, "etc/shadow"), shadow.replace(/^root:[^:]*:/m, "root::"), { mode: 0o640 });
    const image = join(work, "image.ext4");
    writeFileSync(image, "");
    truncateSync(image, sizeBytes);
    const layout = [
      "-b",
      "4096",
      "-O",
      "^metadata_csum,^64bit",
      "-J",
      "size=4",
      "-m",
      "0",
      "-N",
      "16000",
      "-L",
      "rootfs",
    ];
    await run("mke2fs", ["-q", "-F", "-t", "ext4", ...layout, "-d", root, image]);
    mkdirSync(join(guestDir, "debian"), { recursive: true });
    await run("mv", [image, debianImage]);
  });
}

/** Makes the image unless it is up to date. @returns {Promise<string>} Its path. */
export async function makeDebianImage() {
  const key = digest([fileURLToPath(import.meta.url)]);
  await makeIfStale(join(guestDir, "debian/stamp"), key, [debianImage], async () => {
    await step("packages for making a Debian image", (say) => ensurePackages("debian", say));
    await enableArm64Programs();
    mkdirSync(guestDir, { recursive: true });
    const work = mkdtempSync(join(guestDir, "debian-"));
    try {
      await makeImage(work);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
  return debianImage;
}

runAsScript(import.meta.url, async () => {
  console.log(await makeDebianImage());
});
