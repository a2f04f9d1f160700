/**
 * A thread that reads parts of files for a machine. Browsers hand out a file in pieces, each a task of the thread that reads
 * it: done by the machine's own thread it is time that the guest does not get (docs/performance.md).
 */

/**
 * All that the thread does. A text and not a module: the package's modules may be of another origin, and a thread of this
 * thread can only be started from an address of its own.
 */
export const BLOB_THREAD_SCRIPT = `onmessage = ({ data: { id, part } }) =>
  part.arrayBuffer().then(
    (bytes) => postMessage({ id, bytes }, [bytes]),
    ({ name, message }) => postMessage({ id, name, message }),
  );`;

/** What the script posts: the bytes of a part, or what the browser says is wrong. */
export type BlobAnswer =
  | { readonly id: number; readonly bytes: ArrayBuffer }
  | { readonly id: number; readonly name: string; readonly message: string };

/** A thread that runs the script. */
export interface BlobWorker {
  onAnswer(listener: (answer: BlobAnswer) => void): void;
  /** The script could not be started. */
  onBroken(listener: () => void): void;
  postMessage(message: { readonly id: number; readonly part: Blob }): void;
  terminate(): void;
}

interface Waiting {
  readonly part: Blob;
  resolve(bytes: ArrayBuffer | Promise<ArrayBuffer>): void;
  reject(error: Error): void;
}

/** Reads parts of files in a thread, which is started for the first; in this one where there can be none. */
export class BlobThread {
  readonly #start: () => BlobWorker;
  /** null before the first part, and where there can be none. */
  #worker: BlobWorker | null = null;
  #isImpossible = false;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** `start` may throw where the browser has no such threads. */
  constructor(start: () => BlobWorker) {
    this.#start = start;
  }

  /** Rejects with an error of the name and message that the browser's has. */
  async read(part: Blob): Promise<ArrayBuffer> {
    const worker = this.#running();
    if (worker === null) return await part.arrayBuffer();
    this.#lastId += 1;
    const id = this.#lastId;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(id, { part, resolve, reject });
      worker.postMessage({ id, part });
    });
  }

  #running(): BlobWorker | null {
    if (this.#worker !== null || this.#isImpossible) return this.#worker;
    try {
      const worker = this.#start();
      worker.onAnswer((answer) => this.#answered(answer));
      worker.onBroken(() => {
        worker.terminate();
        this.#giveUp();
      });
      this.#worker = worker;
    } catch {
      // No such threads, or a policy of the page against them: reading takes longer, and that is all.
      this.#isImpossible = true;
    }
    return this.#worker;
  }

  #answered(answer: BlobAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("bytes" in answer) waiting?.resolve(answer.bytes);
    else waiting?.reject(Object.assign(new Error(answer.message), { name: answer.name }));
  }

  /** The script could not be started: what it was to read is read here. */
  #giveUp(): void {
    this.#worker = null;
    this.#isImpossible = true;
    for (const { part, resolve } of this.#waiting.values()) resolve(part.arrayBuffer());
    this.#waiting.clear();
  }
}

/** Starts the script as a thread of this thread. Throws where the browser or a policy has none. */
export function startBlobWorker(): BlobWorker {
  const address = URL.createObjectURL(new Blob([BLOB_THREAD_SCRIPT], { type: "text/javascript" }));
  try {
    const worker = new Worker(address, { name: "armlet files" });
    // It was fetched when the worker first says something, or breaks.
    const release = (): void => URL.revokeObjectURL(address);
    worker.addEventListener("message", release, { once: true });
    worker.addEventListener("error", release, { once: true });
    return {
      onAnswer: (listener) => worker.addEventListener("message", ({ data }) => listener(data)),
      onBroken: (listener) =>
        worker.addEventListener("error", (event) => {
          event.preventDefault();
          listener();
        }),
      postMessage: (message) => worker.postMessage(message),
      terminate: () => worker.terminate(),
    };
  } catch (error) {
    URL.revokeObjectURL(address);
    throw error;
  }
}
