/**
 * Random histories of one page for bare-metal.ts: two address spaces, loads through them, changes of their descriptors with
 * each TLB invalidation that covers them. A translation that is kept too long, or for the wrong ASID, shows in X10.
 */
import { assemble, type BareMetalCase, CASE_MEMORY, type MemoryImage, OWN_TCR, SCTLR_ON } from "./bare-metal.ts";
import { createRandom, pick, type Random } from "./random.ts";

const HIGH = 0xffff_ff80_0000_0000n;
/** Level 1, 2 and 3 tables of both spaces, one page each; every case has entries of its own in level 3. */
const SPACES = [CASE_MEMORY, CASE_MEMORY + 0x4000];
const DATA = CASE_MEMORY + 0x10_0000;
const PAGES = 64;
const CASES_MAX = 512;
/** Valid page, AF, inner shareable, EL0 and EL1 read and write. */
const PAGE = 3n | (1n << 10n) | (3n << 8n) | (1n << 6n);
const NOT_GLOBAL = 1n << 11n;
const ASIDS = [0x11n, 0x77n];

/** X1 address, X2 and X8 descriptors' addresses, X3 and X9 their next values, X7 and X13 what toggles those, X5 and X6 TTBR0. */
const LOAD = ["ldr x12, [x1]", "eor x10, x12, x10, ror 7"];
const LOAD_USER = ["ldtr x12, [x1]", "eor x10, x12, x10, ror 9"];
const STORE = ["str x10, [x1, 8]", "ldr x12, [x1, 8]", "eor x10, x12, x10, ror 3"];
const SPACE_A = ["msr ttbr0_el1, x6", "isb"];
const SPACE_B = ["msr ttbr0_el1, x5", "isb"];
const CHANGE_A = ["str x3, [x2]", "eor x3, x3, x7", "dsb sy"];
const CHANGE_B = ["str x9, [x8]", "eor x9, x9, x13", "dsb sy"];
/** Each covers the page: X4 and X14 are its address with ASID A and with ASID B, X15 the address alone. */
const BY_ADDRESS = ["vae1", "vale1", "vae1is", "vale1is"];
const ANY_ASID = ["vaae1", "vaale1", "vaae1is", "vaale1is"];
const BY_ASID = ["aside1", "aside1is"];
const ALL = ["vmalle1", "vmalle1is"];

function invalidate(random: Random, operand: string): string[] {
  const operation = pick(random, [
    ...[...BY_ADDRESS, ...BY_ASID].map((name) => `tlbi ${name}, ${operand}`),
    ...ANY_ASID.map((name) => `tlbi ${name}, x15`),
    ...ALL.map((name) => `tlbi ${name}`),
  ]);
  return [operation, "dsb sy", "isb"];
}

function history(random: Random): string[] {
  const lines = [...LOAD];
  for (let step = 4 + random.below(8); step > 0; step -= 1) {
    switch (random.below(8)) {
      case 0:
        lines.push(...SPACE_A);
        break;
      case 1:
        lines.push(...SPACE_B);
        break;
      case 2:
        lines.push(...CHANGE_A, ...invalidate(random, "x4"));
        break;
      case 3:
        lines.push(...CHANGE_B, ...invalidate(random, "x14"));
        break;
      case 4:
        lines.push(...STORE);
        break;
      case 5:
        lines.push(...LOAD_USER);
        break;
      default:
        lines.push(...LOAD);
    }
  }
  return [...lines, ...LOAD];
}

export function tlbCases(seed: number): { cases: BareMetalCase[]; memory: MemoryImage } {
  const random = createRandom(seed, "tlb");
  const image = new Uint8Array(0x20_0000);
  const data = new DataView(image.buffer);
  const put = (address: number, value: bigint): void => data.setBigUint64(address - CASE_MEMORY, value, true);
  for (const root of SPACES) {
    put(root, BigInt(root + 0x1000) | 3n);
    put(root + 0x1000, BigInt(root + 0x2000) | 3n);
  }
  for (let page = 0; page < PAGES; page += 1) {
    for (let offset = 0; offset < 0x1000; offset += 8)
      put(DATA + page * 0x1000 + offset, BigInt(page * 0x1_0001 + offset));
  }
  const page = (): bigint => BigInt(DATA + 0x1000 * random.below(PAGES)) | PAGE | NOT_GLOBAL;
  const histories = Array.from({ length: CASES_MAX }, () => history(random));
  const lines = [...new Set(histories.flat())];
  const assembled = assemble(lines);
  const wordOf = new Map(lines.map((line, index) => [line, assembled[index] ?? 0]));
  const cases = histories.map((steps, index): BareMetalCase => {
    const [entryA = 0, entryB = 0] = SPACES.map((root) => root + 0x2000 + 8 * index);
    const [nowA, nextA, nowB, nextB] = [page(), page(), page(), page()];
    put(entryA, nowA);
    put(entryB, nowB);
    const va = BigInt(index) << 12n;
    const [asidA = 0n, asidB = 0n] = ASIDS.map((asid) => asid << 48n);
    const [rootA = 0n, rootB = 0n] = SPACES.map(BigInt);
    return {
      label: `${index}: ${steps.join("; ")}`,
      words: steps.map((line) => wordOf.get(line) ?? 0),
      high: true,
      sctlr: SCTLR_ON,
      // ASIDs of 16 bits.
      tcr: OWN_TCR | (1n << 36n),
      ttbr0: rootA | asidA,
      x: [
        ...[0n, va, HIGH + BigInt(entryA), nextA, asidA | (va >> 12n), rootB | asidB, rootA | asidA, nextA ^ nowA],
        ...[HIGH + BigInt(entryB), nextB, 0n, 0n, 0n, nextB ^ nowB, asidB | (va >> 12n), va >> 12n],
      ],
    };
  });
  return { cases, memory: [{ address: CASE_MEMORY, data: image }] };
}
