// @ts-check
/**
 * `npm run lint:size`: source files longer than the habit of about 300 lines, longest first. Only beyond 600 lines, which
 * no file but a table needs, is it an error.
 */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { runAsScript } from "./lib/main.mjs";
import { root } from "./lib/paths.mjs";
import { filesUnder } from "./lib/stamp.mjs";

const HABIT = 300;
const LIMIT = 600;

/** Tables: one row for each thing of a kind, read by looking up, not from top to bottom. */
const tables = [/\.decode$/, /^public\//, /^src\/wasm\/.*-keys\.ts$/, /^src\/ts\/debug\/system-registers\.ts$/];

runAsScript(import.meta.url, async () => {
  const files = filesUnder(
    ["src", "web", "scripts", "guest", "e2e", "bench", "suites"],
    (path) => /\.(ts|mjs|css|html|s|dts)$/.test(path) && !/\.gen\.ts$/.test(path),
  );
  const long = files
    .map((path) => ({ path: relative(root, path), lines: readFileSync(path, "utf8").split("\n").length - 1 }))
    .filter(({ path, lines }) => lines > HABIT && !tables.some((pattern) => pattern.test(path)))
    .sort((a, b) => b.lines - a.lines);
  for (const { path, lines } of long)
    console.log(`${String(lines).padStart(5)}  ${path}${lines > LIMIT ? "  too long" : ""}`);
  const tooLong = long.filter(({ lines }) => lines > LIMIT);
  if (tooLong.length > 0) throw new Error(`${tooLong.length} files have more than ${LIMIT} lines.`);
});
