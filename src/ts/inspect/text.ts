/** Texts that come out of an image: whoever made it decides what they say, so they are cleaned before anybody sees them. */

const MAX_LENGTH = 120;

/** Controls, what turns the direction of writing around, and what could not be decoded. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\ufffd]/gu;

/** `text` on one line, without controls and outer spaces, and of bounded length. */
export function printable(text: string): string {
  const clean = text.replace(UNPRINTABLE, "").trim();
  return clean.length <= MAX_LENGTH ? clean : `${clean.slice(0, MAX_LENGTH - 1)}…`;
}

/** UTF-8 up to the first zero byte; null where nothing is there. */
export function label(bytes: Uint8Array): string | null {
  const end = bytes.indexOf(0);
  return orNull(printable(new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))));
}

/** UTF-16 (little-endian) up to the first zero. */
export function utf16(bytes: Uint8Array): string {
  const text = new TextDecoder("utf-16le").decode(bytes.subarray(0, bytes.length & ~1));
  return text.split("\0", 1)[0] ?? "";
}

export function orNull(text: string): string | null {
  return text === "" ? null : text;
}

/** 16 bytes as a UUID, in the order in which they stand; null where all are zero. */
export function uuid(bytes: Uint8Array): string | null {
  if (bytes.every((byte) => byte === 0)) return null;
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** 16 bytes as a GUID of EFI, whose first three fields are little-endian (UEFI 2.10 Appendix A). */
export function guid(bytes: Uint8Array): string {
  const [a, b, c] = [bytes.slice(0, 4).reverse(), bytes.slice(4, 6).reverse(), bytes.slice(6, 8).reverse()];
  return [hex(a), hex(b), hex(c), hex(bytes.slice(8, 10)), hex(bytes.slice(10, 16))].join("-");
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
