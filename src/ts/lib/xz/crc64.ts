/** The polynomial of ECMA-182, reflected: high and low word. */
const POLYNOMIAL_HIGH = 0xc96c_5795;
const POLYNOMIAL_LOW = 0xd787_0f42;

/** For each byte the high word, then the low one. */
const TABLE = ((): Int32Array => {
  const table = new Int32Array(512);
  for (let byte = 0; byte < 256; byte++) {
    let high = 0;
    let low = byte;
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (carry === 1) {
        low ^= POLYNOMIAL_LOW;
        high ^= POLYNOMIAL_HIGH;
      }
    }
    table[byte * 2] = high;
    table[byte * 2 + 1] = low;
  }
  return table;
})();

/** CRC-64 as xz uses it (The .xz File Format 1.2.1, 6). */
export class Crc64 {
  #high = -1;
  #low = -1;

  update(bytes: Uint8Array): void {
    let high = this.#high;
    let low = this.#low;
    for (let at = 0; at < bytes.length; at++) {
      const index = ((low ^ (bytes[at] as number)) & 0xff) * 2;
      low = ((low >>> 8) | (high << 24)) ^ (TABLE[index + 1] as number);
      high = (high >>> 8) ^ (TABLE[index] as number);
    }
    this.#high = high;
    this.#low = low;
  }

  /** As it is in a file: the low word first, little-endian. */
  digest(): Uint8Array {
    const view = new DataView(new ArrayBuffer(8));
    view.setInt32(0, ~this.#low, true);
    view.setInt32(4, ~this.#high, true);
    return new Uint8Array(view.buffer);
  }
}
