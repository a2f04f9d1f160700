// @ts-check
/**
 * `npm test`: installs what is missing, then lint, types, unit, differential and end-to-end tests. Stops at the first
 * step that fails and names it. The last line is `N passed, N failed`, over all tests that ran.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { assembleGuest } from "../guest/assemble.mjs";
import { makeDebianImage } from "../guest/debian-image.mjs";
import { makeShowcase } from "../guest/disk.mjs";
import { buildSiteIfStale } from "./build.mjs";
import { buildCliIfStale } from "./build-cli.mjs";
import { buildExampleIfStale } from "./build-example.mjs";
import { buildEngineIfStale } from "./build-wasm.mjs";
import { printClauseCoverage } from "./clause-coverage.mjs";
import { checkNode, ensureNpmPackages } from "./lib/npm-packages.mjs";
import { runAsScript } from "./lib/main.mjs";
import { buildDir, root } from "./lib/paths.mjs";
import { run } from "./lib/run.mjs";
import { elapsed, note, step } from "./lib/steps.mjs";
import { ensurePackages } from "./packages.mjs";

/** A program of node_modules, run with its output shown. @param {string} program @param {string[]} args */
const tool = (program, args) => run(join(root, "node_modules/.bin", program), args, { cwd: root, show: true });

/** Where a runner writes what it counted. @param {string} name */
const resultFile = (name) => join(buildDir, `results-${name}.json`);

/** @param {string} project Of vitest.config.ts. */
const vitest = (project) =>
  tool("vitest", [
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${resultFile(project)}`,
  ]);

/** Disks with a whole Debian, whose tests skip where they cannot be made: it needs binfmt_misc, so root on Linux. */
async function prepareDebianDisks() {
  try {
    await makeDebianImage();
    await makeShowcase();
  } catch (error) {
    note(`No Debian disk, so the tests that boot one are skipped: ${error instanceof Error ? error.message : error}`);
  }
}

/** Steps in the order in which they fail soonest. @type {[string, () => Promise<unknown>][]} */
const steps = [
  ["engine", () => buildEngineIfStale()],
  ["lint", () => run("npm", ["run", "-s", "lint"], { cwd: root, show: true })],
  ["types", () => run("npm", ["run", "-s", "types"], { cwd: root, show: true })],
  ["guest", () => assembleGuest()],
  // Before the page, beside which the showcase lies.
  ["Debian disks", prepareDebianDisks],
  ["command line", () => buildCliIfStale()],
  ["page", () => buildSiteIfStale()],
  ["package and example", () => buildExampleIfStale()],
  ["unit", () => vitest("unit")],
  ["clause coverage", () => printClauseCoverage()],
  ["differential", () => vitest("differential")],
  ["e2e", () => tool("playwright", ["test"])],
];

/** Passed and failed tests of every runner that got to its end. */
function countTests() {
  let [passed, failed] = [0, 0];
  for (const name of ["unit", "differential"]) {
    if (!existsSync(resultFile(name))) continue;
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(resultFile(name), "utf8"));
    passed += numPassedTests;
    // A file that does not even load has no tests to count: it is one failure.
    const broken = testResults.filter(
      (/** @type {{ status: string, assertionResults: { status: string }[] }} */ { status, assertionResults }) =>
        status === "failed" && !assertionResults.some((test) => test.status === "failed"),
    );
    failed += numFailedTests + broken.length;
  }
  if (existsSync(resultFile("e2e"))) {
    const { stats, errors } = JSON.parse(readFileSync(resultFile("e2e"), "utf8"));
    passed += stats.expected + stats.flaky;
    failed += stats.unexpected + errors.length;
  }
  return { passed, failed };
}

runAsScript(import.meta.url, async () => {
  checkNode();
  await ensureNpmPackages();
  await step("Debian packages for the tests", (say) => ensurePackages("test", say));
  for (const name of ["unit", "differential", "e2e"]) rmSync(resultFile(name), { force: true });
  let failure = "";
  for (const [name, work] of steps) {
    process.stdout.write(`\n== ${name}\n`);
    try {
      await work();
    } catch (error) {
      failure = name;
      process.stdout.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
      break;
    }
  }
  const { passed, failed } = countTests();
  if (failure !== "") process.exitCode = 1;
  process.stdout.write(
    `\n${failure === "" ? "All steps are well" : `Failed at step "${failure}"`}, after ${elapsed()}.\n`,
  );
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
});
