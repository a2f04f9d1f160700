/**
 * Every row of the A64 instruction table against qemu-aarch64: random words, registers, memory and floating-point modes.
 *
 * ARMLET_DIFF_SEED   seed (a number); the default is fixed so that the suite says the same every time
 * ARMLET_DIFF_CASES  cases a row, 200 unless given
 * ARMLET_DIFF_ROWS   regular expression: only rows whose name matches
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BATCH_MAX } from "./case-layout.ts";
import { CaseWriter, createCaseBuffer, createPools, type Pools, sequenceOf, slotAddress } from "./cases.ts";
import { equal, explain } from "./compare.ts";
import { EXCLUDED } from "./excluded.ts";
import { createMachine, type Machine } from "./machine.ts";
import { createQemuUser, type QemuUser } from "./qemu-user.ts";
import { createRandom } from "./random.ts";
import { type CompiledRow, compileTable, randomWord } from "./words.ts";

const seed = Number(process.env["ARMLET_DIFF_SEED"] ?? 20261121);
const casesPerRow = Number(process.env["ARMLET_DIFF_CASES"] ?? 200);
const only = new RegExp(process.env["ARMLET_DIFF_ROWS"] ?? "");
/** Rows that share one run of QEMU. */
const ROWS_PER_RUN = Math.max(1, Math.floor((8 * BATCH_MAX) / casesPerRow));
const SHOWN_MISMATCHES = 4;

const table = compileTable();
const tested = table.filter((row) => EXCLUDED[row.name] === undefined && only.test(row.name));

let qemu: QemuUser;
let machine: Machine;
let pools: Pools;

beforeAll(async () => {
  console.log(`differential test: seed ${seed}, ${casesPerRow} cases a row, ${tested.length} rows`);
  qemu = createQemuUser();
  machine = await createMachine();
  pools = createPools(seed);
}, 120_000);

afterAll(() => qemu?.dispose());

/** What went wrong in each row of `rows`: how many cases differ, and the first of them. */
function runRows(rows: readonly CompiledRow[]): Map<string, string> {
  const cases = createCaseBuffer(rows.length * casesPerRow);
  const writer = new CaseWriter(cases, pools);
  rows.forEach((row, position) => {
    const random = createRandom(seed, row.name);
    for (let number = 0; number < casesPerRow; number += 1) {
      const index = position * casesPerRow + number;
      writer.write(index, sequenceOf(randomWord(row, random), random), slotAddress(index % BATCH_MAX), random);
    }
  });
  const theirs = qemu.run(cases);
  const ours = machine.run(cases);
  const ourWords = new Uint32Array(ours.buffer);
  const theirWords = new Uint32Array(theirs.buffer);
  return new Map(
    rows.map((row, position) => {
      const wrong: number[] = [];
      for (let index = position * casesPerRow; index < (position + 1) * casesPerRow; index += 1) {
        if (!equal(ourWords, theirWords, index)) wrong.push(index);
      }
      const shown = wrong.slice(0, SHOWN_MISMATCHES).map((index) => explain(cases, ours, theirs, index));
      const report = `${row.name} (${row.file}.decode:${row.line}): ${wrong.length} of ${casesPerRow} cases differ\n`;
      return [row.name, wrong.length === 0 ? "" : report + shown.join("\n")];
    }),
  );
}

describe("A64 instructions equal QEMU", () => {
  for (let first = 0; first < tested.length; first += ROWS_PER_RUN) {
    const rows = tested.slice(first, first + ROWS_PER_RUN);
    let reports: Map<string, string> | null = null;
    for (const row of rows) {
      test(row.name, { timeout: 120_000 }, () => {
        reports ??= runRows(rows);
        expect(reports.get(row.name)).toBe("");
      });
    }
  }

  test("every excluded row exists", () => {
    const names = new Set(table.map((row) => row.name));
    expect(Object.keys(EXCLUDED).filter((name) => !names.has(name))).toEqual([]);
  });
});
