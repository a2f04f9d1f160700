/** Operands that meet the corners of floating-point arithmetic, from a seeded generator. */

export interface RandomSource {
  /** Uniform integer in [0, limit), limit at most 2^32. */
  below(limit: number): number;
  /** 64 random bits. */
  bits64(): bigint;
}

/** The xorshift128 generator. */
export function createRandom(seed: number): RandomSource {
  let [x, y, z, w] = [seed >>> 0 || 1, 362436069, 521288629, 88675123];
  const next = (): number => {
    const t = x ^ (x << 11);
    [x, y, z] = [y, z, w];
    w = (w ^ (w >>> 19) ^ t ^ (t >>> 8)) >>> 0;
    return w;
  };
  return {
    below: (limit) => next() % limit,
    bits64: () => (BigInt(next()) << 32n) | BigInt(next()),
  };
}

const FORMAT = {
  16: { expBits: 5, fracBits: 10, bias: 15 },
  32: { expBits: 8, fracBits: 23, bias: 127 },
  64: { expBits: 11, fracBits: 52, bias: 1023 },
} as const;

/** Fractions with few bits set or clear: ties, carries and exact results are rare among random ones. */
function fraction(random: RandomSource, bits: number): bigint {
  const mask = (1n << BigInt(bits)) - 1n;
  const place = 1n << BigInt(random.below(bits));
  switch (random.below(6)) {
    case 0:
      return 0n;
    case 1:
      return place;
    case 2:
      return mask ^ (random.below(2) ? place : 0n);
    case 3:
      return random.bits64() & mask & ~(place - 1n);
    default:
      return random.bits64() & mask;
  }
}

/**
 * A value of `width` bits: zeros, denormals, infinities, NaNs of both kinds, the ends of the range, integers near the
 * ends of the integer types, and values near `centre` (0 to 1 along the exponents) for sums that cancel.
 */
export function operand(random: RandomSource, width: 16 | 32 | 64, centre: number): bigint {
  const { expBits, fracBits, bias } = FORMAT[width];
  const largest = 2 ** expBits - 1;
  let frac = fraction(random, fracBits);
  let exp = Math.round(centre * largest) + random.below(5) - 2;
  switch (random.below(14)) {
    case 0:
      exp = 0;
      break;
    case 1:
      exp = random.below(2) * largest;
      frac = 0n;
      break;
    case 2:
      exp = largest;
      break;
    case 3:
      exp = largest - 1 - random.below(3);
      break;
    case 4:
      exp = 1 + random.below(3);
      break;
    case 5:
      exp = random.below(largest + 1);
      break;
    case 6:
      exp = bias - 8 + random.below(80);
      break;
    case 7:
      exp = bias + (random.below(2) ? 28 : 60) + random.below(8);
      break;
    case 8:
      exp = bias - 2 + random.below(5);
      break;
    case 9:
      exp = (random.below(2) ? bias >> 1 : bias + (bias >> 1)) + random.below(8);
      break;
  }
  const bounded = BigInt(Math.min(Math.max(exp, 0), largest));
  return (BigInt(random.below(2)) << BigInt(width - 1)) | (bounded << BigInt(fracBits)) | frac;
}

/** An integer: limits of the types and random values of every length. */
export function integer(random: RandomSource): bigint {
  const shift = BigInt(random.below(64));
  switch (random.below(4)) {
    case 0:
      return BigInt.asUintN(64, (1n << shift) + BigInt(random.below(5)) - 2n);
    case 1:
      return BigInt.asUintN(64, 2n - BigInt(random.below(5)) - (1n << shift));
    default:
      return BigInt.asUintN(64, (random.bits64() >> shift) << BigInt(random.below(2) * random.below(64)));
  }
}
