/** Random instruction words of a row of the instruction table. */
import { constraintOf, readTable, type Row } from "../../../../scripts/decode/table.mjs";
import { CODE_BASE, CODE_END, SLOT_SIZE, SLOT_WORDS, WINDOW, WINDOW_SIZE } from "./case-layout.ts";
import { pick, type Random } from "./random.ts";

export interface CompiledRow extends Row {
  /** The decoder takes `word` to this row: no earlier one matches. */
  takes(word: number): boolean;
}

/** The whole table, each row with its test. */
export function compileTable(): CompiledRow[] {
  const rows = readTable().map((row) => ({ row, constraint: constraintOf(row) }));
  const matches = ({ row, constraint }: (typeof rows)[number], word: number): boolean =>
    (word & row.mask) >>> 0 === row.value && constraint(word);
  return rows.map((entry, position) => {
    const rivals = rows
      .slice(0, position)
      .filter(({ row }) => ((row.value ^ entry.row.value) & row.mask & entry.row.mask) === 0);
    return {
      ...entry.row,
      takes: (word) => matches(entry, word) && !rivals.some((rival) => matches(rival, word)),
    };
  });
}

/** A random word that `row` takes; register fields like to be 31 or each other, immediates like their edges. */
export function randomWord(row: CompiledRow, random: Random): number {
  for (let attempt = 0; attempt < 100_000; attempt += 1) {
    let word = (row.value | (random.next() & ~row.mask)) >>> 0;
    const registers: number[] = [];
    for (const field of row.fields) {
      let value = random.below(2 ** field.width);
      if (/^R[a-z]2?$/.test(field.name)) {
        if (random.chance(10)) value = 31;
        else if (registers.length > 0 && random.chance(15)) value = pick(random, registers);
        registers.push(value);
      } else if (field.width > 3) {
        const style = random.below(10);
        if (style === 0) value = 0;
        else if (style === 1) value = 2 ** field.width - 1;
        else if (style === 2) value = 2 ** random.below(field.width);
      }
      word = ((word & ~((2 ** field.width - 1) << field.lsb)) | (value << field.lsb)) >>> 0;
    }
    if (row.takes(word)) return word;
  }
  throw new Error(`${row.file}.decode:${row.line}: found no word of row ${row.name}`);
}

const signedBits = (word: number, lsb: number, width: number): number => (word << (32 - lsb - width)) >> (32 - width);
const insert = (word: number, lsb: number, width: number, value: number): number => {
  const mask = 2 ** width - 1;
  return ((word & ~(mask << lsb)) | ((value & mask) << lsb)) >>> 0;
};

/**
 * Gives a PC-relative word of the slot at `pc` an immediate that it can run with: a literal lies in the code or in the
 * memory window, a branch goes to no other case's instructions and not to itself.
 */
export function placeWord(word: number, pc: number, random: Random): number {
  const field = branchOffset(word);
  if (field !== null) {
    let target = pc + 4 * signedBits(word, field.lsb, field.width);
    const inSlot = (target - CODE_BASE) % SLOT_SIZE;
    if (target >= CODE_BASE && target < CODE_END && inSlot < 4 * SLOT_WORDS) target += 4 * SLOT_WORDS;
    return insert(word, field.lsb, field.width, (target - pc) / 4);
  }
  if ((word & 0x3b00_0000) >>> 0 === 0x1800_0000) {
    const target = random.chance(70)
      ? WINDOW + 4 * random.below((WINDOW_SIZE - 16) / 4)
      : CODE_BASE + 4 * random.below((CODE_END - CODE_BASE - 16) / 4);
    return insert(word, 5, 19, (target - pc) / 4);
  }
  return word;
}

/** The offset field of an immediate branch (ARM ARM C4.1.87). */
function branchOffset(word: number): { lsb: number; width: number } | null {
  if ((word & 0x7c00_0000) >>> 0 === 0x1400_0000) return { lsb: 0, width: 26 };
  if ((word & 0x7e00_0000) >>> 0 === 0x3600_0000) return { lsb: 5, width: 14 };
  if ((word & 0x7e00_0000) >>> 0 === 0x3400_0000 || (word & 0xfe00_0000) >>> 0 === 0x5400_0000)
    return { lsb: 5, width: 19 };
  return null;
}
