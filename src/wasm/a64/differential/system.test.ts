/**
 * System instructions and registers, exceptions and translation against qemu-system-aarch64: the same bare-metal program
 * (bare-metal.s) on both.
 *
 * ARMLET_DIFF_SEED as in a64.test.ts; ARMLET_DIFF_MMU random translations, 8000 unless given.
 */
import { describe, expect, test } from "vitest";
import { type BareMetalCase, differences, type MemoryImage, partsOf, type Run, runBareMetal } from "./bare-metal.ts";
import { codeCases } from "./code-cases.ts";
import { mmuCases } from "./mmu-cases.ts";
import { createRandom } from "./random.ts";
import {
  eretCases,
  exceptionCases,
  flatCases,
  fpTrapCases,
  hintCases,
  psciCases,
  RANDOM_VALUES,
  readCases,
  softwareStepCases,
  stackCases,
  sysCases,
  syslCases,
  userReadCases,
  userWriteCases,
  writeCases,
} from "./system-cases.ts";
import { tlbCases } from "./tlb-cases.ts";

const seed = Number(process.env["ARMLET_DIFF_SEED"] ?? 20261121);
const mmuCount = Number(process.env["ARMLET_DIFF_MMU"] ?? 8000);
const SHOWN = 60;

/** Every encoding of a group, of which the compiler knows a few: their handlers do the work either way. */
const encodings = (cases: readonly BareMetalCase[]): Promise<Run> => compare(cases, [], false);

/** Runs the cases, in parts when they are many, and expects no difference; `compile` runs them compiled too. */
async function compare(cases: readonly BareMetalCase[], memory: MemoryImage = [], compile = true): Promise<Run> {
  const all: Run = { qemu: [], ours: [], compiled: [] };
  const report: string[] = [];
  for (const part of partsOf(cases)) {
    const run = await runBareMetal(part, memory, compile);
    report.push(...differences(part, run));
    all.qemu.push(...run.qemu);
    all.ours.push(...run.ours);
    all.compiled.push(...run.compiled);
  }
  expect(report.length > SHOWN ? [...report.slice(0, SHOWN), `and ${report.length - SHOWN} more`] : report).toEqual([]);
  return all;
}

describe("system instructions equal QEMU", () => {
  test("MRS of every encoding at EL1", async () => void (await encodings(readCases())));
  test("MRS of every encoding at EL0", async () => void (await encodings(userReadCases(false))));
  test("MRS of every encoding at EL0 with everything allowed", async () => void (await encodings(userReadCases(true))));
  test("MSR of every encoding at EL1", async () => {
    const { qemu } = await runBareMetal(readCases(), [], false);
    for (const value of [0n, 0xffff_ffff_ffff_ffffn, ...RANDOM_VALUES(createRandom(seed, "msr"), 1)]) {
      await encodings(writeCases(value, qemu));
    }
  });
  test("MSR of every encoding at EL0", async () => void (await encodings(userWriteCases(false))));
  test("MSR of every encoding at EL0 with everything allowed", async () =>
    void (await encodings(userWriteCases(true))));
  test("SYS of every encoding", async () => void (await encodings(sysCases())));
  test("SYSL of every encoding", async () => void (await encodings(syslCases())));
  test("hints, barriers and PSTATE", async () => void (await compare(hintCases())));
  test("exception generation", async () => void (await compare(exceptionCases(seed))));
  test("PSCI", async () => void (await compare(psciCases())));
  test("ERET", async () => void (await compare(eretCases(seed))));
  test("FP traps", async () => void (await compare(fpTrapCases())));
  test("faults with the MMU off", async () => void (await compare(flatCases(seed))));
  test("translation", async () => {
    const { cases, memory } = mmuCases(seed, mmuCount);
    await compare(cases, memory);
  });
  test("TLB maintenance and address spaces", async () => {
    const { cases, memory } = tlbCases(seed);
    await compare(cases, memory);
  });
  test("code that changes", async () => {
    const { cases, memory } = codeCases(seed);
    await compare(cases, memory);
  });
  test("software step", async () => void (await compare(softwareStepCases())));
  test("stack pointers and PSTATE", async () => void (await compare(stackCases())));
});
