// @ts-check
/** Of a benchmark's page: a shell behind a machine's serial console. */

/** How long a machine may take to its prompt, and a command to its end. */
const TIMEOUT_MS = 120_000;

/**
 * @typedef {object} Console
 * @property {() => string} text All that the machine has printed.
 * @property {(text: string) => void} write As if it was typed.
 */

export class ConsoleShell {
  /** @type {Console} */
  #console;

  /** @param {Console} console */
  constructor(console) {
    this.#console = console;
  }

  /** Runs a command in the guest's shell; resolves with what it printed. @param {string} command */
  async run(command) {
    const { text, write } = this.#console;
    const mark = `done-${Math.random().toString(36).slice(2)}`;
    const from = text().length;
    // The quotes keep the mark's echo apart from the mark.
    write(`${command}; echo ${mark.slice(0, 4)}""${mark.slice(4)}\r`);
    await this.until(() => text().slice(from).includes(`${mark}\r\n`));
    return text().slice(from);
  }

  /** @param {() => boolean} condition */
  async until(condition) {
    const end = performance.now() + TIMEOUT_MS;
    while (!condition()) {
      if (performance.now() > end)
        throw new Error(`that takes too long; the console's end: ${this.#console.text().slice(-500)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
