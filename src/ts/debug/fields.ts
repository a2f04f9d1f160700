/** Fields of instruction words and the names of general-purpose registers, for every kind of operand. */

/** Bits `lsb` to `lsb + width - 1` of a word, unsigned. */
export function bits(word: number, lsb: number, width: number): number {
  return (word >>> lsb) & (2 ** width - 1);
}

/** The same, as a two's complement number. */
export function signedBits(word: number, lsb: number, width: number): number {
  return (word << (32 - lsb - width)) >> (32 - width);
}

/** X0..X30 or W0..W30, register 31 as SP or ZR. */
export function integerRegister(wide: boolean, number: number, sp = false): string {
  if (number === 31) return sp ? (wide ? "sp" : "wsp") : wide ? "xzr" : "wzr";
  return `${wide ? "x" : "w"}${number}`;
}
