/**
 * Vector instructions behind each other in compiled code, against qemu-aarch64: what the compiler knows of a register from
 * the instructions before, such as that its upper half is zero, has to be so. The registers are few, so that they depend on
 * each other.
 *
 * ARMLET_DIFF_SEED   seed (a number); the default is fixed so that the suite says the same every time
 * ARMLET_DIFF_CASES  cases for each row that begins a sequence, 60 unless given
 */
import { expect, test } from "vitest";
import { BATCH_MAX, SLOT_WORDS } from "./case-layout.ts";
import { CaseWriter, createCaseBuffer, createPools, slotAddress } from "./cases.ts";
import { equal, explain } from "./compare.ts";
import { createMachine } from "./machine.ts";
import { createQemuUser } from "./qemu-user.ts";
import { createRandom, pick, type Random } from "./random.ts";
import { type CompiledRow, compileTable, randomWord } from "./words.ts";

const seed = Number(process.env["ARMLET_DIFF_SEED"] ?? 20261121);
const casesPerRow = Number(process.env["ARMLET_DIFF_CASES"] ?? 60);
const REGISTERS = 2;
const SHOWN_MISMATCHES = 4;

/** A word of `row` whose register fields name the first registers. */
function wordAmongFew(row: CompiledRow, random: Random): number {
  for (;;) {
    let word = randomWord(row, random);
    for (const { name, lsb } of row.fields) {
      if (/^R[ndm]$/.test(name)) word = ((word & ~(31 << lsb)) | (random.below(REGISTERS) << lsb)) >>> 0;
    }
    if (row.takes(word)) return word;
  }
}

test("sequences of vector instructions equal QEMU when compiled", { timeout: 300_000 }, async () => {
  // Saturating instructions and rounding shifts mostly have no translation of their own; table lookups mostly give zeros.
  const rows = compileTable().filter(
    (row) =>
      (row.file === "simd-int" && !/^([SU]U?Q|TB|[SU]R)/.test(row.name)) ||
      row.file === "crypto" ||
      row.name.startsWith("FMOV_"),
  );
  const random = createRandom(seed, "vector sequences");
  const cases = createCaseBuffer(rows.length * casesPerRow);
  const writer = new CaseWriter(cases, createPools(seed));
  for (let index = 0; index < cases.count; index += 1) {
    const first = rows[index % rows.length] as CompiledRow;
    const others = Array.from({ length: SLOT_WORDS - 1 }, () => pick(random, rows));
    const words = [first, ...others].map((row) => wordAmongFew(row, random));
    writer.write(index, words, slotAddress(index % BATCH_MAX), random);
  }
  const qemu = createQemuUser();
  try {
    const theirs = qemu.run(cases);
    const ours = (await createMachine(true)).run(cases, "loop");
    const [ourWords, theirWords] = [new Uint32Array(ours.buffer), new Uint32Array(theirs.buffer)];
    const wrong = Array.from({ length: cases.count }, (_, index) => index).filter(
      (index) => !equal(ourWords, theirWords, index),
    );
    const shown = wrong.slice(0, SHOWN_MISMATCHES).map((index) => explain(cases, ours, theirs, index));
    expect(wrong.length === 0 ? "" : `${wrong.length} of ${cases.count} differ\n${shown.join("\n")}`).toBe("");
  } finally {
    qemu.dispose();
  }
});
