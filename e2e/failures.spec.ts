import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, type Locator, type Page, test } from "playwright/test";
import { defaultArgs, machineAddress, run, waitForPrompt } from "./support/machine.ts";

let server: Server | null = null;
test.afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

function notice(page: Page): Locator {
  return page.locator("armlet-notice[shape=card]");
}

test("a kernel that is not there is named, and can be tried again", async ({ page }) => {
  let missing = true;
  const args = await defaultArgs(page);
  const kernel = /-kernel (\S+)/.exec(args)?.[1] ?? "";
  await page.route(`**/${kernel}*`, (route) => (missing ? route.fulfill({ status: 404 }) : route.continue()));
  await page.goto("./");
  await expect(notice(page)).toContainText("A file of the machine is missing");
  await expect(notice(page)).toContainText("404");
  await expect(notice(page)).toContainText(kernel);
  missing = false;
  await notice(page).getByRole("button", { name: "Try again" }).click();
  await waitForPrompt(page);
});

test("a web page in place of a kernel is told apart from one", async ({ page }) => {
  await page.route("**/kernel", (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Welcome</title>" }),
  );
  await page.goto(machineAddress("-M virt -kernel kernel"));
  await expect(notice(page)).toContainText("That is a web page, not a file for the machine");
  await expect(notice(page)).toContainText("text/html");
  await expect(notice(page)).toContainText("/kernel");
});

test("a file that is no kernel for this machine is refused with the reason", async ({ page }) => {
  // An x86 kernel's header: "HdrS" at 0x202, boot flag 0xaa55.
  const x86 = Buffer.alloc(4096);
  x86.writeUInt16LE(0xaa55, 0x1fe);
  x86.write("HdrS", 0x202, "latin1");
  await page.route("**/bzImage", (route) => route.fulfill({ contentType: "application/octet-stream", body: x86 }));
  await page.goto(machineAddress("-M virt -kernel bzImage"));
  await expect(notice(page)).toContainText("The machine cannot start with these files");
  await expect(notice(page)).toContainText(/x86/);
});

test("a kernel that is not the one that its hash was given for is refused", async ({ page }) => {
  const body = Buffer.alloc(4096, 1);
  const hash = createHash("sha256").update(body).digest("hex");
  await page.route("**/other", (route) => route.fulfill({ contentType: "application/octet-stream", body }));
  await page.goto(machineAddress(`-M virt -kernel other,sha256=${"0".repeat(64)}`));
  await expect(notice(page)).toContainText("A file is not the one that is wanted");
  await expect(notice(page)).toContainText(hash);
  await page.goto(machineAddress(`-M virt -kernel other,sha256=${hash}`));
  await page.waitForFunction(() => window.vm?.state !== "loading" && window.vm?.stats.memoryBytes > 0);
  await expect(notice(page)).toHaveCount(0);
  expect(await page.evaluate(() => window.vm.state)).not.toBe("crashed");
});

test("an unknown option names the nearest known one and starts nothing", async ({ page }) => {
  await page.goto(machineAddress("-M virt -kernal Image"));
  await expect(notice(page)).toContainText("This machine cannot be built as it is written");
  await expect(notice(page)).toContainText("-kernel");
  expect(await page.evaluate(() => window.vm.state)).toBe("stopped");
  await notice(page).getByRole("button", { name: "Open the default machine" }).click();
  await waitForPrompt(page);
});

test("more memory than the browser gives is refused with a sentence", async ({ page }) => {
  const args = (await defaultArgs(page)).replace(/-m \d+/, "-m 8000");
  await page.goto(machineAddress(args));
  await expect(notice(page)).toContainText(/memory/i);
  expect(await page.evaluate(() => window.vm.state)).toBe("stopped");
});

test("a server without CORS is told from one that is not there", async ({ page }) => {
  const elsewhere = createServer((_request, response) => response.end("kernel"));
  server = elsewhere;
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/Image`;
  await page.goto(machineAddress(`-M virt -kernel ${address}`));
  await expect(notice(page)).toContainText("does not let other sites read this file");
  await expect(notice(page)).toContainText("Access-Control-Allow-Origin");
});

test("a connection that is lost half-way is taken up again, and the page says so", async ({ page }) => {
  const args = await defaultArgs(page);
  const kernel = /-kernel (\S+)/.exec(args)?.[1] ?? "";
  const image = await (await page.request.get(`./${kernel}`)).body();
  // One byte less, and the page would round the megabytes down.
  const half = Math.floor(image.length / 2_000_000) * 1_000_000 + 50_001;
  let lose = (): void => {};
  const ranges: (string | undefined)[] = [];
  let goOn = (): void => {};
  const elsewhere = createServer((request, response) => {
    ranges.push(request.headers.range);
    const headers = { "Access-Control-Allow-Origin": "*", "Content-Type": "application/octet-stream" };
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (ranges.length === 1) {
      response.writeHead(200, { ...headers, "Content-Length": image.length });
      response.write(image.subarray(0, half));
      lose = () => response.destroy();
      return;
    }
    goOn = () => {
      response.writeHead(206, {
        ...headers,
        "Content-Length": image.length - start,
        "Content-Range": `bytes ${start}-${image.length - 1}/${image.length}`,
      });
      response.end(image.subarray(start));
    };
  });
  server = elsewhere;
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/Image`;
  await page.goto(machineAddress(args.replace(kernel, address)));
  // What is on its way when a connection breaks is lost with it: first all of it arrives.
  await expect(page.locator("armlet-progress")).toContainText(`${(half / 1_000_000).toFixed(1)} MB of`);
  lose();
  await expect(page.locator("armlet-progress")).toContainText("Taking it up again");
  await expect.poll(() => ranges.length).toBe(2);
  goOn();
  await waitForPrompt(page);
  expect(ranges[1]).toBe(`bytes=${half}-`);
  expect(await run(page, "echo whole")).toBe("whole\n");
});

test("loading shows bytes and can be cancelled", async ({ page }) => {
  const elsewhere = createServer((_request, response) => {
    response.writeHead(200, {
      "Access-Control-Allow-Origin": "*",
      "Content-Type": "application/octet-stream",
      "Content-Length": 20_000_000,
    });
    response.write(Buffer.alloc(5_000_000));
  });
  server = elsewhere;
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/Image`;
  await page.goto(machineAddress(`-M virt -kernel ${address}`));
  const progress = page.locator("armlet-progress");
  await expect(progress).toContainText("5.0 MB of 20.0 MB");
  await expect(progress.getByRole("progressbar")).toHaveCount(1);
  await progress.getByRole("button", { name: "Cancel" }).click();
  await expect(notice(page)).toContainText("Loading was cancelled");
  expect(await page.evaluate(() => window.vm.state)).toBe("stopped");
});

test("without a guest beside it the page says what to put where", async ({ page }) => {
  await page.route("**/guest/manifest.json", (route) => route.fulfill({ status: 404 }));
  await page.goto("./");
  await expect(notice(page)).toContainText("There is no guest to start");
  await expect(notice(page)).toContainText("guest/manifest.json");
});
