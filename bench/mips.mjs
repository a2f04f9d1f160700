// @ts-check
/**
 * `npm run bench [-- --runs N]`: guest instructions per second of processor time on a mix of integer loops, in Chromium
 * and in Node, and how that compares with QEMU. docs/performance.md says what the figures mean.
 */
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildEngineIfStale } from "../scripts/build-wasm.mjs";
import { runAsScript } from "../scripts/lib/main.mjs";
import { checkNode, ensureNpmPackages } from "../scripts/lib/npm-packages.mjs";
import { buildDir, root } from "../scripts/lib/paths.mjs";
import { run } from "../scripts/lib/run.mjs";
import { note, step } from "../scripts/lib/steps.mjs";
import { ensurePackages } from "../scripts/packages.mjs";
import { listen, staticServer } from "../scripts/static-server.mjs";
import { launchChromium, workerThread } from "./lib/chromium.mjs";
import { machineLine, threadSeconds } from "./lib/cpu-time.mjs";
import { benchDir, compileProgram, expectedCheck } from "./lib/program.mjs";
import { qemuSeconds } from "./lib/qemu.mjs";
import { cells, summary, table } from "./lib/statistics.mjs";

/** How often each loop of the mix runs: about half a second in all. */
const SCALE = 10;
/** Runs that are not counted: the browser's compiler takes its second, optimising turn meanwhile. */
const WARM_UP_RUNS = 2;
/** A longer run for QEMU, whose start-up and translation would weigh too much. */
const QEMU_SCALE = 100;
const QEMU_RUNS = 3;
/** What the interpreter is asked to reach. */
const BAR_MIPS = 250;
const engineFile = join(buildDir, "armlet.wasm");

/** @typedef {{ check: string, instructions: number, wallMs: number, cpuSeconds: number | null }} Result */

/** RAM_BASE of the engine's memory layout, whose file is written in AssemblyScript. */
function ramBase() {
  const layout = readFileSync(join(root, "src/wasm/layout.ts"), "utf8");
  const value = /^export const RAM_BASE: usize = (0x[\d_a-f]+);$/m.exec(layout)?.[1];
  if (value === undefined) throw new Error("src/wasm/layout.ts does not say where guest RAM begins");
  return Number(value.replaceAll("_", ""));
}

/** @param {string} binary @param {number} runs @returns {Promise<Result[]>} */
async function measureInNode(binary, runs) {
  const script = join(root, "bench/lib/engine-in-node.mjs");
  const output = await run(process.execPath, [script, engineFile, binary, String(ramBase()), String(runs)]);
  return JSON.parse(output);
}

/** @param {string} binary @param {number} runs @returns {Promise<Result[]>} */
async function measureInChromium(binary, runs) {
  const site = join(benchDir, "page");
  mkdirSync(site, { recursive: true });
  for (const name of ["index.html", "worker.mjs", "engine-run.mjs"]) {
    copyFileSync(join(root, "bench/page", name), join(site, name));
  }
  copyFileSync(engineFile, join(site, "armlet.wasm"));
  copyFileSync(binary, join(site, "program.bin"));
  const server = staticServer(site);
  const port = await listen(server, 4300, "localhost", false);
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${port}/`);
    /** @param {unknown} message @returns {Promise<any>} */
    const ask = (message) => page.evaluate((data) => Reflect.get(globalThis, "ask")(data), message);
    await ask({ ramBase: ramBase() });
    const thread = await workerThread(browser);
    if (thread === null) note("The worker's thread was not found: Chromium's figures are by the clock on the wall.");
    /** @type {Result[]} */
    const results = [];
    for (let i = 0; i < runs; i += 1) {
      const before = thread === null ? null : threadSeconds(thread.pid, thread.tid).ran;
      const outcome = await ask({});
      const after = thread === null ? null : threadSeconds(thread.pid, thread.tid).ran;
      results.push({ ...outcome, cpuSeconds: before === null || after === null ? null : after - before });
    }
    return results;
  } finally {
    await browser.close();
    server.close();
  }
}

/** MIPS of each run that counts. @param {Result[]} results @returns {number[]} */
const mips = (results) =>
  results
    .slice(WARM_UP_RUNS)
    .map(({ instructions, cpuSeconds, wallMs }) => instructions / 1e6 / (cpuSeconds ?? wallMs / 1000));

/** @param {string} where @param {Result[]} results @param {string} expected */
function verify(where, results, expected) {
  for (const { check } of results) {
    if (check !== expected)
      throw new Error(`The check value in ${where} is ${check}; gcc's program gives ${expected}.`);
  }
}

/**
 * QEMU's MIPS without its start-up: from the difference between long runs and runs of a program that does nothing.
 * @param {number} perScale Instructions that one more in SCALE comes to. @param {number} runs
 */
async function measureInQemu(perScale, runs) {
  const long = await compileProgram(QEMU_SCALE);
  const empty = await compileProgram(0);
  /** @type {number[]} */
  const figures = [];
  for (let i = 0; i < runs; i += 1) {
    const seconds = (await qemuSeconds(long.elf)) - (await qemuSeconds(empty.elf));
    figures.push((perScale * QEMU_SCALE) / 1e6 / seconds);
  }
  return figures;
}

runAsScript(import.meta.url, async () => {
  const { values } = parseArgs({ options: { runs: { type: "string", default: "7" } } });
  const counted = Number(values.runs);
  if (!Number.isInteger(counted) || counted < 1) throw new Error("--runs takes a number from 1 on.");
  checkNode();
  await ensureNpmPackages();
  await step("packages", (say) => ensurePackages("bench", say));
  await step("engine", () => buildEngineIfStale());
  const { binary } = await compileProgram(SCALE);
  const expected = await expectedCheck(SCALE);
  const inChromium = await step("Chromium", () => measureInChromium(binary, counted + WARM_UP_RUNS));
  const inNode = await step("Node", () => measureInNode(binary, counted + WARM_UP_RUNS));
  verify("Chromium", inChromium, expected);
  verify("Node", inNode, expected);
  const nothing = await measureInNode((await compileProgram(0)).binary, 1);
  const instructions = inNode[0]?.instructions ?? 0;
  const perScale = (instructions - (nothing[0]?.instructions ?? 0)) / SCALE;
  const inQemu = await step("QEMU", () => measureInQemu(perScale, QEMU_RUNS));
  const figures = { Chromium: mips(inChromium), Node: mips(inNode) };
  const peer = summary(inQemu).median;
  const row = (/** @type {string} */ name, /** @type {number[]} */ all) => [
    name,
    ...cells(all, 0),
    (summary(all).median / peer).toFixed(3),
  ];
  console.log(`${machineLine()}`);
  console.log(
    `mix of integer loops, ${(instructions / 1e6).toFixed(1)} M guest instructions, check value ${expected} as gcc's`,
  );
  console.log("guest MIPS by processor time of the executing thread:\n");
  console.log(
    table([
      ["", "min", "median", "max", "of QEMU"],
      ...Object.entries(figures).map(([name, all]) => row(name, all)),
      row("QEMU (TCG, -M virt)", inQemu),
    ]),
  );
  const reached = Object.values(figures).every((all) => summary(all).median >= BAR_MIPS);
  console.log(`\nbar of ${BAR_MIPS} MIPS: ${reached ? "reached" : "missed"} (median)`);
});
