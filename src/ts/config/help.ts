/** The options as text: for `-h`, and for docs/command-line.md. */
import type { OptionGroup, OptionSpec } from "./options/option.ts";

/** Column in which the explanations of `-h` begin, and the width of its lines. */
const DOC_COLUMN = 26;
const LINE_WIDTH = 100;

const usage = ({ names, argument }: OptionSpec): string =>
  names.map((name) => (argument === null ? name : `${name} ${argument}`)).join(", ");

/** The answer to `-h`. */
export function helpText(groups: readonly OptionGroup[]): string {
  const lines = ["Usage: armlet [option…]", "", "An ARM computer, described as for qemu-system-aarch64."];
  for (const { title, options } of groups) {
    lines.push("", `${title}:`);
    for (const option of options) {
      lines.push(...row(`  ${usage(option)}`, option.doc));
      for (const { key, values, doc } of option.keys ?? []) lines.push(...row(`      ${key}=${values}`, doc));
    }
  }
  lines.push("", "On the terminal, Ctrl-A X quits and Ctrl-A H lists what else there is.");
  return lines.join("\n");
}

/** A name and its explanation, which begins on a line of its own where the name is long. */
function row(name: string, doc: string): string[] {
  const indent = " ".repeat(DOC_COLUMN);
  const lines = [name.length < DOC_COLUMN - 1 ? name.padEnd(DOC_COLUMN) : `${name}\n${indent}`];
  let width = DOC_COLUMN;
  for (const word of doc.split(" ")) {
    if (width + word.length > LINE_WIDTH) {
      lines.push(indent);
      width = DOC_COLUMN;
    }
    lines.push(`${lines.pop() ?? ""}${width === DOC_COLUMN ? "" : " "}${word}`);
    width += word.length + 1;
  }
  return lines;
}

/** The options as sections of a Markdown document. */
export function optionsMarkdown(groups: readonly OptionGroup[]): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const code = (text: string): string => `\`${cell(text)}\``;
  return groups
    .map(({ title, options }) => {
      const rows = options.flatMap((option) => [
        `| ${option.names.map((name) => code(option.argument === null ? name : `${name} ${option.argument}`)).join("<br>")} | ${cell(option.doc)} |`,
        ...(option.keys ?? []).map(({ key, values, doc }) => `| … ${code(`${key}=${values}`)} | ${cell(doc)} |`),
      ]);
      return [`### ${title}`, "", "| Option | Meaning |", "|---|---|", ...rows].join("\n");
    })
    .join("\n\n");
}
