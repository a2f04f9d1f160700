/**
 * Which words are UNDEFINED, against qemu-aarch64: words near allocated ones, a few bits changed, and random ones.
 *
 * ARMLET_DIFF_SEED, ARMLET_DIFF_WORDS (200000 unless given).
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { BATCH_MAX, CASE_SIZE, RESULT_PC, RESULT_SIGNAL, SIGILL, WINDOW } from "./case-layout.ts";
import { CaseWriter, createCaseBuffer, createPools, slotAddress } from "./cases.ts";
import { createMachine, type Machine } from "./machine.ts";
import { createQemuUser, type QemuUser } from "./qemu-user.ts";
import { createRandom, pick, type Random } from "./random.ts";
import { type CompiledRow, compileTable, randomWord } from "./words.ts";

const seed = Number(process.env["ARMLET_DIFF_SEED"] ?? 20261121);
const wordCount = Number(process.env["ARMLET_DIFF_WORDS"] ?? 200_000);
const CHUNK = 8 * BATCH_MAX;

const table = compileTable();
let qemu: QemuUser;
let machine: Machine;

beforeAll(async () => {
  console.log(`unallocated words: seed ${seed}, ${wordCount} words`);
  qemu = createQemuUser();
  machine = await createMachine();
}, 120_000);

afterAll(() => qemu?.dispose());

/** Exception generation, hints, system instructions and registers: what they do depends on EL (system.test.ts). */
const isSystem = (word: number): boolean => word >>> 24 === 0xd4 || word >>> 22 === 0xd500_0000 >>> 22;

function wordNear(row: CompiledRow, random: Random): number {
  let word = random.chance(5) ? random.next() : randomWord(row, random);
  for (let flips = random.below(4); flips > 0; flips -= 1) word = (word ^ (1 << random.below(32))) >>> 0;
  return word;
}

/** The row that decodes a word, for the report. */
const rowOf = (word: number): string => table.find((row) => row.takes(word))?.name ?? "no row";

test("our UNDEFINED words are QEMU's", { timeout: 300_000 }, () => {
  const random = createRandom(seed, "unallocated");
  const pools = createPools(seed);
  const groups = new Map<string, string[]>();
  for (let done = 0; done < wordCount; done += CHUNK) {
    const cases = createCaseBuffer(Math.min(CHUNK, wordCount - done));
    const writer = new CaseWriter(cases, pools);
    const words: number[] = [];
    for (let index = 0; index < cases.count; index += 1) {
      let word: number;
      do word = wordNear(pick(random, table), random);
      while (isSystem(word));
      words.push(word);
      writer.write(index, [word], slotAddress(index % BATCH_MAX), random);
      writer.fillRegisters(index, BigInt(WINDOW + 64));
    }
    const theirs = new DataView(qemu.run(cases).buffer);
    const ours = new DataView(machine.run(cases, "step").buffer);
    words.forEach((word, index) => {
      const base = index * CASE_SIZE;
      const stayed = Number(theirs.getBigUint64(base + RESULT_PC, true)) === slotAddress(index % BATCH_MAX);
      const expected = stayed && theirs.getUint32(base + RESULT_SIGNAL, true) === SIGILL;
      const got = ours.getUint32(base + RESULT_SIGNAL, true) === SIGILL;
      if (got === expected) return;
      const key = `${rowOf(word)}: ${expected ? "UNDEFINED in QEMU, not here" : "UNDEFINED here, not in QEMU"}`;
      groups.set(key, [...(groups.get(key) ?? []), word.toString(16).padStart(8, "0")]);
    });
  }
  const report = [...groups].map(([key, words]) => `${key}: ${words.length} words, ${words.slice(0, 6).join(" ")}`);
  expect(report.sort()).toEqual([]);
});
