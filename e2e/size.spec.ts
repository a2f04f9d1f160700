import { brotliCompressSync, constants } from "node:zlib";
import { expect, test } from "playwright/test";
import { boot } from "./support/machine.ts";

/** What a page may cost before its guest, compressed as servers do. */
const ENGINE_LIMIT_BYTES = 400_000;
const SHELL_LIMIT_BYTES = 40_000;

test("the engine and the page stay small", async ({ page }) => {
  const bodies = new Map<string, Promise<Buffer>>();
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    if (!pathname.includes("/guest/") && response.ok()) bodies.set(pathname, response.body());
  });
  await boot(page);
  const sizes = new Map<string, number>();
  for (const [path, body] of bodies) {
    const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
    sizes.set(path, brotliCompressSync(await body, options).length);
  }
  const sum = (matches: (path: string) => boolean): number =>
    [...sizes].reduce((total, [path, size]) => total + (matches(path) ? size : 0), 0);
  const all = sum(() => true);
  const shell = sum((path) => !/\.wasm$|worker|terminal/.test(path));
  test.info().annotations.push({ type: "brotli bytes", description: JSON.stringify([...sizes]) });
  expect([...sizes.keys()].some((path) => path.endsWith(".wasm"))).toBe(true);
  expect(all).toBeLessThan(ENGINE_LIMIT_BYTES);
  expect(shell).toBeLessThan(SHELL_LIMIT_BYTES);
});
