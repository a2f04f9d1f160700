// @ts-check
/** Visible progress: one line for each step with its name and time, on standard error. */
import { performance } from "node:perf_hooks";

const terminal = process.stderr.isTTY;
const started = performance.now();

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** @param {string} text */
const fit = (text) => {
  const columns = process.stderr.columns || 80;
  return text.length < columns ? text : `${text.slice(0, columns - 2)}…`;
};

/**
 * Runs one step. On a terminal its line counts the seconds while it runs; elsewhere a line is printed at the start of
 * a step that lasts, and one at its end.
 * @template T
 * @param {string} name What is being done, as a user would say it.
 * @param {(say: (detail: string) => void) => T | Promise<T>} work Calls `say` with where it is.
 * @returns {Promise<T>} What `work` returns.
 */
export async function step(name, work) {
  const from = performance.now();
  let detail = "";
  let announced = false;
  const show = () => {
    const text = `  … ${name} ${seconds(performance.now() - from)}${detail === "" ? "" : ` (${detail})`}`;
    if (terminal) process.stderr.write(`\r\x1b[K${fit(text)}`);
    else if (!announced) process.stderr.write(`  … ${name}\n`);
    announced = true;
  };
  const timer = setInterval(show, terminal ? 200 : 2000);
  const end = (/** @type {string} */ mark) => {
    clearInterval(timer);
    const line = `  ${mark} ${name}  ${seconds(performance.now() - from)}`;
    process.stderr.write(terminal ? `\r\x1b[K${line}\n` : `${line}\n`);
  };
  try {
    const result = await work((text) => {
      detail = text.trim();
    });
    end("✓");
    return result;
  } catch (error) {
    end("✗");
    throw error;
  }
}

/** A line under the steps. @param {string} text */
export function note(text) {
  process.stderr.write(`    ${text}\n`);
}

/** Time since the script began. */
export function elapsed() {
  return seconds(performance.now() - started);
}
