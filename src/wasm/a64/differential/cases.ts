/** Builds random test cases (case-layout.ts) for rows of the instruction table. */
import {
  CASE_COUNT,
  CASE_FPCR,
  CASE_FPSR,
  CASE_MEM,
  CASE_PSTATE,
  CASE_SIZE,
  CASE_V,
  CASE_WORDS,
  CASE_X,
  CODE_BASE,
  SLOT_SIZE,
  WINDOW,
  WINDOW_SIZE,
} from "./case-layout.ts";
import { extend, type MemoryOperand, memoryOperand } from "./memory-operand.ts";
import {
  createPool,
  createRandom,
  elements64,
  FLAVOURS,
  type Flavour,
  integer64,
  type Pool,
  pick,
  type Random,
} from "./random.ts";
import { placeWord } from "./words.ts";

/** FPCR fields that a Cortex-A57 has: AHP, DN, FZ, RMode. */
const FPCR_AHP = 1 << 26;
const FPCR_DN = 1 << 25;
const FPCR_FZ = 1 << 24;
const FPCR_RMODE_LSB = 22;
/** FPSR.QC and the cumulative exception bits. */
const FPSR_BITS = 0x0800_009f;

/** A buffer of cases, and views of it. */
export interface CaseBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  words: Uint32Array<ArrayBuffer>;
  data: DataView<ArrayBuffer>;
  count: number;
}

export function createCaseBuffer(count: number): CaseBuffer {
  const buffer = new ArrayBuffer(count * CASE_SIZE);
  return { bytes: new Uint8Array(buffer), words: new Uint32Array(buffer), data: new DataView(buffer), count };
}

/** Ready-made values for registers and memory. */
export interface Pools {
  integers: Pool;
  elements: Readonly<Record<Flavour, Pool>>;
}

export function createPools(seed: number): Pools {
  const pool = (flavour: Flavour): Pool =>
    createPool(createRandom(seed, `pool ${flavour}`), (random) => elements64(random, flavour));
  return {
    integers: createPool(createRandom(seed, "pool integers"), integer64),
    elements: Object.fromEntries(FLAVOURS.map((flavour) => [flavour, pool(flavour)])) as Record<Flavour, Pool>,
  };
}

/** Address of the first instruction of the case number `index` of its batch. */
export const slotAddress = (indexInBatch: number): number => CODE_BASE + indexInBatch * SLOT_SIZE;

export class CaseWriter {
  readonly #buffer: CaseBuffer;
  readonly #pools: Pools;

  constructor(buffer: CaseBuffer, pools: Pools) {
    this.#buffer = buffer;
    this.#pools = pools;
  }

  /**
   * Writes case number `index`: `sequence` is its instructions, `pc` the address of the first. Registers, flags, FPCR,
   * FPSR and memory are random; base registers are such that loads and stores hit the memory window.
   */
  write(index: number, sequence: readonly number[], pc: number, random: Random): void {
    const { words, data } = this.#buffer;
    const base = index * CASE_SIZE;
    const at = base >> 2;
    for (let register = 0; register < 32; register += 1) this.#pools.integers.draw(random, words, at + 2 * register);
    data.setUint32(base + CASE_X + 8 * 31, (random.next() & ~15) >>> 0, true);
    words[(base + CASE_PSTATE) >> 2] = (random.next() & 0xf000_0000) >>> 0;
    words[((base + CASE_PSTATE) >> 2) + 1] = 0;
    const placed = sequence.map((word, position) => placeWord(word, pc + 4 * position, random));
    const first = placed[placed.length - 1] as number;
    words[(base + CASE_FPCR) >> 2] = randomFpcr(random);
    words[(base + CASE_FPSR) >> 2] = random.chance(50) ? 0 : (random.next() & FPSR_BITS) >>> 0;
    placed.forEach((word, position) => {
      words[((base + CASE_WORDS) >> 2) + position] = word;
    });
    words[(base + CASE_COUNT) >> 2] = placed.length;
    const flavour = flavourOf(first, random);
    for (let register = 0; register < 32; register += 1) {
      const pool = this.#pools.elements[random.chance(80) ? flavour : pick(random, FLAVOURS)];
      pool.draw(random, words, ((base + CASE_V) >> 2) + 4 * register);
      pool.draw(random, words, ((base + CASE_V) >> 2) + 4 * register + 2);
    }
    for (let offset = 0; offset < WINDOW_SIZE; offset += 8) {
      this.#pools.elements[flavour].draw(random, words, (base + CASE_MEM + offset) >> 2);
    }
    for (const word of placed) {
      const operand = memoryOperand(word);
      if (operand !== null) this.#aim(base, operand, random);
    }
  }

  /** Gives case number `index` the same value in X0..X30 and SP: words of any kind then access memory harmlessly. */
  fillRegisters(index: number, value: bigint): void {
    for (let register = 0; register < 32; register += 1) {
      this.#buffer.data.setBigUint64(index * CASE_SIZE + CASE_X + 8 * register, value, true);
    }
  }

  /** Sets the base register so that the access lies in the window, often across the page border in its middle. */
  #aim(caseBase: number, operand: MemoryOperand, random: Random): void {
    const { data } = this.#buffer;
    const slot = (register: number): number => caseBase + CASE_X + 8 * register;
    const aligned = operand.base === 31 ? Math.max(16, operand.alignment) : operand.alignment;
    const room = WINDOW_SIZE - operand.size;
    let place = random.chance(30) ? WINDOW_SIZE / 2 - random.below(operand.size + 1) : random.below(room + 1);
    if (aligned > 1 && (operand.base === 31 || random.chance(85))) place -= place % aligned;
    const target = BigInt(WINDOW + place);
    let base = target - operand.offset;
    if (operand.index !== null) {
      const { register, option, shift } = operand.index;
      if (register === 31) {
        base = target;
      } else if (register !== operand.base) {
        base = target - extend(data.getBigUint64(slot(register), true), option, shift);
      } else if ((option & 3) === 3) {
        base = shift === 0n ? target >> 1n : target * inverse((1n << shift) + 1n);
      }
    }
    // Some accesses go astray (an abort must leave every register as it was), some have a tag in the ignored top byte.
    if (random.chance(3)) base += BigInt(random.next()) << 8n;
    if (random.chance(5)) base += BigInt(random.below(256)) << 56n;
    data.setBigUint64(slot(operand.base), BigInt.asUintN(64, base), true);
  }
}

/** Inverse of an odd number modulo 2^64, by Newton's iteration. */
function inverse(odd: bigint): bigint {
  let result = odd;
  for (let step = 0; step < 6; step += 1) result = BigInt.asUintN(64, result * (2n - odd * result));
  return result;
}

/** Every rounding mode, flush to zero, default NaN; the alternative half-precision format in a quarter of the cases. */
function randomFpcr(random: Random): number {
  const mode = random.next();
  if (random.chance(15)) return 0;
  let fpcr = (mode & 3) << FPCR_RMODE_LSB;
  if ((mode & 4) !== 0) fpcr |= FPCR_FZ;
  if ((mode & 8) !== 0) fpcr |= FPCR_DN;
  if ((mode & 48) === 0) fpcr |= FPCR_AHP;
  return fpcr >>> 0;
}

/** The element type that a word most likely works on: its FP type where it has one, else any. */
function flavourOf(word: number, random: Random): Flavour {
  const scalarFp = (word & 0x5e00_0000) >>> 0 === 0x1e00_0000;
  const vector = (word & 0x0e00_0000) >>> 0 === 0x0e00_0000;
  if (scalarFp && random.chance(85)) return (["f32", "f64", "f64", "f16"] as const)[(word >>> 22) & 3] as Flavour;
  if (vector && random.chance(50)) return ((word >>> 22) & 1) === 0 ? "f32" : "f64";
  return pick(random, FLAVOURS);
}

const isExclusive = (word: number): boolean => (word & 0x3f80_0000) >>> 0 === 0x0800_0000;
const LOAD = 1 << 22;

/**
 * The instructions that a case of `word` consists of. Exclusive stores succeed only after their load, and whether a load
 * or CLREX did its work shows only in a store after it.
 */
export function sequenceOf(word: number, random: Random): number[] {
  if (isExclusive(word)) {
    if ((word & LOAD) === 0) return random.chance(80) ? [exclusivePartner(word, random), word] : [word];
    return random.chance(50) ? [word, exclusivePartner(word, random)] : [word];
  }
  if ((word & 0xffff_f0ff) >>> 0 === 0xd503_305f) {
    const load = (0xc85f_7c00 | (random.below(31) << 5) | 31) >>> 0;
    return [load, word, exclusivePartner(load, random)];
  }
  return [word];
}

/** The other half of an exclusive pair: same size and address, registers that leave the base alone. */
function exclusivePartner(word: number, random: Random): number {
  const base = (word >>> 5) & 31;
  const taken = new Set([base, word & 31, (word >>> 10) & 31]);
  const free = (): number => {
    for (;;) {
      const register = random.below(31);
      if (taken.has(register)) continue;
      taken.add(register);
      return register;
    }
  };
  const pair = (word & (1 << 21)) !== 0;
  const status = (word & LOAD) === 0 ? 31 : free();
  const kept = (word & 0xffa0_8000) ^ ((word & LOAD) ^ LOAD);
  return (kept | (status << 16) | ((pair ? free() : 31) << 10) | (base << 5) | free()) >>> 0;
}
