// @ts-check
/**
 * `npm run guest:debian`: a Debian 12 root file system for arm64 in an ext4 image, for the end-to-end tests:
 * `.cache/guest/debian/debian-12.ext4` (256 MiB, systemd, user root without a password).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runAsScript } from "../scripts/lib/main.mjs";
import { guestDir } from "../scripts/lib/paths.mjs";
import { digest, makeIfStale } from "../scripts/lib/stamp.mjs";
import { debianRootKey, makeDebianDisk } from "./debian-root.mjs";

const layout = { sizeBytes: 256 * 2 ** 20, inodes: 16_000, label: "rootfs" };

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

/** Root without a password, and files that every Debian of ours has. @param {string} root The folder of its files. */
export function makeBootable(root) {
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
  const shadow = readFileSync(join(root, "etc/shadow"), "utf8");
  writeFileSync(join(root, "etc/shadow"), shadow.replace(/^root:[^:]*:/m, "root::"), { mode: 0o640 });
}

/** Makes the image unless it is up to date. @returns {Promise<string>} Its path. */
export async function makeDebianImage() {
  const key = digest([fileURLToPath(import.meta.url)], [debianRootKey]);
  await makeIfStale(join(guestDir, "debian/stamp"), key, [debianImage], () =>
    makeDebianDisk(debianImage, layout, makeBootable),
  );
  return debianImage;
}

runAsScript(import.meta.url, async () => {
  console.log(await makeDebianImage());
});
