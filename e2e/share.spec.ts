/** A machine as a link: copied here, opened there. */
import { type BrowserContext, expect, type Page, test } from "playwright/test";
import {
  boot,
  defaultArgs,
  machineAddress,
  machineArgs,
  run,
  screenText,
  serialText,
  waitForPrompt,
  waitForTerminalSize,
} from "./support/machine.ts";

/** What a guest sees of its machine: kernel command line, devices, device tree without its random seeds, memory. */
async function machineSeen(page: Page): Promise<readonly string[]> {
  const looks = [
    "cat /proc/cmdline",
    "cd /sys/bus/virtio/devices; for d in *; do echo $d $(cat $d/device $d/vendor); done; cd /",
    "cd /proc/device-tree; find . -type f | grep -v seed | sort | xargs sha256sum; cd /",
    // A page more or less is free, as it happens, when the kernel counts.
    "awk '/MemTotal/ { print int($2 / 8192) }' /proc/meminfo",
    "cat /sys/block/vda/size /sys/block/vda/ro /sys/block/vda/serial",
    "stty size",
  ];
  await waitForTerminalSize(page);
  const seen: string[] = [];
  for (const look of looks) seen.push(await run(page, look));
  return seen;
}

/** The link that the page copies. */
async function copiedLink(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Share" }).click();
  const dialog = page.getByRole("dialog", { name: "Share this machine" });
  await dialog.getByRole("checkbox", { name: /size of this terminal/ }).check();
  await dialog.getByRole("button", { name: "Copy link" }).click();
  await expect(dialog.getByRole("button", { name: "Copied" })).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await expect(dialog.getByRole("textbox", { name: "Link", exact: true })).toHaveValue(link);
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  return link;
}

test("a link copied in one browser and opened in another reaches the same machine", async ({ browser, page }) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const args = await defaultArgs(page);
  const file = /-kernel (\S+)/.exec(args)?.[1] ?? "";
  const drive = `-drive if=none,id=hd0,file=${file},format=raw,snapshot=on -device virtio-blk-device,drive=hd0,serial=S1`;
  const changed = args.replace(/-m \d+/, "-m 192").replace("-M virt", "-M virt,gic-version=3");
  await boot(page, machineAddress(`${changed} ${drive}`));
  const seen = await machineSeen(page);
  const link = await copiedLink(page);
  expect(seen.join("")).toContain("S1");

  // Another window size, too: the link says what the terminal's is.
  const elsewhere: BrowserContext = await browser.newContext({ viewport: { width: 700, height: 500 } });
  const other = await elsewhere.newPage();
  await boot(other, link);
  expect(await machineSeen(other)).toEqual(seen);
  await elsewhere.close();
});

test("the link to one of the machines of the page is short", async ({ page }) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await boot(page);
  await page.getByRole("button", { name: "Settings and help" }).click();
  await page.getByRole("button", { name: "Share this machine" }).click();
  const dialog = page.getByRole("dialog", { name: "Share this machine" });
  await expect(dialog.getByRole("textbox", { name: "Link", exact: true })).toHaveValue(/\?profile=\w+&v=1$/);
  await expect(dialog).toContainText("elsewhere the link leads nowhere");
  await expect(dialog).not.toContainText("Not in the link");
});

test("what is typed by a link is typed only after the user agreed", async ({ page }) => {
  await boot(page);
  await page.getByRole("button", { name: "Share" }).click();
  const share = page.getByRole("dialog", { name: "Share this machine" });
  await share.getByRole("textbox", { name: /Commands to type/ }).fill("echo first-$((1+1))\necho second-$((2+2))");
  const link = await share.getByRole("textbox", { name: "Link", exact: true }).inputValue();

  const loaded: string[] = [];
  page.on("request", (request) => loaded.push(request.url()));
  await page.goto(link);
  const question = page.getByRole("dialog", { name: /wants to type/ });
  await expect(question).toContainText("echo first-$((1+1))\\n");
  await expect(question).toContainText("echo second-$((2+2))\\n");
  // The safe answer is the one at hand.
  await expect(question.getByRole("button", { name: "Don't run" })).toBeFocused();
  await page.waitForTimeout(500);
  expect(loaded.filter((url) => url.includes("Image"))).toEqual([]);
  await page.keyboard.press("Escape");
  await waitForPrompt(page);
  await run(page, "true");
  expect(await serialText(page)).not.toContain("first-");

  await page.reload();
  await question.getByRole("button", { name: "Run", exact: true }).click();
  await waitForPrompt(page);
  await expect.poll(() => screenText(page)).toMatch(/^first-2$/m);
  await expect.poll(() => screenText(page)).toMatch(/^second-4$/m);
  // Who agreed once is not asked again by a reload, but by another visit.
  await page.reload();
  await waitForPrompt(page);
  await expect.poll(() => screenText(page)).toMatch(/^second-4$/m);
  await expect(question).toHaveCount(0);
  await page.goto(`${link}&mem=200`);
  await expect(question).toBeVisible();
  await page.goBack();
  await expect(question).toHaveCount(0);
});

test("a link that is not understood to the letter says so, and starts", async ({ page }) => {
  await page.goto("./?profle=lean&mem=192&utm_source=mail");
  const strip = page.locator("armlet-notice[shape=strip]");
  await expect(strip).toContainText("profle");
  await expect(strip).toContainText("profile");
  await expect(strip).not.toContainText("utm");
  await waitForPrompt(page);
  expect(await page.evaluate(() => window.vm.stats.memoryBytes)).toBe(192 << 20);
  await strip.getByRole("button", { name: "Dismiss" }).click();
  await expect(strip).toHaveCount(0);
});

test("where files come from is said", async ({ page }) => {
  await page.goto("./?kernel=https://kernels.invalid/Image");
  await expect(page.locator("armlet-notice[shape=strip]")).toContainText("https://kernels.invalid");
});

for (const [what, query] of [
  ["javascript:", "kernel=javascript:alert(1)"],
  ["file:", "args=-M%20virt%20-kernel%20file:///etc/passwd"],
  ["blob:", "initrd=blob:https://example.org/1"],
  ["a password", "kernel=https://user:secret@example.org/Image"],
  ["an unknown machine", "profile=nowhere"],
  ["an impossible memory", "mem=nonsense"],
] as const) {
  test(`a link with ${what} is refused with a sentence, and leads on`, async ({ page }) => {
    await page.goto(`./?${query}`);
    const card = page.locator("armlet-notice[shape=card]");
    await expect(card).toContainText("This link cannot be opened");
    await expect.poll(() => page.workers()).toEqual([]);
    await card.getByRole("button", { name: "All machines" }).click();
    await expect(page.getByRole("heading", { name: "Machines" })).toBeVisible();
    await page.goBack();
    await card.getByRole("button", { name: "Open the default machine" }).click();
    await expect(page.locator("armlet-app")).toBeVisible();
  });
}

test("a stranger's link gets no disk of this browser, the page's own history does", async ({ page }) => {
  await page.goto(machineAddress(`${await defaultArgs(page)} -drive if=virtio,file=disk:mine`));
  const strip = page.locator("armlet-notice[shape=strip]");
  await expect(strip).toContainText("disk that a browser keeps");
  await waitForPrompt(page);
  expect(await page.evaluate(() => window.vm.args)).not.toContain("disk:mine");
  await strip.getByRole("button", { name: "Start with the disks" }).click();
  await expect.poll(() => machineArgs(page)).toContain("disk:mine");
});
