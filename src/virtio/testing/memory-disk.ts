/** A disk in memory for tests: synchronous or asynchronous, with a record of what was asked, and failures on demand. */
import type { Awaitable, BlockBackend } from "../backends.ts";

export class MemoryDisk implements BlockBackend {
  sizeBytes: number;
  readOnly = false;
  readonly bytes: Uint8Array;
  /** Names of the calls with their ranges, in order. */
  readonly calls: string[] = [];
  /** When set, every operation waits until `release`. */
  manual = false;
  /** Message that the next operations fail with. */
  failure: string | null = null;
  private readonly waiting: (() => void)[] = [];
  private readonly sync: boolean;

  constructor(sizeBytes: number, { sync = false } = {}) {
    this.sizeBytes = sizeBytes;
    this.bytes = new Uint8Array(sizeBytes);
    this.sync = sync;
  }

  /** Operations that wait. */
  get pending(): number {
    return this.waiting.length;
  }

  /** Lets the oldest waiting operations finish. */
  async release(count = this.waiting.length): Promise<void> {
    for (const resume of this.waiting.splice(0, count)) resume();
    await new Promise((resolve) => setImmediate(resolve));
  }

  private run(call: string, work: () => void): Awaitable {
    this.calls.push(call);
    if (this.sync && !this.manual) {
      if (this.failure !== null) throw new Error(this.failure);
      work();
      return;
    }
    return this.later(work);
  }

  private async later(work: () => void): Promise<void> {
    if (this.manual) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else await Promise.resolve();
    if (this.failure !== null) throw new Error(this.failure);
    work();
  }

  read(offset: number, into: Uint8Array): Awaitable {
    return this.run(`read ${offset}+${into.length}`, () => into.set(this.bytes.subarray(offset, offset + into.length)));
  }

  write(offset: number, from: Uint8Array): Awaitable {
    return this.run(`write ${offset}+${from.length}`, () => this.bytes.set(from, offset));
  }

  flush(): Awaitable {
    return this.run("flush", () => {});
  }

  discard(offset: number, length: number): Awaitable {
    return this.run(`discard ${offset}+${length}`, () => this.bytes.fill(0, offset, offset + length));
  }

  writeZeroes(offset: number, length: number, mayUnmap: boolean): Awaitable {
    return this.run(`zeroes ${offset}+${length}${mayUnmap ? " unmap" : ""}`, () =>
      this.bytes.fill(0, offset, offset + length),
    );
  }
}
