import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "playwright/test";
import { test } from "./support/kept-browser.ts";

const IMAGE_BYTES = 24 * 1024 * 1024;

/** A file system with files in it, as raw bytes in `folder`. */
function makeImage(folder: string): string {
  const path = join(folder, "disk.img");
  writeFileSync(path, Buffer.alloc(IMAGE_BYTES));
  execFileSync("/sbin/mke2fs", ["-q", "-F", "-t", "ext4", "-d", "e2e", path]);
  return path;
}

const hashOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

test("a disk comes out of the browser as it was, whatever format it came in", async ({ page, profile }) => {
  const raw = makeImage(profile);
  const shell = (command: string): void => {
    execFileSync("sh", ["-c", command], { cwd: profile });
  };
  shell("qemu-img convert -O qcow2 -c disk.img zlib.qcow2");
  shell("qemu-img convert -O qcow2 -c -o compression_type=zstd disk.img zstd.qcow2");
  shell("gzip -k disk.img");
  shell("(head -c 2000000 disk.img | gzip -c; tail -c +2000001 disk.img | gzip -c) > members.img.gz");
  shell("xz -0 -k disk.img");
  shell("zstd -q -k disk.img");
  shell("xz -0 -k zstd.qcow2");
  await page.goto("./?start");
  const names = [
    ...["disk.img", "zlib.qcow2", "zstd.qcow2", "disk.img.gz", "members.img.gz"],
    ...["disk.img.xz", "disk.img.zst", "zstd.qcow2.xz"],
  ];
  for (const name of names) {
    await page.route("**/the-image", (route) => route.fulfill({ path: join(profile, name) }));
    const hash = await page.evaluate(async (fileName) => {
      const file = new File([await (await fetch("./the-image")).blob()], fileName);
      const { id } = await window.disks.import(file, { name: fileName });
      const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
      const out = new Response(readable).arrayBuffer();
      await window.disks.export(id, "raw", writable);
      await window.disks.remove(id);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await out));
      return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    }, name);
    expect(hash, name).toBe(hashOf(raw));
    await page.unroute("**/the-image");
  }
});

test("what cannot be a disk is refused with a sentence, and leaves nothing behind", async ({ page, profile }) => {
  makeImage(profile);
  const shell = (command: string): void => {
    execFileSync("sh", ["-c", command], { cwd: profile });
  };
  shell("qemu-img convert -O vmdk disk.img disk.vmdk");
  shell("qemu-img create -q -f qcow2 -b disk.img -F raw top.qcow2");
  shell("tar -cJf disk.tar.xz disk.img");
  shell("xz -0 -k disk.img && head -c 20000 disk.img.xz > cut.xz");
  shell("gzip -k disk.img && head -c 20000 disk.img.gz > cut.gz");
  await page.goto("./?start");
  for (const [name, message] of [
    ["disk.vmdk", /VMware disk/],
    ["top.qcow2", /holds only the changes to disk\.img/],
    ["disk.tar.xz", /tar archive/],
    ["cut.xz", /xz data is damaged or cut off/],
    ["cut.gz", /gzip data is damaged or cut off/],
  ] as const) {
    await page.route("**/the-image", (route) => route.fulfill({ path: join(profile, name) }));
    const said = await page.evaluate(async (fileName) => {
      const file = new File([await (await fetch("./the-image")).blob()], fileName);
      return await window.disks.import(file, { name: fileName }).then(
        () => "imported",
        (error: Error) => error.message,
      );
    }, name);
    expect(said, name).toMatch(message);
    await page.unroute("**/the-image");
  }
  expect(await page.evaluate(() => window.disks.list())).toEqual([]);
});
