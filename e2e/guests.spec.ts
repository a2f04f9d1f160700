/** Whole guests on the machine of the command line: Debian's own kernel, disks, a Debian system. */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, copyFileSync, existsSync, ftruncateSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { Armlet, guestFile, guestFolder, hasGuest, PROMPT } from "./support/armlet.ts";

/** What getty asks while services still start, of which systemd goes on to tell. */
const LOGIN = /\w login: /;
const debianImage = join(guestFolder, "debian/debian-12.ext4");

let folder: string;
let machine: Armlet | null = null;
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-e2e-"));
});
test.afterEach(() => {
  machine?.kill();
  machine = null;
  rmSync(folder, { recursive: true });
});

/** Starts the stock guest with further options. */
function stock(append: string, ...more: string[]): Armlet {
  const files = ["-kernel", guestFile("stock", "kernel"), "-initrd", guestFile("stock", "initrd")];
  machine = new Armlet(["-nographic", "-no-reboot", ...files, "-append", `console=ttyAMA0 ${append}`, ...more]);
  return machine;
}

/** What Linux calls the interrupt controller in /proc/interrupts. */
const CHIPS = { 2: "GIC-0", 3: "GICv3" } as const;

for (const version of [2, 3] as const) {
  test(`Debian's kernel passes its own crypto self-tests with GICv${version}`, async () => {
    const guest = stock("loglevel=7", "-M", `virt,gic-version=${version}`, "-m", "512");
    const boot = await guest.until(PROMPT, 240);
    expect(boot).toContain("Linux version 6.1");
    expect(boot).not.toMatch(/self-tests for .* failed|alg: .*failed|WARNING:|BUG:|Call trace/);
    // What the kernel goes on to say is not to be in the middle of what commands print.
    await guest.run("dmesg -n 1");
    expect(await guest.run("uname -m")).toContain("aarch64");
    expect(await guest.run("dmesg | grep -c 'self-tests.*failed'")).toMatch(/^0\r?\n/);
    expect(await guest.run(`grep -c "${CHIPS[version]}" /proc/interrupts`)).not.toMatch(/^0\r?\n/);
    guest.type("poweroff -f\r");
    expect(await guest.ended).toBe(0);
  });
}

test("64 MiB of random data are the same after a copy on the disk and after a reset", async () => {
  const disk = join(folder, "disk.ext4");
  const file = openSync(disk, "w");
  ftruncateSync(file, 256 * 1024 * 1024);
  closeSync(file);
  execFileSync("mke2fs", ["-q", "-F", "-t", "ext4", disk]);
  const drive = ["-drive", `if=none,id=hd0,file=${disk},format=raw`, "-device", "virtio-blk-device,drive=hd0"];
  const options = ["-kernel", guestFile("stock", "kernel"), "-initrd", guestFile("stock", "initrd"), ...drive];
  const guest = new Armlet(["-nographic", ...options, "-append", "console=ttyAMA0 quiet cryptomgr.notests"]);
  machine = guest;
  await guest.until(PROMPT, 120);
  await guest.run("modprobe ext4; mount /dev/vda /mnt");
  await guest.run("dd if=/dev/urandom of=/tmp/random bs=1M count=64 2>/dev/null", 120);
  await guest.run("cp /tmp/random /mnt/one && cp /mnt/one /mnt/two && sync && echo 3 > /proc/sys/vm/drop_caches", 120);
  const sums = [...(await guest.run("sha256sum /tmp/random /mnt/one /mnt/two", 120)).matchAll(/[0-9a-f]{64}/g)];
  expect(sums).toHaveLength(3);
  expect(new Set(sums.map(String)).size).toBe(1);
  guest.type("reboot -f\r");
  await guest.until(/Restarting system/, 60);
  await guest.until(PROMPT, 120);
  await guest.run("modprobe ext4; mount /dev/vda /mnt");
  const after = [...(await guest.run("sha256sum /mnt/one /mnt/two", 120)).matchAll(/[0-9a-f]{64}/g)];
  expect(after.map(String)).toEqual([String(sums[0]), String(sums[0])]);
  await guest.run("umount /mnt");
  guest.type("poweroff -f\r");
  expect(await guest.ended).toBe(0);
  const check = spawnSync("e2fsck", ["-fn", disk], { encoding: "utf8" });
  expect(check.status, check.stdout).toBe(0);
  // What another reader of the file system makes of the file.
  execFileSync("debugfs", ["-R", `dump /one ${join(folder, "one")}`, disk], { stdio: "ignore" });
  const host = execFileSync("sha256sum", [join(folder, "one")], { encoding: "utf8" });
  expect(host.slice(0, 64)).toBe(String(sums[0]));
});

test("Debian 12 with systemd reaches its login, nothing failed, and leaves a clean disk", async () => {
  test.skip(!existsSync(debianImage), "`npm run guest:debian` has not been run");
  test.setTimeout(1_800_000);
  const disk = join(folder, "debian.ext4");
  copyFileSync(debianImage, disk);
  const drive = ["-drive", `if=none,id=hd0,file=${disk},format=raw`, "-device", "virtio-blk-device,drive=hd0"];
  const kernel = hasGuest("full")
    ? ["-kernel", guestFile("full", "kernel")]
    : ["-kernel", guestFile("stock", "kernel"), "-initrd", guestFile("stock", "initrd")];
  const append = "console=ttyAMA0 root=/dev/vda rw cryptomgr.notests";
  const options = ["-m", "512", ...kernel, ...drive, "-append", append];
  const guest = new Armlet(["-nographic", "-no-reboot", ...options]);
  machine = guest;
  await guest.until(LOGIN, 400);
  guest.type("root\r");
  await guest.until(PROMPT, 120);
  expect(await guest.run("systemctl --failed --no-pager", 60)).toContain("0 loaded units listed");
  await guest.run("echo kept > /root/kept");
  guest.type("poweroff\r");
  expect(await guest.ended).toBe(0);
  const check = spawnSync("e2fsck", ["-fn", disk], { encoding: "utf8" });
  expect(check.status, check.stdout).toBe(0);

  // The same image in QEMU.
  const peer = new Armlet(
    ["-cpu", "cortex-a57", "-nographic", "-no-reboot", ...options],
    ["qemu-system-aarch64", "-M", "virt"],
  );
  machine = peer;
  await peer.until(LOGIN, 400);
  peer.type("root\r");
  await peer.until(PROMPT, 120);
  expect(await peer.run("cat /root/kept")).toMatch(/^kept\r?\n/m);
  peer.type("poweroff\r");
  expect(await peer.ended).toBe(0);
});
