// @ts-check
/**
 * `npm run bench:boot [-- --runs N --guest NAME …]`: from the navigation to the prompt with each guest that is there,
 * the same on the command line, what an idle guest costs, what the page's engine costs to download.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildSiteIfStale } from "../scripts/build.mjs";
import { buildCliIfStale, cliFile } from "../scripts/build-cli.mjs";
import { runAsScript } from "../scripts/lib/main.mjs";
import { checkNode, ensureNpmPackages } from "../scripts/lib/npm-packages.mjs";
import { root } from "../scripts/lib/paths.mjs";
import { step } from "../scripts/lib/steps.mjs";
import { ensurePackages } from "../scripts/packages.mjs";
import { listen, staticServer } from "../scripts/static-server.mjs";
import { bootInNode } from "./lib/boot-in-node.mjs";
import { bootInPage, idleShare } from "./lib/boot-in-page.mjs";
import { launchChromium } from "./lib/chromium.mjs";
import { machineLine } from "./lib/cpu-time.mjs";
import { collectDownloads } from "./lib/download-size.mjs";
import { cells, summary, table } from "./lib/statistics.mjs";

/** The guests, and what is asked of them: seconds from the navigation to the prompt on a quiet machine with two cores. */
const BARS = { stock: 6, full: 2, lean: 2 };
const IDLE_SECONDS = 10;
const IDLE_BAR = 0.03;
const DOWNLOAD_BAR_BYTES = 400_000;
const MISSING = {
  stock: "npm start assembles it",
  full: "npm run guest:kernel builds it",
  lean: "npm run guest:kernel builds it",
};

/** @typedef {keyof typeof BARS} GuestName */
/** @typedef {import("./lib/boot-in-page.mjs").Boot} Boot */

/** The steps of a boot in their order: each is the time since the one before. @type {[string, keyof Boot][]} */
const STEPS = [
  ["engine compiled", "engine"],
  ["guest's files here", "files"],
  ["guest starts", "started"],
  ["first output", "output"],
  ["prompt", "prompt"],
];

/** Medians of the steps, as one line. @param {Boot[]} boots */
function stepsLine(boots) {
  const median = (/** @type {keyof Boot} */ name) => summary(boots.map((boot) => boot[name] ?? Number.NaN)).median;
  const steps = STEPS.map(([label, name]) => ({ label, at: median(name) })).sort((a, b) => a.at - b.at);
  return steps.map(({ label, at }) => `${label} ${at.toFixed(2)}`).join(" → ");
}

/**
 * @param {import("playwright").Browser} browser @param {string} site Address. @param {GuestName} name @param {number} runs
 */
async function measureInPage(browser, site, name, runs) {
  /** @type {Boot[]} */
  const boots = [];
  /** @type {number | null} */
  let idle = null;
  /** @type {import("./lib/download-size.mjs").Part[]} */
  let parts = [];
  for (let i = 0; i < runs; i += 1) {
    const [first, last] = [i === 0, i === runs - 1];
    /** @type {(() => Promise<typeof parts>) | null} */
    let collected = null;
    const boot = await bootInPage(
      browser,
      `${site}?guest=${name}`,
      async (page, pid) => {
        if (collected !== null) parts = await collected();
        if (last && pid !== null) idle = await idleShare(page, pid, IDLE_SECONDS);
      },
      (page) => {
        if (first) collected = collectDownloads(page);
      },
    );
    boots.push(boot);
  }
  return { boots, idle, parts };
}

/** @param {GuestName} name @param {Awaited<ReturnType<typeof measureInPage>>} measured */
function reportPage(name, { boots, idle }) {
  const of = (/** @type {keyof Boot} */ key) => boots.map((boot) => boot[key] ?? Number.NaN);
  // What other programs took: on a quiet machine next to nothing.
  const quiet = boots.map(({ prompt, waited }) => prompt - (waited ?? Number.NaN));
  console.log(`\nChromium, guest "${name}", ${boots.length} boots, seconds`);
  console.log(
    table([
      ["", "min", "median", "max"],
      ["navigation to prompt", ...cells(of("prompt"), 2)],
      ["  worker's processor time of it", ...cells(of("worker"), 2)],
      ["  worker's waiting for a core", ...cells(of("waited"), 2)],
      ["navigation to prompt less that", ...cells(quiet, 2)],
    ]),
  );
  console.log(stepsLine(boots));
  console.log(`${summary(of("instructions")).median.toFixed(0)} M guest instructions`);
  const under = (/** @type {number[]} */ values) => summary(values).median < BARS[name];
  const elsewhere = under(quiet) ? "missed, reached but for the waiting" : "missed";
  console.log(`bar of ${BARS[name]} s on a quiet machine: ${under(of("prompt")) ? "reached" : elsewhere} (median)`);
  if (idle === null) return;
  const verdict = idle < IDLE_BAR ? "reached" : "missed";
  console.log(
    `idle: ${(idle * 100).toFixed(2)} % of a core over ${IDLE_SECONDS} s, bar ${IDLE_BAR * 100} %: ${verdict}`,
  );
}

/** @param {import("./lib/download-size.mjs").Part[]} parts */
function reportDownload(parts) {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log("\nDownload without guest and fonts, kB (1000 bytes) after brotli");
  const rows = parts.map(({ path, bytes }) => [path, (bytes / 1000).toFixed(1)]);
  console.log(table([...rows, ["together", (total / 1000).toFixed(1)]]));
  console.log(`bar of ${DOWNLOAD_BAR_BYTES / 1000} kB: ${total < DOWNLOAD_BAR_BYTES ? "reached" : "missed"}`);
}

/** @param {string} name @param {string} args @param {string} folder @param {number} runs */
async function measureInNode(name, args, folder, runs) {
  /** @type {Awaited<ReturnType<typeof bootInNode>>[]} */
  const boots = [];
  await step(`Node, ${name}`, async () => {
    for (let i = 0; i < runs; i += 1) boots.push(await bootInNode(cliFile, args, folder));
  });
  console.log(`\nNode, guest "${name}", ${runs} boots, seconds`);
  console.log(
    table([
      ["", "min", "median", "max"],
      [
        "start of the process to prompt",
        ...cells(
          boots.map(({ prompt }) => prompt),
          2,
        ),
      ],
      [
        "  processor time of it",
        ...cells(
          boots.map(({ cpu }) => cpu),
          2,
        ),
      ],
    ]),
  );
}

runAsScript(import.meta.url, async () => {
  const { values } = parseArgs({
    options: { runs: { type: "string", default: "5" }, guest: { type: "string", multiple: true } },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error("--runs takes a number from 1 on.");
  const known = /** @type {GuestName[]} */ (Object.keys(BARS));
  const unknown = values.guest?.find((name) => !known.includes(/** @type {GuestName} */ (name)));
  if (unknown !== undefined) throw new Error(`There is no guest "${unknown}"; there are ${known.join(", ")}.`);
  checkNode();
  await ensureNpmPackages();
  await step("packages", (say) => ensurePackages("bench", say));
  const site = await buildSiteIfStale();
  const manifestFile = join(site, "guest/manifest.json");
  if (!existsSync(manifestFile)) throw new Error("There is no guest to boot: npm start assembles the default one.");
  /** @type {import("../guest/manifest.mjs").Manifest} */
  const { guests } = JSON.parse(readFileSync(manifestFile, "utf8"));
  const wanted = known.filter((name) => values.guest === undefined || values.guest.includes(name));
  for (const name of wanted)
    if (guests[name] === undefined) console.log(`guest "${name}" is not there: ${MISSING[name]}`);
  const present = wanted.filter((name) => guests[name] !== undefined);
  console.log(machineLine());

  const server = staticServer(site);
  const port = await listen(server, 4300, "localhost", false);
  const browser = await launchChromium();
  try {
    for (const [i, name] of present.entries()) {
      const measured = await step(`Chromium, ${name}`, () =>
        measureInPage(browser, `http://localhost:${port}/`, name, runs),
      );
      reportPage(name, measured);
      if (i === 0) reportDownload(measured.parts);
    }
  } finally {
    await browser.close();
    server.close();
  }

  if (!existsSync(join(root, "src/ts/cli/main.ts"))) {
    console.log("\nNode: there is no command line yet.");
    return;
  }
  await step("command line", () => buildCliIfStale());
  for (const name of present) await measureInNode(name, guests[name]?.args ?? "", site, runs);
});
