import { compileEngine } from "./engine.ts";
import { startVmWorker } from "./workers.ts";

/**
 * What every machine needs, begun before it is known which machine it will be: its worker and the engine. Both come up
 * while the page still loads what else it has. It is for one start; `dispose` it where there will be none.
 *
 * ```ts
 * const headStart = new HeadStart();
 * const vm = new VirtualMachine({ args: await whatToRun() });
 * await vm.start(headStart);
 * ```
 */
export class HeadStart {
  /** The engine, on its way; rejects with a FailureError. */
  readonly engine: Promise<WebAssembly.Module>;
  #worker: Worker | null;

  /** `engine`: where it is; unless given, the file that belongs to this package. */
  constructor(engine?: string | URL) {
    // The worker first: a browser needs this thread a few times until another one runs.
    this.#worker = begunWorker(() => this.dispose());
    this.engine = compileEngine(engine);
    // Whoever starts the machine gets its error.
    this.engine.catch(() => {});
  }

  /** The worker, which is the caller's from now on; null where it was taken or broke, or this was disposed of. */
  takeWorker(): Worker | null {
    const worker = this.#worker;
    this.#worker = null;
    if (worker !== null) worker.onerror = null;
    return worker;
  }

  /** Ends the worker if no machine has taken it. */
  dispose(): void {
    this.takeWorker()?.terminate();
  }
}

/** null where the browser does not let it start, which it says again, and to somebody, when the machine starts. */
function begunWorker(onBroken: () => void): Worker | null {
  let worker: Worker;
  try {
    worker = startVmWorker();
  } catch {
    return null;
  }
  worker.onerror = (event) => {
    event.preventDefault();
    onBroken();
  };
  return worker;
}
