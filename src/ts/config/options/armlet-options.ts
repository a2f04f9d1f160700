/** What QEMU has no option for. */
import { parseOptionList } from "../option-list.ts";
import { parseTyped } from "../typed-text.ts";
import { byKey } from "../values.ts";
import type { KeySpec, OptionGroup, OptionSpec } from "./option.ts";

const ARMLET_KEYS = [
  { key: "title", values: "TEXT", doc: "the machine's name for people" },
  {
    key: "type",
    values: "TEXT",
    doc: "typed at the first prompt; given again, at the next one. \\n is Enter, \\xHH and \\u{HHHH} any character",
  },
] as const satisfies readonly KeySpec[];

const ARMLET: OptionSpec = {
  names: ["-armlet"],
  argument: "property=value…",
  doc: "What QEMU has no option for",
  keys: ARMLET_KEYS,
  apply({ config }, value) {
    const list = parseOptionList(value, null);
    const title = byKey(
      "-armlet",
      list,
      ARMLET_KEYS.map(({ key }) => key),
    ).get("title");
    if (title !== undefined) config.title = title === "" ? null : title;
    const typed = list.filter(([key]) => key === "type").map(([, text]) => parseTyped("-armlet", text));
    config.typed = [...config.typed, ...typed.filter((text) => text !== "")];
    return undefined;
  },
};

export const ARMLET_OPTIONS: OptionGroup = { title: "Of this machine only", options: [ARMLET] };
