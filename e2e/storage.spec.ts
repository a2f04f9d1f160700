/** The contract suites of the stores in a real browser, whose profile is on a medium. */
import { expect, type Page } from "playwright/test";
import { bundleWorker, openWorkerPage } from "./support/bundle.ts";
import { test } from "./support/kept-browser.ts";

interface Result {
  readonly name: string;
  /** What is wrong, or null. */
  readonly failure: string | null;
}

let code = "";
let filesCode = "";
test.beforeAll(async () => {
  code = await bundleWorker("src/ts/storage/testing/contract.worker.ts");
  filesCode = await bundleWorker("src/ts/files/testing/files-contract.worker.ts");
});

/** What the suites in a worker come to. */
async function contract(page: Page, worker: string, kind: string): Promise<Result[]> {
  await openWorkerPage(page, worker);
  return await page.evaluate(
    async (store) =>
      await new Promise<Result[]>((resolve, reject) => {
        const started = new Worker("worker.js", { type: "module" });
        started.onmessage = ({ data }: MessageEvent<Result[]>) => resolve(data);
        started.onerror = ({ message }) => reject(new Error(message));
        started.postMessage(store);
      }),
    kind,
  );
}

for (const kind of ["idb", "opfs"]) {
  test(`the contract of chunk stores and disks, ${kind}`, async ({ page }) => {
    const results = await contract(page, code, kind);
    expect(results.length).toBeGreaterThan(10);
    expect(results.filter(({ failure }) => failure !== null)).toEqual([]);
  });
}

for (const kind of ["access", "whole versions"]) {
  test(`the contract of file trees, files by ${kind}`, async ({ page }) => {
    const results = await contract(page, filesCode, kind);
    expect(results.length).toBeGreaterThan(10);
    expect(results.filter(({ failure }) => failure !== null)).toEqual([]);
  });
}
