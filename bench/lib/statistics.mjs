// @ts-check
/** Figures of several runs: minimum, median, maximum, and tables of them. */

/** @typedef {{ min: number, median: number, max: number }} Summary */

/** @param {readonly number[]} values At least one. @returns {Summary} */
export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (/** @type {number} */ index) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return { min: at(0), median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, max: at(sorted.length - 1) };
}

/**
 * Lines with the columns below each other: the first to the left, all others to the right.
 * @param {readonly (readonly string[])[]} rows @returns {string}
 */
export function table(rows) {
  /** @type {number[]} */
  const widths = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const line = (/** @type {readonly string[]} */ row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}

/** The three cells of a summary. @param {readonly number[]} values @param {number} digits After the point. */
export function cells(values, digits) {
  const { min, median, max } = summary(values);
  return [min, median, max].map((value) => value.toFixed(digits));
}
