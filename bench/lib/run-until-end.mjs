// @ts-check
/** Waits in a page for a guest that measures itself. */
import { TimedLines } from "./timed-lines.mjs";

/**
 * @param {number} timeoutMs
 * @param {(take: (text: string) => void, fail: (why: string) => void) => void} start Starts the machine: `take` gets what its
 *   console prints, `fail` why it is over before the guest is done.
 * @returns {Promise<import("./timed-lines.mjs").TimedLine[]>} What the console printed until the guest was done.
 * @throws {Error} With the console's end, if the machine fails or takes longer.
 */
export function runUntilEnd(timeoutMs, start) {
  const console = new TimedLines();
  return new Promise((resolve, reject) => {
    const fail = (/** @type {string} */ why) => {
      clearTimeout(timer);
      reject(new Error(`${why}; the console's end:\n${console.tail}`));
    };
    const timer = setTimeout(() => fail(`not done after ${timeoutMs / 1000} s`), timeoutMs);
    const take = (/** @type {string} */ text) => {
      // The benchmark outside of the page looks at the threads meanwhile.
      const seen = console.take(text).map((line) => Reflect.get(globalThis, "printed")(line.text));
      try {
        if (!console.ended) return;
        clearTimeout(timer);
        Promise.all(seen).then(() => resolve(console.lines), reject);
      } catch (error) {
        fail(String(error));
      }
    };
    start(take, fail);
  });
}
