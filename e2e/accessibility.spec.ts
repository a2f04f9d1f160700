import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, type Page, test } from "playwright/test";
import { runningAnimations } from "./support/animations.ts";
import { BOOT_TIMEOUT_MS, boot, machineAddress, run, screenText, state } from "./support/machine.ts";

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

/** Whatever moves, or fades into other colours, has come to its end. */
async function waitForRest(page: Page): Promise<void> {
  const moving = async (): Promise<string[]> =>
    (await runningAnimations(page)).filter(({ isEndless }) => !isEndless).map(({ name }) => name);
  await expect.poll(moving).toEqual([]);
}

/** The page is no wider than a phone. */
async function expectPhoneWidth(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
}

/** Holds files over the page, of which a browser tells only the type. */
async function dragOver(page: Page): Promise<void> {
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["1"], "debian.iso", { type: "application/x-cd-image" }));
    transfer.items.add(new File(["2"], "debian.img", { type: "" }));
    document.body.dispatchEvent(
      new DragEvent("dragenter", { dataTransfer: transfer, bubbles: true, cancelable: true }),
    );
  });
}

/** Drops a disk image, and a file that is none. */
async function dropImages(page: Page): Promise<void> {
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(1 << 20)], "zeros.img"));
    transfer.items.add(new File([], "nothing.img"));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
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
    "with the machine shared",
    async (page) => {
      await boot(page);
      await page.getByRole("button", { name: "Share" }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
    },
  ],
  [
    "asking before a link types",
    async (page) => {
      await page.goto("./?type=ls%5Cn&nonsense=1");
      await expect(page.getByRole("dialog")).toBeVisible();
    },
  ],
  [
    "with a link that cannot be opened",
    async (page) => {
      await page.goto("./?kernel=javascript:alert(1)");
      await expect(page.locator("armlet-notice")).toBeVisible();
    },
  ],
  [
    "in a frame",
    async (page) => {
      await page.goto("./embed.html?nonsense=1");
      await expect(page.locator(".xterm-rows")).toContainText("# ", { timeout: BOOT_TIMEOUT_MS });
    },
  ],
  [
    "in a frame that waits",
    async (page) => {
      await page.goto("./embed.html?autostart=0");
      await expect(page.getByRole("button", { name: "Start" })).toBeVisible();
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
    "with files over the page",
    async (page) => {
      await boot(page);
      await dragOver(page);
      await expect(page.locator("drop-overlay")).toBeVisible();
    },
  ],
  [
    "with dropped files",
    async (page) => {
      await boot(page);
      await dropImages(page);
      await expect(page.locator("arrival-card")).toHaveCount(2);
    },
  ],
  [
    "with the disks open",
    async (page) => {
      await boot(page);
      await page.getByRole("button", { name: "Disks and files" }).click();
      await page.getByRole("button", { name: "New empty disk…" }).click();
      await page.getByRole("button", { name: "Make the disk" }).click();
      await expect(page.locator("disk-card")).toBeVisible();
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
      await waitForRest(page);
      expect(await violations(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 360, height: 640 });
    await waitForRest(page);
    expect(await violations(page)).toEqual([]);
    await expectPhoneWidth(page);
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
  await page.keyboard.press("Shift+Tab");
  const speed = page.getByRole("button", { name: /MIPS: processor$/ });
  await expect(speed).toBeFocused();
  await page.keyboard.press("Enter");
  const panel = page.getByRole("complementary", { name: "Processor" });
  await expect(panel.getByRole("button", { name: "Close" })).toBeFocused();
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await waitForRest(page);
    expect(await violations(page)).toEqual([]);
  }
  const desktop = page.viewportSize() ?? { width: 1280, height: 720 };
  await page.setViewportSize({ width: 360, height: 640 });
  await waitForRest(page);
  expect(await violations(page)).toEqual([]);
  await expectPhoneWidth(page);
  await page.setViewportSize(desktop);
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  await expect(speed).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Pause" })).toBeFocused();
  for (const name of ["Reset", "Power off", "Virtio devices", "Disks and files", "Share", "Settings and help"]) {
    await page.keyboard.press("Tab");
    await expect(page.getByRole("button", { name })).toBeFocused();
  }
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("Tab");
  await expect(page.locator(".xterm-helper-textarea")).toBeFocused();
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
