import { createContext, runInContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { BLOB_THREAD_SCRIPT, type BlobAnswer, BlobThread, type BlobWorker } from "./blob-thread.ts";

const PART = new Blob(["only a part"]);

/** A Blob that cannot be read any more. */
function changed(): Blob {
  const error = new DOMException("The file changed.", "NotReadableError");
  return Object.assign(new Blob(["it was"]), { arrayBuffer: () => Promise.reject(error) });
}

/** A thread that never answers by itself. */
class SilentWorker implements BlobWorker {
  readonly asked: { readonly id: number; readonly part: Blob }[] = [];
  isOver = false;
  answer: (answer: BlobAnswer) => void = () => {};
  break: () => void = () => {};
  onAnswer(listener: (answer: BlobAnswer) => void): void {
    this.answer = listener;
  }
  onBroken(listener: () => void): void {
    this.break = listener;
  }
  postMessage(message: { readonly id: number; readonly part: Blob }): void {
    this.asked.push(message);
  }
  terminate(): void {
    this.isOver = true;
  }
}

/** A thread in which the script runs. */
class ScriptWorker extends SilentWorker {
  transferred = 0;
  override postMessage(message: { readonly id: number; readonly part: Blob }): void {
    const scope = createContext({
      onmessage: (_: { data: unknown }): void => {},
      postMessage: (answer: BlobAnswer, transfer: ArrayBuffer[] = []) => {
        this.transferred += transfer.length;
        this.answer(answer);
      },
    });
    runInContext(BLOB_THREAD_SCRIPT, scope);
    scope.onmessage({ data: message });
  }
}

const text = (bytes: ArrayBuffer): string => Buffer.from(bytes).toString();

describe("BlobThread", () => {
  it("reads in its thread, which is started once and gives its bytes away", async () => {
    const workers: ScriptWorker[] = [];
    const thread = new BlobThread(() => {
      workers.push(new ScriptWorker());
      return workers[0] as ScriptWorker;
    });
    expect(workers).toEqual([]);
    const parts = await Promise.all([thread.read(PART), thread.read(new Blob(["another"]))]);
    expect(parts.map(text)).toEqual(["only a part", "another"]);
    expect(workers.map(({ transferred }) => transferred)).toEqual([2]);
  });

  it("says what the browser says", async () => {
    const thread = new BlobThread(() => new ScriptWorker());
    await expect(thread.read(changed())).rejects.toMatchObject({
      name: "NotReadableError",
      message: "The file changed.",
    });
    expect(text(await thread.read(PART))).toBe("only a part");
  });

  it("takes answers in any order", async () => {
    const worker = new SilentWorker();
    const thread = new BlobThread(() => worker);
    const reads = [thread.read(PART), thread.read(PART)];
    const bytes = ["first", "second"].map((value) => new TextEncoder().encode(value).buffer);
    for (const at of [1, 0]) worker.answer({ id: worker.asked[at]?.id ?? -1, bytes: bytes[at] as ArrayBuffer });
    expect((await Promise.all(reads)).map(text)).toEqual(["first", "second"]);
  });

  it("reads here where there can be no thread, and tries that once", async () => {
    let attempts = 0;
    const thread = new BlobThread(() => {
      attempts += 1;
      throw new Error("Worker is not defined");
    });
    expect(text(await thread.read(PART))).toBe("only a part");
    expect(text(await thread.read(PART))).toBe("only a part");
    expect(attempts).toBe(1);
  });

  it("reads here what a thread that breaks was asked for", async () => {
    const worker = new SilentWorker();
    const thread = new BlobThread(() => worker);
    const reads = [thread.read(PART), thread.read(changed())];
    worker.break();
    expect(text((await reads[0]) as ArrayBuffer)).toBe("only a part");
    await expect(reads[1]).rejects.toMatchObject({ name: "NotReadableError" });
    expect(worker.isOver).toBe(true);
    expect(text(await thread.read(PART))).toBe("only a part");
    expect(worker.asked.length).toBe(2);
  });
});
