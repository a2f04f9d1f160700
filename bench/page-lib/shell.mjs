// @ts-check
/** Of a benchmark's page: a machine whose shell is given commands. */
import { VirtualMachine } from "../../src/ts/api/index.ts";
import { ConsoleShell } from "./console-shell.mjs";

/** @typedef {import("../../src/ts/api/index.ts").VirtualMachineOptions} Options */

export class Shell {
  /** @type {VirtualMachine | null} */
  #vm = null;
  /** @type {ConsoleShell | null} */
  #shell = null;

  /** Ends the machine, if there is one. */
  dispose() {
    this.#vm?.dispose();
    this.#vm = null;
    this.#shell = null;
  }

  /** Boots a machine in the place of the one before; resolves at its prompt. @param {Options} options */
  async start(options) {
    this.dispose();
    const machine = new VirtualMachine(options);
    const { serial } = machine;
    this.#vm = machine;
    this.#shell = new ConsoleShell({ text: () => serial.text, write: (text) => serial.write(text) });
    await machine.start();
    machine.on("log", (entry) => console.log(JSON.stringify(entry)));
    await this.#shell.until(() => machine.stats.promptMs !== null);
  }

  /** Runs a command in the guest's shell; resolves with what it printed. @param {string} command */
  async run(command) {
    if (this.#shell === null) throw new Error("there is no machine");
    return await this.#shell.run(command);
  }

  /** Millions of guest instructions so far. */
  get instructions() {
    return (this.#vm?.stats.instructions ?? 0) / 1e6;
  }
}
