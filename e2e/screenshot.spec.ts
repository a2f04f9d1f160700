import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "playwright/test";
import { boot, serialText, state } from "./support/machine.ts";

/** Where the README's picture is: made where it is missing, and anew with `playwright test screenshot -u`. */
const PICTURE = fileURLToPath(new URL("../docs/screenshot.png", import.meta.url));

// A trace films the page, which takes time that the picture shows.
test.use({ viewport: { width: 1120, height: 640 }, deviceScaleFactor: 1.5, colorScheme: "dark", trace: "off" });

test("the README's picture shows the page at work", async ({ page }, testInfo) => {
  await boot(page);
  for (const command of ["uname -a", "head -4 /proc/cpuinfo", "free -m"]) {
    const before = (await serialText(page)).length;
    await page.keyboard.type(`${command}\n`);
    // The command's echo, its output, and the next prompt at the end.
    await expect.poll(async () => (await serialText(page)).slice(before)).toMatch(/\n[^]*~ # [^\n]*$/);
  }
  await expect.poll(() => state(page)).toBe("idle");
  // The hint about keys has faded by then.
  await page.waitForTimeout(6000);
  const { updateSnapshots } = testInfo.config;
  const renew = updateSnapshots === "all" || updateSnapshots === "changed" || !existsSync(PICTURE);
  const path = renew ? PICTURE : testInfo.outputPath("screenshot.png");
  const picture = await page.screenshot({ path });
  expect(picture.length).toBeGreaterThan(20_000);
});
