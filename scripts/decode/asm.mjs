// @ts-check
/**
 * Templates of the ASSEMBLER column: what `objdump -d -M no-aliases` prints for a row.
 *
 *     adds <Rd>, <Rn|SP>, #<x:imm12><lsl12>        {strb|strh|str|str:size} <Rt.ldst>, [<Xn|SP>]
 *
 * Text is printed as it stands. `<NAME>` is an operand: a function of src/ts/debug/operands.ts gives its text. `<d:FIELD>` and
 * `<x:FIELD>` print a field of the row in decimal, and in hexadecimal with 0x. `{A|B|…:FIELD,…}` chooses the alternative whose
 * number the fields have, the first one most significant; alternatives are text, too few of them is an error. A template may
 * be empty only while its row is new: the disassembler's test demands one.
 */

/**
 * @typedef {{ lsb: number, width: number }} Bits
 * @typedef {{ text: string } | { operand: string } | { number: 10 | 16, bits: Bits } | { choice: string[], bits: Bits[] }} Part
 */

/**
 * @param {import("./table.mjs").Row} row
 * @returns {Part[]}
 */
export function parseTemplate(row) {
  const where = `${row.file}.decode:${row.line}`;
  /** @param {string} name @returns {Bits} */
  const bitsOf = (name) => {
    const field = row.fields.find((candidate) => candidate.name === name);
    if (!field) throw new Error(`${where}: the template names ${name}, which is no field of ${row.name}`);
    return { lsb: field.lsb, width: field.width };
  };
  /** @type {Part[]} */
  const parts = [];
  const pattern = /<([dx]):(\w+)>|<([^<>]+)>|\{([^{}]*):([\w,]+)\}|[^<{]+|[<{]/g;
  for (const [text, radix, numberField, operand, choice, choiceFields] of row.asm.matchAll(pattern)) {
    if (radix !== undefined) parts.push({ number: radix === "x" ? 16 : 10, bits: bitsOf(numberField ?? "") });
    else if (operand !== undefined) parts.push({ operand });
    else if (choice !== undefined) {
      const alternatives = choice.split("|");
      const bits = (choiceFields ?? "").split(",").map(bitsOf);
      const wanted = 2 ** bits.reduce((sum, { width }) => sum + width, 0);
      if (alternatives.length !== wanted)
        throw new Error(`${where}: ${alternatives.length} alternatives for ${wanted} values in ${text}`);
      parts.push({ choice: alternatives, bits });
    } else parts.push({ text });
  }
  return parts;
}
