/** XXH64 (the checksum of Zstandard frames, RFC 8878 3.1.1), on 32-bit halves: BigInt would take longer than decompressing. */

const PRIME = [
  0x9e37_79b1_85eb_ca87n,
  0xc2b2_ae3d_27d4_eb4fn,
  0x1656_67b1_9e37_79f9n,
  0x85eb_ca77_c2b2_ae63n,
  0x27d4_eb2f_1656_67c5n,
] as const;
const MASK = (1n << 64n) - 1n;
const PRIME1_LOW = 0x85eb_ca87;
const PRIME1_HIGH = 0x9e37_79b1;
const PRIME2_LOW = 0x27d4_eb4f;
const PRIME2_HIGH = 0xc2b2_ae3d;
const STRIPE_BYTES = 32;

/** A running XXH64 with seed 0. */
export class Xxh64 {
  /** Low and high half of each of the four accumulators. */
  readonly #lanes = new Uint32Array(8);
  readonly #rest = new Uint8Array(STRIPE_BYTES);
  #restLength = 0;
  #length = 0;

  constructor() {
    const initial = [PRIME[0] + PRIME[1], PRIME[1], 0n, -PRIME[0]];
    initial.forEach((value, lane) => {
      this.#lanes[lane * 2] = Number(value & 0xffff_ffffn);
      this.#lanes[lane * 2 + 1] = Number((value >> 32n) & 0xffff_ffffn);
    });
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let at = 0;
    if (this.#restLength > 0) {
      at = Math.min(STRIPE_BYTES - this.#restLength, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#restLength);
      this.#restLength += at;
      if (this.#restLength < STRIPE_BYTES) return;
      this.#stripes(this.#rest, 0, STRIPE_BYTES);
      this.#restLength = 0;
    }
    const end = bytes.length - ((bytes.length - at) % STRIPE_BYTES);
    this.#stripes(bytes, at, end);
    this.#rest.set(bytes.subarray(end));
    this.#restLength = bytes.length - end;
  }

  /** Each lane: acc = rotl(acc + input * PRIME2, 31) * PRIME1. */
  #stripes(bytes: Uint8Array, start: number, end: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const lanes = this.#lanes;
    for (let at = start; at < end; at += STRIPE_BYTES) {
      for (let lane = 0; lane < 4; lane++) {
        const inputLow = view.getUint32(at + lane * 8, true);
        const inputHigh = view.getUint32(at + lane * 8 + 4, true);
        const low = Math.imul(inputLow, PRIME2_LOW) >>> 0;
        const high =
          highProduct(inputLow, PRIME2_LOW) + Math.imul(inputLow, PRIME2_HIGH) + Math.imul(inputHigh, PRIME2_LOW);
        const sumLow = (lanes[lane * 2] as number) + low;
        const sumHigh = ((lanes[lane * 2 + 1] as number) + (high >>> 0) + (sumLow > 0xffff_ffff ? 1 : 0)) | 0;
        const rotatedLow = ((sumLow << 31) | (sumHigh >>> 1)) >>> 0;
        const rotatedHigh = ((sumHigh << 31) | ((sumLow >>> 0) >>> 1)) >>> 0;
        lanes[lane * 2] = Math.imul(rotatedLow, PRIME1_LOW);
        lanes[lane * 2 + 1] =
          highProduct(rotatedLow, PRIME1_LOW) + Math.imul(rotatedLow, PRIME1_HIGH) + Math.imul(rotatedHigh, PRIME1_LOW);
      }
    }
  }

  /** The hash of everything so far. */
  digest(): bigint {
    const lane = (index: number): bigint =>
      BigInt(this.#lanes[index * 2] ?? 0) | (BigInt(this.#lanes[index * 2 + 1] ?? 0) << 32n);
    let hash: bigint = PRIME[4];
    if (this.#length >= STRIPE_BYTES) {
      hash = rotate(lane(0), 1n) + rotate(lane(1), 7n) + rotate(lane(2), 12n) + rotate(lane(3), 18n);
      for (let index = 0; index < 4; index++) hash = times(hash ^ round(lane(index)), PRIME[0]) + PRIME[3];
    }
    hash = (hash + BigInt(this.#length)) & MASK;
    const view = new DataView(this.#rest.buffer);
    let at = 0;
    for (; at + 8 <= this.#restLength; at += 8) {
      hash = times(rotate(hash ^ round(view.getBigUint64(at, true)), 27n), PRIME[0]) + PRIME[3];
    }
    if (at + 4 <= this.#restLength) {
      hash = times(rotate((hash & MASK) ^ times(BigInt(view.getUint32(at, true)), PRIME[0]), 23n), PRIME[1]) + PRIME[2];
      at += 4;
    }
    for (; at < this.#restLength; at++) {
      hash = times(rotate((hash & MASK) ^ times(BigInt(view.getUint8(at)), PRIME[4]), 11n), PRIME[0]);
    }
    hash &= MASK;
    hash = times(hash ^ (hash >> 33n), PRIME[1]);
    hash = times(hash ^ (hash >> 29n), PRIME[2]);
    return hash ^ (hash >> 32n);
  }
}

/** Bits 63:32 of the product of two unsigned 32-bit numbers. */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) >>> 0) + (Math.imul(aLow, bLow) >>> 16);
  const cross = (middle & 0xffff) + (Math.imul(aLow, bHigh) >>> 0);
  return Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16);
}

function round(input: bigint): bigint {
  return times(rotate(times(input, PRIME[1]), 31n), PRIME[0]);
}

function times(a: bigint, b: bigint): bigint {
  return (a * b) & MASK;
}

function rotate(value: bigint, count: bigint): bigint {
  const word = value & MASK;
  return ((word << count) | (word >> (64n - count))) & MASK;
}
