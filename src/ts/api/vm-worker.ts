import { startWorker } from "./worker-of-any-origin.ts";

/** Starts the worker that a machine runs in. */
export function startVmWorker(): Worker {
  const start = (): Worker =>
    new Worker(new URL("../worker/vm.worker.ts", import.meta.url), { type: "module", name: "armlet machine" });
  return startWorker(scriptAddress(), "armlet machine", start);
}

/** Where the script is. Bundlers put the address where they find exactly these words, so they are said once more. */
function scriptAddress(): URL {
  class Worker {
    readonly script: URL;

    constructor(script: URL, _options: object) {
      this.script = script;
    }
  }
  return new Worker(new URL("../worker/vm.worker.ts", import.meta.url), { type: "module" }).script;
}
