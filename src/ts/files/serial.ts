/** Runs pieces of work one after the other. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` after everything that came before; gives what it gives. */
  run<Value>(work: () => Promise<Value>): Promise<Value> {
    const running = this.#last.then(work, work);
    this.#last = running;
    return running;
  }

  /** Runs `work` in its turn, and nothing after it until the function that comes back is called. Rejects as `work` does. */
  hold(work: () => Promise<void>): Promise<() => void> {
    return new Promise((resolve, reject) => {
      this.run(async () => {
        await work();
        await new Promise<void>((release) => resolve(release));
      }).catch(reject);
    });
  }
}
