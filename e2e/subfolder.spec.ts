/** The built site on a plain host, in a folder of it: no headers of its own, no address that begins at the host's root. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "playwright/test";
import { boot, run } from "./support/machine.ts";

const server = fileURLToPath(new URL("../scripts/serve-site.mjs", import.meta.url));
const PORT = 4174;
let host: ChildProcess | undefined;

test.beforeAll(async () => {
  const child = spawn(process.execPath, [server, "--port", String(PORT), "--prefix", "/some/folder/"]);
  host = child;
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => resolve());
    child.once("close", (code) => reject(new Error(`the host ended with status ${code}`)));
  });
});

test.afterAll(() => {
  host?.kill();
});

test("boots from a folder of a host, without cross-origin isolation", async ({ page }) => {
  const elsewhere: string[] = [];
  page.on("request", (request) => {
    const { protocol, pathname } = new URL(request.url());
    if (protocol.startsWith("http") && !pathname.startsWith("/some/folder/")) elsewhere.push(request.url());
  });
  await boot(page, `http://localhost:${PORT}/some/folder/`);
  expect(await page.evaluate(() => window.crossOriginIsolated)).toBe(false);
  expect(await run(page, "uname -m")).toContain("aarch64");
  expect(elsewhere).toEqual([]);
});
