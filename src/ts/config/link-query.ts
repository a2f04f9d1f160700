/** The query of an address: read as whatever chat programs and people make of it, written so that it survives both. */

/** A key and its value, decoded, in the order of the address. */
export type QueryPair = readonly [key: string, value: string];

export interface Query {
  readonly pairs: readonly QueryPair[];
  /** Keys whose values were damaged on their way. */
  readonly damaged: readonly string[];
}

/** What cannot be seen, turns around what is beside it, or is half a character. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const LONGEST_SHOWN = 60;

/** Text of a stranger for a sentence to the user: nothing invisible, not too long. */
export function shown(text: string): string {
  const clean = text.slice(0, LONGEST_SHOWN * 2).replace(UNSEEN, "\ufffd");
  const chars = [...clean];
  return chars.length > LONGEST_SHOWN ? `${chars.slice(0, LONGEST_SHOWN).join("")}…` : clean;
}

/** Reads a query, with or without its question mark. Never throws: what is broken is decoded as far as possible. */
export function readQuery(search: string): Query {
  const pairs: QueryPair[] = [];
  const damaged: string[] = [];
  for (const part of search.replace(/^\?/, "").split("&")) {
    if (part === "") continue;
    const split = part.indexOf("=");
    // Programs that take an address for HTML write & as &amp;.
    const rawKey = (split < 0 ? part : part.slice(0, split)).replace(/^(?:amp;)+/i, "");
    const key = decode(rawKey);
    const value = decode(split < 0 ? "" : part.slice(split + 1));
    if (!key.whole || !value.whole) damaged.push(key.text);
    pairs.push([key.text, value.text]);
  }
  return { pairs, damaged };
}

/** As forms are decoded; bytes that are no UTF-8 become U+FFFD, a percent sign without digits stays one. */
function decode(raw: string): { text: string; whole: boolean } {
  const spaced = raw.replaceAll("+", " ");
  try {
    return { text: decodeURIComponent(spaced), whole: true };
  } catch {
    // URLSearchParams takes everything, as the URL standard says.
    return { text: new URLSearchParams(`x=${raw}`).get("x") ?? "", whole: false };
  }
}

/** The query with its question mark; empty for no pairs. */
export function formatQuery(pairs: readonly QueryPair[]): string {
  const parts = pairs.map(([key, value]) => `${encode(key)}=${encode(value)}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/**
 * More is encoded than a URL needs: what Markdown, typographic corrections and link finders take for their own.
 * Commas and slashes inside an address are safe, and easier to read.
 */
function encode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, "\ufffd"))
    .replace(/[!'()*~_]/g, percent)
    .replace(/(?<=[-.])[-.]/g, percent)
    .replaceAll("%2F", "/")
    .replaceAll("%2C", ",");
}

const percent = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
