/** `npx armlet …`: a machine in this terminal. */
import { readFile } from "node:fs/promises";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { webcrypto } from "node:crypto";
import { readCommandLine } from "../config/command-line.ts";
import { ConfigError } from "../config/config-error.ts";
import { HashMismatchError } from "../machine/checked-file.ts";
import { immediateTurns } from "./immediate-turns.ts";
import { openCharacters } from "./characters.ts";
import { withDefaultGuest } from "./default-guest.ts";
import { Disks } from "./disks.ts";
import { nodeNetwork } from "./network.ts";
import { Trees } from "./trees.ts";
import { fileError } from "./host-error.ts";
import { EXIT_ENGINE, EXIT_HOST, EXIT_OK, Session } from "./session.ts";
import { Terminal } from "./terminal.ts";

/** The folder of this program: dist/cli. */
const folder = dirname(fileURLToPath(import.meta.url));
const engineFile = join(folder, "armlet.wasm");
const manifestFile = join(folder, "../../.cache/guest/manifest.json");

const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** getRandomValues fills at most so much at a time (Web Cryptography API, 10.1.1). */
const ENTROPY_CHUNK_BYTES = 65_536;

async function readWhole(name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(name));
  } catch (error) {
    throw fileError(name, error);
  }
}

/** Runs what a command line says; resolves with the exit status. Rejects with an error whose message is a sentence. */
async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const read = readCommandLine(args);
  if (read.kind === "text") {
    // Standard output is the guest's alone.
    process.stderr.write(`${read.text}\n`);
    return EXIT_OK;
  }
  const config = read.config.kernel === null ? await withDefaultGuest(read.config, manifestFile) : read.config;
  const disks = new Disks();
  const trees = new Trees();
  const characters = await openCharacters(config.chardevs, (sentence) => terminal.message(sentence));
  const turns = immediateTurns();
  try {
    const session = new Session(config, {
      terminal,
      turns,
      characters,
      wasm: await WebAssembly.compile(await readWhole(engineFile)),
      clock: { nowMs: () => performance.now(), wallMs: () => Date.now() },
      readFile: readWhole,
      openDisk: (drive) => disks.open(drive),
      closeDisk: (drive) => disks.closeOne(drive),
      network: nodeNetwork((sentence) => terminal.message(sentence)),
      openFiles: (fsdev) => trees.open(fsdev),
      entropy(bytes) {
        for (let start = 0; start < bytes.length; start += ENTROPY_CHUNK_BYTES) {
          webcrypto.getRandomValues(bytes.subarray(start, start + ENTROPY_CHUNK_BYTES));
        }
      },
    });
    for (const signal of ENDING_SIGNALS) process.on(signal, () => session.stop(128 + constants.signals[signal]));
    await session.start();
    return await session.ended;
  } finally {
    turns.dispose();
    for (const character of characters.values()) character.close();
    try {
      await trees.close();
    } finally {
      await disks.close();
    }
  }
}

const terminal = new Terminal(process);
process.on("exit", () => terminal.close());
process.on("uncaughtException", (error) => {
  terminal.close();
  terminal.message(`Something broke that is our fault. Please report this:\n${error.stack ?? error.message}`);
  process.exit(EXIT_ENGINE);
});

let status: number;
try {
  status = await run(process.argv.slice(2), terminal);
} catch (error) {
  status = EXIT_HOST;
  terminal.close();
  const reason = error instanceof Error ? error.message : String(error);
  const message = error instanceof HashMismatchError ? `${reason} ${error.advice}` : reason;
  terminal.message(error instanceof ConfigError ? `${message}\narmlet -h lists the options.` : message);
}
await terminal.flush();
terminal.close();
process.exit(status);
