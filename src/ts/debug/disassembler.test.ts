import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { constraintOf, readTable, type Row } from "../../../scripts/decode/table.mjs";
import { disassemble, rowOfWord } from "./disassembler.ts";

const WORDS_PER_ROW = 40;
/** objdump calls some CONSTRAINED UNPREDICTABLE words undefined; of each row at least so many are left. */
const COMPARED_WORDS = 20;
const BASE = 0x4100_0000;
const SEED = 20261121;

const rows = readTable();

/** Words of a row with should-be bits as one (objdump takes others for unallocated), deterministic. */
function wordsOf(row: Row): number[] {
  let state = SEED ^ row.value;
  const next = (): number => {
    state = (Math.imul(state, 0x9e3779b1) + 0x7f4a7c15) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x85ebca6b);
    return (mixed ^ (mixed >>> 13)) >>> 0;
  };
  const constraint = constraintOf(row);
  const fields = row.fields.reduce((mask, { lsb, width }) => mask | ((2 ** width - 1) * 2 ** lsb), 0);
  const words: number[] = [];
  for (let attempt = 0; words.length < WORDS_PER_ROW && attempt < 100_000; attempt += 1) {
    let word = (row.value | (~row.mask & ~fields)) >>> 0;
    word = (word | (next() & fields)) >>> 0;
    if (attempt % 6 === 5) word = (word | ((31 << (next() % 4 < 2 ? 5 : 0)) & fields)) >>> 0;
    if (constraint(word) && rowOfWord(word)?.name === row.name) words.push(word);
  }
  return words;
}

const directory = mkdtempSync(join(tmpdir(), "armlet-objdump-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What objdump says of each word, without its comments. */
function objdump(words: readonly number[]): string[] {
  const file = join(directory, "words.bin");
  writeFileSync(file, Buffer.from(new Uint32Array(words).buffer));
  const text = execFileSync(
    "aarch64-linux-gnu-objdump",
    ["-D", "-z", "-b", "binary", "-m", "aarch64", "-M", "no-aliases", `--adjust-vma=${BASE}`, file],
    { encoding: "utf8", maxBuffer: 2 ** 28 },
  );
  return [...text.matchAll(/^\s*[0-9a-f]+:\t[0-9a-f]{8} \t(.*)$/gm)].map(([, line = ""]) => normalise(line));
}

const normalise = (line: string): string =>
  line
    .replace(/\s*\/\/.*$/, "")
    .replace(/\s+/g, " ")
    .trim();

const words = rows.map(wordsOf);
let expected: string[];
beforeAll(() => {
  expected = objdump(words.flat());
});

let first = 0;
rows.forEach((row, index) => {
  const mine = words[index] ?? [];
  const start = first;
  first += mine.length;
  test(`${row.name} reads as in objdump`, () => {
    const lines = mine
      .map((word, position) => ({ word, position, text: expected[start + position] ?? "" }))
      .filter(({ text }) => !text.startsWith(".inst"));
    expect(lines.length).toBeGreaterThanOrEqual(COMPARED_WORDS);
    const say = (word: number, text: string): string => `${word.toString(16).padStart(8, "0")} ${text}`;
    const got = lines.map(({ word, position }) =>
      say(word, normalise(disassemble(word, BigInt(BASE + 4 * (start + position))))),
    );
    expect(got).toEqual(lines.map(({ word, text }) => say(word, text)));
  });
});

test("an unallocated word is .inst", () => {
  expect(disassemble(0xffff_ffff, 0n)).toBe(".inst 0xffffffff ; undefined");
});
