// @ts-check
/**
 * Before each test file: where random choices come from. The suite makes the same ones every time, so that what a change
 * breaks is the change's; FUZZ_SEED=N chooses others, FUZZ_SEED=random new ones each time.
 */
import fc from "fast-check";

/** The seed of the long runs in docs/robustness.md: the suite repeats their beginnings. */
const SEED = 20_261_121;
const LIMIT = 0x3fff_ffff;

/** @param {string} text FUZZ_SEED */
function seedOf(text) {
  if (text === "") return SEED;
  if (text === "random") return 1 + Math.floor(Math.random() * LIMIT);
  const seed = Number(text);
  if (Number.isSafeInteger(seed) && Math.abs(seed) <= 0x7fff_ffff) return seed;
  throw new Error(`FUZZ_SEED=${text} is neither a whole number of 32 bits nor "random".`);
}

fc.configureGlobal({ seed: seedOf(process.env["FUZZ_SEED"] ?? "") });
