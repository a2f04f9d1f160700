/** Seeded random numbers with a liking for the values at which implementations differ. */

export interface Random {
  /** 32 random bits, unsigned. */
  next(): number;
  /** A number in [0, limit). */
  below(limit: number): number;
  /** True `percent` times of a hundred. */
  chance(percent: number): boolean;
}

/** Generator (sfc32) for one named sequence of a seed: the same name and seed give the same numbers. */
export function createRandom(seed: number, name: string): Random {
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  let a = seed | 0;
  let b = hash;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let warmUp = 0; warmUp < 16; warmUp += 1) next();
  return {
    next,
    below: (limit) => Math.floor((next() / 2 ** 32) * limit),
    chance: (percent) => next() % 100 < percent,
  };
}

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)] as T;
}

/** A 64-bit integer: edges of 8 to 64 bits, single bits, runs of bits, small numbers, or anything. */
export function integer64(random: Random): bigint {
  const any = (BigInt(random.next()) << 32n) | BigInt(random.next());
  switch (random.below(8)) {
    case 0:
      return pick(random, INTEGER_EDGES);
    case 1:
      return 1n << BigInt(random.below(64));
    case 2:
      return BigInt.asUintN(64, (1n << BigInt(random.below(64))) - 1n - BigInt(random.below(2)));
    case 3:
      return BigInt.asUintN(64, ~((1n << BigInt(random.below(64))) - 1n));
    case 4:
      return BigInt(random.below(70));
    case 5:
      return BigInt.asUintN(64, BigInt(random.next() | 0));
    default:
      return any;
  }
}

const INTEGER_EDGES: readonly bigint[] = [
  0n,
  1n,
  2n,
  ...[7n, 8n, 15n, 16n, 31n, 32n, 63n].flatMap((bit) => [(1n << bit) - 1n, 1n << bit, (1n << bit) + 1n]),
  ...[8n, 16n, 32n, 64n].flatMap((bits) => [(1n << bits) - 1n, (1n << 64n) - (1n << (bits - 1n))]),
];

/** Sign, exponent and fraction widths of the floating-point formats by size in bits. */
const FORMATS: Readonly<Record<16 | 32 | 64, { exponent: number; fraction: number }>> = {
  16: { exponent: 5, fraction: 10 },
  32: { exponent: 8, fraction: 23 },
  64: { exponent: 11, fraction: 52 },
};

/**
 * A floating-point value of `size` bits: zeros, denormals, infinities, NaNs of both kinds, the largest and smallest normal
 * numbers, integers and halves, numbers near 2^k with few bits set (exact results, ties, cancellation), or anything.
 */
export function float(random: Random, size: 16 | 32 | 64): bigint {
  const { exponent: exponentBits, fraction: fractionBits } = FORMATS[size];
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = BigInt(random.below(2)) << BigInt(size - 1);
  const compose = (exponent: number, fraction: bigint) =>
    sign |
    (BigInt(Math.max(0, Math.min(2 * bias + 1, exponent))) << BigInt(fractionBits)) |
    BigInt.asUintN(fractionBits, fraction);
  const fraction = fractionOf(random, fractionBits);
  switch (random.below(16)) {
    case 0:
      return compose(0, 0n);
    case 1:
      return compose(0, fraction);
    case 2:
      return compose(0, 1n << BigInt(random.below(fractionBits)));
    case 3:
      return compose(2 * bias + 1, 0n);
    case 4:
      return compose(2 * bias + 1, fraction | (1n << BigInt(fractionBits - 1)));
    case 5:
      return compose(2 * bias + 1, BigInt.asUintN(fractionBits - 1, fraction) | 1n);
    case 6:
      return compose(2 * bias - random.below(3), fraction);
    case 7:
      return compose(1 + random.below(3), fraction);
    case 8:
      return compose(bias, 0n);
    case 9:
    case 10:
      // Values near the borders of the integer formats, and with few bits behind the point.
      return compose(
        bias + pick(random, [0, 1, 7, 8, 15, 16, 30, 31, 32, 62, 63, 64, 10, 22, 23, 24, 51, 52, 53]),
        fraction,
      );
    case 11:
    case 12:
      return compose(bias - 4 + random.below(8), fraction);
    case 13:
      return compose(bias - fractionBits - 4 + random.below(2 * fractionBits + 8), fraction);
    default:
      return compose(random.below(2 * bias + 2), fraction);
  }
}

function fractionOf(random: Random, bits: number): bigint {
  const all = (1n << BigInt(bits)) - 1n;
  switch (random.below(6)) {
    case 0:
      return 0n;
    case 1:
      return all - BigInt(random.below(2));
    case 2:
      return 1n << BigInt(random.below(bits));
    case 3:
      return BigInt.asUintN(bits, BigInt(random.below(8)) << BigInt(Math.max(0, bits - 3)));
    case 4:
      return BigInt(random.below(4));
    default:
      return ((BigInt(random.next()) << 32n) | BigInt(random.next())) & all;
  }
}

/** What the elements of a vector register look like. */
export type Flavour = "f16" | "f32" | "f64" | "i8" | "i16" | "i32" | "i64" | "random";
export const FLAVOURS: readonly Flavour[] = ["f16", "f32", "f64", "i8", "i16", "i32", "i64", "random"];

/** 64 bits of elements of a flavour. */
export function elements64(random: Random, flavour: Flavour): bigint {
  const build = (size: bigint, element: () => bigint): bigint => {
    let value = 0n;
    for (let bit = 0n; bit < 64n; bit += size) value |= BigInt.asUintN(Number(size), element()) << bit;
    return value;
  };
  switch (flavour) {
    case "f16":
      return build(16n, () => float(random, 16));
    case "f32":
      return build(32n, () => float(random, 32));
    case "f64":
      return float(random, 64);
    case "i8":
      return build(8n, () => (random.chance(40) ? pick(random, BYTE_EDGES) : BigInt(random.below(256))));
    case "i16":
      return build(16n, () => narrow(random, 16));
    case "i32":
      return build(32n, () => narrow(random, 32));
    case "i64":
      return integer64(random);
    case "random":
      return (BigInt(random.next()) << 32n) | BigInt(random.next());
  }
}

const BYTE_EDGES: readonly bigint[] = [0n, 1n, 0x7fn, 0x80n, 0x81n, 0xfen, 0xffn];

/** An element of `bits` bits with its own edges. */
function narrow(random: Random, bits: number): bigint {
  const top = 1n << BigInt(bits - 1);
  switch (random.below(5)) {
    case 0:
      return pick(random, [0n, 1n, top - 1n, top, top + 1n, 2n * top - 1n]);
    case 1:
      return 1n << BigInt(random.below(bits));
    case 2:
      return BigInt.asUintN(bits, BigInt(random.below(80) - 40));
    default:
      return BigInt(random.next());
  }
}

/** Entries of a pool: a power of two. */
const POOL_ENTRIES = 4096;

/** Ready-made doublewords of one kind as pairs of 32-bit words: cases draw from them, since making them is slow. */
export interface Pool {
  /** Stores a random doubleword of the pool at words[index] and words[index + 1]. */
  draw(random: Random, words: Uint32Array, index: number): void;
}

export function createPool(random: Random, make: (random: Random) => bigint): Pool {
  const pool = new Uint32Array(2 * POOL_ENTRIES);
  for (let index = 0; index < pool.length; index += 2) {
    const value = make(random);
    pool[index] = Number(value & 0xffff_ffffn);
    pool[index + 1] = Number(value >> 32n);
  }
  return {
    draw: (from, words, index) => {
      const entry = 2 * (from.next() & (POOL_ENTRIES - 1));
      words[index] = pool[entry] as number;
      words[index + 1] = pool[entry + 1] as number;
    },
  };
}
