/** Disassembles A64 words, in the words of `objdump -d -M no-aliases`, from the engine's own instruction table. */
import { A64_TABLE } from "./a64-table.gen.ts";
import { bits } from "./fields.ts";
import { operand } from "./operands.ts";

export interface FieldBits {
  lsb: number;
  width: number;
}

/** One piece of a row's assembler template (scripts/decode/asm.mjs). */
export type TemplatePart =
  | { text: string }
  | { operand: string }
  | { number: number; bits: FieldBits }
  | { choice: readonly string[]; bits: readonly FieldBits[] };

/** A row of the instruction table: `(word & mask) === value` and the constraint, where it has one, holds. */
export interface TableRow {
  name: string;
  mask: number;
  value: number;
  constraint: ((w: number) => boolean) | null;
  parts: readonly TemplatePart[];
}

/** Rows by bits 28:25, the ARM ARM's first division of the encodings, in the order in which they are tried. */
const GROUPS: readonly (readonly TableRow[])[] = Array.from({ length: 16 }, (_, group) =>
  A64_TABLE.filter((row) => (((row.value >>> 25) ^ group) & (row.mask >>> 25) & 15) === 0),
);

/** The row that decodes `word`, undefined when the word is unallocated. */
export function rowOfWord(word: number): TableRow | undefined {
  return GROUPS[(word >>> 25) & 15]?.find(
    (row) => (word & row.mask) >>> 0 === row.value && (row.constraint === null || row.constraint(word)),
  );
}

/**
 * The assembler text of an instruction, without aliases; `.inst` for an unallocated word.
 * @param word unsigned 32 bits
 * @param pc its address, for PC-relative operands
 */
export function disassemble(word: number, pc: bigint): string {
  const row = rowOfWord(word);
  if (row === undefined) return `.inst 0x${word.toString(16).padStart(8, "0")} ; undefined`;
  return row.parts.map((part) => partText(part, word, pc)).join("");
}

function partText(part: TemplatePart, word: number, pc: bigint): string {
  if ("text" in part) return part.text;
  if ("operand" in part) return operand(part.operand, word, pc);
  if ("number" in part) {
    const value = bits(word, part.bits.lsb, part.bits.width);
    return part.number === 16 ? `0x${value.toString(16)}` : String(value);
  }
  const index = part.bits.reduce((value, { lsb, width }) => value * 2 ** width + bits(word, lsb, width), 0);
  return part.choice[index] ?? "";
}
