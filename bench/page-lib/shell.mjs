// @ts-check
/** Of a benchmark's page: a machine whose shell is given commands. */
import { VirtualMachine } from "../../src/ts/api/index.ts";

/** How long a machine may take to its prompt, and a command to its end. */
const TIMEOUT_MS = 120_000;

/** @typedef {import("../../src/ts/api/index.ts").VirtualMachineOptions} Options */

export class Shell {
  /** @type {VirtualMachine | null} */
  #vm = null;

  /** Ends the machine, if there is one. */
  dispose() {
    this.#vm?.dispose();
    this.#vm = null;
  }

  /** Boots a machine in the place of the one before; resolves at its prompt. @param {Options} options */
  async start(options) {
    this.dispose();
    const machine = new VirtualMachine(options);
    this.#vm = machine;
    await machine.start();
    machine.on("log", (entry) => console.log(JSON.stringify(entry)));
    await this.#until(() => machine.stats.promptMs !== null);
  }

  /** Runs a command in the guest's shell; resolves with what it printed. @param {string} command */
  async run(command) {
    if (this.#vm === null) throw new Error("there is no machine");
    const { serial } = this.#vm;
    const mark = `done-${Math.random().toString(36).slice(2)}`;
    const from = serial.text.length;
    // The quotes keep the mark's echo apart from the mark.
    serial.write(`${command}; echo ${mark.slice(0, 4)}""${mark.slice(4)}\r`);
    await this.#until(() => serial.text.slice(from).includes(`${mark}\r\n`));
    return serial.text.slice(from);
  }

  /** Millions of guest instructions so far. */
  get instructions() {
    return (this.#vm?.stats.instructions ?? 0) / 1e6;
  }

  /** @param {() => boolean} condition */
  async #until(condition) {
    const end = performance.now() + TIMEOUT_MS;
    while (!condition()) {
      if (performance.now() > end)
        throw new Error(`that takes too long; the console's end: ${this.#vm?.serial.text.slice(-500)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
