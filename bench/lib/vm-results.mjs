// @ts-check
/** The lines that the guest printed, ours beside QEMU's: rates, ratios, means of groups, and the bars for them. */
import { table } from "./statistics.mjs";

/**
 * The groups, what their lines' names begin with, and the mean share of QEMU's rate that is asked of each.
 * @type {readonly { name: string, prefix: string, bar: number }[]}
 */
export const GROUPS = [
  { name: "integer", prefix: "int.", bar: 1 },
  { name: "application", prefix: "app.", bar: 1 },
  { name: "floating point", prefix: "fp.", bar: 3 },
  { name: "memory", prefix: "mem.", bar: 2 },
  { name: "operating system", prefix: "os.", bar: 1 },
  { name: "busybox", prefix: "sh.", bar: 0.8 },
];
/** No line is to be under this share of QEMU's rate. */
export const LINE_BAR = 0.4;
/** How many times slower than the best chunk the first one may be, as the mean of all lines. */
export const COLD_BAR = 2;
/** How far the guest's clock may be from the host's: a guest that times itself by a wrong clock has measured nothing. */
const CLOCK_TOLERANCE = 0.05;
/** What the lines may be late on their way to a busy host. */
const LATENESS_SECONDS = 0.5;

/** @typedef {{ name: string, unit: string, rate: number, best: number, first: number, sum: string }} Line */
/**
 * @typedef {object} Result Of one run.
 * @property {Map<string, Line>} lines
 * @property {number} guestSeconds Between its first line and its last, by the guest's clock.
 * @property {number} hostSeconds By the host's.
 * @property {number} coreShare Of the time in which the guest's thread wanted a core, that in which it had one.
 */

const LINE = /^(\S+) ([\d.e+]+) (\S+) best=([\d.e+]+) first=([\d.e+]+) chunks=\d+ sum=([\da-f]{8})$/;

/**
 * Reads what a guest printed.
 * @param {import("./vm-machines.mjs").Run} run
 * @param {boolean} byCoreTime The rates (not those of single chunks) are for the time in which the guest's thread had a core.
 * @returns {Result}
 * @throws {Error} If a benchmark in it failed, or there is no line at all.
 */
export function readResult({ lines: printed, shares }, byCoreTime) {
  /** @type {Map<string, Line>} */
  const lines = new Map();
  const clock = (/** @type {string} */ name) => {
    const found = printed.find(({ text }) => text.startsWith(`# ${name} `));
    if (found === undefined) throw new Error(`The guest did not print its clock at the ${name}.`);
    return { guest: Number(found.text.slice(`# ${name} `.length)), host: found.atMs / 1000 };
  };
  const [begin, end] = [clock("begin"), clock("end")];
  for (const { text } of printed) {
    const match = LINE.exec(text);
    if (match !== null) {
      const [, name = "", rate, unit = "", best, first, sum = ""] = match;
      const share = byCoreTime ? (shares.lines.get(name) ?? 1) : 1;
      lines.set(name, { name, unit, rate: Number(rate) / share, best: Number(best), first: Number(first), sum });
    } else if (/^# .*(failed|out of memory)/.test(text)) throw new Error(`The guest says: ${text}`);
  }
  if (lines.size === 0) throw new Error("No benchmark's name begins with what was asked for.");
  return { lines, guestSeconds: end.guest - begin.guest, hostSeconds: end.host - begin.host, coreShare: shares.whole };
}

/** What is wrong with a guest's clock, or null. @param {Result} result */
export function clockError({ guestSeconds, hostSeconds }) {
  const share = guestSeconds / hostSeconds;
  if (Math.abs(guestSeconds - hostSeconds) <= Math.max(LATENESS_SECONDS, CLOCK_TOLERANCE * hostSeconds)) return null;
  return `the guest's clock counted ${guestSeconds.toFixed(2)} s of ${hostSeconds.toFixed(2)} s (${share.toFixed(3)})`;
}

/**
 * Where two machines computed something else, or not the same benchmarks: sentences.
 * @param {Result} ours @param {Result} theirs
 */
export function differences(ours, theirs) {
  const names = new Set([...ours.lines.keys(), ...theirs.lines.keys()]);
  return [...names].flatMap((name) => {
    const [mine, peer] = [ours.lines.get(name), theirs.lines.get(name)];
    if (mine === undefined || peer === undefined)
      return [mine === undefined ? `${name}: only QEMU ran it` : `${name}: QEMU did not run it`];
    return mine.sum === peer.sum ? [] : [`${name}: check value ${mine.sum}, QEMU's is ${peer.sum}`];
  });
}

/**
 * @typedef {object} Comparison Of one line, the best of all runs each.
 * @property {string} name @property {string} unit
 * @property {number} peer QEMU's rate. @property {number} ours @property {number} ratio Ours by QEMU's.
 * @property {number} cold Our first chunk's rate by QEMU's first chunk's.
 * @property {number} slowdown How many times slower our first chunk is than our best. @property {number} peerSlowdown QEMU's.
 */

/** @param {readonly Result[]} results @param {string} name @param {"rate" | "best" | "first"} key */
const most = (results, name, key) => Math.max(...results.map(({ lines }) => lines.get(name)?.[key] ?? Number.NaN));

/** @param {readonly Result[]} ours @param {readonly Result[]} theirs Both with the same lines. @returns {Comparison[]} */
export function compare(ours, theirs) {
  return [...(ours[0]?.lines.values() ?? [])].map(({ name, unit }) => {
    const [mine, peer] = [most(ours, name, "rate"), most(theirs, name, "rate")];
    const [first, peerFirst] = [most(ours, name, "first"), most(theirs, name, "first")];
    const slowdown = most(ours, name, "best") / first;
    const peerSlowdown = most(theirs, name, "best") / peerFirst;
    return { name, unit, peer, ours: mine, ratio: mine / peer, cold: first / peerFirst, slowdown, peerSlowdown };
  });
}

/** Geometric mean. @param {readonly number[]} values At least one. */
export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** The groups of which there are lines, with their means. @param {readonly Comparison[]} lines */
export function groupMeans(lines) {
  return GROUPS.flatMap(({ name, prefix, bar }) => {
    const members = lines.filter((line) => line.name.startsWith(prefix));
    if (members.length === 0) return [];
    const mean = (/** @type {"ratio" | "cold" | "slowdown" | "peerSlowdown"} */ key) =>
      geometricMean(members.map((line) => line[key]));
    const means = { ratio: mean("ratio"), cold: mean("cold"), slowdown: mean("slowdown") };
    return [{ name, bar, ...means, peerSlowdown: mean("peerSlowdown") }];
  });
}

/** @param {number} value Three digits. */
const short = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** The heads of what is set against QEMU. @param {string} name Of our machine, or another. */
const ratioHeads = (name) => [`${name}/QEMU`, `first, ${name}/QEMU`, "best/first", "QEMU's best/first"];

/** The heads of the columns of `lineCells`. @param {string} name */
export const lineHeads = (name) => ["", "QEMU", name, "unit", ...ratioHeads(name)];

/** @param {Comparison} line @returns {string[]} */
export function lineCells({ name, unit, peer, ours, ratio, cold, slowdown, peerSlowdown }) {
  return [
    name,
    short(peer),
    short(ours),
    unit,
    ratio.toFixed(3),
    cold.toFixed(3),
    short(slowdown),
    short(peerSlowdown),
  ];
}

/**
 * The whole report as text.
 * @param {readonly Comparison[]} lines @param {string} where The machine's name.
 */
export function report(lines, where) {
  const means = groupMeans(lines);
  const rows = means.map(({ name, bar, ratio, cold, slowdown, peerSlowdown }) => {
    const verdict = ratio >= bar ? "reached" : "missed";
    return [name, ratio.toFixed(3), String(bar), verdict, cold.toFixed(3), short(slowdown), short(peerSlowdown)];
  });
  const [ratioHead = "", ...otherHeads] = ratioHeads(where);
  const heads = ["geometric mean", ratioHead, "bar", "", ...otherHeads];
  const low = lines.filter(({ ratio }) => ratio < LINE_BAR);
  const slowdown = geometricMean(lines.map((line) => line.slowdown));
  return [
    table([lineHeads(where), ...lines.map(lineCells)]),
    "",
    table([heads, ...rows]),
    "",
    `lines under ${LINE_BAR}: ${low.length === 0 ? "none" : low.map(({ name, ratio }) => `${name} ${ratio.toFixed(3)}`).join(", ")}`,
    `first chunks ${short(slowdown)} times slower than the best, bar ${COLD_BAR}: ${slowdown <= COLD_BAR ? "reached" : "missed"}`,
  ].join("\n");
}
