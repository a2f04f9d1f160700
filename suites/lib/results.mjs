// @ts-check
/** What a suite's machine prints (suites/skeleton/suite/init), read and compared. */

/**
 * @typedef {object} SuiteResult
 * @property {number} status Of the suite's script.
 * @property {Record<string, string>} values By name: verdicts of tests, what was computed.
 * @property {string[]} troubles What the guest's kernel complained of.
 * @property {string[]} lines Everything between the marks.
 */

/** What a kernel says when it, or hardware under it, is wrong: warnings that need no bug of ours are not among them. */
const TROUBLE =
  /\b(?:BUG|WARNING|Oops|Call trace|Kernel panic|Internal error|Unable to handle|undefined instruction|rcu: INFO|soft lockup|hung task|blocked for more than|Unhandled|SError|I\/O error|EXT4-fs error|self-tests for .* failed|alg: .*failed)\b/;

/**
 * @param {string} suite @param {string} console All that the machine printed.
 * @returns {SuiteResult}
 * @throws {Error} With the console's end, if the suite did not come to its own.
 */
export function readResult(suite, console) {
  const all = console.split(/\r*\n/);
  const begin = all.indexOf(`<suite ${suite} begins>`);
  const messages = all.indexOf("<kernel messages>", begin);
  const end = all.findIndex((line, index) => index > messages && line.startsWith(`<suite ${suite} ends `));
  if (begin < 0 || messages < 0 || end < 0)
    throw new Error(`The suite ${suite} did not come to its end:\n${all.slice(-30).join("\n")}`);
  const lines = all.slice(begin + 1, messages);
  /** @type {Record<string, string>} */
  const values = {};
  for (const line of lines) {
    const [, name, value] = /^result (.+) = (.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) values[name] = value.trim();
  }
  const troubles = all.filter((line, index) => (index < begin || index > messages) && TROUBLE.test(line));
  return { status: Number(/ ends (\d+)>/.exec(all[end] ?? "")?.[1]), values, troubles, lines };
}

/**
 * Where a result differs from that of the machine it is compared with.
 * @param {SuiteResult} ours @param {SuiteResult} peer @returns {string[]} A line each.
 */
export function differences(ours, peer) {
  const names = [...new Set([...Object.keys(peer.values), ...Object.keys(ours.values)])];
  const lines = names
    .filter((name) => ours.values[name] !== peer.values[name])
    .map((name) => `${name}: ${ours.values[name] ?? "missing"}, on QEMU ${peer.values[name] ?? "missing"}`);
  if (ours.status !== peer.status) lines.push(`status ${ours.status}, on QEMU ${peer.status}`);
  return lines;
}

/** A kernel message without its level, time and process. @param {string} line */
const textOf = (line) => line.replace(/^(?:<\d+>)?\[ *[\d.]+\] /, "").replace(/\bPID: \d+/, "PID");

/**
 * What the kernel complained of here alone.
 * @param {SuiteResult} ours @param {SuiteResult | null} peer Null where there is nothing to compare with. @returns {string[]}
 */
export function ownTroubles(ours, peer) {
  const known = new Set(peer?.troubles.map(textOf));
  return ours.troubles.filter((line) => !known.has(textOf(line)));
}

/** How many results there are of each verdict; what was computed is counted together. @param {SuiteResult} result */
export function tally({ values }) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const value of Object.values(values)) {
    const kind = /^[a-z][a-z ]*$/.test(value) ? value : "computed";
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
}
