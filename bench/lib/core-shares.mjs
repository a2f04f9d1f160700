// @ts-check
/** In how much of the time in which the guest's thread wanted a core it had one, for each line that the guest printed. */
import { threadTimes } from "./cpu-time.mjs";

/**
 * @typedef {object} Shares
 * @property {number} whole From the guest's first line to its last. 1 on a quiet machine.
 * @property {Map<string, number>} lines By a line's first word: from the line before it to it.
 */

/** Looks at the threads of processes whenever the guest has printed a line. */
export class CoreShares {
  /** @type {{ name: string, times: ReturnType<typeof threadTimes> }[]} */
  #samples = [];

  /** The guest printed a line. @param {readonly number[]} pids Of the processes of which a thread executes the guest. @param {string} line */
  mark(pids, line) {
    const times = new Map(pids.flatMap((pid) => [...threadTimes(pid)]));
    if (line.startsWith("# begin ")) this.#samples = [];
    this.#samples.push({ name: line.split(" ")[0] ?? "", times });
  }

  /** The shares of the thread that ran the longest meanwhile. @returns {Shares} @throws {Error} Unless two lines or more came. */
  shares() {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || first === last)
      throw new Error("The guest's threads were not seen at work.");
    const ran = (/** @type {number} */ tid) => (last.times.get(tid)?.ran ?? 0) - (first.times.get(tid)?.ran ?? 0);
    const [tid = 0] = [...last.times.keys()].sort((a, b) => ran(b) - ran(a));
    /** @param {typeof first} from @param {typeof first} to */
    const share = (from, to) => {
      const none = { ran: 0, waited: 0 };
      const [before, after] = [from.times.get(tid) ?? none, to.times.get(tid) ?? none];
      const [had, wanted] = [after.ran - before.ran, after.ran - before.ran + after.waited - before.waited];
      return wanted > 0 ? had / wanted : 1;
    };
    /** @type {Map<string, number>} */
    const lines = new Map();
    for (const [i, sample] of this.#samples.entries()) {
      const before = this.#samples[i - 1];
      if (before !== undefined) lines.set(sample.name, share(before, sample));
    }
    return { whole: share(first, last), lines };
  }
}
