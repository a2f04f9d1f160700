// @ts-check
/** One run of the guest that measures itself: in QEMU, in Armlet on the command line, in Armlet in Chromium. */
import { spawn } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";
import { root } from "../../scripts/lib/paths.mjs";
import { listen, staticServer } from "../../scripts/static-server.mjs";
import { engine } from "../../scripts/vite-engine.mjs";
import { launchChromium, pageProcesses } from "./chromium.mjs";
import { CoreShares } from "./core-shares.mjs";
import { TimedLines } from "./timed-lines.mjs";

/** @typedef {{ lines: import("./timed-lines.mjs").TimedLine[], shares: import("./core-shares.mjs").Shares }} Run */

/**
 * Starts a program and reads its standard output as the guest's console, until the guest is done; then ends it.
 * @param {readonly string[]} command @param {number} timeoutMs @param {(line: string) => void} say
 * @returns {Promise<Run>}
 * @throws {Error} With the console's end, if it ends before the guest is done or takes longer.
 */
export function runProcess([file = "", ...args], timeoutMs, say) {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  const console = new TimedLines();
  const cores = new CoreShares();
  let errors = "";
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    child.stderr.setEncoding("utf8").on("data", (text) => {
      errors += text;
    });
    child.stdout.setEncoding("latin1").on("data", (text) => {
      for (const line of console.take(text)) {
        say(line.text);
        if (child.pid !== undefined) cores.mark([child.pid], line.text);
      }
      try {
        if (!console.ended) return;
        resolve({ lines: console.lines, shares: cores.shares() });
      } catch (error) {
        reject(error);
      }
      child.kill("SIGKILL");
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      // Without effect if the guest was done.
      reject(
        new Error(
          `${file}: ended by ${signal ?? `status ${code}`} before the guest was done\n${errors}${console.tail}`,
        ),
      );
    });
  });
}

/**
 * Bundles our page as the site is. The kernel is the file "kernel" beside it, its file system "initrd".
 * @param {import("./vm-guest.mjs").VmGuest} guest @returns {Promise<string>} The folder to serve.
 */
export async function buildVmPage(guest) {
  const site = join(root, "build/bench-vm");
  await build({
    configFile: false,
    logLevel: "error",
    root: join(root, "bench/vm-page"),
    base: "./",
    plugins: [engine()],
    worker: { format: "es" },
    build: { outDir: site, emptyOutDir: true, target: "es2023" },
  });
  copyFileSync(guest.kernel, join(site, "kernel"));
  copyFileSync(guest.initrd, join(site, "initrd"));
  return site;
}

/** Words as one line, as a page's machine takes it. @param {readonly string[]} words */
export const asLine = (words) => words.map((word) => (/\s/.test(word) ? `"${word}"` : word)).join(" ");

/**
 * Serves a folder and starts Chromium.
 * @param {string} site @param {string} path Of a page in it, with `bench.run` and `bench.end`.
 */
export async function openChromium(site, path) {
  const server = staticServer(site);
  const port = await listen(server, 4270, "127.0.0.1", false);
  const browser = await launchChromium();
  return {
    /** One boot in a fresh context. @param {string} args For the page. @param {number} timeoutMs @returns {Promise<Run>} */
    async run(args, timeoutMs) {
      const context = await browser.newContext();
      try {
        const page = await context.newPage();
        page.on("console", (message) => console.log(message.text()));
        const cores = new CoreShares();
        /** @type {number[]} */
        let pids = [];
        await page.exposeFunction("printed", (/** @type {string} */ line) => cores.mark(pids, line));
        await page.goto(`http://127.0.0.1:${port}/${path}`);
        pids = await pageProcesses(browser);
        const setup = { args, timeoutMs };
        const lines = await page.evaluate((value) => Reflect.get(window, "bench").run(value), setup);
        await page.evaluate(() => Reflect.get(window, "bench").end());
        return { lines, shares: cores.shares() };
      } finally {
        await context.close();
      }
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}
