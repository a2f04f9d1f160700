// @ts-check
/** The page of the in-guest benchmark: one machine, run to the end of what its guest measures. */
import { VirtualMachine } from "../../src/ts/api/index.ts";
import { runUntilEnd } from "../lib/run-until-end.mjs";

/** @type {VirtualMachine | null} */
let vm = null;

/**
 * Boots a machine; resolves with what its console printed when the guest is done.
 * @param {{ args: string, timeoutMs: number }} setup File names in `args` are relative to the page.
 */
function run({ args, timeoutMs }) {
  const machine = new VirtualMachine({ args });
  vm = machine;
  return runUntilEnd(timeoutMs, (take, fail) => {
    const decoder = new TextDecoder();
    machine.serial.onData((bytes) => take(decoder.decode(bytes, { stream: true })));
    machine.on("state", ({ state }) => {
      if (state === "stopped") fail("the machine stopped");
    });
    machine.on("crash", ({ message, report }) => fail(`${message}\n${report}`));
    machine.start().catch((error) => fail(String(error)));
  });
}

/** Ends the machine. */
const end = () => vm?.dispose();

Reflect.set(window, "bench", { run, end });
