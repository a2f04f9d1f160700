/** Disk images dropped on the page: the guest reads and writes them, they stay, and come back as files. */
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Page } from "playwright/test";
import { Armlet, guestFile, guestRecord, PROMPT } from "./support/armlet.ts";
import { dropFiles, test } from "./support/kept-browser.ts";
import { BOOT_TIMEOUT_MS, run, waitForPrompt } from "./support/machine.ts";

const FILE_SYSTEM_BYTES = 24 * 1024 * 1024;
const CONTENT = randomBytes(1024 * 1024);

/** The same file system in every format, by the name of its file. */
const FORMATS = ["raw.img", "qcow2.qcow2", "xz.img.xz", "gzip.img.gz"] as const;
/** What the disks made of them are called, and where the guest has them. */
const NAMES = ["raw", "qcow2", "xz", "gzip"] as const;
const DEVICES = ["/dev/vda", "/dev/vdb", "/dev/vdc", "/dev/vdd"] as const;

let folder: string;
test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-drop-"));
  const contents = join(folder, "contents");
  mkdirSync(join(contents, "folder"), { recursive: true });
  writeFileSync(join(contents, "folder/random"), CONTENT);
  writeFileSync(join(contents, "old"), "to be deleted\n");
  const raw = join(folder, "raw.img");
  writeFileSync(raw, "");
  truncateSync(raw, FILE_SYSTEM_BYTES);
  execFileSync("mke2fs", ["-q", "-F", "-t", "ext4", "-L", "dropped", "-d", contents, raw]);
  execFileSync("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", "-c", raw, join(folder, "qcow2.qcow2")]);
  for (const [name, program] of [
    ["xz.img", "xz"],
    ["gzip.img", "gzip"],
  ] as const) {
    copyFileSync(raw, join(folder, name));
    execFileSync(program, [join(folder, name)]);
  }
});
test.afterAll(() => rmSync(folder, { recursive: true }));

/** What is done to a file system in the guest; `name` differs from disk to disk. */
function change(device: string, name: string): string {
  return [
    `mount -t ext4 ${device} /mnt`,
    "sha256sum < /mnt/folder/random",
    `seq 1 50000 | sed s/$/-${name}/ > /mnt/numbers`,
    "cp /mnt/folder/random /mnt/folder/copy",
    "rm /mnt/old",
    "umount /mnt",
    "echo changed",
  ].join(" && ");
}

/** Fails where anything of `change` is not there. */
function check(device: string, name: string): string {
  return [
    `mount -t ext4 ${device} /mnt`,
    `seq 1 50000 | sed s/$/-${name}/ | cmp - /mnt/numbers`,
    "cmp /mnt/folder/random /mnt/folder/copy",
    "test ! -e /mnt/old",
    "umount /mnt",
    "echo as it was left",
  ].join(" && ");
}

function paths(): string[] {
  return FORMATS.map((name) => join(folder, name));
}

/** The sheet takes each of the files for a disk, and knows what is on it. */
async function expectDisks(page: Page): Promise<void> {
  const cards = page.locator("arrival-card");
  await expect(cards).toHaveCount(FORMATS.length);
  for (const card of await cards.all()) await expect(card).toContainText("ext4");
  for (const name of FORMATS) await expect(page.getByLabel(`Use ${name} as`)).toHaveValue("disk");
  await expect(page.getByLabel(/^Name of the disk of/)).toHaveCount(FORMATS.length);
}

/** Saves a disk through the panel as a download; returns where it is. */
async function saveAs(page: Page, disk: string, format: string, path: string): Promise<void> {
  const card = page.locator("disk-card", { has: page.getByRole("heading", { name: disk, exact: true }) });
  await card.getByRole("button", { name: "Save as a file…" }).click();
  await page.getByRole("radio", { name: format }).check();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await (await download).saveAs(path);
}

/** All files of an ext4 image with their contents, as e2fsprogs reads them. */
function filesOf(image: string): Record<string, string> {
  const out = mkdtempSync(join(folder, "files-"));
  execFileSync("debugfs", ["-R", `rdump / ${out}`, image], { stdio: "pipe" });
  const names = execFileSync("find", [".", "-type", "f"], { cwd: out, encoding: "utf8" }).trim().split("\n");
  return Object.fromEntries(
    names.sort().map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(out, name)))
        .digest("hex"),
    ]),
  );
}

/** The same changes made by the same guest on QEMU's machine: the image of each disk, by its name. */
async function changedByQemu(names: readonly string[]): Promise<Record<string, string>> {
  const images = names.map((name) => {
    const image = join(folder, `qemu-${name}.img`);
    copyFileSync(join(folder, "raw.img"), image);
    return image;
  });
  // Of virtio-mmio's devices Linux finds the last one first.
  const drives = images
    .map((image, index) => [
      ...["-drive", `if=none,id=hd${index},format=raw,file=${image}`],
      ...["-device", `virtio-blk-device,drive=hd${index}`],
    ])
    .toReversed();
  const machine = ["-M", "virt", "-cpu", "cortex-a57", "-m", "256", "-nographic", "-no-reboot"];
  const files = ["-kernel", guestFile("stock", "kernel"), "-initrd", guestFile("stock", "initrd")];
  const guest = new Armlet(
    [...machine, ...files, "-append", guestRecord("stock").append, ...drives.flat()],
    ["qemu-system-aarch64"],
  );
  try {
    await guest.until(PROMPT, 60);
    for (const [index, name] of names.entries()) {
      expect(await guest.run(change(DEVICES[index] ?? "", name), 60)).toContain("changed");
    }
    guest.type("poweroff -f\r");
    await guest.ended;
  } finally {
    guest.kill();
  }
  return Object.fromEntries(names.map((name, index) => [name, images[index] ?? ""]));
}

test("dropped images of every format are read, written, kept, and given back as QEMU would have made them", async ({
  page,
}) => {
  // Without a picker the browser downloads, which can be seen from here.
  await page.addInitScript(() => {
    Reflect.deleteProperty(window, "showSaveFilePicker");
  });
  await page.goto("./?start");
  await expect(page.getByRole("heading", { name: "Machines" })).toBeVisible();
  await dropFiles(page, paths());
  await expectDisks(page);
  await page.getByRole("button", { name: "Start the machine with these" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0, { timeout: BOOT_TIMEOUT_MS });
  await waitForPrompt(page);
  expect(new URL(page.url()).search).toContain("disk%3A");

  const digest = createHash("sha256").update(CONTENT).digest("hex");
  for (const [index, name] of NAMES.entries()) {
    const output = await run(page, change(DEVICES[index] ?? "", name));
    expect(output).toContain(digest);
    expect(output).toMatch(/^changed$/m);
  }

  await page.reload();
  await waitForPrompt(page);
  for (const [index, name] of NAMES.entries()) {
    expect(await run(page, check(DEVICES[index] ?? "", name))).toMatch(/^as it was left$/m);
  }

  const peers = await changedByQemu(NAMES);
  await page.getByRole("button", { name: "Disks and files" }).click();
  for (const name of NAMES) {
    const raw = join(folder, `${name}.out.img`);
    const qcow2 = join(folder, `${name}.out.qcow2`);
    await saveAs(page, name, "Raw image", raw);
    await saveAs(page, name, "qcow2 image", qcow2);
    execFileSync("e2fsck", ["-fn", raw], { stdio: "pipe" });
    execFileSync("qemu-img", ["check", "-f", "qcow2", qcow2], { stdio: "pipe" });
    execFileSync("qemu-img", ["compare", "-f", "raw", "-F", "qcow2", raw, qcow2], { stdio: "pipe" });
    expect(filesOf(raw)).toEqual(filesOf(peers[name] ?? ""));
  }
});

test("images of every format can be chosen by the keyboard and kept without a machine", async ({ page }) => {
  await page.goto("./?start");
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Add files…" }).press("Enter");
  await (await chooser).setFiles(paths());
  await expectDisks(page);
  await page.getByRole("button", { name: "Only keep the disks" }).press("Enter");
  const panel = page.getByRole("dialog", { name: "Disks" });
  for (const name of NAMES) await expect(panel.getByRole("heading", { name, exact: true })).toBeVisible();
  await expect(panel.locator("disk-card", { hasText: "24 MiB" })).toHaveCount(NAMES.length);
});

test("changes that are dropped with the file that they were made to are the disk again, and go out and in once more", async ({
  page,
}) => {
  await page.addInitScript(() => {
    Reflect.deleteProperty(window, "showSaveFilePicker");
  });
  const changes = join(folder, "today.qcow2");
  const base = join(folder, "raw.img");
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", changes]);
  execFileSync("qemu-io", ["-c", "write -P 7 9000448 300000", "-c", "write -z 1049088 70144", changes], {
    stdio: "pipe",
  });
  const whole = join(folder, "whole.img");
  execFileSync("qemu-img", ["convert", "-O", "raw", changes, whole]);
  await page.goto("./?start");
  await expect(page.getByRole("heading", { name: "Machines" })).toBeVisible();
  await dropFiles(page, [changes, base]);
  await expect(page.locator("arrival-card")).toHaveCount(1);
  await expect(page.locator("arrival-card")).toContainText("It lies over the file raw.img");
  await page.getByRole("button", { name: "Only keep the disk" }).click();
  const ours = join(folder, "ours.changes.qcow2");
  await saveAs(page, "today", "Only the changes", ours);
  const out = join(folder, "today.out.img");
  await saveAs(page, "today", "Raw image", out);
  expect(readFileSync(out).equals(readFileSync(whole))).toBe(true);

  // Without the file it says what it needs; with another one, that it is another.
  await page.keyboard.press("Escape");
  await dropFiles(page, [ours]);
  const card = page.locator("arrival-card");
  await expect(card).toContainText("It needs raw.img");
  await page.getByRole("button", { name: "Only keep the disk" }).click();
  await expect(card.getByRole("alert")).toContainText("Give that file too");
  for (const [given, answer] of [
    [changes, /is not the image that the changes were made to/],
    [base, null],
  ] as const) {
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Give the file below ours.changes.qcow2" }).click();
    await (await chooser).setFiles(given);
    await page.getByRole("button", { name: "Only keep the disk" }).click();
    if (answer !== null) await expect(card.getByRole("alert")).toHaveText(answer);
  }
  const again = join(folder, "again.out.img");
  await saveAs(page, "ours.changes", "Raw image", again);
  expect(readFileSync(again).equals(readFileSync(whole))).toBe(true);
});
