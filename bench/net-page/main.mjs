// @ts-check
/** The page of the network benchmark: one of two machines, whose shell is given commands by bench/net.mjs. */
import { VirtualMachine } from "../../src/ts/api/index.ts";

/**
 * @typedef {object} Setup
 * @property {string} args
 * @property {string} initrd The file that takes the place of the initial file system.
 */

/** @type {VirtualMachine | null} */
let vm = null;

/** Boots a machine; resolves at its prompt. @param {Setup} setup */
async function start({ args, initrd }) {
  vm?.dispose();
  const initial = await (await fetch(initrd)).blob();
  const machine = new VirtualMachine({ args, files: { initrd: initial } });
  vm = machine;
  await machine.start();
  machine.on("log", (entry) => console.log(JSON.stringify(entry)));
  await until(() => machine.stats.promptMs !== null, 120_000);
}

/** Runs a command in the guest's shell; resolves with what it printed. @param {string} command */
async function run(command) {
  if (vm === null) throw new Error("there is no machine");
  const { serial } = vm;
  const mark = `done-${Math.random().toString(36).slice(2)}`;
  const from = serial.text.length;
  // The quotes keep the mark's echo apart from the mark.
  serial.write(`${command}; echo ${mark.slice(0, 4)}""${mark.slice(4)}\r`);
  await until(() => serial.text.slice(from).includes(`${mark}\r\n`), 120_000);
  return serial.text.slice(from);
}

/** Millions of guest instructions so far. */
function instructions() {
  return (vm?.stats.instructions ?? 0) / 1e6;
}

/** @param {() => boolean} condition @param {number} timeoutMs */
async function until(condition, timeoutMs) {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end)
      throw new Error(`that takes too long; the console's end: ${vm?.serial.text.slice(-500)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Reflect.set(window, "bench", { start, run, instructions });
