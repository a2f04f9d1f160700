/**
 * Random translations for bare-metal.ts: one walk of its own for every case, through either half of the address space, with any
 * granule, size and attributes; then one access at EL1 or EL0, whose abort, or result, is compared.
 */
import {
  assemble,
  type BareMetalCase,
  CASE_MEMORY,
  CASE_MEMORY_END,
  type MemoryImage,
  OWN_TABLE,
  OWN_TCR,
  SCTLR_ON,
} from "./bare-metal.ts";
import { createRandom, pick, type Random } from "./random.ts";

/** Tables are taken from the beginning of the cases' memory, data pages lie behind them; the last 64 KiB are the program's. */
const TABLES = CASE_MEMORY;
const TABLES_END = 0x41c0_0000;
const DATA = 0x41c0_0000;
const DATA_SIZE = 0x20_0000;
const CODE_WORD = 0xd400_0001 | (0x77 << 5);

/** Bits of the physical address that a Cortex-A57 has. */
const PA_BITS = 44n;

interface Access {
  line: string;
  /** The access is made at EL0 as well as at EL1. */
  user: boolean;
}

const ACCESSES: readonly Access[] = [
  ...[
    ...["ldr x0, [x1]", "ldrb w0, [x1]", "ldrsw x0, [x1]", "str x2, [x1]", "strb w2, [x1]", "ldp x2, x3, [x1, 16]!"],
    ...[
      "stp x2, x3, [x1], 16",
      "br x1",
      "ldxr x0, [x1]",
      "ldar w0, [x1]",
      "stlr w2, [x1]",
      "ldr q0, [x1]",
      "str d0, [x1]",
    ],
    ...["ldr x0, [x1, 1]", "str w2, [x1, 3]", "ldp q0, q1, [x1]", "ld4 {v0.16b-v3.16b}, [x1]", "st1 {v0.8b}, [x1]"],
    ...["prfm pldl1keep, [x1]", "dc zva, x1", "dc cvac, x1", "dc civac, x1", "ic ivau, x1", "stxr w0, x2, [x1]"],
  ].map((line) => ({ line, user: true })),
  ...[
    ...["ldtr x0, [x1]", "ldtrb w0, [x1]", "sttr x2, [x1]", "sttrh w2, [x1]", "dc ivac, x1"],
    ...["at s1e1r, x1", "at s1e1w, x1", "at s1e0r, x1", "at s1e0w, x1", "at s1e1r, x1", "at s1e0w, x1"],
  ].map((line) => ({ line, user: false })),
];

/** log2 of the page size. */
type Granule = 12n | 14n | 16n;

/** Writes descriptors into the tables' memory, each at a place of its own. */
class Tables {
  readonly image = new Uint8Array(CASE_MEMORY_END - CASE_MEMORY);
  readonly #data = new DataView(this.image.buffer);
  readonly #taken = new Set<bigint>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
    for (let offset = 0; offset < DATA_SIZE; offset += 4) {
      this.#data.setUint32(DATA - CASE_MEMORY + offset, offset % 64 === 0 ? CODE_WORD : offset, true);
    }
  }

  /** A table of `bytes`, and an entry of it that nobody uses. */
  place(bytes: bigint): { table: bigint; index: bigint } {
    const entries = Number(bytes / 8n);
    for (;;) {
      const table = BigInt(TABLES) + bytes * BigInt(this.#random.below(Number(BigInt(TABLES_END - TABLES) / bytes)));
      const index = BigInt(this.#random.below(entries));
      const address = table + 8n * index;
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      return { table, index };
    }
  }

  write(address: bigint, descriptor: bigint): void {
    this.#data.setBigUint64(Number(address) - CASE_MEMORY, BigInt.asUintN(64, descriptor), true);
  }
}

const bit = (random: Random, position: bigint, percent: number): bigint =>
  random.chance(percent) ? 1n << position : 0n;
const field = (random: Random, position: bigint, limit: number): bigint => BigInt(random.below(limit)) << position;

/** Attributes of a page or block: mostly accessible, every bit at times the other way. */
function leafAttributes(random: Random): bigint {
  return (
    field(random, 2n, 8) |
    bit(random, 5n, 10) |
    field(random, 6n, 4) |
    field(random, 8n, 4) |
    bit(random, 10n, 92) |
    bit(random, 11n, 40) |
    bit(random, 52n, 10) |
    bit(random, 53n, 30) |
    bit(random, 54n, 30) |
    field(random, 55n, 16) |
    bit(random, 59n, 10) |
    bit(random, 63n, 10)
  );
}

/** What a table descriptor adds: NSTable, APTable, XNTable, PXNTable, ignored bits. */
const tableAttributes = (random: Random): bigint =>
  bit(random, 63n, 5) |
  field(random, 61n, random.chance(15) ? 4 : 1) |
  bit(random, 60n, 8) |
  bit(random, 59n, 8) |
  field(random, 2n, 1024);

/** An address that leaves the physical address space, or lies where nothing answers. */
const badAddress = (random: Random): bigint =>
  pick(random, [1n << PA_BITS, 1n << 47n, 1n << 40n, 1n << 36n, 1n << 32n, 0x10_0000_0000n]);

interface Walk {
  va: bigint;
  ttbr: bigint;
}

/**
 * Builds the tables of one walk through `inputBits` of address; a fault is built in now and then at each step.
 */
function buildWalk(random: Random, tables: Tables, granule: Granule, inputBits: bigint): Walk {
  const stride = granule - 3n;
  const levels = (inputBits - granule + stride - 1n) / stride;
  let level = 4n - levels;
  let indexBits = inputBits - granule - stride * (levels - 1n);
  // Blocks are where the granule has them: QEMU takes them at any level.
  const firstBlock = granule === 16n ? 2 : 1;
  const leafLevel = random.chance(45) ? BigInt(Math.max(Number(level), firstBlock + random.below(4 - firstBlock))) : 3n;
  let va = 0n;
  let place = tables.place(8n << indexBits);
  const ttbr = random.chance(3) ? place.table | badAddress(random) : place.table;
  for (;;) {
    const shift = granule + stride * (3n - level);
    va |= place.index << shift;
    const address = place.table + 8n * place.index;
    if (random.chance(4)) {
      // Invalid, or a type that the level does not have.
      tables.write(
        address,
        (BigInt(random.next()) << 32n) |
          BigInt((random.next() & ~3) >>> 0) |
          (random.chance(50) ? 0n : level === 3n ? 1n : 2n),
      );
      // Aligned, since QEMU reports this abort of a branch before the PC's alignment.
      return { va: va | (field(random, 2n, 2 ** 10) & ((1n << shift) - 1n)), ttbr };
    }
    if (level === leafLevel) {
      const target = BigInt(
        DATA + 0x1000 * random.below(DATA_SIZE / 0x1000 - 1) + pick(random, [0, 0x40, 0x80, 0xfc0, 0xff8, 0x800]),
      );
      const mask = (1n << shift) - 1n;
      let base = target & ~mask;
      if (random.chance(4)) base |= badAddress(random) & ~mask;
      tables.write(address, base | leafAttributes(random) | (level === 3n ? 3n : 1n));
      return { va: va | (target & mask), ttbr };
    }
    indexBits = stride;
    place = tables.place(8n << indexBits);
    const next = random.chance(2) ? place.table | badAddress(random) : place.table;
    tables.write(address, next | tableAttributes(random) | 3n);
    level += 1n;
  }
}

/** TCR_EL1.TG0 and TG1 of the granules. */
const TG0: Readonly<Record<string, bigint>> = { "12": 0n, "14": 2n, "16": 1n };
const TG1: Readonly<Record<string, bigint>> = { "12": 2n, "14": 1n, "16": 3n };

/** The half's fields of TCR_EL1 for the walk; the other half's stay the program's. */
function translationControl(random: Random, high: boolean, granule: Granule, sizeOffset: bigint): bigint {
  const shared = (random.chance(80) ? pick(random, [4n, 5n]) : BigInt(random.below(8))) << 32n;
  const epd = bit(random, 7n, 3);
  const cacheability = field(random, 8n, 16) | field(random, 12n, 4);
  const tbi = bit(random, high ? 37n : 38n, 40);
  const other = high ? OWN_TCR & 0xffff_0000n : OWN_TCR & 0xffffn;
  const own = sizeOffset | epd | cacheability;
  const half = high
    ? own | ((TG0[String(granule)] ?? 0n) << 14n)
    : (own << 16n) | ((TG1[String(granule)] ?? 0n) << 30n);
  return shared | tbi | other | half;
}

/**
 * `count` cases and the memory that they walk through. The 16 KiB granule is not the CPU's: its tables are read as others, from
 * level 1 on, since QEMU would take a block at level 0.
 */
export function mmuCases(seed: number, count: number): { cases: BareMetalCase[]; memory: MemoryImage } {
  const random = createRandom(seed, "mmu");
  const tables = new Tables(random);
  const words = assemble(ACCESSES.map(({ line }) => line));
  const cases = Array.from({ length: count }, (_, number): BareMetalCase => {
    const high = random.chance(50);
    const granule = pick(random, [12n, 12n, 16n, 14n] as const);
    const sizeOffset = pick(
      random,
      [16n, 20n, 24n, 25n, 28n, 31n, 32n, 33n, 34n, 38n, 39n].filter((size) => granule !== 14n || size > 24n),
    );
    const walk = buildWalk(random, tables, granule, 64n - sizeOffset);
    const upper = high ? 0n : BigInt.asUintN(64, -1n << (64n - sizeOffset));
    let va = walk.va | upper;
    // Outside the half's range, or with a tag.
    if (random.chance(3)) va ^= 1n << (64n - sizeOffset + BigInt(random.below(Number(sizeOffset))));
    if (random.chance(10)) va ^= BigInt(random.below(256)) << 56n;
    const access = random.below(ACCESSES.length);
    const user = ACCESSES[access]?.user === true && random.chance(50);
    const asid = BigInt(random.below(256)) << 48n;
    const tcr = translationControl(random, high, granule, sizeOffset);
    const sctlr = SCTLR_ON | bit(random, 1n, 8) | bit(random, 14n, 70) | bit(random, 19n, 20) | bit(random, 26n, 70);
    return {
      label: `${number}: ${ACCESSES[access]?.line} at EL${user ? 0 : 1}, x1 ${va.toString(16)}, granule ${granule}, TnSZ ${sizeOffset}, ${high ? "TTBR0" : "TTBR1"} ${walk.ttbr.toString(16)}, TCR ${tcr.toString(16)}, SCTLR ${sctlr.toString(16)}`,
      words: [words[access] ?? 0],
      pstate: user ? 0x3c0 : 0x3c5,
      high,
      sctlr,
      tcr,
      ttbr0: high ? walk.ttbr | asid : OWN_TABLE,
      ttbr1: high ? OWN_TABLE : walk.ttbr | asid,
      mair: (BigInt(random.next()) << 32n) | BigInt((random.next() & ~0xff) >>> 0) | 0xffn,
      x: [0n, BigInt.asUintN(64, va), 0x1234_5678_9abc_def0n],
    };
  });
  return { cases, memory: [{ address: CASE_MEMORY, data: tables.image }] };
}
