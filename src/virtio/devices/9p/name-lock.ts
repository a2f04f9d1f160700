/**
 * Paths are made from nodes and then used; in between nothing may be renamed or removed. Many requests may look at names at
 * a time, those that change them are alone.
 */
import { type Steps, wait } from "./steps.ts";

interface Waiting {
  readonly exclusive: boolean;
  readonly go: () => void;
}

export class NameLock {
  private sharers = 0;
  private owned = false;
  private readonly queue: Waiting[] = [];

  /** Runs `work` while no name changes. */
  *shared<Value>(work: () => Steps<Value>): Steps<Value> {
    // Whoever waits is not passed, so that nobody waits for ever.
    if (this.owned || this.queue.length > 0) yield* this.enter(false);
    else this.sharers += 1;
    try {
      return yield* work();
    } finally {
      this.sharers -= 1;
      this.pass();
    }
  }

  /** Runs `work` while nobody else looks at names. */
  *exclusive<Value>(work: () => Steps<Value>): Steps<Value> {
    if (this.owned || this.sharers > 0 || this.queue.length > 0) yield* this.enter(true);
    else this.owned = true;
    try {
      return yield* work();
    } finally {
      this.owned = false;
      this.pass();
    }
  }

  /** Waits for the turn. A request that is given up meanwhile gives its turn back. */
  private *enter(exclusive: boolean): Steps<void> {
    let entry: Waiting | null = null;
    const turn = new Promise<void>((resolve) => {
      entry = { exclusive, go: resolve };
      this.queue.push(entry);
    });
    try {
      yield* wait(turn);
    } catch (error) {
      const index = this.queue.indexOf(entry as unknown as Waiting);
      if (index >= 0) this.queue.splice(index, 1);
      else if (exclusive) this.owned = false;
      else this.sharers -= 1;
      this.pass();
      throw error;
    }
  }

  private pass(): void {
    for (let next = this.queue[0]; next !== undefined; next = this.queue[0]) {
      if (this.owned || (next.exclusive && this.sharers > 0)) return;
      this.queue.shift();
      if (next.exclusive) this.owned = true;
      else this.sharers += 1;
      next.go();
    }
  }
}
