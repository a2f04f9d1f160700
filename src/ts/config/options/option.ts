import type { Draft } from "../draft.ts";

/** A key inside the value of an option. */
export interface KeySpec {
  readonly key: string;
  /** What it may be, as help shows it. */
  readonly values: string;
  readonly doc: string;
}

/** One option: the parser, the help text and the documentation follow from these rows. */
export interface OptionSpec {
  /** With their dash; the first is the one that is shown first. */
  readonly names: readonly [string, ...string[]];
  /** What follows it, as help shows it; null where nothing does. */
  readonly argument: string | null;
  /** A sentence without its full stop. */
  readonly doc: string;
  readonly keys?: readonly KeySpec[];
  /**
   * Takes the option into the draft, or returns a text where it asks for one instead of a machine. Throws ConfigError.
   * `value` is empty where nothing follows.
   */
  apply(draft: Draft, value: string): string | undefined;
}

/** Options under one heading. */
export interface OptionGroup {
  readonly title: string;
  readonly options: readonly OptionSpec[];
}

/** A list for the answer to `… help`. */
export function listText(title: string, rows: readonly (readonly [name: string, doc: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return [title, ...rows.map(([name, doc]) => `  ${name.padEnd(width)}  ${doc}`.trimEnd())].join("\n");
}
