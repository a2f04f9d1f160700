/**
 * Tests that run inside the browser: a module of the sources, bundled as the page's own code is, and a blank page of the
 * site to run it in. The tests out here see only what it posts.
 */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright/test";
import { build } from "vite";

const PLACE = "in-browser-test/";

/** The code of a worker whose entry is `path`, from the repository's root. */
export async function bundleWorker(path: string): Promise<string> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const result = await build({
    root,
    configFile: false,
    logLevel: "error",
    publicDir: false,
    build: {
      write: false,
      target: "es2023",
      minify: false,
      rolldownOptions: { input: `${root}${path}`, output: { format: "es", codeSplitting: false } },
    },
  });
  const outputs = [result].flat().flatMap((bundle) => ("output" in bundle ? bundle.output : []));
  const code = outputs.flatMap((output) => ("code" in output ? [output.code] : []))[0];
  if (code === undefined) throw new Error(`${path} was not bundled`);
  return code;
}

/** Opens a blank page of the site, where `new Worker("worker.js", { type: "module" })` is the bundle. */
export async function openWorkerPage(page: Page, code: string): Promise<void> {
  await page.route(`**/${PLACE}`, async (route) => {
    await route.fulfill({ contentType: "text/html", body: "<!doctype html><title>test</title>" });
  });
  await page.route(`**/${PLACE}worker.js`, async (route) => {
    await route.fulfill({ contentType: "text/javascript", body: code });
  });
  await page.goto(PLACE);
}
