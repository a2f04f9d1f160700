/** The page's button that shares a folder of the computer with the guest, and files in memory through the API. */
import { expect, type Page } from "playwright/test";
import { test } from "./support/kept-browser.ts";
import { boot, defaultArgs, machineAddress, replaceMachine, run, waitForPrompt } from "./support/machine.ts";

/** A browser's own dialog cannot be clicked here: a folder of the origin private file system stands for the chosen one. */
async function chooseInstead(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Object.assign(window, {
      showDirectoryPicker: async () =>
        await (await navigator.storage.getDirectory()).getDirectoryHandle("my folder", { create: true }),
    });
  });
}

async function fileInFolder(page: Page, name: string): Promise<string> {
  return await page.evaluate(async (file) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("my folder");
    return await (await (await folder.getFileHandle(file)).getFile()).text();
  }, name);
}

test("a folder that is shared by a click is the guest's, also after a reload; files in memory go in and out", async ({
  page,
}) => {
  await chooseInstead(page);
  const args = `${await defaultArgs(page)} -virtfs local,id=io,path=memory:,mount_tag=io`;
  await boot(page, machineAddress(args));
  await page.evaluate(() => window.vm.files("io").writeFile("in/text", "brought in"));
  expect(await run(page, "tr a-z A-Z </mnt/io/in/text | tee /mnt/io/out")).toContain("BROUGHT IN");
  expect(await page.evaluate(async () => await (await window.vm.files("io").readFile("out")).text())).toContain(
    "BROUGHT IN",
  );

  await page.getByRole("button", { name: "Disks and files" }).click();
  await replaceMachine(page, async () => {
    await page.getByRole("button", { name: "Share a folder with the guest…" }).click();
    await page.getByRole("button", { name: "Turn it off now" }).click();
  });
  await run(page, "cd /mnt/my-folder && echo written >file && ln -s file link && mv file renamed && sync");
  expect(await fileInFolder(page, "renamed")).toBe("written\n");
  expect(await fileInFolder(page, "link")).toBe("file");

  await page.reload();
  await waitForPrompt(page);
  expect(await run(page, "cat /mnt/my-folder/renamed; readlink /mnt/my-folder/link")).toMatch(/written\s+file/);
});
