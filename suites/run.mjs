// @ts-check
/**
 * `npm run suites [-- python openssl crypto stress --minutes N --only qemu|armlet --guest NAME --args "…" --fresh]`: programs that test a
 * computer, from a disk of Debian's packages, in QEMU and on our command line, and whether they find the same: Python's own tests, what
 * openssl computes, the kernel's tests of its cryptography. `stress` is stress-ng for so many minutes, on our machine alone: nothing may fail,
 * and the host's memory must stay flat.
 *
 * QEMU's results are kept beside the disk until it is made anew, or with `--fresh`. `--args` are more words for our command line
 * (`-accel interp`). Ends with status 1 where something differs, fails or grows.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { assembleGuest } from "../guest/assemble.mjs";
import { buildCliIfStale } from "../scripts/build-cli.mjs";
import { runAsScript } from "../scripts/lib/main.mjs";
import { checkNode, ensureNpmPackages } from "../scripts/lib/npm-packages.mjs";
import { note, step } from "../scripts/lib/steps.mjs";
import { makeSuitesDisk, suitesDir } from "./disk.mjs";
import { boot, machineWords } from "./lib/machine.mjs";
import { describeMemory } from "./lib/memory.mjs";
import { differences, ownTroubles, readResult, tally } from "./lib/results.mjs";

/** Kernels' self-tests are those of Debian's kernel, which has the most; all else runs on the manifest's default. */
const SUITES = {
  python: { guest: null, selfTests: false, compared: true },
  openssl: { guest: null, selfTests: false, compared: true },
  crypto: { guest: "stock", selfTests: true, compared: true },
  stress: { guest: null, selfTests: false, compared: false },
};
/** A suite on a busy host, besides the minutes that were asked for. */
const TIMEOUT_MS = 3_600_000;

/** @typedef {keyof typeof SUITES} SuiteName */
/** @typedef {import("./lib/machine.mjs").Side} Side */
/** @typedef {import("./lib/results.mjs").SuiteResult} SuiteResult */

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: "string", default: "30" },
      only: { type: "string" },
      guest: { type: "string" },
      args: { type: "string", default: "" },
      fresh: { type: "boolean", default: false },
    },
  });
  const known = Object.keys(SUITES);
  const odd = positionals.find((name) => !known.includes(name));
  if (odd !== undefined) throw new Error(`There is no suite "${odd}"; there are ${known.join(", ")}.`);
  const minutes = Number(values.minutes);
  if (!Number.isInteger(minutes) || minutes < 1) throw new Error("--minutes takes a whole number above 0.");
  if (values.only !== undefined && values.only !== "qemu" && values.only !== "armlet")
    throw new Error("--only takes qemu or armlet.");
  const suites = /** @type {SuiteName[]} */ (positionals.length === 0 ? known : positionals);
  return { ...values, minutes, only: /** @type {Side | undefined} */ (values.only), suites };
}

/** @typedef {ReturnType<typeof readOptions>} Options */

/** @param {SuiteName} name @param {Side} side @param {Options} options */
async function runOn(name, side, { guest, minutes, args }) {
  const words = machineWords({ name, ...SUITES[name], guest: guest ?? SUITES[name].guest, minutes });
  const more = side === "armlet" ? args.split(" ").filter(Boolean) : [];
  const lasts = name === "stress" ? minutes * 60_000 : 0;
  const ran = await step(`${name} on ${side === "qemu" ? "QEMU" : `Node ${process.versions.node}`}`, (say) =>
    boot(side, [...words, ...more], TIMEOUT_MS + lasts, say),
  );
  writeFileSync(join(suitesDir, `${name}-${side}.log`), ran.console, "latin1");
  return { result: readResult(name, ran.console), samples: ran.samples };
}

/** QEMU's result: that of an earlier run if there is one for this guest. @param {SuiteName} name @param {Options} options @returns {Promise<SuiteResult>} */
async function peerResult(name, options) {
  const guest = options.guest ?? SUITES[name].guest ?? "default";
  const kept = join(suitesDir, `${name}-${guest}-qemu.json`);
  if (!options.fresh && existsSync(kept)) {
    note(`QEMU's result is that of an earlier run: ${kept}`);
    return JSON.parse(readFileSync(kept, "utf8"));
  }
  const { result } = await runOn(name, "qemu", options);
  writeFileSync(kept, JSON.stringify(result));
  return result;
}

/** Runs a suite and says what came of it. @param {SuiteName} name @param {Options} options @returns {Promise<string[]>} What is wrong. */
async function judge(name, options) {
  const { only } = options;
  const peer = only !== "armlet" && (SUITES[name].compared || only === "qemu") ? await peerResult(name, options) : null;
  if (peer !== null) console.log(`${name} on QEMU: ${tally(peer)}`);
  if (only === "qemu") return [];
  const { result, samples } = await runOn(name, "armlet", options);
  console.log(`${name} on Armlet: ${tally(result)}`);
  const wrong = ownTroubles(result, peer).map((line) => `the guest's kernel: ${line}`);
  if (peer !== null) wrong.push(...differences(result, peer));
  if (!SUITES[name].compared) {
    console.log(result.lines.join("\n"));
    const memory = describeMemory(samples);
    console.log(memory.text);
    if (!memory.flat) wrong.push("the host's memory grew");
    for (const [test, value] of Object.entries(result.values)) if (value !== "0") wrong.push(`${test} is ${value}`);
  }
  return wrong.map((line) => `${name}: ${line}`);
}

runAsScript(import.meta.url, async () => {
  const options = readOptions();
  checkNode();
  await ensureNpmPackages();
  await assembleGuest();
  await makeSuitesDisk();
  if (options.only !== "qemu") await step("command line", () => buildCliIfStale());
  /** @type {string[]} */
  const wrong = [];
  for (const name of options.suites) wrong.push(...(await judge(name, options)));
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
});
