/** A machine with a disk that this browser keeps: what a link says of it, and that leaving the machine loses nothing. */
import { readFileSync } from "node:fs";
import { expect } from "playwright/test";
import { test } from "./support/kept-browser.ts";
import { boot, defaultArgs, machineAddress, machineArgs, run, waitForPrompt } from "./support/machine.ts";

test("a link leaves a kept disk out and says so; the machine that is left loses nothing of it", async ({ page }) => {
  await page.goto("./?start");
  await expect(page.getByRole("heading", { name: "Machines" })).toBeVisible();
  const id = await page.evaluate(async () => {
    const file = new File([new Uint8Array(4 * 1024 * 1024)], "diary.img");
    return (await window.disks.import(file, { name: "diary" })).id;
  });
  await page.goto(machineAddress(`${await defaultArgs(page)} -drive if=virtio,format=raw,file=disk:${id}`));
  await page.getByRole("button", { name: "Start with the disks" }).click();
  await expect.poll(() => machineArgs(page)).toContain(`disk:${id}`);
  await waitForPrompt(page);
  // The guest's cache is empty then; what the browser has taken is not durable yet.
  await run(page, "seq 1 60000 | dd of=/dev/vda bs=4k seek=5 conv=notrunc 2>/dev/null");

  await page.getByRole("button", { name: "Share", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Share this machine" });
  await expect(dialog.getByRole("list", { name: "Not in the link" })).toContainText("diary");
  await expect(dialog.getByRole("list", { name: "Not in the link" })).toContainText("kept in this browser only");
  expect(await dialog.getByRole("textbox", { name: "Link", exact: true }).inputValue()).not.toContain("disk%3A");
  await dialog.getByRole("button", { name: "Save disks as files" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("dialog")).toContainText("diary");
  await page.keyboard.press("Escape");

  await page.getByRole("link", { name: "Machines" }).click();
  await expect(page.getByRole("heading", { name: "Machines" })).toBeVisible();
  await page.goBack();
  await waitForPrompt(page);
  expect(await page.evaluate(() => window.vm.args)).toContain(`disk:${id}`);
  expect(
    await run(page, "dd if=/dev/vda bs=4k skip=5 2>/dev/null | head -n 60000 | sha256sum; seq 1 60000 | sha256sum"),
  ).toMatch(/^(\w{64}) .*\n\1 /);
  await boot(page);
});

test("files of this computer are not in a link: the dialog says so, and hands them out", async ({ page }) => {
  const initrd = Buffer.from(`070701${"0".repeat(98)}ABC`);
  await page.goto("./?start");
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Add files…" }).click();
  await (await chooser).setFiles({ name: "mine.cpio", mimeType: "", buffer: initrd });
  await expect(page.getByLabel("Use mine.cpio as")).toHaveValue("initrd");
  await page.getByRole("button", { name: "Start the machine with it" }).click();
  await page.getByRole("button", { name: "Share", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Share this machine" });
  await expect(dialog.getByRole("list", { name: "Not in the link" })).toContainText("mine.cpio");
  const link = dialog.getByRole("textbox", { name: "Link", exact: true });
  for (const value of await link.all()) expect(await value.inputValue()).not.toContain("mine.cpio");
  const download = page.waitForEvent("download");
  await dialog.getByRole("button", { name: /^Download mine\.cpio/ }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("mine.cpio");
  expect(readFileSync(await file.path()).equals(initrd)).toBe(true);
});
