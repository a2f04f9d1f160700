/** Folders that Debian's own kernel shares with the host through virtio-9p: what the guest does is in the folder, and back. */
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { Armlet, guestFile, PROMPT } from "./support/armlet.ts";

const BIG_BYTES = 64 * 1024 * 1024;

let folder: string;
let machine: Armlet | null = null;
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-files-"));
});
test.afterEach(() => {
  machine?.kill();
  machine = null;
  rmSync(folder, { recursive: true });
});

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

test("files written through 9P are in the host's folder and back, whatever they are", async () => {
  test.setTimeout(1_200_000);
  const [host, mapped] = ["host", "mapped"].map((name) => join(folder, name)) as [string, string];
  mkdirSync(host);
  mkdirSync(mapped);
  writeFileSync(join(folder, "secret"), "outside");
  writeFileSync(join(host, "from-host.txt"), "written by the host\n");
  const big = randomBytes(BIG_BYTES);
  writeFileSync(join(host, "big"), big);
  const guest = new Armlet([
    ...["-nographic", "-no-reboot", "-kernel", guestFile("stock", "kernel"), "-initrd", guestFile("stock", "initrd")],
    ...["-append", "console=ttyAMA0 quiet cryptomgr.notests"],
    ...["-virtfs", `local,path=${host},mount_tag=host,security_model=none`],
    ...["-fsdev", `local,id=fs1,path=${mapped},security_model=mapped-file`],
    ...["-device", "virtio-9p-pci,fsdev=fs1,mount_tag=mapped"],
  ]);
  machine = guest;
  const welcome = await guest.until(PROMPT, 120);
  expect(welcome).toContain("Files of the host: /mnt/");
  expect(await guest.run("grep -c msize=512000 /proc/mounts; cd /mnt/host")).toMatch(/^2\r?\n/);

  // Both ways, and 64 MiB with their hash.
  expect(await guest.run("cat from-host.txt")).toContain("written by the host");
  await guest.run("echo 'written by the guest' >from-guest.txt");
  expect(readFileSync(join(host, "from-guest.txt"), "utf8")).toBe("written by the guest\n");
  const hash = sha256(big);
  const twice = await guest.run("sha256sum big & sha256sum big; wait", 120);
  expect(twice.match(new RegExp(hash, "g"))).toHaveLength(2);
  const startedMs = Date.now();
  await guest.run("dd if=big of=copy bs=512k conv=fsync", 120);
  console.log(`64 MiB read and written through 9P in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  expect(sha256(readFileSync(join(host, "copy")))).toBe(hash);

  // Names.
  await guest.run(
    "mv from-guest.txt renamed.txt; mkdir -p a/b/c; echo deep >a/b/c/deep; mv a/b moved; ln -s moved/c/deep link",
  );
  expect(existsSync(join(host, "from-guest.txt"))).toBe(false);
  expect(readFileSync(join(host, "moved/c/deep"), "utf8")).toBe("deep\n");
  expect(readlinkSync(join(host, "link"))).toBe("moved/c/deep");
  expect(await guest.run("cat link; ln -s ../secret out; cat out; ln renamed.txt hard; stat -c %h hard")).toMatch(
    /deep\r?\n[^\n]*(No such file|can't open)[^\n]*\n2\r?\n/,
  );
  expect(lstatSync(join(host, "hard")).nlink).toBe(2);
  const gone = "echo kept >open; exec 3<open; rm open; ls open; cat <&3; exec 3<&-";
  expect(await guest.run(gone)).toMatch(/No such file[^\n]*\n(?:.*\n)*?kept\r?\n/);
  const many = "mkdir many; cd many; i=0; while [ $i -lt 2000 ]; do : >file-$i; i=$((i + 1)); done; ls | wc -l; cd ..";
  expect(await guest.run(many, 120)).toMatch(/^2000\r?\n/m);
  expect(readdirSync(join(host, "many"))).toHaveLength(2000);
  await guest.run("rm -r many", 120);
  expect(existsSync(join(host, "many"))).toBe(false);
  await guest.run("chmod 751 renamed.txt; truncate -s 5 renamed.txt; touch -d '2001-02-03 04:05:06' renamed.txt");
  const { mode, size, mtime } = lstatSync(join(host, "renamed.txt"));
  expect([mode & 0o7777, size, mtime.toISOString()]).toEqual([0o751, 5, "2001-02-03T04:05:06.000Z"]);

  // What a folder of the host cannot hold is beside its files.
  await guest.run("cd /mnt/mapped; mknod null c 1 3; chown 12:34 null; mkfifo pipe; (echo through >pipe &); cat pipe");
  expect(await guest.run("echo x >null && wc -c <null; stat -c '%F %u %g %t %T' null; ls -A | cat")).toMatch(
    /^0\r?\ncharacter special file 12 34 1 3\r?\nnull\r?\npipe\r?\n/,
  );
  expect(readFileSync(join(mapped, ".virtfs_metadata/null"), "utf8")).toContain("virtfs.uid=12\n");
  expect(
    await guest.run("cd /; umount /mnt/host /mnt/mapped && dmesg | grep -i '9p.*\\(error\\|fail\\|bug\\|warn\\)'"),
  ).toMatch(/^<end 1>/);
  guest.type("poweroff -f\r");
  expect(await guest.ended).toBe(0);
  expect(guest.errors).not.toContain("guest error");
});
