import { parseOptionList } from "../src/ts/config/option-list.ts";
import { splitWords } from "../src/ts/config/shell-words.ts";

/** Longest name of a file that is shown whole. */
const LONGEST_NAME = 40;

/** What to call a machine that has no name: its kernel and its disks, as "Image with disk.img". */
export function machineTitle(args: string): string {
  let words: string[];
  try {
    words = splitWords(args);
  } catch {
    // The machine itself will say what is wrong with it.
    return "A machine";
  }
  const values = (option: string): string[] =>
    words.flatMap((word, at) => (word === option || word === `-${option}` ? [words[at + 1] ?? ""] : []));
  const disks = values("-drive").map((drive) => new Map(parseOptionList(drive, null)).get("file") ?? "");
  const [kernel, ...others] = [values("-kernel").at(-1) ?? "", ...disks].map(fileName).filter((name) => name !== "");
  if (kernel === undefined) return "A machine";
  return others.length === 0
    ? kernel
    : `${kernel} with ${others.slice(0, 3).join(", ")}${others.length > 3 ? " …" : ""}`;
}

/** The last part of a path or address. */
function fileName(file: string): string {
  const name =
    file
      .replace(/[?#].*$/, "")
      .replace(/\/+$/, "")
      .split("/")
      .at(-1) ?? "";
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`;
}
