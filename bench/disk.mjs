// @ts-check
/**
 * `npm run bench:disk [-- --kind NAME … --chunks]`: dd in a guest in Chromium, from and to a disk in each place where one
 * can be; with --chunks instead the stores alone, with several sizes of chunks. The profile is in a folder, as a
 * person's is: in a private window the browser keeps what it stores in memory.
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
import { step } from "../scripts/lib/steps.mjs";
import { ensurePackages } from "../scripts/packages.mjs";
import { listen, staticServer } from "../scripts/static-server.mjs";
import { engine } from "../scripts/vite-engine.mjs";
import { guest } from "../scripts/vite-guest.mjs";
import { launchKeptChromium } from "./lib/chromium.mjs";
import { machineLine } from "./lib/cpu-time.mjs";
import { table } from "./lib/statistics.mjs";

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
  ["write, direct", `time dd if=/dev/zero of=/dev/vda bs=1M count=${SIZE_MIB} oflag=direct conv=fsync`],
  ["write, buffered", `time dd if=/dev/zero of=/dev/vda bs=1M count=${SIZE_MIB} conv=fsync`],
  ["read, direct", `time dd if=/dev/vda of=/dev/null bs=1M iflag=direct`],
  ["read, buffered", `${DROP}; time dd if=/dev/vda of=/dev/null bs=1M`],
]);

const WARM_UP = "dd if=/dev/vda of=/dev/null bs=1M";

/** MB/s in what `time dd` printed. @param {string} output */
function speedOf(output) {
  const match = /real\s+(\d+)m ([\d.]+)s/.exec(output);
  if (match === null || !output.includes(`${SIZE_MIB}+0 records out`)) throw new Error(`dd did not do it: ${output}`);
  return (SIZE_MIB * 1024 * 1024) / 1e6 / (Number(match[1]) * 60 + Number(match[2]));
}

/** @param {import("playwright").Page} page @param {Kind} kind @param {string} args */
async function measureGuest(page, kind, args) {
  const setup = { kind, args, sizeBytes: SIZE_MIB * 1024 * 1024, image: "bench.img" };
  await page.evaluate((value) => Reflect.get(window, "bench").start(value), setup);
  /** @type {Map<string, number>} */
  const speeds = new Map();
  // An image is read before anything is written over it; a disk that is empty has to be written first.
  const isImage = kind === "memory" || kind === "file";
  // The engine is not compiled to its end when the guest is at its prompt, nor all of the image in memory.
  if (isImage) await page.evaluate((value) => Reflect.get(window, "bench").run(value), WARM_UP);
  for (const [name, command] of isImage ? COMMANDS.toReversed() : COMMANDS) {
    const output = await page.evaluate((value) => Reflect.get(window, "bench").run(value), command);
    speeds.set(name, speedOf(output));
  }
  return COMMANDS.map(([name]) => speeds.get(name) ?? Number.NaN);
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

/** @param {string} folder @param {readonly Kind[]} kinds */
async function benchGuest(folder, kinds) {
  const site = join(root, "build/bench-disk");
  await step("page", () => buildPage("index.html", site));
  const image = join(site, "bench.img");
  await writeImage(image);
  const server = staticServer(site);
  const port = await listen(server, 4250, "127.0.0.1", false);
  const browser = await launchKeptChromium(folder);
  try {
    const page = await browser.newPage();
    page.on("console", (message) => console.log(message.text()));
    await page.goto(`http://127.0.0.1:${port}/`);
    const { args } = await (await page.request.get(`http://127.0.0.1:${port}/guest/manifest.json`)).json();
    const rows = [["MB/s", ...COMMANDS.map(([name]) => name), "bar for reads"]];
    for (const kind of kinds) {
      await page.locator("input").setInputFiles(image);
      const speeds = await measureGuest(page, kind, args);
      rows.push([NAMES[kind], ...speeds.map((speed) => speed.toFixed(0)), String(BARS[kind])]);
    }
    console.log(table(rows));
  } finally {
    await browser.close();
    server.close();
    rmSync(image);
  }
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
    options: { kind: { type: "string", multiple: true }, chunks: { type: "boolean", default: false } },
  });
  const kinds = KINDS.filter((kind) => values.kind === undefined || values.kind.includes(kind));
  await step("packages", (say) => ensurePackages("bench", say));
  await step("engine", () => buildEngineIfStale());
  const folder = mkdtempSync(join(tmpdir(), "armlet-bench-"));
  try {
    await (values.chunks ? benchChunks(folder) : benchGuest(folder, kinds));
    console.log(machineLine());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
