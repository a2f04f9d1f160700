// @ts-check
/** The page of the network benchmark: one of two machines, whose shell is given commands by bench/net.mjs. */
import { Shell } from "../page-lib/shell.mjs";

/**
 * @typedef {object} Setup
 * @property {string} args
 * @property {string} initrd The file that takes the place of the initial file system.
 */

const shell = new Shell();

/** Boots a machine; resolves at its prompt. @param {Setup} setup */
async function start({ args, initrd }) {
  await shell.start({ args, files: { initrd: await (await fetch(initrd)).blob() } });
}

Reflect.set(window, "bench", {
  start,
  /** @param {string} command */
  run: (command) => shell.run(command),
  instructions: () => shell.instructions,
});
