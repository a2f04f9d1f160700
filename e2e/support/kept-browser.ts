import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, type Page, test as base } from "playwright/test";

/** Tests in a browser that keeps what pages store, in a folder of its own on a disk, as a person's does. */
export const test = base.extend<{ profile: string; context: BrowserContext; page: Page }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
  profile: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "armlet-profile-"));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },
  context: async ({ playwright, profile, launchOptions, baseURL }, use) => {
    const context = await playwright.chromium.launchPersistentContext(profile, { ...launchOptions, baseURL });
    await use(context);
    await context.close();
  },
  page: async ({ context }, use) => {
    await use(context.pages()[0] ?? (await context.newPage()));
  },
});

/** Drops files of this computer on the page, as a hand with a mouse does. */
export async function dropFiles(page: Page, paths: readonly string[]): Promise<void> {
  const names = paths.map((path) => path.slice(path.lastIndexOf("/") + 1));
  for (const [index, path] of paths.entries()) {
    await page.route(`**/dropped-file/${index}`, (route) => route.fulfill({ path }));
  }
  await page.evaluate(async (fileNames) => {
    const transfer = new DataTransfer();
    for (const [index, name] of fileNames.entries()) {
      const response = await fetch(`./dropped-file/${index}`);
      transfer.items.add(new File([await response.blob()], name));
    }
    const target = document.querySelector("armlet-terminal") ?? document.body;
    for (const type of ["dragenter", "dragover", "drop"]) {
      target.dispatchEvent(
        new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true, composed: true }),
      );
    }
  }, names);
}

/** Chooses files by the button in the panel with the disks. */
export async function chooseFiles(page: Page, paths: readonly string[]): Promise<void> {
  await page.getByRole("button", { name: "Disks and files" }).click();
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Add files…" }).click();
  await (await chooser).setFiles([...paths]);
}
