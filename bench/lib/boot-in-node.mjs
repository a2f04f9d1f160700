// @ts-check
/** One boot of a guest on the command line. */
import { spawn } from "node:child_process";
import { processSeconds } from "./cpu-time.mjs";

const BOOT_TIMEOUT_MS = 180_000;

/** The end of what a guest wrote, if a shell waits there. */
const PROMPT = /(^|\n)[^\n]*[#$] $/;

/** The words of a guest's command line in the manifest: blanks part them, double quotes hold them together. @param {string} args */
const wordsOf = (args) => [...args.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");

/**
 * Starts the command line as a process, waits for the prompt, ends it.
 * @param {string} program dist/cli/armlet.mjs. @param {string} args The machine. @param {string} folder What its file names are relative to.
 * @returns {Promise<{ prompt: number, cpu: number }>} Seconds from the start of the process; its processor time.
 */
export function bootInNode(program, args, folder) {
  const started = performance.now();
  const child = spawn(process.execPath, [program, ...wordsOf(args), "-nographic"], { cwd: folder });
  return new Promise((resolve, reject) => {
    let text = "";
    let errors = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), BOOT_TIMEOUT_MS);
    child.stderr.setEncoding("utf8").on("data", (part) => {
      errors += part;
    });
    child.stdout.setEncoding("utf8").on("data", (part) => {
      text += part;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of the prompt, and questions to the terminal
      if (child.pid === undefined || !PROMPT.test(text.replace(/\u001b\[[0-?]*[ -/]*[@-~]|[\r\u001b]/g, ""))) return;
      resolve({ prompt: (performance.now() - started) / 1000, cpu: processSeconds(child.pid) });
      child.kill("SIGKILL");
    });
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(timer);
      reject(new Error(`armlet ended without a prompt: ${errors}${text}`.slice(-2000)));
    });
  });
}
