/** Disks of the browser over their lives: over a file, in two tabs, left out; and kernels that are dropped. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Locator, type Page } from "playwright/test";
import { guestFile, hasGuest } from "./support/armlet.ts";
import { chooseFiles, dropFiles, test } from "./support/kept-browser.ts";
import { boot, run, waitForPrompt } from "./support/machine.ts";

let folder: string;
let image: string;
test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-disks-"));
  image = join(folder, "data.img");
  makeFileSystem(image, 24);
});
test.afterAll(() => rmSync(folder, { recursive: true }));

function makeFileSystem(path: string, mebibytes: number): void {
  writeFileSync(path, "");
  truncateSync(path, mebibytes * 1024 * 1024);
  execFileSync("mke2fs", ["-q", "-F", "-t", "ext4", path]);
}

/** Starts the machine with what the sheet lists, in the place of the one that is open. */
async function startWithThese(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Start the machine with/ }).click();
  await page.getByRole("button", { name: "Turn it off now" }).click({ timeout: 60_000 });
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await waitForPrompt(page);
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
  await expect(notice(second)).toContainText("open in another tab: what is written here is not kept");
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
  const large = join(folder, "large.img");
  writeFileSync(large, Buffer.alloc(64 * 1024 * 1024, 7));
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
