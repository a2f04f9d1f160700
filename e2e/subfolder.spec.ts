/** The built site on a plain host, in a folder of it: no headers of its own, no address that begins at the host's root. */
import { expect, test } from "playwright/test";
import { boot, run } from "./support/machine.ts";
import { type StaticHost, startStaticHost } from "./support/static-host.ts";

let host: StaticHost;

test.beforeAll(async () => {
  host = await startStaticHost("--prefix", "/some/folder/");
});

test.afterAll(() => host.end());

test("boots from a folder of a host, without cross-origin isolation", async ({ page }) => {
  const elsewhere: string[] = [];
  page.on("request", (request) => {
    const { protocol, pathname } = new URL(request.url());
    if (protocol.startsWith("http") && !pathname.startsWith("/some/folder/")) elsewhere.push(request.url());
  });
  await boot(page, `http://localhost:${host.port}/some/folder/`);
  expect(await page.evaluate(() => window.crossOriginIsolated)).toBe(false);
  expect(await run(page, "uname -m")).toContain("aarch64");
  expect(elsewhere).toEqual([]);
});
