// @ts-check
/** The page of the in-guest benchmark: one machine, run to the end of what its guest measures. */
import { VirtualMachine } from "../../src/ts/api/index.ts";
import { TimedLines } from "../lib/timed-lines.mjs";

/** @type {VirtualMachine | null} */
let vm = null;

/**
 * Boots a machine; resolves with what its console printed when the guest is done.
 * @param {{ args: string, timeoutMs: number }} setup File names in `args` are relative to the page.
 * @returns {Promise<import("../lib/timed-lines.mjs").TimedLine[]>}
 */
async function run({ args, timeoutMs }) {
  const machine = new VirtualMachine({ args });
  vm = machine;
  const console = new TimedLines();
  const decoder = new TextDecoder();
  await new Promise((resolve, reject) => {
    const fail = (/** @type {string} */ why) => reject(new Error(`${why}; the console's end:\n${console.tail}`));
    const timer = setTimeout(() => fail(`not done after ${timeoutMs / 1000} s`), timeoutMs);
    const end = (/** @type {() => void} */ settle) => {
      clearTimeout(timer);
      settle();
    };
    machine.serial.onData((bytes) => {
      console.take(decoder.decode(bytes, { stream: true }));
      try {
        if (console.ended) end(() => resolve(null));
      } catch (error) {
        end(() => reject(error));
      }
    });
    machine.on("state", ({ state }) => {
      if (state === "stopped") end(() => fail("the machine stopped"));
    });
    machine.on("crash", ({ message, report }) => end(() => fail(`${message}\n${report}`)));
    machine.start().catch((error) => end(() => reject(error)));
  });
  return console.lines;
}

/** Ends the machine. */
const end = () => vm?.dispose();

Reflect.set(window, "bench", { run, end });
