/** `embed.html` in a frame of another origin's page: for the person at the screen, and by messages. */
import { type ConsoleMessage, expect, type Page, test } from "playwright/test";
import { ask, frameReady, framesSaid, ParentPage, result } from "./support/parent-page.ts";
import { BOOT_TIMEOUT_MS, outputBefore } from "./support/machine.ts";

let parent: ParentPage;
test.beforeEach(() => {
  parent = new ParentPage();
});
test.afterEach(() => parent.close());

const siteOrigin = (baseURL: string | undefined): string => new URL(baseURL ?? "").origin;

const frame = (baseURL: string | undefined, query = "", attributes = ""): string =>
  `<iframe src="${siteOrigin(baseURL)}/embed.html${query}" width="700" height="420" title="A machine" ${attributes}></iframe>`;

/** Runs a command in a frame's guest; returns what it printed. */
async function runIn(page: Page, command: string, options: object = {}): Promise<string> {
  const mark = `done-${Math.random().toString(36).slice(2)}`;
  const before = (await result<{ text: string }>(page, "text", {}, options)).text.length;
  await result(page, "write", { text: `${command}; echo ${mark.slice(0, 4)}""${mark.slice(4)}\r` }, options);
  let output = null as string | null;
  await expect
    .poll(async () => {
      const { text } = await result<{ text: string }>(page, "text", {}, options);
      output = outputBefore(mark, text.slice(before));
      return output === null ? text.slice(before) : "ended";
    })
    .toBe("ended");
  return output ?? "";
}

test("a page of another origin runs a machine by messages", async ({ page, baseURL }) => {
  test.setTimeout(BOOT_TIMEOUT_MS * 2);
  await parent.open(page, `<input autofocus>${frame(baseURL)}`);
  const ready = await frameReady(page);
  expect(ready.origin).toBe(siteOrigin(baseURL));
  expect(ready.data.data).toMatchObject({ version: 1, storage: true });

  await result(page, "subscribe", { events: ["output", "state", "prompt"] });
  await result(page, "start");
  expect((await result<{ elapsedMs: number }>(page, "prompt")).elapsedMs).toBeGreaterThan(0);
  // The keyboard stays with the page around it.
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("INPUT");
  expect(await runIn(page, "uname -m")).toBe("aarch64\n");

  const said = await framesSaid(page);
  const output = said
    .filter(({ data }) => data.event === "output")
    .map(({ data }) => (data.data as { text: string }).text);
  expect(output.join("")).toContain("aarch64");
  expect((await result<{ text: string }>(page, "text", { last: 5 })).text).toHaveLength(5);

  await result(page, "resize", { columns: 101, rows: 27 });
  await expect.poll(() => runIn(page, "stty size")).toBe("27 101\n");

  await result(page, "pause");
  expect(await result(page, "state")).toEqual({ state: "paused" });
  await result(page, "resume");
  expect(await result(page, "stats")).toMatchObject({ cpuCount: 1, memoryBytes: 256 * 1024 * 1024 });
  await result(page, "flush");
  expect((await result<{ text: string }>(page, "report")).text).toContain("Armlet report");

  await result(page, "unsubscribe", { events: ["output"] });
  await result(page, "powerOff", { force: true });
  expect(await result(page, "state")).toEqual({ state: "stopped" });
  await result(page, "reset");
  await result(page, "prompt");
  const states = (await framesSaid(page)).filter(({ data }) => data.event === "state");
  expect(states.map(({ data }) => (data.data as { state: string }).state)).toEqual(
    expect.arrayContaining(["paused", "stopped", "running"]),
  );
});

test("requests that make no sense are answered with what is wrong, a machine that does not start with why", async ({
  page,
  baseURL,
}) => {
  await parent.open(page, frame(baseURL, "?autostart=0"));
  await frameReady(page);
  const errors: readonly (readonly [method: string, params: object, error: object])[] = [
    ["fly", {}, { code: "bad-request", message: expect.stringContaining("fly") as unknown }],
    ["write", { text: 1 }, { code: "bad-request" }],
    ["write", { text: "x".repeat(1024 * 1024 + 1) }, { code: "bad-request", advice: "Send it in several parts." }],
    ["subscribe", { events: ["output", "secrets"] }, { code: "bad-request" }],
    ["resize", { columns: 1e9, rows: 1 }, { code: "bad-request" }],
    ["text", { last: -1 }, { code: "bad-request" }],
    ["start", { args: "a", profile: "b" }, { code: "bad-request" }],
    ["start", { files: { kernel: "no blob" } }, { code: "bad-request" }],
    ["start", { profile: "nowhere" }, { message: expect.stringContaining("nowhere") as unknown }],
    [
      "start",
      { args: "-M virt -kernal Image" },
      { code: "command-line", message: expect.stringContaining("-kernel") as unknown },
    ],
    ["start", { args: "-M virt -kernel nowhere/Image" }, { code: "not-found" }],
    [
      "start",
      { args: "-M virt -kernel javascript:alert(1)" },
      { message: expect.stringContaining("javascript:") as unknown },
    ],
    ["pause", {}, { message: "This machine is not running." }],
  ];
  for (const [method, params, error] of errors) {
    expect(await ask(page, method, params), `${method} ${JSON.stringify(params).slice(0, 80)}`).toMatchObject({
      ok: false,
      error,
    });
  }
});

test("hostile messages are ignored, with one warning", async ({ page, baseURL }) => {
  const warnings: ConsoleMessage[] = [];
  page.on("console", (message) => {
    if (message.type() === "warning" && message.text().startsWith("Armlet")) warnings.push(message);
  });
  const errors: Error[] = [];
  page.on("pageerror", (error) => errors.push(error));
  // A frame beside it, of another origin, that has got hold of it.
  const sibling = `<iframe srcdoc='<script>setInterval(() => {
    for (const data of [{ armlet: 1, id: 1, method: "write", params: { text: "x" } }, null, 7, "text"]) parent.frames[0].postMessage(data, "*");
  }, 50)</script>' sandbox="allow-scripts"></iframe>`;
  await parent.open(page, `${frame(baseURL, `?autostart=0&origin=${encodeURIComponent("http://127.0.0.1:1")}`)}`);
  await expect(page.frameLocator("iframe").getByRole("button", { name: "Start" })).toBeVisible();
  // The frame listens to another origin than this page's, and tells nobody else that it is there.
  expect((await framesSaid(page)).length).toBe(0);
  await page.evaluate(() => {
    const target = document.querySelector("iframe")?.contentWindow;
    const many = Array.from({ length: 100 }, (_, id) => ({ armlet: 1, id, method: "start", params: {} }));
    for (const data of [...many, null, undefined, 0, "start", [], {}, { armlet: 1 }]) target?.postMessage(data, "*");
  });
  await expect.poll(() => warnings.length).toBe(1);
  await page.waitForTimeout(500);
  expect((await framesSaid(page)).length).toBe(0);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]?.text()).toContain("http://127.0.0.1:1");

  warnings.length = 0;
  await parent.open(page, `${frame(baseURL, "?autostart=0")}${sibling}`);
  await frameReady(page);
  await expect.poll(() => warnings.length).toBe(1);
  // Nonsense from the right window: what has an id gets an answer, the rest silence.
  await page.evaluate(() => {
    const target = document.querySelector("iframe")?.contentWindow;
    const nonsense: unknown[] = [
      { armlet: 1 },
      { armlet: 1, id: {}, method: "state" },
      { armlet: 1, id: "x".repeat(65), method: "state" },
      { armlet: 1, id: Number.NaN, method: "state" },
      { armlet: 2, id: "future", method: "state" },
      { armlet: 1, id: "inherited", method: "constructor" },
      { armlet: 1, id: "list", method: "state", params: [] },
      new Map([["armlet", 1]]),
    ];
    for (const data of nonsense) target?.postMessage(data, "*");
  });
  expect(await result(page, "state")).toEqual({ state: "stopped" });
  const answered = (await framesSaid(page)).flatMap(({ data }) => ("id" in data ? [data] : []));
  expect(answered).toMatchObject([
    { id: "future", ok: false, error: { code: "version-mismatch" } },
    { id: "inherited", ok: false, error: { code: "bad-request" } },
    { id: "list", ok: false, error: { code: "bad-request" } },
    { ok: true },
  ]);
  expect(warnings).toHaveLength(1);
  expect(errors).toEqual([]);
});

test("waits for a click where it is told to, in the colours it is told", async ({ page, baseURL }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await parent.open(page, frame(baseURL, "?autostart=0&theme=light"));
  const embed = page.frameLocator("iframe");
  await expect(embed.getByRole("button", { name: "Start" })).toBeVisible();
  expect(page.workers()).toHaveLength(0);
  expect(await embed.locator("body").evaluate((body) => getComputedStyle(body).color)).toBe("rgb(27, 30, 36)");
  await embed.getByRole("button", { name: "Start" }).click();
  await result(page, "prompt");
  await expect(embed.locator(".xterm-rows")).toContainText("# ");
});

test("a sandboxed frame runs from memory, and says so", async ({ page, baseURL }) => {
  await parent.open(page, frame(baseURL, "", 'sandbox="allow-scripts"'));
  const ready = await frameReady(page);
  expect(ready.origin).toBe("null");
  expect(ready.data.data).toMatchObject({ storage: false });
  await expect(page.frameLocator("iframe").locator("armlet-notice").first()).toContainText("Nothing is kept here");
  await result(page, "prompt");
  expect(await runIn(page, "uname -m")).toBe("aarch64\n");
});

test("a stranger's page gets no disk that this browser keeps", async ({ page, baseURL }) => {
  await parent.open(page, frame(baseURL, "?autostart=0"));
  await frameReady(page);
  await ask(page, "start", { args: "-M virt -kernel nowhere -drive file=disk:mine,if=virtio" });
  // The same page elsewhere would be told of the disk; this one only of the kernel.
  const report = await result<{ text: string }>(page, "report");
  expect(report.text).toContain("-kernel nowhere");
  expect(report.text).not.toContain("disk:mine");
});
