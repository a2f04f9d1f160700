// @ts-check
/** The end of every script: an error is a sentence on standard error and status 1. */
import { pathToFileURL } from "node:url";

/** Errors that no script throws on purpose: bugs, shown with their stack so that they can be reported. */
const bugs = [TypeError, RangeError, ReferenceError, SyntaxError];

/**
 * Runs `work` if the module is the script that Node was started with, not one that another imports.
 * @param {string} moduleUrl `import.meta.url`. @param {() => Promise<unknown>} work
 */
export function runAsScript(moduleUrl, work) {
  if (moduleUrl !== pathToFileURL(process.argv[1] ?? "").href) return;
  work().catch((/** @type {unknown} */ error) => {
    const bug = bugs.some((type) => error instanceof type);
    process.stderr.write(`\n${error instanceof Error ? (bug ? error.stack : error.message) : String(error)}\n`);
    process.exitCode = 1;
  });
}
