/** Text to type as a command line has it: what cannot be seen is written with a backslash. */
import { ConfigError } from "./config-error.ts";

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", e: "\x1b", "\\": "\\" };

const MAX_CODE_POINT = 0x10_ffff;

/** A backslash and what belongs to it. */
const ESCAPE = /\\(?:x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\}|([^]|$))/giu;

/**
 * Controls, formats (which may hide or turn around what is beside them), separators but the plain space, and halves of
 * characters.
 */
const UNSEEN = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** Reads the escapes `\n`, `\r`, `\t`, `\e`, `\\`, `\xHH` and `\u{H…}`. Throws ConfigError for any other. */
export function parseTyped(where: string, text: string): string {
  return text.replace(ESCAPE, (escape, byte?: string, code?: string, name?: string) => {
    const number = Number.parseInt(byte ?? code ?? "", 16);
    if (number <= MAX_CODE_POINT) return String.fromCodePoint(number);
    const char = name !== undefined && Object.hasOwn(ESCAPES, name) ? ESCAPES[name] : undefined;
    if (char !== undefined) return char;
    throw new ConfigError(
      `${where} type has "${escape}", which stands for nothing: \\n is Enter, \\t a tab, \\r, \\e and \\xHH other keys, \\u{HHHH} a character, \\\\ a backslash.`,
    );
  });
}

/** The opposite of parseTyped. Nothing in the result is invisible or changes how the rest is shown. */
export function formatTyped(text: string): string {
  return text.replace(UNSEEN, (char) => {
    const name = Object.keys(ESCAPES).find((key) => ESCAPES[key] === char);
    if (name !== undefined) return `\\${name}`;
    const code = char.codePointAt(0) ?? 0;
    return code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** What a terminal sends for a text: Enter is a carriage return. */
export function typedKeys(text: string): string {
  return text.replace(/\r?\n/g, "\r");
}
