import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, type Page, test } from "playwright/test";
import { boot, machineAddress, run, screenText, state } from "./support/machine.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** Violations of WCAG 2.2 A and AA and of good practice; what the guest prints may have the colours it wants. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const results = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(context: object, options: object): Promise<AxeResults> } };
    return await axe.run({ exclude: [[".xterm-rows"]] }, { resultTypes: ["violations"] });
  });
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** The page in each of its states. */
const STATES: readonly (readonly [name: string, open: (page: Page) => Promise<void>])[] = [
  ["at the prompt", (page) => boot(page)],
  [
    "with settings open",
    async (page) => {
      await boot(page);
      await page.getByRole("button", { name: "Settings and help" }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
    },
  ],
  [
    "loading",
    async (page) => {
      await page.route("**/slow", () => {});
      await page.goto(machineAddress("-M virt -kernel slow"));
      await expect(page.locator("armlet-progress")).toBeVisible();
    },
  ],
  [
    "after a failure",
    async (page) => {
      await page.goto(machineAddress("-M virt -kernel nowhere"));
      await expect(page.locator("armlet-notice")).toBeVisible();
    },
  ],
  [
    "with the list of machines",
    async (page) => {
      await page.goto(machineAddress("-M virt -kernel nowhere"));
      await expect(page.locator("armlet-notice")).toBeVisible();
      await page.goto("./?start");
      await expect(page.getByRole("button", { name: "Forget all" })).toBeVisible();
    },
  ],
  [
    "off",
    async (page) => {
      await boot(page);
      await page.evaluate(() => window.vm.powerOff({ force: true }));
      await expect(page.locator("armlet-notice")).toBeVisible();
    },
  ],
  [
    "in an old browser",
    async (page) => {
      await page.addInitScript(() => {
        WebAssembly.validate = () => false;
      });
      await page.goto("./");
    },
  ],
];

for (const [name, open] of STATES) {
  test(`no accessibility violation ${name}, in the dark, in the light, on a phone`, async ({ page }) => {
    await open(page);
    // Whatever arrives has arrived.
    await page.waitForTimeout(500);
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(300);
      expect(await violations(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 360, height: 640 });
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });
}

test("every control is reached and used by keyboard", async ({ page }) => {
  await boot(page);
  // Tab is the guest's as long as the terminal has the keyboard; Ctrl+Shift+L takes it back.
  await page.keyboard.press("Control+Shift+L");
  await expect(page.getByRole("button", { name: "Pause" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect.poll(() => state(page)).toBe("paused");
  await page.keyboard.press("Enter");
  await expect.poll(() => state(page)).not.toBe("paused");
  for (const name of ["Reset", "Power off", "Settings and help"]) {
    await page.keyboard.press("Tab");
    await expect(page.getByRole("button", { name })).toBeFocused();
  }
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("Tab");
  await page.keyboard.type("echo back");
  await page.keyboard.press("Enter");
  await expect.poll(() => screenText(page)).toMatch(/^back$/m);
});

test("controls are large enough for fingers", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 640 });
  await boot(page);
  for (const button of await page.getByRole("toolbar", { name: "Machine" }).getByRole("button").all()) {
    const box = await button.boundingBox();
    expect(box?.width).toBeGreaterThanOrEqual(44);
    expect(box?.height).toBeGreaterThanOrEqual(44);
  }
});

test("screen reader mode puts the terminal's text where screen readers find it", async ({ page }) => {
  await boot(page);
  await page.getByRole("button", { name: "Settings and help" }).click();
  await page.getByRole("switch", { name: /Screen reader mode/ }).click();
  await page.keyboard.press("Escape");
  await run(page, "echo spoken");
  await expect(page.locator(".xterm-accessibility")).toContainText("spoken");
});
