// @ts-check
/**
 * Makes the table of docs/devices.md in which transports and ways of using rings each device is tested, from what the
 * tests did: `node scripts/device-matrix.mjs` runs the device tests, `node scripts/device-matrix.mjs results.json` takes
 * vitest's JSON report of a run that there was. Fails when a test failed.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MATRIX_BEGIN, MATRIX_END, matrixTable } from "./lib/device-matrix.mjs";

const PAGE = new URL("../docs/devices.md", import.meta.url);

/** @returns {string} the JSON report of a run of the device tests */
function runTests() {
  const folder = mkdtempSync(join(tmpdir(), "device-matrix-"));
  const file = join(folder, "results.json");
  try {
    const vitest = ["vitest", "run", "--project", "unit", "--reporter=json", `--outputFile=${file}`];
    const { status } = spawnSync("npx", [...vitest, "src/virtio/devices"], { stdio: ["ignore", "ignore", "inherit"] });
    if (status !== 0)
      throw new Error("the device tests fail: npx vitest run --project unit src/virtio/devices shows how");
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const given = process.argv[2];
const table = matrixTable(JSON.parse(given === undefined ? runTests() : readFileSync(given, "utf8")));
const page = readFileSync(PAGE, "utf8");
const begin = page.indexOf(MATRIX_BEGIN);
const end = page.indexOf(MATRIX_END);
if (begin < 0 || end < begin) throw new Error("docs/devices.md has lost the marks around the table of tests");
writeFileSync(PAGE, `${page.slice(0, begin + MATRIX_BEGIN.length)}\n\n${table}\n\n${page.slice(end)}`);
