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
  switch (random.below(15)) {
    case 14: {
      // A small integer, of which sums, products and quotients are often exact.
      const integer = 1n + BigInt(random.below(64));
      const length = integer.toString(2).length - 1;
      exp = bias + length;
      frac = (integer << BigInt(fracBits - length)) & ((1n << BigInt(fracBits)) - 1n);
      break;
    }
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

/**
 * An addend for which `addend + a * b` cancels or rounds closely: the product with the other sign or the same, moved by
 * some units of its last place or by some powers of two.
 */
export function addendFor(random: RandomSource, width: 32 | 64, a: bigint, b: bigint): bigint {
  const view = new DataView(new ArrayBuffer(24));
  const product = width === 64 ? doubleOf(view, a) * doubleOf(view, b) : singleOf(view, a) * singleOf(view, b);
  if (width === 64) view.setFloat64(16, random.below(2) ? product : -product);
  else view.setFloat32(16, random.below(2) ? product : -product);
  const bits = width === 64 ? view.getBigUint64(16) : BigInt(view.getUint32(16));
  const units = BigInt(random.below(5) - 2);
  const powers = BigInt(random.below(120) - 60) << BigInt(FORMAT[width].fracBits);
  return BigInt.asUintN(width, bits + (random.below(2) ? units : powers + units));
}

function doubleOf(view: DataView, bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

function singleOf(view: DataView, bits: bigint): number {
  view.setUint32(0, Number(bits));
  return view.getFloat32(0);
}

/** a * b is halfway between two values of the format, and the addend small enough to be lost by an intermediate rounding. */
export function halfwayOperands(random: RandomSource, width: 32 | 64): readonly [a: bigint, b: bigint, c: bigint] {
  const { fracBits, bias } = FORMAT[width];
  const one = BigInt(bias) << BigInt(fracBits);
  const place = 1 + random.below(fracBits);
  const sign = BigInt(random.below(2)) << BigInt(width - 1);
  const exp = BigInt(bias - 24 - random.below(100)) << BigInt(fracBits);
  const a = one | (1n << BigInt(fracBits - place));
  const b = one | (1n << BigInt(place - 1));
  return [a, b, sign | exp | fraction(random, fracBits)];
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
