// @ts-check
/** Kernel configuration fragments: Kconfig's own syntax, merged and then held against what Kconfig made of them. */

const line = /^(CONFIG_\w+)=(.+)$/;

/**
 * All settings of the fragments; a later line wins.
 * @param {string[]} fragments Texts of lines `CONFIG_X=value`, blank lines and `#` comments.
 * @returns {Map<string, string>} Symbol to value; `n` for one that must be off.
 * @throws {Error} At a line that is neither.
 */
export function mergeFragments(fragments) {
  /** @type {Map<string, string>} */
  const wanted = new Map();
  for (const text of fragments) {
    for (const row of text.split("\n")) {
      if (row.trim() === "" || row.startsWith("#")) continue;
      const match = line.exec(row);
      if (match === null) throw new Error(`Not a configuration line: ${row}`);
      wanted.set(match[1] ?? "", match[2] ?? "");
    }
  }
  return wanted;
}

/**
 * Kconfig drops a symbol whose dependency is missing without a word: every wanted line must be in the result.
 * @param {Map<string, string>} wanted @param {string} config Text of the `.config`.
 * @throws {Error} Naming each symbol that differs.
 */
export function checkConfig(wanted, config) {
  /** @type {Map<string, string>} */
  const got = new Map();
  for (const row of config.split("\n")) {
    const match = line.exec(row);
    if (match !== null) got.set(match[1] ?? "", match[2] ?? "");
  }
  const wrong = [...wanted].filter(([symbol, value]) => (got.get(symbol) ?? "n") !== value);
  if (wrong.length > 0) {
    const list = wrong.map(([symbol, value]) => `${symbol}: wanted ${value}, got ${got.get(symbol) ?? "n"}`);
    throw new Error(`The kernel's configuration is not what was asked for:\n${list.join("\n")}`);
  }
}
