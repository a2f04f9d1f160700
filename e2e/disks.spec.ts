/** Disks of the browser over their lives: made, over a file, in two tabs, left out, booted from; and kernels that are dropped. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Locator, type Page } from "playwright/test";
import { guestFile, guestRecord, hasGuest } from "./support/armlet.ts";
import { chooseFiles, dropFiles, test } from "./support/kept-browser.ts";
import { boot, replaceMachine, run, waitForPrompt } from "./support/machine.ts";

/** Of Debian's kernel, as its files in /boot are named. */
const RELEASE = guestRecord("stock").release;

let folder: string;
let image: string;
test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-disks-"));
  image = join(folder, "data.img");
  makeFileSystem(image, 24);
});
test.afterAll(() => rmSync(folder, { recursive: true }));

function makeFileSystem(path: string, mebibytes: number, contents: string | null = null): void {
  writeFileSync(path, "");
  truncateSync(path, mebibytes * 1024 * 1024);
  const from = contents === null ? [] : ["-d", contents];
  execFileSync("mke2fs", ["-q", "-F", "-t", "ext4", ...from, path]);
}

/** A root file system with a kernel and an initramfs of its own, by the names that Debian gives them. */
function makeSystem(path: string): void {
  const contents = join(folder, "system");
  for (const part of ["bin", "sbin", "boot", "etc", "dev", "proc", "sys"]) {
    mkdirSync(join(contents, part), { recursive: true });
  }
  const stock = readFileSync(guestFile("stock", "initrd"));
  const memory = join(folder, "memory");
  mkdirSync(memory);
  execFileSync("cpio", ["-id", "--quiet"], { cwd: memory, input: stock });
  copyFileSync(join(memory, "bin/busybox"), join(contents, "bin/busybox"));
  symlinkSync("busybox", join(contents, "bin/sh"));
  copyFileSync(guestFile("stock", "kernel"), join(contents, `boot/vmlinuz-${RELEASE}`));
  // It leaves a trace in the system, so that one sees that it was the one that was started.
  const init = join(memory, "etc/init/disk-root");
  const trace = "echo here >/newroot/own-initrd\n      exec /bin/busybox switch_root";
  writeFileSync(init, readFileSync(init, "utf8").replace("exec /bin/busybox switch_root", trace));
  const initrd = join(contents, `boot/initrd.img-${RELEASE}`);
  execFileSync("sh", ["-c", 'find . | cpio -o -H newc --quiet > "$1"', "sh", initrd], { cwd: memory });
  writeFileSync(join(contents, "etc/os-release"), 'PRETTY_NAME="Small Linux 7"\nID=small\n');
  const start = [
    "#!/bin/sh",
    "/bin/busybox --install -s /bin",
    "[ -d /proc/1 ] || mount -t proc proc /proc",
    "[ -c /dev/ttyAMA0 ] || mount -t devtmpfs devtmpfs /dev",
    "exec sh </dev/ttyAMA0 >/dev/ttyAMA0 2>&1",
  ];
  writeFileSync(join(contents, "sbin/init"), `${start.join("\n")}\n`, { mode: 0o755 });
  makeFileSystem(path, 64, contents);
}

/** Starts the machine with what the sheet lists, in the place of the one that is open. */
async function startWithThese(page: Page): Promise<void> {
  await replaceMachine(page, async () => {
    await page.getByRole("button", { name: /^Start the machine with/ }).click();
    await page.getByRole("button", { name: "Turn it off now" }).click();
    await expect(page.getByRole("dialog")).toHaveCount(0);
  });
}

async function startWithFile(page: Page, path: string, options: { copy: boolean }): Promise<void> {
  await chooseFiles(page, [path]);
  await page.getByRole("radio", { name: options.copy ? /^Copy it into/ : /^Read it where it is/ }).check();
  await page.getByRole("radio", { name: /Add to the machine that is open/ }).check();
  await startWithThese(page);
}

function notice(page: Page): Locator {
  return page.locator("armlet-notice");
}

function card(page: Page, disk: string): Locator {
  return page.locator("disk-card", { has: page.getByRole("heading", { name: disk, exact: true }) });
}

test("a file that is read where it is stays as it is, and is asked for after a reload", async ({ page }) => {
  await boot(page);
  const before = createHash("sha256").update(readFileSync(image)).digest("hex");
  await startWithFile(page, image, { copy: false });
  expect(await run(page, "mount -t ext4 /dev/vda /mnt && echo here > /mnt/new && umount /mnt && echo done")).toContain(
    "done",
  );
  expect(createHash("sha256").update(readFileSync(image)).digest("hex")).toBe(before);

  await page.reload();
  await expect(notice(page)).toContainText("data.img");
  await notice(page).getByRole("button", { name: "Disks" }).click();
  await expect(card(page, "data")).toContainText("has to be given again");
  // Another file is not taken for it.
  const other = join(folder, "other.img");
  writeFileSync(other, "something else");
  for (const [path, answer] of [
    [other, /is not the one/],
    [image, null],
  ] as const) {
    const chooser = page.waitForEvent("filechooser");
    await card(page, "data").getByRole("button", { name: "Give the file…" }).click();
    await (await chooser).setFiles(path);
    if (answer !== null) await expect(card(page, "data").getByRole("alert")).toHaveText(answer);
  }
  await expect(card(page, "data").getByRole("button", { name: "Start with it…" })).toBeVisible();
  await page.keyboard.press("Escape");
  await notice(page).getByRole("button", { name: "Try again" }).click();
  await waitForPrompt(page);
  expect(await run(page, "mount -t ext4 /dev/vda /mnt && cat /mnt/new && umount /mnt")).toMatch(/^here$/m);
});

test("a second tab sees the disk as it is, and what it writes is its own", async ({ page, context }) => {
  await boot(page);
  await startWithFile(page, image, { copy: true });
  await run(page, "mount -t ext4 /dev/vda /mnt && echo first > /mnt/who && sync");
  const second = await context.newPage();
  await second.goto(page.url());
  // The address alone might be a stranger's.
  await second.getByRole("button", { name: "Start with the disks" }).click();
  await expect(notice(second)).toContainText("open in another tab or machine: what is written here is not kept");
  await waitForPrompt(second);
  expect(
    await run(second, "mount -t ext4 /dev/vda /mnt && cat /mnt/who && echo second > /mnt/who && umount /mnt"),
  ).toMatch(/^first$/m);
  await second.getByRole("button", { name: "Disks and files" }).click();
  await expect(card(second, "data")).toContainText("in use in another tab");
  await expect(card(second, "data").getByRole("button", { name: "Delete…" })).toBeDisabled();
  await second.close();
  expect(await run(page, "umount /mnt; mount -t ext4 /dev/vda /mnt && cat /mnt/who && umount /mnt")).toMatch(
    /^first$/m,
  );
});

test("an empty disk is made, filled, renamed, saved through the file picker, and deleted", async ({ page }) => {
  // The browser's own dialog cannot be worked from here: its answer is a file of the page's private file system.
  await page.addInitScript(() => {
    Object.assign(window, {
      showSaveFilePicker: async ({ suggestedName }: { suggestedName: string }) => {
        const root = await navigator.storage.getDirectory();
        return await root.getFileHandle(suggestedName, { create: true });
      },
    });
  });
  await page.goto("./?start");
  await page.getByRole("button", { name: "Disks" }).click();
  await page.getByRole("button", { name: "New empty disk…" }).click();
  await page.getByLabel("Name", { exact: true }).fill("empty");
  await page.getByLabel("Size", { exact: true }).fill("2");
  await page.getByRole("combobox", { name: "Unit" }).selectOption("MiB");
  await page.getByRole("button", { name: "Make the disk" }).click();
  await expect(card(page, "empty")).toContainText("2 MiB, takes up 0 B");
  await card(page, "empty").getByRole("button", { name: "Start with it…" }).click();
  await page.getByRole("button", { name: "Start the machine with it" }).click();
  await waitForPrompt(page);
  const write = "seq 1 20000 > /tmp/numbers; dd if=/tmp/numbers of=/dev/vda bs=64k 2>/dev/null; sync";
  const digest = await run(page, `${write}; sha256sum < /dev/vda`);

  await page.getByRole("button", { name: "Disks and files" }).click();
  await expect(card(page, "empty")).toContainText("in this machine");
  await expect(card(page, "empty")).toContainText(/takes up [1-9]\d* kB/);
  await card(page, "empty").getByRole("button", { name: "Rename empty" }).click();
  await page.getByLabel("Name of the disk").fill("full");
  await page.keyboard.press("Enter");
  await card(page, "full").getByRole("button", { name: "Save as a file…" }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(card(page, "full").getByRole("progressbar")).toHaveCount(0);
  const saved = async (): Promise<{ sizeBytes: number; hash: string }> =>
    await page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const entries: string[] = [];
      for await (const name of root.keys()) entries.push(name);
      if (!entries.includes("full.img")) return { sizeBytes: 0, hash: "" };
      const file = await (await root.getFileHandle("full.img")).getFile();
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      return {
        sizeBytes: file.size,
        hash: Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join(""),
      };
    });
  // The file is there when it is closed.
  await expect.poll(async () => (await saved()).sizeBytes).toBe(2 * 1024 * 1024);
  expect(digest).toContain((await saved()).hash);

  await expect(card(page, "full").getByRole("button", { name: "Delete…" })).toBeDisabled();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Machines" }).click();
  await page.getByRole("button", { name: "Disks" }).click();
  await card(page, "full").getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(card(page, "full")).toBeVisible();
  await card(page, "full").getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("button", { name: "Delete the disk" }).click();
  await expect(page.getByText("This browser keeps no disk yet.")).toBeVisible();
});

test("the system on a disk is booted with our kernel by one click, and with its own", async ({ page }) => {
  const system = join(folder, "small.img");
  makeSystem(system);
  await page.goto("./?start");
  await dropFiles(page, [system]);
  await expect(page.locator("arrival-card")).toContainText("Small Linux 7");
  await expect(page.getByRole("radio", { name: /Boot Small Linux 7 with our kernel/ })).toBeChecked();
  await page.getByRole("button", { name: "Start the machine with it" }).click();
  await waitForPrompt(page);
  const facts = "cat /etc/os-release /proc/cmdline; uname -r; ls /own-initrd";
  const ours = await run(page, facts);
  expect(ours).toMatch(/Small Linux 7[\s\S]* root=\/dev\/vda rw\n/);
  expect(ours).toContain("No such file");

  await page.getByRole("button", { name: "Disks and files" }).click();
  await expect(card(page, "small")).toContainText("in this machine");
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Machines" }).click();
  await page.getByRole("button", { name: "Disks" }).click();
  await card(page, "small").getByRole("button", { name: "Start with it…" }).click();
  await page.getByRole("radio", { name: /Boot Small Linux 7 with its own kernel/ }).check();
  await page.getByRole("button", { name: "Start the machine with it" }).click();
  // The address says it all, also where kernel and initrd are.
  await expect.poll(() => new URL(page.url()).searchParams.get("args")).toMatch(/-kernel disk:[\w-]+\/kernel /);
  await page.reload();
  await waitForPrompt(page);
  expect(await run(page, facts)).toMatch(new RegExp(`root=/dev/vda rw\\n${RELEASE}\\n/own-initrd`));
  await page.goBack();
  await expect(page.getByRole("heading", { name: "Machines" })).toBeVisible();
});

test("a kernel that is dropped takes the other one's place", async ({ page }) => {
  test.skip(!hasGuest("lean"), "npm run guest:kernel makes the kernel that tells itself apart");
  await boot(page);
  const kernel = join(folder, "Image");
  copyFileSync(guestFile("lean", "kernel"), kernel);
  const address = page.url();
  await dropFiles(page, [kernel]);
  await expect(page.getByLabel("Use Image as")).toHaveValue("kernel");
  await startWithThese(page);
  expect(await run(page, "uname -r")).toContain("lean");
  // No address can carry it.
  expect(page.url()).toBe(address);
});

test("folders and empty files are named, an import can be cancelled, nothing is left behind", async ({ page }) => {
  await boot(page);
  // Large enough not to be there before it is cancelled.
  const large = join(folder, "large.img");
  writeFileSync(large, Buffer.alloc(256 * 1024 * 1024, 7));
  await chooseFiles(page, [large]);
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([""], "photos"));
    transfer.items.add(new File([], "nothing.img"));
    // A script cannot drop a folder: the first of the two says that it is one.
    const original = DataTransferItem.prototype.webkitGetAsEntry;
    DataTransferItem.prototype.webkitGetAsEntry = function (this: DataTransferItem) {
      const isDirectory = this.getAsFile()?.name === "photos";
      return isDirectory ? ({ isDirectory } as FileSystemEntry) : original.call(this);
    };
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
  await expect(page.getByText("“photos” is a folder, and a machine starts with files.")).toBeVisible();
  await expect(page.getByText("“nothing.img” is empty.")).toBeVisible();
  const arrival = page.locator("arrival-card").first();
  await page.getByLabel("Use large.img as").selectOption("disk");
  await page.getByRole("button", { name: "Only keep the disk" }).click();
  await expect(arrival.getByRole("progressbar")).toBeVisible();
  await arrival.getByRole("button", { name: "Cancel" }).click();
  await expect(arrival.getByRole("progressbar")).toHaveCount(0);
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("button", { name: "Disks and files" }).click();
  await expect(page.getByText("This browser keeps no disk yet.")).toBeVisible();
});
