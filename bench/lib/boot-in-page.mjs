// @ts-check
/** One boot of a guest in the built page, seen from outside: the page's own marks and events, the threads' time. */
import { processSeconds, threadSeconds } from "./cpu-time.mjs";
import { workerThread } from "./chromium.mjs";

/** Far longer than the slowest guest needs on a busy machine. */
const BOOT_TIMEOUT_MS = 180_000;

/**
 * @typedef {object} Boot Seconds from the navigation, unless another meaning is given.
 * @property {number} engine The engine is compiled and on its way to the worker.
 * @property {number} files The last file of the guest has arrived.
 * @property {number} started The guest executes its first instruction.
 * @property {number} output The console's first byte.
 * @property {number} prompt The shell's first prompt.
 * @property {number} instructions Guest instructions until then, in millions.
 * @property {number | null} worker Processor time of the worker's thread until then.
 * @property {number | null} waited Time that thread was ready to run and had no core: 0 on a quiet machine.
 */

/** Runs in the page before its own code: keeps when the machine's events came. */
function watchMachine() {
  /** @type {Record<string, number>} */
  const times = {};
  const note = (/** @type {string} */ name) => {
    times[name] ??= performance.now() / 1000;
  };
  Reflect.set(window, "bootTimes", times);
  const compile = WebAssembly.compileStreaming;
  WebAssembly.compileStreaming = async (source) => {
    const module = await compile.call(WebAssembly, source);
    note("engine");
    return module;
  };
  Object.defineProperty(window, "vm", {
    configurable: true,
    set(vm) {
      Object.defineProperty(window, "vm", { value: vm, writable: true });
      vm.on("progress", (/** @type {{ loadedBytes: number, totalBytes: number | null }} */ file) => {
        if (file.loadedBytes === file.totalBytes) times.files = performance.now() / 1000;
      });
      vm.on("state", (/** @type {{ state: string }} */ { state }) => {
        if (state === "running") note("started");
      });
      vm.serial.onData(() => note("output"));
    },
  });
}

/** Runs in the page: resolves at the first prompt. */
async function untilPrompt() {
  /** @type {number} */
  const prompt = await new Promise((resolve) => {
    new PerformanceObserver((list) => {
      const [mark] = list.getEntriesByName("armlet:prompt");
      if (mark !== undefined) resolve(mark.startTime / 1000);
    }).observe({ type: "mark", buffered: true });
  });
  const times = Reflect.get(window, "bootTimes");
  return { ...times, prompt };
}

/** Runs in the page: what the guest has executed. */
const instructionsSoFar = () => Reflect.get(window, "vm").stats.instructions / 1e6;

/**
 * Opens the page in a fresh context, waits for the prompt, lets `afterwards` look at it, and closes it.
 * @param {import("playwright").Browser} browser @param {string} address
 * @param {(page: import("playwright").Page, pid: number | null) => Promise<void>} [afterwards] With the renderer's process.
 * @param {(page: import("playwright").Page) => void} [before] Before the navigation.
 * @returns {Promise<Boot>}
 * @throws {Error} With what the guest had said, if there is no prompt.
 */
export async function bootInPage(browser, address, afterwards, before) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(BOOT_TIMEOUT_MS);
    await page.addInitScript(watchMachine);
    before?.(page);
    await page.goto(address, { waitUntil: "commit" });
    const times = await withTimeout(page.evaluate(untilPrompt), async () => {
      const text = await page.evaluate(() => Reflect.get(window, "vm")?.serial.text ?? "");
      return `no prompt from ${address} in ${BOOT_TIMEOUT_MS / 1000} s; the console's end:\n${text.slice(-2000)}`;
    });
    const thread = await workerThread(browser);
    const used = thread === null ? null : threadSeconds(thread.pid, thread.tid);
    // The page hears of the count when the guest settles, a moment later.
    await page.waitForFunction(() => Reflect.get(window, "vm").state === "idle", null, { polling: 100 });
    const instructions = await page.evaluate(instructionsSoFar);
    await afterwards?.(page, thread?.pid ?? null);
    return { ...times, instructions, worker: used?.ran ?? null, waited: used?.waited ?? null };
  } finally {
    await context.close();
  }
}

/**
 * @template T
 * @param {Promise<T>} promise @param {() => Promise<string>} explain @returns {Promise<T>}
 */
async function withTimeout(promise, explain) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(() => resolve(null), BOOT_TIMEOUT_MS);
  });
  try {
    const first = await Promise.race([promise.then((value) => ({ value })), timeout]);
    if (first === null) throw new Error(await explain());
    return /** @type {{ value: T }} */ (first).value;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Share of a core that a page with an idle guest uses, all threads of its process.
 * @param {import("playwright").Page} page @param {number} pid Of the renderer. @param {number} seconds
 */
export async function idleShare(page, pid, seconds) {
  // What follows the prompt (the graph's last move, the compiler's second turn) is not idleness.
  await page.waitForTimeout(3000);
  const before = processSeconds(pid);
  const started = performance.now();
  await page.waitForTimeout(seconds * 1000);
  return (processSeconds(pid) - before) / ((performance.now() - started) / 1000);
}
