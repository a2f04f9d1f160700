/** Opening links: docs/command-line.md, "Links". */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, type Locator, type Page, test } from "playwright/test";
import {
  BOOT_TIMEOUT_MS,
  boot,
  defaultArgs,
  machineAddress,
  replaceMachine,
  run,
  serialText,
  waitForPrompt,
} from "./support/machine.ts";

const notice = (page: Page): Locator => page.locator("armlet-notice");
const question = (page: Page): Locator => page.getByRole("dialog", { name: /This link wants to type/ });

/** The name of the guest that starts without a link. */
async function defaultName(page: Page): Promise<string> {
  const manifest: unknown = await (await page.request.get("./guest/manifest.json")).json();
  return (manifest as { default: string }).default;
}

test("short keys refine a machine; what the link types is asked about, typed at the prompts, and not asked again", async ({
  page,
}) => {
  const name = await defaultName(page);
  const typed = "&type=echo%20one%20%7C%20tr%20o%200%5Cn&type=echo%20two%20%7C%20tr%20t%20T%5Cn";
  await page.goto(`./?profile=${name}&mem=128&gic=3&cols=100&rows=30${typed}&v=1`);
  await expect(question(page)).toContainText("echo one | tr o 0\\n");
  await expect(question(page)).toContainText("echo two | tr t T\\n");
  await question(page).getByRole("button", { name: "Run", exact: true }).click();
  await waitForPrompt(page);
  await expect.poll(() => serialText(page)).toMatch(/\n0ne\r\n[^]*\nTwo\r\n/);
  // The console's size comes to the guest behind its prompt.
  await expect.poll(() => run(page, "stty size")).toBe("30 100\n");
  expect(await run(page, "cat /proc/device-tree/intc*/compatible")).toContain("gic-v3");
  expect(await page.evaluate(() => window.vm.stats.memoryBytes)).toBe(128 << 20);
  await expect(notice(page)).toHaveCount(0);

  await page.reload();
  await waitForPrompt(page);
  await expect.poll(() => serialText(page)).toMatch(/\n0ne\r\n/);
});

test("what a link types is left out where the user does not agree, also inside its command line", async ({ page }) => {
  await page.goto(machineAddress(`${await defaultArgs(page)} -armlet 'type=echo typed\\n'`));
  await expect(question(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(question(page)).toHaveCount(0);
  await waitForPrompt(page);
  expect(await run(page, "echo mine")).toBe("mine\n");
  expect(await serialText(page)).not.toContain("typed");
});

test("a link does not get at what another machine wrote to the same image, unless the user says so", async ({
  page,
}) => {
  test.setTimeout(5 * BOOT_TIMEOUT_MS);
  const server = createServer((_request, response) => {
    response.writeHead(200, { "Access-Control-Allow-Origin": "*", "Content-Type": "application/octet-stream" });
    response.end(Buffer.alloc(65_536, "as it was "));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const image = `http://127.0.0.1:${(server.address() as AddressInfo).port}/disk.img`;
    const address = machineAddress(`${await defaultArgs(page)} -drive file=${image}`);
    const read = async (): Promise<string> => (await run(page, "head -c 9 /dev/vda; echo")).trim();
    await boot(page, address);
    // fsync asks the disk for a FLUSH, which sync does not for a device without a file system.
    await run(page, "printf mine,mine | dd of=/dev/vda conv=fsync 2>/dev/null");
    // The same link finds it again.
    await page.goto("about:blank");
    await boot(page, address);
    expect(await read()).toBe("mine,mine");
    await expect(page.getByRole("button", { name: "Start with the disks" })).toHaveCount(0);

    await boot(page, `${address}&append=console%3DttyAMA0%20quiet%20another`);
    await expect(notice(page)).toContainText("keeps what was written to the image");
    expect(await read()).toBe("as it was");
    await replaceMachine(page, async () => {
      await page.getByRole("button", { name: "Start with the disks" }).click();
      await expect(page.getByRole("button", { name: "Start with the disks" })).toHaveCount(0);
    });
    expect(await read()).toBe("mine,mine");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

for (const [query, reason] of [
  ["?kernel=javascript:alert(1)", "does not load files by “javascript:”"],
  ["?args=-kernel%20file:///etc/passwd", "a file of one computer"],
  ["?disk0=https://me:secret@example.org/x", "a name or a password"],
  ["?profile=nobody", "no machine “nobody”"],
  ["?mem=lots", "“mem=lots”"],
] as const) {
  test(`${query} is refused with a sentence, and nothing is loaded`, async ({ page }) => {
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(`./${query}`);
    await expect(notice(page)).toContainText("This link cannot be opened");
    await expect(notice(page)).toContainText(reason);
    expect(
      requests.filter((url) => /passwd|example\.org|initramfs/.test(new URL(url).pathname + url.slice(0, 30))),
    ).toEqual([]);
    await notice(page).getByRole("button", { name: "Open the default machine" }).click();
    await expect(page.locator("armlet-app")).toBeVisible();
  });
}
