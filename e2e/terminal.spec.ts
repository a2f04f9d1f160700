import { expect, type Page, test } from "playwright/test";
import { boot, run, screenText, serialText, state, waitForTerminalSize } from "./support/machine.ts";

/** Pastes into the terminal as the browser does. */
async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    document.querySelector(".xterm-helper-textarea")?.dispatchEvent(event);
  }, text);
}

test("the guest knows the terminal's size, also after it changed", async ({ page }) => {
  await page.setViewportSize({ width: 1000, height: 600 });
  await boot(page);
  await waitForTerminalSize(page);
  const rowCount = await page.locator("armlet-terminal .xterm-rows > div").count();
  await page.setViewportSize({ width: 700, height: 420 });
  await expect.poll(() => page.locator("armlet-terminal .xterm-rows > div").count()).toBeLessThan(rowCount);
  await waitForTerminalSize(page);
});

test("Ctrl+C goes to the guest", async ({ page }) => {
  await boot(page);
  // What says so is in the foreground by then: before that the key is no signal, or the shell's.
  await page.keyboard.type(`sh -c 'echo asl""eep; exec sleep 1000'`);
  await page.keyboard.press("Enter");
  await expect.poll(() => serialText(page)).toMatch(/\nasleep\r?\n/);
  await page.keyboard.press("Control+C");
  expect(await run(page, "echo $?")).toMatch(/^130$/m);
});

test("a selection is copied, by mouse and by Ctrl+Shift+C", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await boot(page);
  await run(page, "clear; echo armadillo");
  const row = page.locator("armlet-terminal .xterm-rows > div").filter({ hasText: /^armadillo/ });
  // The layer that takes the mouse lies above the text.
  await row.locator("span").first().dblclick({ force: true });
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe("armadillo");
  await page.evaluate(() => navigator.clipboard.writeText(""));
  await page.keyboard.press("Control+Shift+C");
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe("armadillo");
});

test("a short paste is typed, a long one is asked about first", async ({ page }) => {
  await boot(page);
  await paste(page, "echo short\r");
  await expect.poll(() => serialText(page)).toMatch(/\nshort\r?\n/);
  const lines = Array.from({ length: 8 }, (_, index) => `echo line${index}x`).join("\n");
  await paste(page, `${lines}\n`);
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("Paste 8 lines?");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
  expect(await serialText(page)).not.toContain("line0x");
  await paste(page, `${lines}\n`);
  await dialog.getByRole("button", { name: "Paste" }).click();
  await expect.poll(() => serialText(page)).toMatch(/\nline7x\r?\n/);
});

test("text of any language goes there and back", async ({ page }) => {
  await boot(page);
  await page.evaluate(() => window.vm.serial.write("echo 'Grüße, 世界 €'\r"));
  await expect.poll(() => serialText(page)).toMatch(/\nGrüße, 世界 €\r?\n/);
  await expect.poll(() => screenText(page)).toContain("世界");
});

test("the text size is chosen in the settings and kept", async ({ page }) => {
  await boot(page);
  const rows = page.locator("armlet-terminal .xterm-rows > div");
  const before = await rows.count();
  await page.getByRole("button", { name: "Settings and help" }).click();
  for (let step = 0; step < 6; step++) await page.getByRole("button", { name: "Larger" }).click();
  await page.keyboard.press("Escape");
  await expect.poll(() => rows.count()).toBeLessThan(before);
  await page.reload();
  await expect(rows).not.toHaveCount(0);
  // It has a size of its own until it knows how much room there is.
  await expect.poll(() => rows.count()).toBeLessThan(before);
  expect(await state(page)).not.toBe("crashed");
});
