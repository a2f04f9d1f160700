import { expect, test } from "playwright/test";
import { runningAnimations } from "./support/animations.ts";
import { boot, defaultArgs, machineAddress, run, screenText, state, waitForPrompt } from "./support/machine.ts";

test("the page boots Linux to its prompt by itself, and takes commands from the keyboard", async ({ page }) => {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await boot(page);
  await expect.poll(() => state(page)).toBe("idle");
  await page.keyboard.type("uname -m");
  await page.keyboard.press("Enter");
  await expect.poll(() => screenText(page)).toMatch(/^aarch64$/m);
  expect(errors).toEqual([]);
});

test("the bar shows state, time to the prompt, speed and memory", async ({ page }) => {
  await boot(page);
  const bar = page.locator("armlet-bar");
  await expect(bar.getByRole("status")).toContainText("Idle");
  await expect(bar.locator("dd").nth(0)).toHaveText(/^\d+(\.\d+)? s$/);
  await expect(bar.locator("dd").nth(1)).toHaveText(/^\d+(\.\d+)? MIPS$/);
  await expect(bar.locator("dd").nth(2)).toHaveText("256 MiB");
  const marked = await page.evaluate(() => performance.getEntriesByName("armlet:prompt")[0]?.startTime ?? 0);
  expect(marked).toBeGreaterThan(0);
  await bar.getByRole("button", { name: /MIPS: processor$/ }).click();
  const panel = page.getByRole("complementary", { name: "Processor" });
  await expect(panel).toContainText(/Of the guest's instructions \d+\.\d % ran as WebAssembly/);
  await expect(panel.getByRole("definition").first()).toHaveText(/^[1-9][\d,]*$/);
});

test("a reload boots again", async ({ page }) => {
  await boot(page);
  await page.reload();
  await waitForPrompt(page);
  expect(await run(page, "echo $((6 * 7))")).toBe("42\n");
});

test("the address names another machine", async ({ page }) => {
  const args = (await defaultArgs(page)).replace(/-m \d+/, "-m 128").replace(/-append "/, '-append "armlet.test=1 ');
  await boot(page, machineAddress(args));
  expect(await run(page, "cat /proc/cmdline")).toContain("armlet.test=1");
  const kilobytes = Number(/MemTotal:\s+(\d+)/.exec(await run(page, "cat /proc/meminfo"))?.[1]);
  expect(kilobytes).toBeGreaterThan(60_000);
  expect(kilobytes).toBeLessThan(128 * 1024);
});

test("the machine runs with GICv3 as well", async ({ page }) => {
  const args = (await defaultArgs(page)).replace(/-M virt\b/, "-M virt,gic-version=3");
  await boot(page, machineAddress(args));
  expect(await run(page, "grep -c GICv3 /proc/interrupts")).not.toBe("0\n");
});

test("two machines run on one page", async ({ page }) => {
  await boot(page);
  const text = await page.evaluate(async () => {
    const Machine = window.vm.constructor as new (options: {
      args: string;
    }) => Window["vm"] & {
      start(): Promise<void>;
    };
    const second = new Machine({ args: window.vm.args });
    await second.start();
    while (second.stats.promptMs === null) await new Promise((resolve) => setTimeout(resolve, 100));
    second.serial.write("echo sec''ond\r");
    while (!second.serial.text.includes("second\r\n")) await new Promise((resolve) => setTimeout(resolve, 50));
    second.dispose();
    return second.serial.text;
  });
  expect(text).toContain("second");
  expect(await run(page, "echo fir''st")).toBe("first\n");
});

test("an idle guest uses next to no processor time", async ({ page }) => {
  await boot(page);
  const instructions = (): Promise<number> => page.evaluate(() => window.vm.stats.instructions);
  // What the start left to be done behind the prompt comes to its end; then there are a few ticks a second, not a loop.
  await expect
    .poll(async () => {
      const before = await instructions();
      await page.waitForTimeout(5000);
      return (await instructions()) - before;
    })
    .toBeLessThan(50_000_000);
  await expect.poll(() => state(page)).toBe("idle");
  await expect.poll(() => page.evaluate(() => window.vm.stats.cpuShare)).toBeLessThan(0.03);
});

test("an idle page draws nothing but the cursor's blinking, twice a second", async ({ page }) => {
  await boot(page);
  await expect.poll(() => state(page)).toBe("idle");
  await page.locator("armlet-terminal .xterm").click();
  // An endless animation has the browser make sixty frames a second, whatever it changes.
  const endless = async (): Promise<string[]> =>
    (await runningAnimations(page)).filter(({ isEndless }) => isEndless).map(({ name }) => name);
  await expect.poll(endless).toEqual([]);
  const background = (): Promise<string> =>
    page.locator("armlet-terminal .xterm-cursor").evaluate((cursor) => getComputedStyle(cursor).backgroundColor);
  await expect.poll(background, { intervals: [100] }).toBe("rgba(0, 0, 0, 0)");
  await expect.poll(background, { intervals: [100] }).not.toBe("rgba(0, 0, 0, 0)");
});
