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
/** Every case runs three ways: the debugger's step and the run loop have records of their own, the compiler its translations. */
const WAYS = ["step", "loop", "compiled"] as const;

const table = compileTable();
const tested = table.filter((row) => EXCLUDED[row.name] === undefined && only.test(row.name));

let qemu: QemuUser;
let machine: Machine;
let compiled: Machine;
let pools: Pools;

beforeAll(async () => {
  console.log(`differential test: seed ${seed}, ${casesPerRow} cases a row, ${tested.length} rows`);
  qemu = createQemuUser();
  machine = await createMachine();
  compiled = await createMachine(true);
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
  const theirWords = new Uint32Array(theirs.buffer);
  const ways = WAYS.map((how) => {
    const ours = how === "compiled" ? compiled.run(cases, "loop") : machine.run(cases, how);
    return { how, ours, words: new Uint32Array(ours.buffer) };
  });
  return new Map(
    rows.map((row, position) => {
      const indices = Array.from({ length: casesPerRow }, (_, number) => position * casesPerRow + number);
      const reports = ways.flatMap(({ how, ours, words }) => {
        const wrong = indices.filter((index) => !equal(words, theirWords, index));
        if (wrong.length === 0) return [];
        const shown = wrong.slice(0, SHOWN_MISMATCHES).map((index) => explain(cases, ours, theirs, index));
        const head = `${row.name} (${row.file}.decode:${row.line}), ${how}: ${wrong.length} of ${casesPerRow} cases differ`;
        return [[head, ...shown].join("\n")];
      });
      return [row.name, reports.join("\n")];
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
