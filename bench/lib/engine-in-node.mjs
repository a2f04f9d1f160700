// @ts-check
/** A process of its own that measures the engine in Node: `engine-in-node.mjs ENGINE PROGRAM RAM_BASE RUNS`; JSON out. */
import { readFileSync } from "node:fs";
import { prepareRun } from "../page/engine-run.mjs";

const [engine = "", program = "", ramBase = "", runs = ""] = process.argv.slice(2);
const run = await prepareRun(await WebAssembly.compile(readFileSync(engine)), Number(ramBase), readFileSync(program));
const results = [];
for (let i = 0; i < Number(runs); i += 1) {
  const before = process.cpuUsage();
  const outcome = run();
  const { user, system } = process.cpuUsage(before);
  results.push({ ...outcome, cpuSeconds: (user + system) / 1e6 });
}
console.log(JSON.stringify(results));
