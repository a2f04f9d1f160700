import { expect, type Page, test } from "playwright/test";

/** Takes a feature away before any script of the page runs. */
const REMOVALS: readonly (readonly [name: string, remove: (page: Page) => Promise<unknown>])[] = [
  ["WebAssembly", (page) => page.addInitScript(() => Reflect.deleteProperty(globalThis, "WebAssembly"))],
  [
    "WebAssembly SIMD",
    (page) =>
      page.addInitScript(() => {
        WebAssembly.validate = () => false;
      }),
  ],
  [
    "DecompressionStream",
    (page) => page.addInitScript(() => Reflect.deleteProperty(globalThis, "DecompressionStream")),
  ],
  ["BigInt", (page) => page.addInitScript(() => Reflect.deleteProperty(globalThis, "BigInt"))],
  [
    "module workers",
    (page) =>
      page.addInitScript(() => {
        const Plain = Worker;
        // A browser that does not know the option never looks at it.
        globalThis.Worker = function (address: string) {
          return new Plain(address);
        } as unknown as typeof Worker;
      }),
  ],
];

for (const [name, remove] of REMOVALS) {
  test(`a browser without ${name} gets a page that names it`, async ({ page }) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await remove(page);
    await page.goto("./");
    await expect(page.getByRole("heading", { name: "This browser cannot run the machine" })).toBeVisible();
    await expect(page.getByRole("listitem").filter({ hasText: new RegExp(`^${name}$`) })).toBeVisible();
    await expect(page.getByText("Firefox")).toBeVisible();
    await expect(page.locator("armlet-app")).toHaveCount(0);
    expect(errors).toEqual([]);
  });
}

test("without scripts the page says that it needs them", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("./");
  await expect(page.getByRole("heading", { name: "The machine needs JavaScript" })).toBeVisible();
  await context.close();
});
