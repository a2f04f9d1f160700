// @ts-check
/** Memory of a process over time, as Linux counts it: does it stay flat? */
import { readFileSync } from "node:fs";

/**
 * @typedef {object} MemorySample
 * @property {number} seconds Since the first.
 * @property {number} guestBytes Resident, in mappings that are large enough for the guest's RAM.
 * @property {number} otherBytes Resident, all the rest: programs, heaps, compiled code.
 */

/**
 * Resident bytes of a process, from the text of /proc/PID/smaps.
 * @param {string} smaps @param {number} ramBytes The guest's. @returns {{ guestBytes: number, otherBytes: number }}
 */
export function residentBytes(smaps, ramBytes) {
  let [guestBytes, otherBytes, sizeBytes] = [0, 0, 0];
  for (const line of smaps.split("\n")) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line) ?? [];
    if (from !== undefined && to !== undefined) sizeBytes = Number(BigInt(`0x${to}`) - BigInt(`0x${from}`));
    const bytes = Number(/^Rss:\s+(\d+) kB/.exec(line)?.[1] ?? 0) * 1024;
    if (sizeBytes >= ramBytes) guestBytes += bytes;
    else otherBytes += bytes;
  }
  return { guestBytes, otherBytes };
}

/** Looks at a process at intervals. */
export class MemoryLog {
  /** @type {MemorySample[]} */
  samples = [];

  /** @param {number} pid @param {number} ramBytes @param {number} intervalMs */
  constructor(pid, ramBytes, intervalMs) {
    const began = performance.now();
    const sample = () => {
      try {
        const resident = residentBytes(readFileSync(`/proc/${pid}/smaps`, "utf8"), ramBytes);
        // A process that is ending has no mappings any more.
        if (resident.otherBytes > 0) this.samples.push({ seconds: (performance.now() - began) / 1000, ...resident });
      } catch (error) {
        // It has ended, which whoever waits for it sees.
        if (!(error instanceof Error && "code" in error && ["ENOENT", "ESRCH"].includes(String(error.code))))
          throw error;
      }
    };
    this.timer = setInterval(sample, intervalMs);
  }

  stop() {
    clearInterval(this.timer);
  }
}

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** @param {number} bytes */
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/** What the host's own memory may grow by between a run's second fifth and its last, when everything has been compiled once. */
const GROWTH_BYTES = 32 * 2 ** 20;

/**
 * @param {readonly MemorySample[]} samples
 * @returns {{ text: string, flat: boolean }} In words; and whether memory beside the guest's grew no more than GROWTH_BYTES.
 */
export function describeMemory(samples) {
  if (samples.length < 5) return { text: "memory: too short a run to say", flat: true };
  const fifth = Math.floor(samples.length / 5);
  const part = (/** @type {number} */ n, /** @type {"guestBytes" | "otherBytes"} */ key) =>
    mean(samples.slice(n * fifth, n === 4 ? samples.length : (n + 1) * fifth).map((sample) => sample[key]));
  const fifths = (/** @type {"guestBytes" | "otherBytes"} */ key) =>
    [0, 1, 2, 3, 4].map((n) => mib(part(n, key))).join(", ");
  const flat = part(4, "otherBytes") - part(1, "otherBytes") <= GROWTH_BYTES;
  const largest = mib(Math.max(...samples.map(({ otherBytes }) => otherBytes)));
  return {
    text: `memory by fifths of the run: guest ${fifths("guestBytes")}; all else ${fifths("otherBytes")}, ${largest} at most`,
    flat,
  };
}
