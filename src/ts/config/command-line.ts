/** A machine as a QEMU command line: read in one place, for the page's address, for Node and for the API. */
import { ConfigError } from "./config-error.ts";
import { newDraft, settle } from "./draft.ts";
import type { MachineConfig } from "./machine-config.ts";
import { unknownOption } from "./options/machine-options.ts";
import { OPTIONS } from "./options/options.ts";
import { splitWords } from "./shell-words.ts";

/** What a command line came to: a machine, or a text that it asked for (`-h`, `-device help`). */
export type CommandLine =
  | { readonly kind: "machine"; readonly config: MachineConfig }
  | { readonly kind: "text"; readonly text: string };

/**
 * Reads a command line: words as a shell hands them over, or one string with quotation marks as in a shell. Throws
 * ConfigError.
 */
export function readCommandLine(args: string | readonly string[]): CommandLine {
  const words = typeof args === "string" ? splitWords(args) : args;
  const draft = newDraft();
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (!word.startsWith("-")) {
      throw new ConfigError(
        `"${word}" is no option: options begin with "-". A kernel is given with -kernel FILE, a disk with -drive file=FILE.`,
      );
    }
    // QEMU takes one dash for two.
    const name = word.startsWith("--") ? word.slice(1) : word;
    const option = OPTIONS.find(({ names }) => names.includes(name));
    if (option === undefined)
      throw unknownOption(
        word,
        OPTIONS.flatMap(({ names }) => names),
      );
    let value = "";
    if (option.argument !== null) {
      at += 1;
      const next = words[at];
      if (next === undefined) throw new ConfigError(`${word} needs a value: ${word} ${option.argument}.`);
      value = next;
    }
    const text = option.apply(draft, value);
    if (text !== undefined) return { kind: "text", text };
  }
  return { kind: "machine", config: settle(draft) };
}

/** The same where only a machine will do: one that asks for a text gets it as an error. */
export function parseCommandLine(args: string | readonly string[]): MachineConfig {
  const read = readCommandLine(args);
  if (read.kind === "text") throw new ConfigError(read.text);
  return read.config;
}
