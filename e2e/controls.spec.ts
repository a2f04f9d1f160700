import { expect, type Page, test } from "playwright/test";
import {
  BOOT_TIMEOUT_MS,
  boot,
  defaultArgs,
  machineAddress,
  run,
  serialText,
  state,
  waitForPrompt,
  without,
} from "./support/machine.ts";

/** A moment of the guest's clock, between two of this computer's; seconds. */
interface ClockReading {
  readonly earliest: number;
  readonly latest: number;
  readonly uptime: number;
}

async function readClock(page: Page): Promise<ClockReading> {
  const earliest = performance.now() / 1000;
  const uptime = Number.parseFloat(await run(page, "cut -d' ' -f1 /proc/uptime"));
  return { earliest, latest: performance.now() / 1000, uptime };
}

/**
 * By how much the guest's clock went otherwise than real time, at the least, whenever in its interval each was read. `stood`
 * is how long it was to stand still, at least and at most.
 */
function clockError(from: ClockReading, to: ClockReading, [least, most]: readonly [number, number] = [0, 0]): number {
  const passed = to.uptime - from.uptime;
  const tooFast = passed + least - (to.latest - from.earliest);
  const tooSlow = to.earliest - from.latest - (passed + most);
  return Math.max(0, tooFast, tooSlow);
}

test("pause stands still and resume goes on, while the guest spins and the page stays responsive", async ({ page }) => {
  await boot(page);
  await page.evaluate(() => window.vm.serial.write("while :; do :; done\r"));
  await expect.poll(() => state(page)).toBe("running");
  // The page answers within a frame or two, however busy the guest is.
  const slowestFrameMs = (): Promise<number> =>
    page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let last = performance.now();
          let slowest = 0;
          let frames = 0;
          const frame = (now: number): void => {
            slowest = Math.max(slowest, now - last);
            last = now;
            if (++frames < 60) requestAnimationFrame(frame);
            else resolve(slowest);
          };
          requestAnimationFrame(frame);
        }),
    );
  // The guest spins all the time; something else on this computer may hold a frame up now and then.
  await expect.poll(slowestFrameMs).toBeLessThan(500);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect.poll(() => state(page)).toBe("paused");
  const paused = await page.evaluate(() => window.vm.stats.instructions);
  await page.waitForTimeout(500);
  expect(await page.evaluate(() => window.vm.stats.instructions)).toBe(paused);
  await page.getByRole("button", { name: "Resume" }).click();
  await expect.poll(() => state(page)).toBe("running");
  await page.locator("armlet-terminal").click();
  await page.keyboard.press("Control+C");
  await expect.poll(() => state(page)).toBe("idle");
  expect(await run(page, "echo back")).toBe("back\n");
});

test("a guest that spins with interrupts off can be paused and reset", async ({ page }) => {
  // msr daifset, #15; b . as a flat binary: nothing but a reset helps.
  const spin = Buffer.from("df4f03d500000014", "hex");
  await page.route("**/spin.bin", (route) => route.fulfill({ body: spin, contentType: "application/octet-stream" }));
  await page.goto(machineAddress("-M virt -m 64 -kernel spin.bin"));
  await expect.poll(() => page.evaluate(() => window.vm?.state)).toBe("running");
  await page.evaluate(() => window.vm.pause());
  expect(await state(page)).toBe("paused");
  await page.evaluate(() => window.vm.resume());
  await page.evaluate(() => window.vm.reset());
  await expect.poll(() => state(page)).toBe("running");
  await page.evaluate(() => window.vm.powerOff({ force: true }));
  expect(await state(page)).toBe("stopped");
});

test("the guest's clock stands still while paused and follows real time otherwise", async ({ page }) => {
  await boot(page);
  const first = await readClock(page);
  await page.waitForTimeout(2000);
  const second = await readClock(page);
  expect(clockError(first, second)).toBeLessThan(0.5);
  const stood = await page.evaluate(async () => {
    const asked = performance.now();
    await window.vm.pause();
    const paused = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const least = performance.now() - paused;
    await window.vm.resume();
    return [least / 1000, (performance.now() - asked) / 1000] as const;
  });
  expect(clockError(second, await readClock(page), stood)).toBeLessThan(0.5);
});

test("the guest's clock is right again soon after the browser froze the tab", async ({ page }) => {
  await boot(page);
  const client = await page.context().newCDPSession(page);
  const before = await readClock(page);
  await client.send("Page.setWebLifecycleState", { state: "frozen" });
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await client.send("Page.setWebLifecycleState", { state: "active" });
  await expect.poll(async () => clockError(before, await readClock(page))).toBeLessThan(0.5);
});

test("reset boots again", async ({ page }) => {
  await boot(page);
  await run(page, "echo gone > /tmp/file");
  await page.getByRole("button", { name: "Reset" }).click();
  await expect.poll(() => page.evaluate(() => window.vm.stats.promptMs)).toBeNull();
  await waitForPrompt(page);
  expect(await run(page, "ls /tmp/file 2>&1")).toContain("No such file");
});

test("the guest powers itself off, and the page turns it on again", async ({ page }) => {
  await boot(page);
  await page.evaluate(() => window.vm.serial.write("poweroff -f\r"));
  await expect.poll(() => state(page)).toBe("stopped");
  const notice = page.locator("armlet-notice");
  await expect(notice).toContainText("The machine is off");
  await notice.getByRole("button", { name: "Turn on" }).click();
  await waitForPrompt(page);
  expect(await run(page, "echo again")).toBe("again\n");
});

test("the power button ends the machine", async ({ page }) => {
  await boot(page);
  await page.getByRole("button", { name: "Power off" }).click();
  await expect.poll(() => state(page)).toBe("stopped");
});

test("a kernel panic is told, with a report to copy and a reset", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const args = without(await defaultArgs(page), "-initrd");
  await page.goto(machineAddress(args));
  const notice = page.locator("armlet-notice");
  await expect(notice).toContainText("The guest's kernel panicked", { timeout: BOOT_TIMEOUT_MS });
  await expect(notice).toContainText("Kernel panic - not syncing");
  await notice.getByRole("button", { name: "Copy report" }).click();
  await expect(notice.getByRole("button", { name: "Copied" })).toBeVisible();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  expect(report).toContain(`machine: ${await page.evaluate(() => window.vm.args)}\n`);
  expect(report).toContain("Kernel panic - not syncing");
  await notice.getByRole("button", { name: "Reset" }).click();
  await expect(notice).toHaveCount(0);
  await expect(notice).toContainText("The guest's kernel panicked", { timeout: BOOT_TIMEOUT_MS });
});

test("a broken engine is told apart from a broken guest, and a reset builds a new machine", async ({ page }) => {
  // The engine traps in the first slice after the test says so.
  await page.route(/vm\.worker.*\.js/, async (route) => {
    const response = await route.fetch();
    const fault = `
      const instantiate = WebAssembly.instantiate;
      let broken = false;
      new BroadcastChannel("break-engine").onmessage = () => { broken = true; };
      WebAssembly.instantiate = async (...args) => {
        const { exports } = await instantiate(...args);
        const run = exports.cpu_run;
        return { exports: { ...exports, cpu_run(...state) {
          if (broken) { broken = false; throw new WebAssembly.RuntimeError("unreachable"); }
          return run(...state);
        } } };
      };`;
    await route.fulfill({ response, body: `${fault}\n${await response.text()}` });
  });
  await boot(page);
  await page.evaluate(() => new BroadcastChannel("break-engine").postMessage(null));
  // The worker may hear of the key before it hears of the break.
  await expect
    .poll(async () => {
      await page.evaluate(() => window.vm.serial.write("x"));
      return await state(page);
    })
    .toBe("crashed");
  const notice = page.locator("armlet-notice");
  await expect(notice).toContainText("The engine broke");
  expect(await page.evaluate(() => window.vm.report())).toContain("RuntimeError: unreachable");
  await notice.getByRole("button", { name: "Reset" }).click();
  await waitForPrompt(page);
  expect(await run(page, "echo new")).toBe("new\n");
});

test("a flood of output is shown without piling up, and Ctrl+C ends it", async ({ page }) => {
  await boot(page);
  await page.locator("armlet-terminal").click();
  await page.keyboard.type("yes 0123456789012345678901234567890123456789");
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await serialText(page)).length, { timeout: 120_000 }).toBeGreaterThan(500_000);
  await page.keyboard.press("Control+C");
  // A guest whose console is held back waits, too: it has ended when the shell asks for the next command.
  await expect.poll(async () => (await serialText(page)).slice(-1000)).toMatch(/\^C[^]*# (\x1b\[6n)?$/);
  await expect.poll(() => state(page)).toBe("idle");
  expect(await run(page, "echo calm")).toBe("calm\n");
});
