/**
 * Where an A64 load or store goes, from its word alone (ARM ARM C4.1.88), so that a case can be given registers that
 * bring it into the memory window.
 */

export interface MemoryOperand {
  /** Register number of the base, 31 is SP. */
  base: number;
  /** Added to the base before the access; 0 for post-indexed ones. */
  offset: bigint;
  /** Register offset: number, extension (option field) and shift. */
  index: { register: number; option: number; shift: bigint } | null;
  /** Bytes accessed at the most. */
  size: number;
  /** The access faults when it is not aligned to this. */
  alignment: number;
}

const bits = (word: number, lsb: number, width: number): number => (word >>> lsb) & (2 ** width - 1);
const signed = (value: number, width: number): bigint => BigInt.asIntN(width, BigInt(value));

/** The operand of a load or store with a base register, null for every other word. */
export function memoryOperand(word: number): MemoryOperand | null {
  const base = bits(word, 5, 5);
  const vector = bits(word, 26, 1) === 1;
  const plain = (size: number, alignment = 1): MemoryOperand => ({ base, offset: 0n, index: null, size, alignment });
  if (bits(word, 27, 1) !== 1 || bits(word, 25, 1) !== 0) return cacheOperand(word);
  switch (bits(word, 28, 2)) {
    case 0:
      if (vector) return plain(64);
      return plain(16, 1 << (bits(word, 30, 2) + (bits(word, 23, 1) === 0 && bits(word, 21, 1) === 1 ? 1 : 0)));
    case 2:
      return pairOperand(word, base, vector);
    case 3:
      return registerOperand(word, base, vector);
    default:
      return null;
  }
}

function pairOperand(word: number, base: number, vector: boolean): MemoryOperand {
  const opc = bits(word, 30, 2);
  const scale = vector ? opc + 2 : 2 + (opc >> 1);
  const post = bits(word, 23, 2) === 1;
  const offset = post ? 0n : signed(bits(word, 15, 7), 7) << BigInt(scale);
  return { base, offset, index: null, size: 2 << scale, alignment: 1 };
}

function registerOperand(word: number, base: number, vector: boolean): MemoryOperand {
  const scale = vector && bits(word, 23, 1) === 1 ? 4 : bits(word, 30, 2);
  const size = 1 << scale;
  if (bits(word, 24, 1) === 1) {
    return { base, offset: BigInt(bits(word, 10, 12) << scale), index: null, size, alignment: 1 };
  }
  if (bits(word, 21, 1) === 1) {
    const shift = bits(word, 12, 1) === 1 ? BigInt(scale) : 0n;
    const index = { register: bits(word, 16, 5), option: bits(word, 13, 3), shift };
    return { base, offset: 0n, index, size, alignment: 1 };
  }
  const post = bits(word, 10, 2) === 1;
  return { base, offset: post ? 0n : signed(bits(word, 12, 9), 9), index: null, size, alignment: 1 };
}

/** DC and IC operations by address: a cache line at Xt. */
function cacheOperand(word: number): MemoryOperand | null {
  if (word >>> 19 !== 0xd508_0000 >>> 19 || bits(word, 12, 4) !== 7) return null;
  return { base: bits(word, 0, 5), offset: 0n, index: null, size: 64, alignment: 1 };
}

/** ExtendReg(X[m], option, shift) as 64 bits unsigned. */
export function extend(value: bigint, option: number, shift: bigint): bigint {
  const width = 8 << (option & 3);
  const extended = (option & 4) !== 0 ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value);
  return BigInt.asUintN(64, extended << shift);
}
