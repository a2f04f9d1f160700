/**
 * The package's workers. Bundlers put the address of a worker's script where they find `new Worker(new URL(…))`, and
 * nowhere else: where only the address is wanted, a class of that name takes it.
 */
import { startWorker } from "./worker-of-any-origin.ts";

/** Starts the worker that a machine runs in. */
export function startVmWorker(): Worker {
  return startWorker(
    vmScript(),
    "armlet machine",
    () => new Worker(new URL("../worker/vm.worker.ts", import.meta.url), { type: "module", name: "armlet machine" }),
  );
}

/** Starts the worker that keeps the disks. */
export function startDiskWorker(): Worker {
  return startWorker(
    diskScript(),
    "armlet disks",
    () => new Worker(new URL("../worker/disk.worker.ts", import.meta.url), { type: "module", name: "armlet disks" }),
  );
}

function vmScript(): URL {
  class Worker extends ScriptAddress {}
  return new Worker(new URL("../worker/vm.worker.ts", import.meta.url), { type: "module" }).script;
}

function diskScript(): URL {
  class Worker extends ScriptAddress {}
  return new Worker(new URL("../worker/disk.worker.ts", import.meta.url), { type: "module" }).script;
}

class ScriptAddress {
  readonly script: URL;

  constructor(script: URL, _options: object) {
    this.script = script;
  }
}
