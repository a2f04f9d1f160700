// @ts-check
/** Child processes: output kept until something fails, then shown. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Beginning and end of a long output: tools differ in where they say what went wrong. @param {string} output */
function shorten(output) {
  const lines = output.trimEnd().split("\n");
  return (lines.length <= 50 ? lines : [...lines.slice(0, 15), "…", ...lines.slice(-35)]).join("\n");
}

/** A command that ended with another status than 0. The message is the command and what it printed. */
export class CommandError extends Error {
  /** @param {string} command @param {string} reason @param {string} output */
  constructor(command, reason, output) {
    super(`${command}: ${reason}${output.trim() === "" ? "" : `\n${shorten(output)}`}`);
    this.name = "CommandError";
  }
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string>} [env] Added to the environment.
 * @property {string} [input] Written to standard input, which is empty otherwise.
 * @property {(line: string) => void} [onLine] Called for each line of both outputs as it comes.
 * @property {boolean} [show] Output goes to this process's own outputs as it comes, and is not returned.
 */

/**
 * Runs a command to its end.
 * @param {string} command @param {string[]} args @param {RunOptions} [options]
 * @returns {Promise<string>} What it wrote to standard output.
 * @throws {CommandError} If it does not end with status 0, or cannot be started.
 */
export function run(command, args, options = {}) {
  const shown = [command, ...args].join(" ");
  return new Promise((resolve, reject) => {
    const output = options.show ? "inherit" : "pipe";
    /** @type {import("node:child_process").ChildProcess} */
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: [options.input === undefined ? "ignore" : "pipe", output, output],
    });
    let standardOutput = "";
    let allOutput = "";
    let pending = "";
    /** @param {string} text */
    const take = (text) => {
      allOutput = (allOutput + text).slice(-1_000_000);
      if (options.onLine === undefined) return;
      const lines = (pending + text).split("\n");
      pending = lines.pop() ?? "";
      for (const line of lines) options.onLine(line);
    };
    child.stdout?.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      standardOutput += text;
      take(text);
    });
    child.stderr?.setEncoding("utf8").on("data", take);
    child.stdin?.on("error", () => {}).end(options.input);
    child.on("error", (error) => reject(new CommandError(shown, error.message, "")));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(standardOutput);
      else reject(new CommandError(shown, signal ? `ended by ${signal}` : `status ${code}`, allOutput));
    });
  });
}

/** Whether a command is on the PATH. @param {string} command */
export function hasCommand(command) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, command)));
}
