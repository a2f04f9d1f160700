const POLYNOMIAL = 0xedb8_8320;
/** Bytes that one round of the loop takes. */
const SLICES = 8;

type T = Int32Array;
type Tables = readonly [T, T, T, T, T, T, T, T];

/** Table `slice` is for a byte with `slice` more bytes behind it. */
const TABLES = ((): Tables => {
  const first = Int32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ POLYNOMIAL;
    return value;
  });
  const next = (table: T): T => table.map((value) => (first[value & 0xff] as number) ^ (value >>> 8));
  const second = next(first);
  const third = next(second);
  const fourth = next(third);
  const fifth = next(fourth);
  const sixth = next(fifth);
  const seventh = next(sixth);
  return [first, second, third, fourth, fifth, sixth, seventh, next(seventh)];
})();

/** CRC-32 of IEEE 802.3, as GPT and gzip use it. `seed` is the value so far where the bytes come in pieces. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  const byte = (at: number): number => bytes[at] as number;
  let crc = ~seed;
  let at = 0;
  for (; at + SLICES <= bytes.length; at += SLICES) {
    crc ^= byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
    crc =
      (t7[crc & 0xff] as number) ^
      (t6[(crc >>> 8) & 0xff] as number) ^
      (t5[(crc >>> 16) & 0xff] as number) ^
      (t4[crc >>> 24] as number) ^
      (t3[byte(at + 4)] as number) ^
      (t2[byte(at + 5)] as number) ^
      (t1[byte(at + 6)] as number) ^
      (t0[byte(at + 7)] as number);
  }
  for (; at < bytes.length; at++) crc = (t0[(crc ^ byte(at)) & 0xff] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}
