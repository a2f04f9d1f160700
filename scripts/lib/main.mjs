// @ts-check
/** The end of every script: an error is a sentence on standard error and status 1, never a stack trace. */
import { pathToFileURL } from "node:url";
import { CommandError } from "./run.mjs";

/**
 * Runs `work` if the module is the script that Node was started with, not one that another imports.
 * @param {string} moduleUrl `import.meta.url`. @param {() => Promise<void>} work
 */
export function runAsScript(moduleUrl, work) {
  if (moduleUrl !== pathToFileURL(process.argv[1] ?? "").href) return;
  work().catch((/** @type {unknown} */ error) => {
    const expected = error instanceof CommandError || (error instanceof Error && error.constructor === Error);
    // What no script throws on purpose is a bug: with its stack, to be reported.
    process.stderr.write(`\n${error instanceof Error ? (expected ? error.message : error.stack) : String(error)}\n`);
    process.exitCode = 1;
  });
}
