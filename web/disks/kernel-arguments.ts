/** Linux's own command line (Documentation/admin-guide/kernel-parameters): words at blanks outside double quotes. */
const WORDS = /(?:[^\s"]|"[^"]*"?)+/g;

/** Arguments that mean the same thing, so that one of them takes the other's place. */
const EXCLUSIVE: readonly (readonly string[])[] = [["ro", "rw"]];

/** What belongs to the root file system of before. */
const OF_THE_ROOT: readonly string[] = ["root", "rootfstype", "rootflags", "rdinit", "init"];

/** The arguments with others in their place; a new `root=` takes along what belonged to the old one. */
export function setArguments(text: string, changes: readonly string[]): string {
  const gone = new Set(changes.flatMap((change) => [keyOf(change), ...rivals(keyOf(change))]));
  if (gone.has("root")) for (const key of OF_THE_ROOT) gone.add(key);
  const words: readonly string[] = text.match(WORDS) ?? [];
  const end = words.indexOf("--");
  const ours = end === -1 ? words : words.slice(0, end);
  // What comes after "--" is for the init program.
  return [...ours.filter((word) => !gone.has(keyOf(word))), ...changes, ...words.slice(ours.length)].join(" ");
}

function keyOf(word: string): string {
  return word.replace(/=.*$/s, "");
}

function rivals(key: string): readonly string[] {
  return EXCLUSIVE.find((group) => group.includes(key)) ?? [];
}
