// @ts-check
/**
 * `npm run bench:disk [-- --kind NAME … --runs N --reads --v86 --chunks]`: dd in a guest in Chromium, from and to a disk in each
 * place where one can be, the best of N runs of each; --reads leaves the writes out, --v86 measures v86 beside it, with a hard disk
 * in memory and in a File. With --chunks instead the stores alone, with several sizes of chunks. The profile is in a folder, as a person's is: in a private window the browser keeps
 * what it stores in memory.
 */
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { build } from "vite";
import { buildEngineIfStale } from "../scripts/build-wasm.mjs";
import { runAsScript } from "../scripts/lib/main.mjs";
import { checkNode, ensureNpmPackages } from "../scripts/lib/npm-packages.mjs";
import { root } from "../scripts/lib/paths.mjs";
import { note, step } from "../scripts/lib/steps.mjs";
import { ensurePackages } from "../scripts/packages.mjs";
import { listen, staticServer } from "../scripts/static-server.mjs";
import { engine } from "../scripts/vite-engine.mjs";
import { guest } from "../scripts/vite-guest.mjs";
import { launchKeptChromium } from "./lib/chromium.mjs";
import { machineLine, processSeconds, threadSeconds, workerThreads } from "./lib/cpu-time.mjs";
import { table } from "./lib/statistics.mjs";
import { makeV86DiskSite, V86_VERSION, v86Line } from "./lib/v86.mjs";

const SIZE_MIB = 96;
const KINDS = /** @type {const} */ (["memory", "file", "idb", "opfs"]);
const NAMES = { memory: "memory", file: "File", idb: "IndexedDB", opfs: "OPFS" };
/** MB/s of a sequential read. */
const BARS = { memory: 150, file: 150, idb: 60, opfs: 60 };
const CHUNK_KIB = [32, 60, 64, 128, 256];

/** @typedef {(typeof KINDS)[number]} Kind */

/** What is measured: a name, and what the guest does for it. Each moves all of the disk. */
const DROP = "echo 3 >/proc/sys/vm/drop_caches";
const COMMANDS = /** @type {const} */ ([
  ["write, direct", `time dd if=/dev/zero of=$disk bs=1M count=${SIZE_MIB} oflag=direct conv=fsync`],
  ["write, buffered", `time dd if=/dev/zero of=$disk bs=1M count=${SIZE_MIB} conv=fsync`],
  ["read, direct", `time dd if=$disk of=/dev/null bs=1M iflag=direct`],
  ["read, buffered", `${DROP}; time dd if=$disk of=/dev/null bs=1M`],
]);

const WARM_UP = "dd if=$disk of=/dev/null bs=1M";

/** MB/s in what `time dd` printed. @param {string} output */
function speedOf(output) {
  const match = /real\s+(\d+)m ([\d.]+)s/.exec(output);
  if (match === null || !output.includes(`${SIZE_MIB}+0 records out`)) throw new Error(`dd did not do it: ${output}`);
  return (SIZE_MIB * 1024 * 1024) / 1e6 / (Number(match[1]) * 60 + Number(match[2]));
}

/**
 * The best of some runs of a command, and the processor time of each MiB then.
 * @typedef {{ speed: number, worker: number, waited: number, all: number }} Figure
 */

/**
 * Runs a command in the guest.
 * @param {import("playwright").Page} page @param {readonly number[]} pids Of the browser's processes. @param {string} command
 * @returns {Promise<Figure>}
 */
async function measureCommand(page, pids, command) {
  const before = timesOf(pids);
  const output = await page.evaluate((value) => Reflect.get(window, "bench").run(value), command);
  const after = timesOf(pids);
  const grown = [...after.worker].map(([tid, { ran, waited }]) => {
    const from = before.worker.get(tid) ?? { ran: 0, waited: 0 };
    return { ran: ran - from.ran, waited: waited - from.waited };
  });
  // v86 has no worker.
  const busiest = grown.sort((a, b) => b.ran - a.ran)[0] ?? { ran: Number.NaN, waited: Number.NaN };
  const perMib = (/** @type {number} */ seconds) => (seconds * 1000) / SIZE_MIB;
  return {
    speed: speedOf(output),
    worker: perMib(busiest.ran),
    waited: perMib(busiest.waited),
    all: perMib(after.all - before.all),
  };
}

/** @param {readonly number[]} pids */
function timesOf(pids) {
  return {
    worker: new Map(pids.flatMap((pid) => workerThreads(pid).map((tid) => [tid, threadSeconds(pid, tid)]))),
    all: pids.reduce((sum, pid) => sum + processSeconds(pid), 0),
  };
}

/**
 * @param {import("playwright").Page} page @param {readonly number[]} pids
 * @param {{ kind: Kind, args: string, runs: number, reads: boolean }} what
 * @param {string} disk Its name in the guest.
 * @returns {Promise<(Figure | null)[]>} One for each command, null where it is left out.
 */
async function measureGuest(page, pids, { kind, args, runs, reads }, disk) {
  const setup = { kind, args, sizeBytes: SIZE_MIB * 1024 * 1024, image: "bench.img" };
  await page.evaluate((value) => Reflect.get(window, "bench").start(value), setup);
  await page.evaluate((value) => Reflect.get(window, "bench").run(value), `disk=${disk}`);
  /** @type {Map<string, Figure>} */
  const best = new Map();
  // An image is read before anything is written over it; a disk that is empty has to be written first.
  const isImage = kind === "memory" || kind === "file";
  const order = isImage ? COMMANDS.toReversed() : COMMANDS;
  const wanted = order.filter(([name], i) => !reads || name.startsWith("read") || (!isImage && i === 0));
  // The engine is not compiled to its end when the guest is at its prompt, nor all of the image in memory.
  if (isImage) await page.evaluate((value) => Reflect.get(window, "bench").run(value), WARM_UP);
  for (const [name, command] of wanted) {
    for (let run = 0; run < runs; run += 1) {
      const figure = await measureCommand(page, pids, command);
      if (figure.speed > (best.get(name)?.speed ?? 0)) best.set(name, figure);
    }
  }
  return COMMANDS.map(([name]) => best.get(name) ?? null);
}

/** Bundles a page as the site is. @param {string} name @param {string} site Where it goes. */
async function buildPage(name, site) {
  const folder = join(root, "bench/disk-page");
  await build({
    configFile: false,
    logLevel: "error",
    root: folder,
    base: "./",
    plugins: [engine(), guest()],
    worker: { format: "es" },
    build: { outDir: site, emptyOutDir: true, target: "es2023", rolldownOptions: { input: join(folder, name) } },
  });
}

/** @typedef {{ runs: number, reads: boolean }} Options */

/** What all lines of both tables are made of. @typedef {{ name: string, figures: (Figure | null)[], bar: string }} Line */

/** @param {string} folder @param {readonly Kind[]} kinds @param {Options} options @returns {Promise<Line[]>} */
async function benchGuest(folder, kinds, options) {
  const site = join(root, "build/bench-disk");
  await step("page", () => buildPage("index.html", site));
  return await withPage(site, "", folder, async (page, image, pids) => {
    const { args } = await (await page.request.get(new URL("guest/manifest.json", page.url()).href)).json();
    /** @type {Line[]} */
    const lines = [];
    for (const kind of kinds) {
      await page.locator("input").setInputFiles(image);
      const figures = await measureGuest(page, pids, { kind, args, ...options }, "/dev/vda");
      lines.push({ name: NAMES[kind], figures, bar: String(BARS[kind]) });
    }
    return lines;
  });
}

/** @param {string} folder @param {readonly Kind[]} kinds @param {Options} options @returns {Promise<Line[]>} */
async function benchV86(folder, kinds, options) {
  await step("packages for v86", (say) => ensurePackages("v86", say));
  const { site, page: path, release } = await step(`v86 ${V86_VERSION} and a guest for it`, makeV86DiskSite);
  note(`Linux ${release}`);
  /** @type {Line[]} */
  const lines = [];
  for (const kind of kinds.filter((each) => each === "memory" || each === "file")) {
    // A machine has no end but that of its page.
    const figures = await withPage(site, path, folder, async (page, image, pids) => {
      await page.locator("input").setInputFiles(image);
      return await measureGuest(page, pids, { kind, args: v86Line(""), ...options }, "/dev/sda");
    });
    lines.push({ name: `v86, ${NAMES[kind]}`, figures, bar: "" });
  }
  return lines;
}

/**
 * Serves a folder to a Chromium with a profile in a folder, and an image beside the page.
 * @template T @param {string} site @param {string} path Of the page. @param {string} folder
 * @param {(page: import("playwright").Page, image: string, pids: readonly number[]) => Promise<T>} work
 */
async function withPage(site, path, folder, work) {
  const image = join(site, "bench.img");
  await writeImage(image);
  const server = staticServer(site);
  const port = await listen(server, 4250, "127.0.0.1", false);
  const browser = await launchKeptChromium(folder);
  try {
    const page = await browser.newPage();
    page.on("console", (message) => console.log(message.text()));
    await page.goto(`http://127.0.0.1:${port}/${path}`);
    return await work(page, image, await processesOf(page));
  } finally {
    await browser.close();
    server.close();
    rmSync(image);
  }
}

/** @param {readonly Line[]} lines */
function printLines(lines) {
  const names = COMMANDS.map(([name]) => name);
  const speeds = lines.map(({ name, figures, bar }) => [
    name,
    ...figures.map((each) => each?.speed.toFixed(0) ?? ""),
    bar,
  ]);
  const costs = lines.map(({ name, figures }) => [name, ...figures.map(costOf)]);
  console.log(table([["MB/s", ...names, "bar for reads"], ...speeds]));
  console.log(`\n${table([["ms a MiB: worker + waiting, all", ...names], ...costs])}`);
}

/** Of all the browser's processes. @param {import("playwright").Page} page */
async function processesOf(page) {
  const browser = page.context().browser();
  if (browser === null) throw new Error("Playwright does not show the browser of a profile in a folder.");
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.map(({ id }) => id);
}

/** @param {Figure | null} figure */
function costOf(figure) {
  if (figure === null) return "";
  const worker = Number.isNaN(figure.worker) ? "" : `${figure.worker.toFixed(1)} + ${figure.waited.toFixed(1)}, `;
  return `${worker}${figure.all.toFixed(1)}`;
}

/** What no browser or file system can press together. @param {string} path */
async function writeImage(path) {
  const out = createWriteStream(path);
  for (let i = 0; i < SIZE_MIB; i += 1) if (!out.write(randomBytes(1024 * 1024))) await once(out, "drain");
  out.end();
  await once(out, "close");
}

/** @param {string} folder */
async function benchChunks(folder) {
  const site = join(root, "build/bench-chunks");
  await buildPage("chunks.html", site);
  const server = staticServer(site);
  const port = await listen(server, 4250, "127.0.0.1", false);
  const browser = await launchKeptChromium(folder);
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/chunks.html`);
    const rows = [["", "write MB/s", "read MB/s", "random 4 KiB read, us", "4 KiB write and flush, ms"]];
    for (const kind of /** @type {const} */ (["idb", "opfs"])) {
      for (const kib of CHUNK_KIB) {
        const figures = await page.evaluate((value) => Reflect.get(window, "measure")(value), {
          kind,
          chunkBytes: kib * 1024,
        });
        const { writeMBs, readMBs, randomReadUs, smallFlushMs } = figures;
        const cells = [writeMBs.toFixed(0), readMBs.toFixed(0), randomReadUs.toFixed(0), smallFlushMs.toFixed(1)];
        rows.push([`${NAMES[kind]}, ${kib} KiB`, ...cells]);
      }
    }
    console.log(table(rows));
  } finally {
    await browser.close();
    server.close();
  }
}

runAsScript(import.meta.url, async () => {
  checkNode();
  await ensureNpmPackages();
  const { values } = parseArgs({
    options: {
      kind: { type: "string", multiple: true },
      runs: { type: "string", default: "1" },
      reads: { type: "boolean", default: false },
      v86: { type: "boolean", default: false },
      chunks: { type: "boolean", default: false },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error("--runs takes a whole number above 0.");
  const kinds = KINDS.filter((kind) => values.kind === undefined || values.kind.includes(kind));
  await step("packages", (say) => ensurePackages("bench", say));
  await step("engine", () => buildEngineIfStale());
  const folder = mkdtempSync(join(tmpdir(), "armlet-bench-"));
  try {
    if (values.chunks) await benchChunks(folder);
    else {
      const options = { runs, reads: values.reads };
      printLines(await benchGuest(folder, kinds, options));
      if (values.v86) printLines(await benchV86(folder, kinds, options));
    }
    console.log(machineLine());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
