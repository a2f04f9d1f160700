/**
 * `FILE[,sha256=HEX]`, the value of -kernel, -initrd and -dtb. QEMU takes the whole value for the name, commas included, and so
 * does this where no hash ends it. Where one does, it is a list as elsewhere: a comma of the name is written twice.
 */
import { parseSha256 } from "./values.ts";

export interface HashedFile {
  readonly file: string;
  /** 64 hexadecimal digits in lower case. */
  readonly sha256: string | null;
}

const KEY = "sha256=";

/** Throws ConfigError where a hash is none. */
export function parseHashedFile(where: string, value: string): HashedFile {
  const commas = commasBeforeHash(value);
  if (commas === 0) return { file: value, sha256: null };
  // An even number of commas is a part of the name; the last of an odd number begins the hash.
  if (commas % 2 === 0) return { file: single(value), sha256: null };
  const at = value.lastIndexOf(KEY);
  return { file: single(value.slice(0, at - 1)), sha256: parseSha256(where, value.slice(at + KEY.length)) };
}

/** How many commas stand before the hash that may end a value; 0 where none ends it. */
function commasBeforeHash(value: string): number {
  const at = value.lastIndexOf(KEY);
  if (at < 0 || value.includes(",", at)) return 0;
  let start = at;
  while (start > 0 && value.charAt(start - 1) === ",") start -= 1;
  return at - start;
}

/** The opposite of parseHashedFile. */
export function formatHashedFile(file: string | null, sha256: string | null): string | null {
  if (file === null) return null;
  const double = file.replaceAll(",", ",,");
  if (sha256 !== null) return `${double},sha256=${sha256}`;
  return commasBeforeHash(file) > 0 ? double : file;
}

const single = (text: string): string => text.replaceAll(",,", ",");
