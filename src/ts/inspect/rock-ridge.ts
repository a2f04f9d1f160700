/** What Rock Ridge has in the system use field of a directory record; continuation areas (very long names) are left out. */
import { hasMagic } from "./volume.ts";

const FLAG_CURRENT = 0x02;
const FLAG_PARENT = 0x04;
const FLAG_ROOT = 0x08;

export interface PosixFields {
  readonly name: string | null;
  /** Where a symbolic link leads; null where it is none. */
  readonly target: string | null;
}

export function posixFields(bytes: Uint8Array): PosixFields {
  let name: string | null = null;
  let target: string | null = null;
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes[at + 2] ?? 0;
    if (length < 4) break;
    const entry = bytes.subarray(at, at + length);
    if (hasMagic(entry, 0, "NM") && length > 5) name = (name ?? "") + new TextDecoder().decode(entry.subarray(5));
    if (hasMagic(entry, 0, "SL") && length > 5) target = joined(target, components(entry.subarray(5)));
    at += length;
  }
  return { name, target };
}

function components(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [flags, length] = [bytes[at] ?? 0, bytes[at + 1] ?? 0];
    if ((flags & FLAG_ROOT) !== 0) parts.push("");
    else if ((flags & FLAG_PARENT) !== 0) parts.push("..");
    else if ((flags & FLAG_CURRENT) !== 0) parts.push(".");
    else parts.push(new TextDecoder().decode(bytes.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  return parts.join("/");
}

function joined(before: string | null, after: string): string {
  return before === null ? after : `${before}/${after}`;
}
