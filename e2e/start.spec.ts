/** The list of machines, and the way between it and them. */
import { expect, type Page, test } from "playwright/test";
import { boot, defaultArgs, machineAddress, waitForPrompt } from "./support/machine.ts";

/** Workers of the page: a machine that was left must not go on in one. */
function machinesRunning(page: Page): number {
  return page.workers().length;
}

test("lists what is beside the page, and runs what is chosen", async ({ page }) => {
  await page.goto("./?start");
  await expect(page.getByRole("heading", { name: "Machines" })).toBeFocused();
  expect(machinesRunning(page)).toBe(0);
  const ready = page.getByRole("list", { name: "Ready to run" });
  await expect(ready.getByRole("link")).not.toHaveCount(0);
  await expect(ready.getByRole("link").first()).toContainText(/\d MB to load/);
  await page.keyboard.press("Tab");
  await expect(ready.getByRole("link").first()).toBeFocused();
  await page.keyboard.press("Enter");
  await waitForPrompt(page);
  expect(new URL(page.url()).search).toMatch(/^\?profile=\w+$/);
  expect(await page.evaluate(() => window.vm.args)).toBe(await defaultArgs(page));
});

test("Back and Forward move between machines and the list, and leave none running", async ({ page }) => {
  await boot(page);
  await page.getByRole("link", { name: "Machines" }).click();
  await expect(page.getByRole("heading", { name: "Machines" })).toBeVisible();
  await expect.poll(() => machinesRunning(page)).toBe(0);
  expect(await page.evaluate(() => typeof window.vm)).toBe("undefined");

  await page.getByRole("list", { name: "Ready to run" }).getByRole("link").last().click();
  await expect(page.locator("armlet-app")).toBeVisible();
  const last = await page.evaluate(() => window.vm.args);
  await page.goBack();
  await expect(page.getByRole("heading", { name: "Machines" })).toBeVisible();
  await expect.poll(() => machinesRunning(page)).toBe(0);
  await page.goBack();
  await waitForPrompt(page);
  expect(new URL(page.url()).search).toBe("");
  expect(machinesRunning(page)).toBe(1);
  await page.goForward();
  await expect(page.getByRole("heading", { name: "Machines" })).toBeVisible();
  await page.goForward();
  await expect(page.locator("armlet-app")).toBeVisible();
  expect(await page.evaluate(() => window.vm.args)).toBe(last);
  await expect.poll(() => machinesRunning(page)).toBe(1);
});

test("going back and forth faster than anything loads ends where the address says", async ({ page }) => {
  await page.goto("./?start");
  await page.goto(machineAddress("-M virt -kernel nowhere"));
  await page.getByRole("link", { name: "Machines" }).click();
  // Each goes off while the one before it loads.
  await page.evaluate(async () => {
    for (const step of [-1, 1, -1, 1, -1]) {
      const arrived = new Promise((resolve) => window.addEventListener("popstate", resolve, { once: true }));
      history.go(step);
      await arrived;
    }
  });
  await expect.poll(() => new URL(page.url()).search).toContain("nowhere");
  await expect(page.locator("armlet-notice")).toContainText("nowhere");
  await expect(page.locator("armlet-start")).toHaveCount(0);
  await expect(page.locator("armlet-app")).toHaveCount(1);
});

test("machines that were opened are listed, can be opened again, and forgotten", async ({ page }) => {
  await page.goto(machineAddress("-M virt -kernel first"));
  await expect(page.locator("armlet-notice")).toContainText("A file of the machine is missing");
  await page.goto(`${machineAddress("-M virt -kernel second")}#secret`);
  await expect(page.locator("armlet-notice")).toContainText("A file of the machine is missing");
  await page.goto("./?start");
  const recent = page.getByRole("list", { name: "Opened before" });
  await expect(recent.getByRole("link")).toContainText(["second", "first"]);
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain("secret");

  await recent.getByRole("link", { name: /first/ }).click();
  await expect(page.locator("armlet-notice")).toContainText("/first");
  await page.goBack();
  await expect(recent.getByRole("link")).toContainText(["first", "second"]);
  await page.getByRole("button", { name: "Forget first" }).click();
  await expect(recent.getByRole("link")).toHaveCount(1);
  await page.getByRole("button", { name: "Forget all" }).click();
  await expect(recent).toHaveCount(0);
  expect(await page.evaluate(() => localStorage.getItem("armlet:recent"))).toBeNull();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Machines" })).toBeVisible();
  await expect(recent).toHaveCount(0);
});

test("a page without a guest beside it lists what was opened, and says what to put where", async ({ page }) => {
  await page.route("**/guest/manifest.json", (route) => route.fulfill({ status: 404 }));
  await page.goto(machineAddress("-M virt -kernel mine"));
  // It is opened, and in the list, once its element is there: leaving before that leaves nothing to list.
  await expect(page.locator("armlet-notice")).toContainText("A file of the machine is missing");
  await page.goto("./?start");
  await expect(page.locator("armlet-notice")).toContainText("guest/manifest.json");
  await expect(page.getByRole("list", { name: "Opened before" }).getByRole("link")).toContainText(["mine"]);
});
