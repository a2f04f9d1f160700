// @ts-check
/** A headless Chromium whose threads can be told apart. */
import { workerThreads } from "./cpu-time.mjs";

/** @typedef {{ pid: number, tid: number }} Thread */

/** How the end-to-end tests start it. */
const OPTIONS = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    // Chromium's own sandbox does not work for root, as which CI runs.
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

/** Starts the Chromium of the end-to-end tests. @returns {Promise<import("playwright").Browser>} */
export async function launchChromium() {
  const { chromium } = await import("playwright");
  return chromium.launch(OPTIONS);
}

/**
 * Starts it with a profile in a folder, where what pages store is kept as a person's browser does.
 * @param {string} folder @returns {Promise<import("playwright").BrowserContext>}
 */
export async function launchKeptChromium(folder) {
  const { chromium } = await import("playwright");
  return chromium.launchPersistentContext(folder, OPTIONS);
}

/**
 * The one thread of a dedicated worker in the browser.
 * @param {import("playwright").Browser} browser With one page open, which has one worker.
 * @returns {Promise<Thread | null>} null where there is not exactly one.
 */
export async function workerThread(browser) {
  const processes = await pageProcesses(browser);
  const found = processes.flatMap((pid) => workerThreads(pid).map((tid) => ({ pid, tid })));
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** The processes that show pages. @param {import("playwright").Browser} browser @returns {Promise<number[]>} */
export async function pageProcesses(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
}
