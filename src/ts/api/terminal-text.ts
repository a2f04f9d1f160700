/**
 * Escape sequences in what a terminal receives (ECMA-48: CSI, OSC and other string sequences, two-byte escapes). An
 * unfinished one at the end of the text counts as well.
 */
const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
  /\u001b(?:\[[0-?]*[ -/]*(?:[@-~]|$)|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\|$)|[ -/]*[0-~]|$)/g;

/** The text without its escape sequences and control characters other than line ends and tabs. */
export function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the same
  return text.replace(ESCAPES, "").replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");
}
