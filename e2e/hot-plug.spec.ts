/** A file that is dropped on the page becomes a SCSI disk of the machine that runs, and is taken out again. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "playwright/test";
import { dropFiles, test } from "./support/kept-browser.ts";
import { boot, defaultArgs, machineAddress, run } from "./support/machine.ts";

const CONTENT = randomBytes(512 * 1024);

let folder: string;
test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-hot-plug-"));
  writeFileSync(join(folder, "stick.img"), CONTENT);
});
test.afterAll(() => rmSync(folder, { recursive: true }));

test("a dropped disk goes into the machine at once, and comes out with what was written", async ({ page }) => {
  await page.goto("./");
  await boot(page, machineAddress(`${await defaultArgs(page)} -device virtio-scsi-device`));
  await run(page, "modprobe -a virtio_scsi sd_mod");
  await dropFiles(page, [join(folder, "stick.img")]);
  await page.getByRole("button", { name: "Attach the disk now" }).click();
  await expect(page.getByRole("heading", { name: "Add to the machine" })).toBeHidden();
  // The kernel makes the node before the disk behind it can be opened.
  const opened = "until head -c 1 /dev/sda >/dev/null 2>&1; do sleep 0.2; done";
  await run(page, opened);
  const sha256 = createHash("sha256").update(CONTENT).digest("hex");
  expect(await run(page, "sha256sum < /dev/sda")).toContain(sha256);
  await run(page, "echo written | dd of=/dev/sda conv=notrunc,fsync 2>/dev/null");

  await page.getByRole("button", { name: "Disks and files" }).click();
  const card = page.locator("disk-card", { has: page.getByRole("heading", { name: "stick", exact: true }) });
  await expect(card).toContainText("in this machine");
  await card.getByRole("button", { name: "Take out…" }).click();
  await page.getByRole("button", { name: "Take it out" }).click();
  await expect(card).not.toContainText("in this machine");
  await expect.poll(async () => await run(page, "ls /sys/block")).not.toContain("sda");

  // What the guest wrote is on it when it comes back.
  await card.getByRole("button", { name: "Start with it…" }).click();
  await page.getByRole("button", { name: "Attach the disk now" }).click();
  await run(page, opened);
  expect(await run(page, "head -c 7 /dev/sda; echo")).toContain("written");
});
