// @ts-check
/** What a console printed, line by line, with the host's time at which each line was complete. In Node and in pages. */

/** @typedef {{ text: string, atMs: number }} TimedLine */

/** What a guest prints when it is done, or when its kernel gives up. */
const END = /^# end \d/;
const PANIC = /Kernel panic/;

/** Collects a console's output. */
export class TimedLines {
  /** @type {TimedLine[]} */
  lines = [];
  #pending = "";

  /** @param {string} text What came now. @returns {TimedLine[]} The lines that it completed. */
  take(text) {
    const atMs = performance.now();
    const parts = (this.#pending + text).split(/\r*\n/);
    this.#pending = parts.pop() ?? "";
    const complete = parts.map((line) => ({ text: line, atMs }));
    this.lines.push(...complete);
    return complete;
  }

  /** Whether the guest is done. @throws {Error} If its kernel panicked. */
  get ended() {
    if (this.lines.some(({ text }) => PANIC.test(text))) throw new Error(`The guest's kernel panicked:\n${this.tail}`);
    return this.lines.some(({ text }) => END.test(text));
  }

  /** The last lines, to say what went wrong. */
  get tail() {
    return [...this.lines.slice(-20).map(({ text }) => text), this.#pending].join("\n");
  }
}
