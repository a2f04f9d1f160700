/** The command line as a program: typed to and read from like a person at its terminal would. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const guestFolder = join(root, ".cache/guest");

/** What the tests use of a guest in the manifest (guest/manifest.mjs). */
export interface GuestRecord {
  readonly release: string;
  readonly kernel: { readonly file: string };
  readonly initrd: { readonly file: string } | null;
  readonly append: string;
}

export function guestRecord(guest: string): GuestRecord {
  const manifest = JSON.parse(readFileSync(join(guestFolder, "manifest.json"), "utf8"));
  return manifest.guests[guest];
}

/** A file of the assembled guests. */
export function guestFile(guest: string, part: "kernel" | "initrd"): string {
  const record = guestRecord(guest)[part];
  if (record === null) throw new Error(`The guest ${guest} has no ${part}.`);
  return join(guestFolder, record.file);
}

/** Whether a guest was assembled, or built, here. */
export function hasGuest(guest: string): boolean {
  const manifest = join(guestFolder, "manifest.json");
  return existsSync(manifest) && guest in JSON.parse(readFileSync(manifest, "utf8")).guests;
}

/**
 * A prompt of a guest's shell, which may ask the terminal for the cursor's place; what the kernel or systemd says may follow
 * it at any time.
 */
export const PROMPT = /# (?:\x1b\[6n)?(?:$|[\r\n\x1b]|\[ *\d+\.\d+\] )/;

/** The tests' limits are written for a quiet machine; a busy one is several times slower. */
const PATIENCE = 4;

export class Armlet {
  /** All that came on standard output so far. */
  output = "";
  errors = "";
  /** Ends with the exit status. */
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;
  #seen = 0;
  #over = false;

  /** Starts our machine, or another program that takes the same command line. */
  constructor(args: readonly string[], program: readonly string[] = [process.execPath, join(root, "bin/armlet.mjs")]) {
    const [file = "", ...first] = program;
    this.#process = spawn(file, [...first, ...args], { cwd: root, stdio: "pipe" });
    this.#process.stdout?.on("data", (chunk: Buffer) => {
      this.output += chunk.toString("latin1");
    });
    this.#process.stderr?.on("data", (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    this.ended = new Promise((resolve) => {
      this.#process.on("close", (status) => {
        this.#over = true;
        resolve(status);
      });
    });
  }

  type(text: string): void {
    this.#process.stdin?.write(text);
  }

  /** Waits until what came since the last wait matches; returns it. Rejects when the machine ends or far more than `seconds` pass. */
  async until(pattern: RegExp, seconds: number): Promise<string> {
    const deadline = Date.now() + seconds * 1000 * PATIENCE;
    for (;;) {
      const fresh = this.output.slice(this.#seen);
      const match = pattern.exec(fresh);
      if (match !== null) {
        this.#seen += match.index + match[0].length;
        return fresh.slice(0, match.index + match[0].length);
      }
      if (this.#over || Date.now() > deadline) {
        const why = this.#over ? "the machine ended" : `${seconds * PATIENCE} s have passed`;
        throw new Error(`No ${pattern}: ${why}.\n${fresh.slice(-2000)}\n${this.errors}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Runs a command at a shell's prompt and returns what it printed; `seconds` it may take. */
  async run(command: string, seconds = 30): Promise<string> {
    // The echo of the command line, which the shell wraps, must not look like the marks around what it prints.
    this.type(`echo "<be""gin>"; ${command}; echo "<en""d $?>"\r`);
    await this.until(/<begin>\r*\n/, seconds);
    return this.until(/<end \d+>/, seconds);
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }
}
