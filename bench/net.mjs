// @ts-check
/**
 * `npm run bench:net [-- --guest NAME --seconds N]`: TCP between two machines in two tabs of Chromium, as iperf measures
 * it, with and without the offloads of the network card.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "vite";
import { writeCpio } from "../guest/cpio.mjs";
import { buildEngineIfStale } from "../scripts/build-wasm.mjs";
import { runAsScript } from "../scripts/lib/main.mjs";
import { checkNode, ensureNpmPackages } from "../scripts/lib/npm-packages.mjs";
import { guestDir, root } from "../scripts/lib/paths.mjs";
import { run } from "../scripts/lib/run.mjs";
import { step } from "../scripts/lib/steps.mjs";
import { ensurePackages } from "../scripts/packages.mjs";
import { listen, staticServer } from "../scripts/static-server.mjs";
import { engine } from "../scripts/vite-engine.mjs";
import { guest } from "../scripts/vite-guest.mjs";
import { launchChromium } from "./lib/chromium.mjs";
import { machineLine, processSeconds, threadSeconds, workerThreads } from "./lib/cpu-time.mjs";
import { benchDir } from "./lib/program.mjs";
import { table } from "./lib/statistics.mjs";

/** Mbit/s with the offloads. */
const BAR = 200;
const SEGMENT = "-netdev channel,id=net0,name=bench -device virtio-net-device,netdev=net0";
const WITHOUT = "csum=off,guest_csum=off,host_tso4=off,host_tso6=off,guest_tso4=off,guest_tso6=off";
const WAYS = /** @type {const} */ ([
  ["with offloads", ""],
  ["without", `,${WITHOUT}`],
]);

/** The program as the only file of a second archive behind the guest's own. @param {string} initrd @returns {Promise<Buffer>} */
async function withProgram(initrd) {
  mkdirSync(benchDir, { recursive: true });
  const program = join(benchDir, "net-speed");
  const flags = ["-O2", "-ffreestanding", "-fno-builtin", "-fno-tree-loop-distribute-patterns", "-nostdlib", "-static"];
  await run("aarch64-linux-gnu-gcc", [...flags, "-o", program, join(root, "bench/guest/net-speed.c")]);
  const archive = writeCpio([{ path: "net-speed", type: "file", mode: 0o755, data: readFileSync(program) }]);
  return Buffer.concat([readFileSync(initrd), archive]);
}

/** Bundles the page as the site is. @param {string} site */
async function buildPage(site) {
  await build({
    configFile: false,
    logLevel: "error",
    root: join(root, "bench/net-page"),
    base: "./",
    plugins: [engine(), guest()],
    worker: { format: "es" },
    build: { outDir: site, emptyOutDir: true, target: "es2023" },
  });
}

/** Mbit/s in what the program printed. @param {string} output */
function speedOf(output) {
  const match = /net-speed: (\d+) bytes in (\d+) us/.exec(output);
  if (match === null) throw new Error(`net-speed did not do it: ${output}`);
  return (Number(match[1]) * 8) / Number(match[2]);
}

/** @param {import("playwright").Page} page @param {string} command @returns {Promise<string>} */
const command = (page, command) => page.evaluate((value) => Reflect.get(window, "bench").run(value), command);

/** @param {import("playwright").Page} page @returns {Promise<number>} */
const instructions = (page) => page.evaluate(() => Reflect.get(window, "bench").instructions());

/**
 * Processor time until now: of the browser's own process, which carries the messages, and of the machines' workers, with
 * the time that those were ready to run and had no core.
 * @param {import("playwright").Browser} browser
 */
async function processorTime(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const sum = (/** @type {number[]} */ values) => values.reduce((total, value) => total + value, 0);
  const workers = processInfo
    .filter(({ type }) => type === "renderer")
    .flatMap(({ id }) => workerThreads(id).map((thread) => threadSeconds(id, thread)));
  const main = processInfo.filter(({ type }) => type === "browser").map(({ id }) => processSeconds(id));
  return {
    browser: sum(main),
    workers: sum(workers.map(({ ran }) => ran)),
    waited: sum(workers.map(({ waited }) => waited)),
  };
}

/**
 * Boots both machines and sends from the first to the second.
 * @param {readonly [import("playwright").Page, import("playwright").Page]} pages
 * @param {import("playwright").Browser} browser @param {{ args: string, seconds: number }} options
 */
async function measure(pages, browser, { args, seconds }) {
  for (const [index, page] of pages.entries()) {
    await page.evaluate((value) => Reflect.get(window, "bench").start(value), { args, initrd: "initrd.cpio" });
    // There is no DHCP on a segment of two machines.
    await command(page, `killall udhcpc; ifconfig eth0 10.9.0.${index + 1} up`);
  }
  const [sender, receiver] = pages;
  await command(sender, "ping -c 2 10.9.0.2");
  const before = await Promise.all(pages.map(instructions));
  const timeBefore = await processorTime(browser);
  const received = command(receiver, "/net-speed");
  await sender.waitForTimeout(500);
  await command(sender, `/net-speed 10.9.0.2 ${seconds}`);
  const speed = speedOf(await received);
  const timeAfter = await processorTime(browser);
  const spent = (/** @type {"browser" | "workers" | "waited"} */ name) => timeAfter[name] - timeBefore[name];
  // The page hears of the count twice a second.
  await sender.waitForTimeout(600);
  const after = await Promise.all(pages.map(instructions));
  const millions = after.map((value, index) => value - (before[index] ?? 0));
  return { speed, millions, browser: spent("browser"), workers: spent("workers"), waited: spent("waited") };
}

runAsScript(import.meta.url, async () => {
  checkNode();
  await ensureNpmPackages();
  const { values } = parseArgs({
    options: {
      guest: { type: "string" },
      seconds: { type: "string", default: "6" },
    },
  });
  await step("packages", (say) => ensurePackages("bench", say));
  await step("engine", () => buildEngineIfStale());
  const site = join(root, "build/bench-net");
  await step("page", () => buildPage(site));
  const manifest = JSON.parse(readFileSync(join(guestDir, "manifest.json"), "utf8"));
  const record = manifest.guests[values.guest ?? manifest.default];
  if (record === undefined) throw new Error(`There is no guest ${values.guest}.`);
  writeFileSync(join(site, "initrd.cpio"), await withProgram(join(guestDir, record.initrd.file)));
  const server = staticServer(site);
  const port = await listen(server, 4260, "127.0.0.1", false);
  const browser = await launchChromium();
  try {
    const context = await browser.newContext();
    const pages = /** @type {const} */ ([await context.newPage(), await context.newPage()]);
    for (const page of pages) {
      page.on("console", (message) => console.log(message.text()));
      await page.goto(`http://127.0.0.1:${port}/`);
    }
    const rows = [
      [
        "",
        "Mbit/s",
        "bar",
        "sender, 10^6 instructions",
        "receiver",
        "workers ran, s",
        "waited for a core, s",
        "browser, s",
      ],
    ];
    for (const [name, properties] of WAYS) {
      const kernel = `-M virt -m 256 -kernel guest/${record.kernel.file} -initrd initrd`;
      const args = `${kernel} -append "${record.append} cryptomgr.notests" ${SEGMENT}${properties}`;
      const figures = await measure(pages, browser, { args, seconds: Number(values.seconds) });
      const bar = properties === "" ? String(BAR) : "";
      const times = [figures.workers, figures.waited, figures.browser].map((value) => value.toFixed(1));
      rows.push([name, figures.speed.toFixed(0), bar, ...figures.millions.map((value) => value.toFixed(0)), ...times]);
    }
    console.log(table(rows));
    console.log(machineLine());
  } finally {
    await browser.close();
    server.close();
  }
});
