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

/** The end of a value that a hash may be in: the commas before it, and what it is. */
const HASH_END = /(,+)sha256=([^,]*)$/;

/** Throws ConfigError where a hash is none. */
export function parseHashedFile(where: string, value: string): HashedFile {
  const match = HASH_END.exec(value);
  if (match === null) return { file: value, sha256: null };
  const [, commas = "", hash = ""] = match;
  // An even number of commas is a part of the name; the last of an odd number begins the hash.
  if (commas.length % 2 === 0) return { file: single(value), sha256: null };
  const name = value.slice(0, match.index + commas.length - 1);
  return { file: single(name), sha256: parseSha256(where, hash) };
}

/** The opposite of parseHashedFile. */
export function formatHashedFile(file: string | null, sha256: string | null): string | null {
  if (file === null) return null;
  const double = file.replaceAll(",", ",,");
  if (sha256 !== null) return `${double},sha256=${sha256}`;
  return HASH_END.test(file) ? double : file;
}

const single = (text: string): string => text.replaceAll(",,", ",");
