/** The contract suites of the stores in a real browser, whose profile is on a medium. */
import { expect } from "playwright/test";
import { bundleWorker, openWorkerPage } from "./support/bundle.ts";
import { test } from "./support/kept-browser.ts";

interface Result {
  readonly name: string;
  /** What is wrong, or null. */
  readonly failure: string | null;
}

let code = "";
test.beforeAll(async () => {
  code = await bundleWorker("src/ts/storage/testing/contract.worker.ts");
});

for (const kind of ["idb", "opfs"]) {
  test(`the contract of chunk stores and disks, ${kind}`, async ({ page }) => {
    test.setTimeout(170_000);
    await openWorkerPage(page, code);
    const results = await page.evaluate(
      async (store) =>
        await new Promise<Result[]>((resolve, reject) => {
          const worker = new Worker("worker.js", { type: "module" });
          worker.onmessage = ({ data }: MessageEvent<Result[]>) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
          worker.postMessage(store);
        }),
      kind,
    );
    expect(results.length).toBeGreaterThan(10);
    expect(results.filter(({ failure }) => failure !== null)).toEqual([]);
  });
}
