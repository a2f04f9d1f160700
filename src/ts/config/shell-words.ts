/** A command line in one string, as in an address or a script: words and quotes as a POSIX shell has them, no more. */
import { ConfigError } from "./config-error.ts";

/** Characters that a backslash between double quotes takes the meaning from (POSIX 2.2.3). */
const ESCAPABLE = '"\\$`';

/** Words that no shell changes. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** Splits at blanks outside quotes. Throws ConfigError where a quotation mark is not closed. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (quote === "" && /\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (quote === "" && (char === '"' || char === "'")) {
      quote = char;
      word ??= "";
    } else if (char === quote) {
      quote = "";
    } else if (char === "\\" && quote !== "'" && next !== "" && (quote === "" || ESCAPABLE.includes(next))) {
      word = (word ?? "") + next;
      at += 1;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (quote !== "") throw new ConfigError(`The command line has a ${quote} that is not closed.`);
  if (word !== null) words.push(word);
  return words;
}

/** The opposite of splitWords. */
export function joinWords(words: readonly string[]): string {
  return words.map((word) => (PLAIN.test(word) ? word : `"${word.replace(/["\\$`]/g, "\\$&")}"`)).join(" ");
}
