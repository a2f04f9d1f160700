import { DiskLock, type Locks } from "./disk-lock.ts";
import { StorageError } from "./storage-error.ts";

/** Where a reader asks the writer of a disk to hold still, and the writer answers. */
const CHANNEL = "armlet-disk-hold";
const PREFIX = "armlet-hold:";

/** A machine answers between two slices, after it flushed: one that takes longer is frozen, or its tab is. */
const ANSWER_MS = 10_000;

type HoldMessage =
  | { readonly kind: "hold"; readonly id: string }
  | { readonly kind: "holding"; readonly id: string }
  | { readonly kind: "cannot"; readonly id: string; readonly message: string; readonly advice: string };

/**
 * Makes whoever writes a disk flush it and write nothing more until the result is called, so that it can be read as it
 * is at one moment: as after a power cut. Where the reader dies, the browser takes its lock back, and the writer goes
 * on. With `ownLock` the caller has the DiskLock: nobody writes, and only other readers are waited for. Rejects with a
 * StorageError where the writer cannot flush, or does not answer.
 */
export async function holdDisk(
  disk: { readonly id: string; readonly name: string },
  locks: Locks,
  options: { readonly ownLock?: boolean; readonly answerMs?: number } = {},
): Promise<() => Promise<void>> {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let released: Promise<unknown> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    released = locks.request(PREFIX + disk.id, { mode: "exclusive" }, () => {
      resolve();
      return held;
    });
    released.catch(reject);
  });
  const letGo = async (): Promise<void> => {
    release();
    await released;
  };
  try {
    // In this order: a writer that comes later finds the hold.
    const hasWriter = options.ownLock !== true && (await DiskLock.held(locks)).has(disk.id);
    if (hasWriter) await askWriter(disk, options.answerMs ?? ANSWER_MS);
  } catch (error) {
    await letGo();
    throw error;
  }
  return letGo;
}

async function askWriter(disk: { readonly id: string; readonly name: string }, answerMs: number): Promise<void> {
  const channel = new BroadcastChannel(CHANNEL);
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(
            new StorageError(
              "busy",
              `The machine that has the disk “${disk.name}” open does not answer.`,
              "Look at its tab, or turn that machine off; then try again.",
            ),
          ),
        answerMs,
      );
      channel.onmessage = ({ data }: MessageEvent<HoldMessage>) => {
        if (data.id !== disk.id || data.kind === "hold") return;
        clearTimeout(timer);
        if (data.kind === "holding") resolve();
        else reject(cannotFlush(data));
      };
      channel.postMessage({ kind: "hold", id: disk.id } satisfies HoldMessage);
    });
  } finally {
    channel.close();
  }
}

/** Storage that is full stays so; what it took is there to be read when nobody writes any more. */
function cannotFlush({ message, advice }: Extract<HoldMessage, { kind: "cannot" }>): StorageError {
  const way = "Or leave the machine that has the disk open: what was stored until then can be read.";
  return new StorageError("failed", message, advice === "" ? way : `${advice} ${way}`);
}

/** What a writer of a disk does when a reader asks it to hold still. */
export interface HeldWriter {
  /** Flushes, and writes nothing from then on. */
  hold(): Promise<void>;
  /** May write again. */
  release(): void;
}

/** The writer's side: answers readers for as long as it has the disk. */
export class HoldWatch {
  readonly #id: string;
  readonly #locks: Locks;
  readonly #writer: HeldWriter;
  readonly #channel = new BroadcastChannel(CHANNEL);
  /** Readers that were answered and are not known to be done. */
  #holds = 0;
  #closed = false;

  constructor(id: string, locks: Locks, writer: HeldWriter) {
    this.#id = id;
    this.#locks = locks;
    this.#writer = writer;
    this.#channel.onmessage = ({ data }: MessageEvent<HoldMessage>) => {
      if (data.kind === "hold" && data.id === id) void this.#hold();
    };
  }

  /** To be called before the first write: holds still until whoever reads already is done. */
  start(): void {
    void this.#hold();
  }

  close(): void {
    this.#closed = true;
    this.#channel.onmessage = null;
    this.#channel.close();
  }

  async #hold(): Promise<void> {
    this.#holds += 1;
    try {
      await this.#writer.hold();
      this.#answer({ kind: "holding", id: this.#id });
      // Had as soon as the reader is done, or dead.
      await this.#locks.request(PREFIX + this.#id, { mode: "shared" }, () => {});
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const advice = error instanceof StorageError ? error.advice : "";
      this.#answer({ kind: "cannot", id: this.#id, message, advice });
    }
    this.#holds -= 1;
    if (this.#holds === 0) this.#writer.release();
  }

  #answer(message: HoldMessage): void {
    if (!this.#closed) this.#channel.postMessage(message);
  }
}
