/** Directory entries of FAT: short names, and the long ones that stand in pieces before them. */
import { label } from "./text.ts";
import { viewOf } from "./volume.ts";

const ENTRY_BYTES = 32;
const ATTRIBUTE = 11;
const ATTRIBUTE_VOLUME = 0x08;
const ATTRIBUTE_DIRECTORY = 0x10;
const ATTRIBUTE_LONG = 0x0f;
const CASE_FLAGS = 12;
const CASE_BASE_SMALL = 0x08;
const CASE_EXTENSION_SMALL = 0x10;
const FREE = 0xe5;
/** A name that begins with 0xe5 is written so. */
const KANJI_E5 = 0x05;
const LAST_PIECE = 0x40;
const PIECE_LENGTH = 13;
const MAX_PIECES = 20;
/** Where the 13 UTF-16 units of a piece lie. */
const PIECE_FIELDS = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

export interface FatEntry {
  /** The long name, or the short one where there is none. */
  readonly name: string;
  readonly shortName: string;
  readonly isDirectory: boolean;
  /** 0 where the file is empty. */
  readonly cluster: number;
  readonly sizeBytes: number;
}

/** The files and directories in a directory's bytes, without `.` and `..`. */
export function* fatEntries(bytes: Uint8Array): Generator<FatEntry> {
  const long = new LongName();
  for (const entry of slots(bytes)) {
    const attribute = entry[ATTRIBUTE] ?? 0;
    if (entry[0] === FREE) {
      long.clear();
    } else if ((attribute & ATTRIBUTE_LONG) === ATTRIBUTE_LONG) {
      long.add(entry);
    } else {
      const name = long.take(entry);
      if ((attribute & ATTRIBUTE_VOLUME) !== 0 || entry[0] === 0x2e) continue;
      const view = viewOf(entry);
      const shortName = shortNameOf(entry);
      yield {
        name: name ?? shortName,
        shortName,
        isDirectory: (attribute & ATTRIBUTE_DIRECTORY) !== 0,
        cluster: view.getUint16(20, true) * 0x1_0000 + view.getUint16(26, true),
        sizeBytes: view.getUint32(28, true),
      };
    }
  }
}

/** The volume label among the entries of the root directory. */
export function fatLabel(bytes: Uint8Array): string | null {
  for (const entry of slots(bytes)) {
    const attribute = entry[ATTRIBUTE] ?? 0;
    const isLong = (attribute & ATTRIBUTE_LONG) === ATTRIBUTE_LONG;
    if (entry[0] === FREE || isLong || (attribute & (ATTRIBUTE_VOLUME | ATTRIBUTE_DIRECTORY)) !== ATTRIBUTE_VOLUME)
      continue;
    const name = entry.slice(0, 11);
    if (name[0] === KANJI_E5) name[0] = FREE;
    return label(name);
  }
  return null;
}

/** Up to the first that was never used. */
function* slots(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + ENTRY_BYTES <= bytes.length && bytes[at] !== 0; at += ENTRY_BYTES) {
    yield bytes.subarray(at, at + ENTRY_BYTES);
  }
}

/** Collects the pieces of a long name, which stand last to first and belong to a short name by its checksum. */
class LongName {
  #pieces: string[] = [];
  #expected = 0;
  #checksum = 0;

  clear(): void {
    this.#pieces = [];
    this.#expected = 0;
  }

  add(entry: Uint8Array): void {
    const order = entry[0] ?? 0;
    const number = order & 0x3f;
    if ((order & LAST_PIECE) !== 0 && number <= MAX_PIECES) {
      this.#pieces = [];
      this.#expected = number;
      this.#checksum = entry[13] ?? 0;
    }
    if (number === 0 || number !== this.#expected || entry[13] !== this.#checksum) return this.clear();
    const view = viewOf(entry);
    const units = PIECE_FIELDS.map((at) => view.getUint16(at, true));
    const end = units.indexOf(0);
    this.#pieces.unshift(String.fromCharCode(...units.slice(0, end < 0 ? PIECE_LENGTH : end)));
    this.#expected--;
    // All pieces are there once none is expected; a stray one then clears again.
  }

  /** The long name of this short entry; null where it has none. */
  take(entry: Uint8Array): string | null {
    const name = this.#pieces.join("");
    const belongs = name !== "" && this.#expected === 0 && checksum(entry) === this.#checksum;
    this.clear();
    return belongs ? name : null;
  }
}

function checksum(entry: Uint8Array): number {
  let sum = 0;
  for (const byte of entry.subarray(0, 11)) sum = (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff;
  return sum;
}

function shortNameOf(entry: Uint8Array): string {
  const part = (from: number, to: number, small: number): string => {
    const bytes = entry.slice(from, to);
    if (from === 0 && bytes[0] === KANJI_E5) bytes[0] = FREE;
    const text = new TextDecoder("latin1").decode(bytes).trimEnd();
    return ((entry[CASE_FLAGS] ?? 0) & small) === 0 ? text : text.toLowerCase();
  };
  const extension = part(8, 11, CASE_EXTENSION_SMALL);
  const base = part(0, 8, CASE_BASE_SMALL);
  return extension === "" ? base : `${base}.${extension}`;
}
