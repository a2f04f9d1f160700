/** The statistical tests of FIPS 140-2, 4.9.1 (as of 2002), which rngtest runs: 20 000 bits pass or fail. */

const BITS = 20_000;
export const FIPS_BYTES = BITS / 8;

/** Runs of 1, 2, 3, 4, 5, and 6 or more equal bits: how many there may be of each, for ones and for zeros. */
const RUNS = [
  [2315, 2685],
  [1114, 1386],
  [527, 723],
  [240, 384],
  [103, 209],
  [103, 209],
] as const;
const LONG_RUN = 26;

/** Names of the tests that `bytes` fails; none for all but eight in ten thousand good sources. */
export function fipsFailures(bytes: Uint8Array): string[] {
  if (bytes.length !== FIPS_BYTES) throw new Error(`the tests want ${FIPS_BYTES} bytes, not ${bytes.length}`);
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const failures: string[] = [];
  const ones = bits.replaceAll("0", "").length;
  if (!(ones > 9725 && ones < 10_275)) failures.push(`monobit: ${ones} ones`);
  const nibbles = new Array<number>(16).fill(0);
  for (const byte of bytes) for (const nibble of [byte >>> 4, byte & 15]) nibbles[nibble] = (nibbles[nibble] ?? 0) + 1;
  const poker = (16 / 5000) * nibbles.reduce((sum, count) => sum + count * count, 0) - 5000;
  if (!(poker > 2.16 && poker < 46.17)) failures.push(`poker: ${poker}`);
  const runs = bits.match(/0+|1+/g) ?? [];
  for (const bit of ["0", "1"]) {
    RUNS.forEach(([least, most], index) => {
      const isLast = index === RUNS.length - 1;
      const found = runs.filter(
        (run) => run.startsWith(bit) && (isLast ? run.length > index : run.length === index + 1),
      ).length;
      if (found < least || found > most) failures.push(`runs: ${found} of ${index + 1} bits ${bit}`);
    });
  }
  if (runs.some((run) => run.length >= LONG_RUN)) failures.push("long run");
  return failures;
}
