// @ts-check
/** Keeps results of `npm run bench:vm` in docs/performance.md: one row of the history for each, and the latest lines. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/lib/paths.mjs";
import { machineLine } from "./cpu-time.mjs";
import { geometricMean, GROUPS, groupMeans, lineCells, lineHeads } from "./vm-results.mjs";

const file = join(root, "docs/performance.md");

/** @typedef {{ where: string, guest: string, runs: number, scale: number, args: string }} Conditions */
/** @typedef {import("./vm-results.mjs").Comparison} Comparison */

/** @param {readonly string[]} cells */
const row = (cells) => `| ${cells.join(" | ")} |`;

/** The head of the history's table. */
export const HISTORY_HEAD = [
  row(["date", "commit", "where", ...GROUPS.map(({ name }) => name), "best/first", "measured"]),
  row(new Array(GROUPS.length + 5).fill("---")),
];

/** What lies between two marks in a text, and around. @param {string} text @param {string} name */
function section(text, name) {
  const [begin, end] = [`<!-- ${name} begins -->\n`, `<!-- ${name} ends -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no marks "${name} begins" and "${name} ends".`);
  return {
    before: text.slice(0, from + begin.length),
    inside: text.slice(from + begin.length, to),
    after: text.slice(to),
  };
}

/**
 * The document with one more row of the history and these lines as the latest of this place.
 * @param {string} text @param {{ date: string, commit: string, machine: string }} when
 * @param {Conditions} conditions @param {readonly Comparison[]} lines
 */
export function withRecord(text, { date, commit, machine }, { where, guest, runs, scale, args }, lines) {
  const means = new Map(groupMeans(lines).map(({ name, ratio }) => [name, ratio.toFixed(2)]));
  const slowdown = geometricMean(lines.map((line) => line.slowdown)).toFixed(1);
  const measured = `best of ${runs}, scale ${scale}${args === "" ? "" : `, \`${args}\``}; ${machine}`;
  const groups = GROUPS.map(({ name }) => means.get(name) ?? "");
  const history = section(text, "bench:vm history");
  const old = history.inside === "" ? `${HISTORY_HEAD.join("\n")}\n` : history.inside;
  const added = `${history.before}${old}${row([date, commit, where, ...groups, slowdown, measured])}\n${history.after}`;
  const latest = section(added, `bench:vm ${where}`);
  const heads = [row(lineHeads(where)), row(lineHeads(where).map(() => "---"))];
  const caption = `${where}, ${date}, commit ${commit}, Linux ${guest}, ${measured}:\n`;
  return `${latest.before}${[caption, ...heads, ...lines.map((line) => row(lineCells(line)))].join("\n")}\n${latest.after}`;
}

/** The commit of what is measured, and whether there is more than it. */
function measuredCommit() {
  const git = (/** @type {string[]} */ ...words) =>
    execFileSync("git", [...words, "--", "src"], { cwd: root, encoding: "utf8" });
  const changed = git("status", "--porcelain") !== "";
  return `${git("log", "-1", "--format=%h").trim()}${changed ? " and changes" : ""}`;
}

/** Writes it. @param {Conditions} conditions @param {string} quiet How quiet the host was. @param {readonly Comparison[]} lines */
export function recordResults(conditions, quiet, lines) {
  const date = new Date().toISOString().slice(0, 10);
  const when = { date, commit: measuredCommit(), machine: `${machineLine()}, ${quiet}` };
  writeFileSync(file, withRecord(readFileSync(file, "utf8"), when, conditions, lines));
}
