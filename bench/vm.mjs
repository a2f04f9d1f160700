// @ts-check
/**
 * `npm run bench:vm [-- --runs N --scale S --only NAME,… --group NAME,… --guest NAME --args "…" --node --no-chromium --v86 --core-time --record]`:
 * a guest that measures itself (vmbench, and what busybox does) with the same kernel and initial file system in QEMU with its
 * compiler, in Armlet in Chromium and with `--node` on the command line too, by turns; the best of all runs of each.
 * `--v86` runs v86 in Chromium beside them, with vmbench and busybox for i386 on Debian's kernel for it.
 * `--core-time`: rates for the time in which the guest's thread had a core, for a host that has other work.
 * `--args` are more words for Armlet's command line, `--record` keeps the result in docs/performance.md.
 * Ends with status 1 where a check value differs from QEMU's, or a guest's clock from the host's.
 */
import { parseArgs } from "node:util";
import { assembleGuest } from "../guest/assemble.mjs";
import { buildCliIfStale, cliFile } from "../scripts/build-cli.mjs";
import { runAsScript } from "../scripts/lib/main.mjs";
import { checkNode, ensureNpmPackages } from "../scripts/lib/npm-packages.mjs";
import { note, step } from "../scripts/lib/steps.mjs";
import { ensurePackages } from "../scripts/packages.mjs";
import { machineLine } from "./lib/cpu-time.mjs";
import { makeV86Site, V86_VERSION, v86Line } from "./lib/v86.mjs";
import { guestWords, machineWords, makeVmGuest } from "./lib/vm-guest.mjs";
import { asLine, buildVmPage, openChromium, runProcess } from "./lib/vm-machines.mjs";
import { recordResults } from "./lib/vm-record.mjs";
import { clockError, compare, differences, GROUPS, readResult, report } from "./lib/vm-results.mjs";

/** A run of everything at scale 1 takes about two minutes where it is fast. */
const TIMEOUT_MS = 1_200_000;
/** A guest whose thread had a core for less of the time it wanted one did not have the machine to itself. */
const QUIET_SHARE = 0.9;
/** v86's name among the machines. */
const V86 = "v86";

/** @typedef {import("./lib/vm-results.mjs").Result} Result */
/** @typedef {{ name: string, run: (say: (detail: string) => void) => Promise<import("./lib/vm-machines.mjs").Run> }} Machine */

/** Prefixes of what is to run. @param {string[]} only @param {string[]} groups */
function prefixesOf(only, groups) {
  const known = GROUPS.map(({ name }) => name);
  const prefixes = groups.map((name) => {
    const group = GROUPS.find((one) => one.name === name);
    if (group === undefined) throw new Error(`There is no group "${name}"; there are ${known.join(", ")}.`);
    return group.prefix;
  });
  const odd = only.find((name) => !GROUPS.some(({ prefix }) => name.startsWith(prefix)));
  if (odd !== undefined)
    throw new Error(`Names begin with ${GROUPS.map(({ prefix }) => prefix).join(", ")}, not "${odd}".`);
  return [...prefixes, ...only];
}

/** Words of a command line: blanks part them, double quotes hold them together. @param {string} text */
const wordsOf = (text) => [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");

/** @param {string | undefined} text @param {string} option */
function positive(text, option) {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${option} takes a number above 0.`);
  return value;
}

function readOptions() {
  const [, , ...words] = process.argv;
  // Node takes what begins with a dash for an option, were it not for the sign between.
  const at = words.indexOf("--args");
  if (at >= 0 && at + 1 < words.length) words.splice(at, 2, `--args=${words[at + 1]}`);
  const { values } = parseArgs({
    args: words,
    options: {
      runs: { type: "string", default: "3" },
      scale: { type: "string", default: "1" },
      only: { type: "string", multiple: true, default: [] },
      group: { type: "string", multiple: true, default: [] },
      guest: { type: "string" },
      args: { type: "string", default: "" },
      node: { type: "boolean", default: false },
      "no-chromium": { type: "boolean", default: false },
      v86: { type: "boolean", default: false },
      "core-time": { type: "boolean", default: false },
      record: { type: "boolean", default: false },
    },
  });
  const names = (/** @type {string[]} */ lists) => lists.flatMap((text) => text.split(","));
  const runs = positive(values.runs, "runs");
  if (!Number.isInteger(runs)) throw new Error("--runs takes a whole number.");
  if (values["no-chromium"] && !values.node) throw new Error("--no-chromium leaves nothing to measure without --node.");
  const scale = positive(values.scale, "scale");
  return {
    ...values,
    runs,
    scale,
    what: guestWords({ scale, only: prefixesOf(names(values.only), names(values.group)) }),
  };
}

/**
 * All machines by turns, so that what else the host does meets each of them.
 * @param {readonly Machine[]} machines @param {{ runs: number, "core-time": boolean }} options
 * @returns {Promise<Map<string, Result[]>>}
 */
async function measure(machines, { runs, "core-time": byCoreTime }) {
  /** @type {Map<string, Result[]>} */
  const results = new Map(machines.map(({ name }) => [name, []]));
  for (let i = 1; i <= runs; i += 1) {
    for (const { name, run } of machines) {
      const printed = await step(`${name}, run ${i} of ${runs}`, (say) => run(say));
      results.get(name)?.push(readResult(printed, byCoreTime));
    }
  }
  return results;
}

/** How quiet the host was. @param {readonly Result[]} all */
const coreShares = (all) =>
  `${all.map(({ coreShare }) => (coreShare * 100).toFixed(0)).join(", ")} % of the time it wanted one`;

/** What is wrong with the results of one machine. @param {string} name @param {readonly Result[]} all @param {readonly Result[]} peer QEMU's. */
function problems(name, all, peer) {
  const clocks = all.flatMap((result) => clockError(result) ?? []);
  // What another processor comes to in floating point, with another C library, says nothing.
  const counts = (/** @type {string} */ text) => name !== V86 || !text.startsWith("fp.");
  const values = all.flatMap((result, i) => differences(result, peer[i] ?? result).filter(counts));
  return [...clocks, ...values].map((text) => `${name}: ${text}`);
}

runAsScript(import.meta.url, async () => {
  const options = readOptions();
  const { runs, what } = options;
  checkNode();
  await ensureNpmPackages();
  await step("packages", (say) => ensurePackages("bench", say));
  await assembleGuest();
  const guest = await step("guest", () => makeVmGuest(options.guest));
  const more = wordsOf(options.args);
  const words = machineWords(guest, what);
  const ours = [...words, ...more];
  /** @type {Machine[]} */
  const machines = [
    { name: "QEMU", run: (say) => runProcess(["qemu-system-aarch64", ...words, "-nographic"], TIMEOUT_MS, say) },
  ];
  if (options.node) {
    await step("command line", () => buildCliIfStale());
    const command = [process.execPath, cliFile, ...ours, "-nographic"];
    machines.push({ name: "Node", run: (say) => runProcess(command, TIMEOUT_MS, say) });
  }
  /** @type {(() => Promise<void>)[]} */
  const closers = [];
  /** @type {Map<string, Result[]>} */
  let results;
  try {
    if (!options["no-chromium"]) {
      const chromium = await step("page", async () => openChromium(await buildVmPage(guest), ""));
      closers.push(chromium.close);
      const inPage = asLine([...machineWords({ ...guest, kernel: "kernel", initrd: "initrd" }, what), ...more]);
      machines.push({ name: "Chromium", run: () => chromium.run(inPage, TIMEOUT_MS) });
    }
    if (options.v86) {
      await step("packages for v86", (say) => ensurePackages("v86", say));
      const { site, page, release } = await step(`v86 ${V86_VERSION} and a guest for it`, makeV86Site);
      note(`Linux ${release}`);
      const chromium = await openChromium(site, page);
      closers.push(chromium.close);
      machines.push({ name: V86, run: () => chromium.run(v86Line(what), TIMEOUT_MS) });
    }
    results = await measure(machines, options);
  } finally {
    for (const close of closers) await close();
  }

  console.log(`${machineLine()}`);
  console.log(
    `Linux ${guest.release}, best of ${runs}, scale ${options.scale}${options.args === "" ? "" : `, ${options.args}`}`,
  );
  const peer = results.get("QEMU") ?? [];
  /** @type {string[]} */
  const errors = [];
  for (const [name, all] of results) {
    const clocks = all.map(({ guestSeconds, hostSeconds }) => (guestSeconds / hostSeconds).toFixed(3)).join(", ");
    console.log(`${name}: the guest's seconds by the host's ${clocks}; had a core in ${coreShares(all)}`);
    errors.push(...problems(name, all, peer));
  }
  for (const [name, all] of results) {
    if (name === "QEMU") continue;
    const lines = compare(all, peer);
    console.log(`\n${name}\n${report(lines, name)}`);
    const conditions = { where: name, guest: guest.release, runs, scale: options.scale, args: options.args };
    const by = options["core-time"] ? "by the time with a core; " : "";
    if (options.record && errors.length === 0)
      recordResults(conditions, `${by}had a core in ${coreShares(all)}`, lines);
  }
  const busy = [...results.values()].flat().some(({ coreShare }) => coreShare < QUIET_SHARE);
  if (busy && !options["core-time"])
    console.log("\nThe host had other work: these ratios are no measurement. --core-time makes the rates comparable.");
  if (errors.length > 0) throw new Error(`The figures are worth nothing:\n${errors.join("\n")}`);
});
