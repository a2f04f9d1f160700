// @ts-check
/** Reads src/wasm/a64/decode/*.decode (format: the README beside them) into rows. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FIELD_WIDTHS } from "./fields.mjs";

/**
 * @typedef {{ name: string, lsb: number, width: number }} Field
 * @typedef {{ name: string, file: string, line: number, mask: number, value: number, fields: Field[],
 *   constraint: string, asm: string, handlers: string | null }} Row
 * `mask` and `value` are unsigned 32-bit; `handlers` is the module of the outlined handler, null for `@records`.
 */

const here = dirname(fileURLToPath(import.meta.url));
export const DECODE_DIR = join(here, "../../src/wasm/a64/decode");

/** The table's files in ARM ARM chapter order: the order in which rows are tried. */
export const DECODE_FILES = [
  "dp-imm",
  "branch",
  "system",
  "ldst",
  "dp-reg",
  "simd-ldst",
  "crypto",
  "fp-scalar",
  "simd-int",
  "simd-fp",
].filter((file) => existsSync(join(DECODE_DIR, `${file}.decode`)));

/**
 * @param {string} pattern @param {string} where
 * @returns {{ mask: number, value: number, fields: Field[] }}
 */
function parsePattern(pattern, where) {
  let bit = 32;
  let mask = 0;
  let value = 0;
  /** @type {Field[]} */
  const fields = [];
  for (const token of pattern.split(/\s+/)) {
    if (/^[01x]+$/.test(token)) {
      for (const digit of token) {
        bit -= 1;
        if (digit !== "x") mask += 2 ** bit;
        if (digit === "1") value += 2 ** bit;
      }
      continue;
    }
    const [name, explicit] = /** @type {[string, string | undefined]} */ (token.split(":"));
    const width =
      explicit === undefined ? /** @type {Record<string, number>} */ (FIELD_WIDTHS)[name] : Number(explicit);
    if (!width) throw new Error(`${where}: field ${token} has no width`);
    if (fields.some((field) => field.name === name)) throw new Error(`${where}: field ${name} twice`);
    bit -= width;
    fields.push({ name, lsb: bit, width });
  }
  if (bit !== 0) throw new Error(`${where}: the pattern has ${32 - bit} bits`);
  return { mask: mask >>> 0, value: value >>> 0, fields };
}

/** @param {string} file name without extension @returns {Row[]} */
export function readDecodeFile(file) {
  const text = readFileSync(join(DECODE_DIR, `${file}.decode`), "utf8");
  /** @type {Row[]} */
  const rows = [];
  /** @type {string | null | undefined} */
  let handlers;
  text.split("\n").forEach((source, index) => {
    const line = source.trim();
    const where = `${file}.decode:${index + 1}`;
    if (line === "" || line.startsWith("#")) return;
    if (line === "@records") {
      handlers = null;
    } else if (line.startsWith("@handlers ")) {
      handlers = line.slice(10).trim();
    } else {
      if (handlers === undefined) throw new Error(`${where}: a row before @handlers or @records`);
      const [front = "", asm = ""] = line.split(";").map((part) => part.trim());
      const [head = "", constraint = ""] = front.split("?").map((part) => part.trim());
      const blank = head.search(/\s/);
      if (blank < 0) throw new Error(`${where}: no pattern`);
      const name = head.slice(0, blank);
      rows.push({
        name,
        file,
        line: index + 1,
        ...parsePattern(head.slice(blank).trim(), where),
        constraint,
        asm,
        handlers,
      });
    }
  });
  return rows;
}

/** All rows in the order in which they are tried. @returns {Row[]} */
export function readTable(files = DECODE_FILES) {
  const rows = files.flatMap(readDecodeFile);
  const names = new Set();
  for (const row of rows) {
    if (names.has(row.name)) throw new Error(`${row.file}.decode:${row.line}: row ${row.name} twice`);
    names.add(row.name);
  }
  return rows;
}

/** Value of a field in a word. @param {Row} row @param {string} name @param {number} word */
export function fieldValue(row, name, word) {
  const field = row.fields.find((candidate) => candidate.name === name);
  if (!field) throw new Error(`${row.name} has no field ${name}`);
  return (word >>> field.lsb) & (2 ** field.width - 1);
}

/** DecodeBitMasks() succeeds for these (ARM ARM J1, shared/functions/system): constraint helper. @param {number} N @param {number} imms */
export function logicalImmValid(N, imms) {
  const len = 31 - Math.clz32((N << 6) | (~imms & 0x3f));
  if (len < 1) return false;
  const levels = (1 << len) - 1;
  return (imms & levels) !== levels;
}

/**
 * Compiles a row's constraint to a predicate on the instruction word.
 * @param {Row} row @returns {(word: number) => boolean}
 */
export function constraintOf(row) {
  if (row.constraint === "") return () => true;
  const names = row.fields.map((field) => field.name);
  const test = new Function("logicalImmValid", ...names, `return (${row.constraint});`);
  return (word) => Boolean(test(logicalImmValid, ...names.map((name) => fieldValue(row, name, word))));
}
