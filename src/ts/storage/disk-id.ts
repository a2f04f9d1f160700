import { sha256 } from "../lib/sha256.ts";

/** Letters that nobody takes for another. */
const ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";
const RANDOM_LETTERS = 8;
const HASH_DIGITS = 20;

/** An id for a new disk: something of its name, for who reads a command line, and something that makes it unique. */
export function newDiskId(name: string): string {
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_LETTERS));
  return `${slug(name)}-${[...random].map((byte) => ALPHABET[byte % ALPHABET.length]).join("")}`;
}

/**
 * The id of the disk that keeps what is written over the image at an absolute URL: always the same, so that two tabs
 * that open it at the same time mean the same disk.
 */
export async function urlDiskId(url: string): Promise<string> {
  const hash = (await sha256(new TextEncoder().encode(url))).slice(0, HASH_DIGITS);
  return `${slug(urlDiskName(url))}-${hash}`;
}

/** What the disk over an image is called: the file's name, without its folder. */
export function urlDiskName(url: string): string {
  const { pathname, hostname } = new URL(url);
  const last = pathname.split("/").findLast((part) => part !== "");
  if (last === undefined) return hostname;
  try {
    return decodeURIComponent(last);
  } catch {
    // A path need not be well-formed UTF-8; then it is shown as it is written.
    return last;
  }
}

function slug(name: string): string {
  const text = name
    .toLowerCase()
    .replace(/\.(img|raw|qcow2|iso|xz|gz|zst)(?=\.|$)/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 24)
    .replace(/^-+|-+$/g, "");
  return text === "" ? "disk" : text;
}
