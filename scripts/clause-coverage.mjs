// @ts-check
/**
 * Prints how many normative device clauses of the virtio specification the unit tests show: the clause table
 * (src/virtio/testing/clauses) against vitest's results. A clause counts when every test that it names ran and passed.
 * Fails when a clause's test failed, or did not run.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { runAsScript } from "./lib/main.mjs";
import { buildDir, root } from "./lib/paths.mjs";

const FOLDER = join(root, "src/virtio/testing/clauses");
const RESULTS = join(buildDir, "results-unit.json");

/**
 * @typedef {{ file: string, title: string }} ClauseTest
 * @typedef {{ id: string, level: string, says: string, tests?: ClauseTest[], notOffered?: string, uncovered?: string }} Clause
 * @typedef {{ chapter: string, title: string, sections: { anchor: string, clauses: Clause[] }[] }} Chapter
 * @typedef {{ fullName: string, status: string }} Result
 */

/** Results of the tests of each file, by its path below src. @returns {Map<string, Result[]>} */
function readResults() {
  if (!existsSync(RESULTS)) throw new Error(`${relative(root, RESULTS)} is missing: npm test makes it`);
  const { testResults } = JSON.parse(readFileSync(RESULTS, "utf8"));
  return new Map(
    testResults.map((/** @type {{ name: string, assertionResults: Result[] }} */ { name, assertionResults }) => [
      relative(join(root, "src"), name),
      assertionResults,
    ]),
  );
}

/** Why a clause's test shows nothing, or "". @param {ClauseTest} test @param {Map<string, Result[]>} results */
function problem({ file, title }, results) {
  const all = results.get(file);
  if (all === undefined) return `${file} did not run`;
  const named = all.filter(({ fullName }) => fullName.includes(title));
  if (named.length === 0) return `${file} has no test "${title}"`;
  const bad = named.find(({ status }) => status !== "passed");
  return bad === undefined ? "" : `${file}: "${bad.fullName}": ${bad.status}`;
}

/** @param {number} part @param {number} whole */
const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`;

/** Prints the table's state; throws when a test that it names did not pass. */
export async function printClauseCoverage() {
  const results = readResults();
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
  const chapters = names
    .sort()
    .map((name) => /** @type {Chapter} */ (JSON.parse(readFileSync(join(FOLDER, name), "utf8"))));
  const problems = [];
  const uncovered = [];
  let [total, shown, idle] = [0, 0, 0];
  process.stdout.write("Clauses of the virtio specification for devices:\n");
  for (const { title, sections } of chapters) {
    const clauses = sections.flatMap((section) => section.clauses);
    const tested = clauses.filter((clause) => clause.tests !== undefined);
    for (const { id, tests } of tested) {
      for (const test of tests ?? []) {
        const found = problem(test, results);
        if (found !== "") problems.push(`${id}: ${found}`);
      }
    }
    const absent = clauses.filter((clause) => clause.notOffered !== undefined);
    for (const { id, level, says, uncovered: reason } of clauses) {
      if (reason !== undefined) uncovered.push(`  ${id} (${level}: ${says}): ${reason}`);
    }
    total += clauses.length;
    shown += tested.length;
    idle += absent.length;
    const rest = absent.length === 0 ? "" : `, ${absent.length} about features that are not offered`;
    process.stdout.write(`  ${title}: ${tested.length} of ${clauses.length} shown by a test${rest}\n`);
  }
  process.stdout.write(
    `${shown} of ${total} clauses are shown by tests, ${idle} are about features that are shown not to be offered: ` +
      `${percent(shown + idle, total)}; of those that apply ${percent(shown, total - idle)}.\n`,
  );
  if (uncovered.length > 0) process.stdout.write(`Not covered:\n${uncovered.join("\n")}\n`);
  if (problems.length > 0) throw new Error(`Clauses whose tests did not pass:\n${problems.join("\n")}`);
}

runAsScript(import.meta.url, printClauseCoverage);
