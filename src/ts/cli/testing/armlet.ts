/** The command line as a user starts it, in a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
export const cliFile = `${root}dist/cli/armlet.mjs`;
export const manifestFile = `${root}.cache/guest/manifest.json`;

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A started process and what it said so far. */
export class Running {
  readonly process: ChildProcessWithoutNullStreams;
  stdout = "";
  stderr = "";
  readonly ended: Promise<Outcome>;
  #onOutput: () => void = () => undefined;

  constructor(command: string, args: readonly string[], cwd: string) {
    this.process = spawn(command, args, { cwd });
    this.process.stdout.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString("latin1");
      this.#onOutput();
    });
    this.process.stderr.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString("utf8");
      this.#onOutput();
    });
    // A process that ended before it read everything is no error of the test.
    this.process.stdin.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      this.process.on("close", (status) => {
        this.#onOutput();
        resolve({ status, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  send(text: string): void {
    this.process.stdin.write(text, "latin1");
  }

  /** Resolves when `pattern` has come up `count` times on standard output or standard error. */
  async until(pattern: RegExp, count = 1): Promise<void> {
    const all = new RegExp(pattern.source, `${pattern.flags.replace("g", "")}g`);
    const found = (): boolean => [...`${this.stdout}\n${this.stderr}`.matchAll(all)].length >= count;
    while (!found()) {
      if (this.process.exitCode !== null)
        throw new Error(`ended without ${String(pattern)}: ${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => {
        this.#onOutput = resolve;
      });
    }
  }
}

/** Starts the program in a folder; what `close` does not end ends with the test's `signal`. */
export function start(args: readonly string[], cwd: string): Running {
  return new Running(process.execPath, [cliFile, ...args], cwd);
}

/** Starts it on a terminal of its own (util-linux script), in a shell command whose "ARMLET" it replaces. */
export function startInTerminal(command: string, cwd: string): Running {
  const line = command.replace("ARMLET", `'${process.execPath}' '${cliFile}'`);
  return new Running("script", ["-qec", line, "/dev/null"], cwd);
}

/** Runs it to its end, with `input` on standard input and then its end. */
export async function run(args: readonly string[], cwd: string, input = ""): Promise<Outcome> {
  const running = start(args, cwd);
  running.process.stdin.end(input, "latin1");
  return await running.ended;
}
