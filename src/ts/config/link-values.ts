/** The address of a link as keys with values, and what is to be said about it. */
import { nearestNames } from "../../virtio/properties.ts";
import { LinkError } from "./link-error.ts";
import { KEY_ALIASES, KEY_SYNONYMS, LINK_KEYS, LINK_VERSION } from "./link-keys.ts";
import { type QueryPair, readQuery, shown } from "./link-query.ts";

/** A longer address is not read, and none is written: servers and chat programs give up before. */
export const MAX_LINK_CHARS = 32_768;
const MAX_WARNINGS = 20;
const MAX_CONSOLE_SIZE = 1000;

/** Parameters that other sites add to every address that passes through them. */
const TRACKING = /^(?:utm_|mtm_|pk_)|^(?:fbclid|gclid|dclid|msclkid|twclid|igshid|mc_[ce]id|ref|ref_src|si)$/i;

/** Values by key. Only `type` can have several. */
export type LinkValues = ReadonlyMap<string, readonly string[]>;

/** Sentences, of which a hostile link could ask for thousands. */
export class Warnings {
  readonly #texts: string[] = [];

  add(text: string): void {
    this.#texts.push(text);
  }

  texts(): string[] {
    const more = this.#texts.length - MAX_WARNINGS;
    return more > 0 ? [...this.#texts.slice(0, MAX_WARNINGS), `There are ${more} more such mistakes.`] : this.#texts;
  }
}

/** Throws LinkError where it is too long. */
export function pageAddress(url: string | URL): URL {
  const text = String(url);
  if (text.length > MAX_LINK_CHARS) {
    throw new LinkError(
      `The link is too long: ${text.length} characters, where ${MAX_LINK_CHARS} are the most.`,
      "Ask for a shorter one: files can be given by their addresses.",
    );
  }
  return new URL(text);
}

/** Keys, by their newest names, and values. */
export function knownPairs(page: URL): QueryPair[] {
  return readQuery(page.search).pairs.map(([name, value]) => [canonicalKey(name), value]);
}

const canonicalKey = (name: string): string => (Object.hasOwn(KEY_ALIASES, name) ? (KEY_ALIASES[name] ?? name) : name);

/** The values of the known keys; only `type` may have several. */
export function readKeys(page: URL, pageKeys: readonly string[], warnings: Warnings): LinkValues {
  const { damaged } = readQuery(page.search);
  for (const key of damaged) {
    warnings.add(`The link is damaged at “${shown(key)}”: parts of it were lost or changed on the way.`);
  }
  const keys = new Map<string, string[]>();
  for (const [key, value] of knownPairs(page)) {
    if (pageKeys.includes(key) || TRACKING.test(key)) continue;
    if (!LINK_KEYS.includes(key)) {
      warnings.add(unknownKey(key));
      continue;
    }
    const values = keys.get(key);
    if (values === undefined) keys.set(key, [value]);
    else if (key === "type") values.push(value);
    else if (values[0] !== value) {
      warnings.add(`The link gives “${key}” more than once: the last one, “${shown(value)}”, is used.`);
      values[0] = value;
    }
  }
  checkVersion(keys, warnings);
  const net = keys.get("net")?.[0] ?? "none";
  if (net !== "none") {
    warnings.add(
      `The link asks for a network (“net=${shown(net)}”): there is no network here yet, so it was left out.`,
    );
  }
  return keys;
}

function unknownKey(key: string): string {
  const name = key.toLowerCase();
  const synonym = Object.hasOwn(KEY_SYNONYMS, name) ? KEY_SYNONYMS[name] : undefined;
  const near = synonym === undefined ? nearestNames(name, [...LINK_KEYS, ...Object.keys(KEY_ALIASES)]) : [synonym];
  const hint = near.length > 0 ? `Did it mean ${near.map((item) => `“${item}”`).join(" or ")}?` : "";
  return `The link has a key “${shown(key)}” that does not exist; it was left out. ${hint}`.trimEnd();
}

function checkVersion(keys: Map<string, string[]>, warnings: Warnings): void {
  const text = keys.get("v")?.[0];
  keys.delete("v");
  if (text === undefined) return;
  // A program that finds addresses in texts may have taken a full stop or a bracket along.
  const version = /^(\d{1,9})[^\w]*$/.exec(text)?.[1];
  if (version === undefined) warnings.add(`The link has a version “${shown(text)}” that is none.`);
  else if (Number(version) > LINK_VERSION) {
    warnings.add(
      `The link was made by a newer version of this page (${version}): it may not become the machine that was meant.`,
    );
  }
}

/** A number of columns or rows; null where the link says none, or nonsense. */
export function consoleSize(key: "cols" | "rows", keys: LinkValues, warnings: Warnings): number | null {
  const text = keys.get(key)?.[0];
  if (text === undefined) return null;
  if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_CONSOLE_SIZE) return Number(text);
  warnings.add(`The link says “${key}=${shown(text)}”, which is no number from 1 to ${MAX_CONSOLE_SIZE}.`);
  return null;
}
