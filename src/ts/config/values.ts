/** How the text of a value becomes a value, with errors for whoever mistyped it. */
import { nearestNames } from "../../virtio/properties.ts";
import { ConfigError } from "./config-error.ts";
import { RAM_ALIGN_BYTES } from "./machine-config.ts";
import type { OptionList } from "./option-list.ts";

const TRUE = ["on", "yes", "true", "y"];
const FALSE = ["off", "no", "false", "n"];
const SIZE_SUFFIXES = "bkmgtpe";
const MIB = 2 ** 20;

/** The end of a sentence about an unknown name: the nearest known ones, then all. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearestNames(name, known);
  const hint = near.length > 0 ? ` Did you mean ${near.map((item) => `"${item}"`).join(" or ")}?` : "";
  return known.length === 0 ? hint : `${hint} Known: ${[...known].sort().join(", ")}.`;
}

/** Checks that a value is one of a few. */
export function oneOf<Value extends string>(where: string, value: string, known: readonly Value[]): Value {
  const found = known.find((item) => item === value);
  if (found === undefined) throw new ConfigError(`${where} cannot be "${value}".${suggestion(value, known)}`);
  return found;
}

export function parseSwitch(where: string, value: string): boolean {
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  throw new ConfigError(`${where} is on or off, not "${value}".`);
}

/**
 * The size of memory in bytes as QEMU reads `-m`: a number, also with a fraction or hexadecimal, in MiB unless a suffix
 * says otherwise; null for 0, which stands for the default. Rounded up to what memory comes in.
 */
export function parseMemorySize(value: string): number | null {
  const match = /^(?:(0x[0-9a-f]+)|(\d+(?:\.\d+)?|\.\d+)([bkmgtpe]?))$/i.exec(value.trim());
  if (match === null) {
    throw new ConfigError(`-m is a size such as 256 (MiB), 512M or 1G, not "${value}".`);
  }
  const [, hex, decimal = "0", suffix = ""] = match;
  // A suffix may only follow a decimal number, and a number's last digit says that there is none.
  const unit = suffix === "" ? MIB : 1024 ** SIZE_SUFFIXES.indexOf(suffix.toLowerCase());
  const bytes = Math.floor((hex === undefined ? Number(decimal) : Number(hex)) * unit);
  if (bytes > Number.MAX_SAFE_INTEGER - RAM_ALIGN_BYTES) {
    throw new ConfigError(`-m ${value} is more memory than any machine has.`);
  }
  return bytes === 0 ? null : Math.ceil(bytes / RAM_ALIGN_BYTES) * RAM_ALIGN_BYTES;
}

/** A size as `-m` takes it, in the largest unit that shows all of it. */
export function formatMemorySize(bytes: number): string {
  return bytes % MIB === 0 ? String(bytes / MIB) : `${bytes / 1024}K`;
}

/** Names that users give: a letter, then letters, digits, "-", "." and "_", as in QEMU. */
export function checkId(where: string, id: string): string {
  if (/^[A-Za-z][A-Za-z0-9._-]*$/.test(id)) return id;
  throw new ConfigError(`${where}: an id is a letter followed by letters, digits, "-", "." and "_", not "${id}".`);
}

/** A SHA-256 in lower case. */
export function parseSha256(where: string, value: string): string {
  if (/^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  throw new ConfigError(`${where} sha256 is 64 hexadecimal digits, as sha256sum prints them, not "${value}".`);
}

/** The pairs of a list by key. Throws ConfigError for a key that is not known. */
export function byKey<Key extends string>(where: string, list: OptionList, known: readonly Key[]): Map<Key, string> {
  const values = new Map<Key, string>();
  for (const [key, value] of list) {
    const found = known.find((item) => item === key);
    if (found === undefined) throw new ConfigError(`${where} has no property "${key}".${suggestion(key, known)}`);
    values.set(found, value);
  }
  return values;
}
