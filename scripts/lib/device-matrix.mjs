// @ts-check
/** The table of device tests as Markdown, from vitest's JSON report. */

/** Marks in docs/devices.md around the table. */
export const MATRIX_BEGIN = "<!-- made by scripts/device-matrix.mjs -->";
export const MATRIX_END = "<!-- end of what scripts/device-matrix.mjs makes -->";

/**
 * @typedef {{ device: string, transport: string, rings: string[] }} Cell
 * @typedef {{ status: string, fullName: string, meta?: { virtioCells?: Cell[] } }} Assertion
 * @typedef {{ testResults: { assertionResults: Assertion[] }[] }} Report
 */

/**
 * One table of devices and transports, with how many tests passed, and one of devices and ways of using rings, with the
 * number of transports that those tests were on.
 *
 * @param {Report} report
 */
export function matrixTable(report) {
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.find(({ status }) => status !== "passed");
  if (failed !== undefined) throw new Error(`not passed: ${failed.fullName}`);
  const cells = tests.flatMap(({ meta }) => meta?.virtioCells ?? []);
  const devices = unique(cells.map(({ device }) => device));
  const transports = unique(cells.map(({ transport }) => transport));
  const rings = unique(cells.flatMap((cell) => cell.rings));
  /** @param {(cell: Cell) => boolean} test */
  const testsWith = (test) => tests.filter(({ meta }) => meta?.virtioCells?.some(test)).length;
  const byTransport = devices.map((device) => [
    device,
    ...transports.map((transport) =>
      String(testsWith((cell) => cell.device === device && cell.transport === transport)),
    ),
  ]);
  const byRing = devices.map((device) => [
    device,
    ...rings.map((ring) => {
      const found = cells.filter((cell) => cell.device === device && cell.rings.includes(ring));
      const on = unique(found.map(({ transport }) => transport)).length;
      return `${testsWith((cell) => cell.device === device && cell.rings.includes(ring))} on ${on}`;
    }),
  ]);
  return [...markdown(["Tests", ...transports], byTransport), "", ...markdown(["Rings", ...rings], byRing)].join("\n");
}

/** @param {string[]} values */
const unique = (values) => [...new Set(values)];

/** @param {string[]} head @param {string[][]} rows */
function markdown(head, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
