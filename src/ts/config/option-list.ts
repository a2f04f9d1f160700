/**
 * The value of an option that is a list, `first,key=value,flag`, as QEMU reads it: a comma inside a value is written
 * twice, a key without a value is on.
 */

/** Keys and values in the order in which they were given; later ones win. */
export type OptionList = readonly (readonly [key: string, value: string])[];

/** `impliedKey` is the key of a first value that has none. */
export function parseOptionList(text: string, impliedKey: string | null): OptionList {
  const pairs: [string, string][] = [];
  for (let at = 0; at < text.length; ) {
    const end = at + (/[=,]/.exec(text.slice(at))?.index ?? text.length - at);
    const hasKey = text.charAt(end) === "=";
    const implied = !hasKey && at === 0 && impliedKey !== null;
    if (hasKey || implied) {
      const { value, after } = valueAt(text, hasKey ? end + 1 : at);
      pairs.push([hasKey ? text.slice(at, end) : (impliedKey ?? ""), value]);
      at = after;
    } else {
      if (end > at) pairs.push([text.slice(at, end), "on"]);
      at = end + 1;
    }
  }
  return pairs;
}

/** The value that begins at `start`, and where the next pair begins. */
function valueAt(text: string, start: number): { value: string; after: number } {
  let value = "";
  let at = start;
  for (; at < text.length; at += 1) {
    if (text.charAt(at) === ",") {
      if (text.charAt(at + 1) !== ",") break;
      at += 1;
    }
    value += text.charAt(at);
  }
  return { value, after: at + 1 };
}

/** The opposite of parseOptionList; `first` is the implied key's value. */
export function formatOptionList(first: string | null, pairs: OptionList): string {
  const double = (value: string): string => value.replaceAll(",", ",,");
  const rest = pairs.map(([key, value]) => `${key}=${double(value)}`);
  return (first === null ? rest : [double(first), ...rest]).join(",");
}
