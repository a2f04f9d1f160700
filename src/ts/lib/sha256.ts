/**
 * SHA-256 (FIPS 180-4), a part at a time: WebCrypto has it for whole messages only, and only on pages that came by HTTPS or from
 * this computer.
 */

/** FIPS 180-4, 4.2.2: the fractional parts of the cube roots of the first 64 primes. */
// biome-ignore format: a table
const K = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);

/** 5.3.3. */
// biome-ignore format: a table
const INITIAL = Int32Array.of(
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
);

const BLOCK_BYTES = 64;
/** Where the length of the message begins in the last block (5.1.1). */
const LENGTH_OFFSET = 56;

/** One message. */
export class Sha256 {
  readonly #state = INITIAL.slice();
  readonly #schedule = new Int32Array(64);
  readonly #block = new Uint8Array(BLOCK_BYTES);
  readonly #view = new DataView(this.#block.buffer);
  #used = 0;
  #lengthBytes = 0;

  /** Adds bytes at the end; they are not kept. */
  update(bytes: Uint8Array): void {
    this.#lengthBytes += bytes.length;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length; ) {
      if (this.#used === 0 && at + BLOCK_BYTES <= bytes.length) {
        this.#compress(view, at);
        at += BLOCK_BYTES;
        continue;
      }
      const part = bytes.subarray(at, at + BLOCK_BYTES - this.#used);
      this.#block.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used < BLOCK_BYTES) break;
      this.#compress(this.#view, 0);
      this.#used = 0;
    }
  }

  /** The hash of all that was added, in 64 hexadecimal digits. Nothing can be added after. */
  digest(): string {
    this.#block[this.#used] = 0x80;
    this.#block.fill(0, this.#used + 1);
    if (this.#used >= LENGTH_OFFSET) {
      this.#compress(this.#view, 0);
      this.#block.fill(0);
    }
    this.#view.setBigUint64(LENGTH_OFFSET, BigInt(this.#lengthBytes) * 8n);
    this.#compress(this.#view, 0);
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  /** 6.2.2 for the block at `at`. Everything in local variables: whole disks are hashed here. */
  #compress(view: DataView, at: number): void {
    const w = this.#schedule;
    const h = this.#state;
    for (let t = 0; t < 16; t++) w[t] = view.getInt32(at + t * 4);
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15] as number;
      const y = w[t - 2] as number;
      const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      w[t] = ((w[t - 16] as number) + s0 + (w[t - 7] as number) + s1) | 0;
    }
    let a = h[0] as number;
    let b = h[1] as number;
    let c = h[2] as number;
    let d = h[3] as number;
    let e = h[4] as number;
    let f = h[5] as number;
    let g = h[6] as number;
    let last = h[7] as number;
    for (let t = 0; t < 64; t++) {
      const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const choice = (e & f) ^ (~e & g);
      const t1 = (last + sum1 + choice + (K[t] as number) + (w[t] as number)) | 0;
      const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const majority = (a & b) ^ (a & c) ^ (b & c);
      last = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + sum0 + majority) | 0;
    }
    h[0] = (h[0] as number) + a;
    h[1] = (h[1] as number) + b;
    h[2] = (h[2] as number) + c;
    h[3] = (h[3] as number) + d;
    h[4] = (h[4] as number) + e;
    h[5] = (h[5] as number) + f;
    h[6] = (h[6] as number) + g;
    h[7] = (h[7] as number) + last;
  }
}

const rotate = (word: number, count: number): number => (word >>> count) | (word << (32 - count));

/** The hash of a whole message, by the browser itself where it does that. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  // Absent on a page from another computer without HTTPS, whatever the type says.
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  if (subtle !== undefined) {
    const hash = new Uint8Array(await subtle.digest("SHA-256", bytes));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const own = new Sha256();
  own.update(bytes);
  return own.digest();
}
