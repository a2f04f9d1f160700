// @ts-check
/** The worker of the benchmark's page: `{ ramBase }` loads engine and program, each further message runs it once. */
import { prepareRun } from "./engine-run.mjs";

/** @typedef {{ onmessage: (event: { data: { ramBase: number } }) => void, postMessage: (data: unknown) => void }} Scope */

const scope = /** @type {Scope} */ (/** @type {unknown} */ (globalThis));

const load = async (/** @type {string} */ name) => (await fetch(new URL(name, import.meta.url))).arrayBuffer();

/** @type {ReturnType<typeof prepareRun> | null} */
let run = null;

/** @param {number} ramBase */
async function prepare(ramBase) {
  const [engine, program] = await Promise.all([load("armlet.wasm"), load("program.bin")]);
  return prepareRun(await WebAssembly.compile(engine), ramBase, new Uint8Array(program));
}

/** @param {{ data: { ramBase: number } }} event */
scope.onmessage = async ({ data }) => {
  try {
    if (run === null) {
      run = prepare(data.ramBase);
      await run;
      scope.postMessage(null);
    } else {
      scope.postMessage((await run)());
    }
  } catch (error) {
    scope.postMessage({ error: String(error) });
  }
};
