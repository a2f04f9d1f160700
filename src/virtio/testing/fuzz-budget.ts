/**
 * How long the fuzzers run. Seconds by default, so that they fit into `npm test`; the environment asks for more:
 *
 *     FUZZ_OPS=10000000 FUZZ_SEED=1 npx vitest run --project unit src/virtio/ring-fuzz.test.ts
 *
 * FUZZ_OPS is a number of operations for each fuzzer, FUZZ_SECONDS a time. FUZZ_SEED is the number that all random choices
 * come from, also those of the other tests with fast-check (scripts/vitest-seed.mjs): without it always the same, so that
 * the suite repeats; with "random" a new one, as for long runs. A run prints what it did and its seed; a failure of
 * fast-check's names seed and path besides.
 */
import fc from "fast-check";

/** What a fuzzer has done. */
export interface FuzzReport {
  readonly operations: number;
  readonly programs: number;
  readonly seed: number;
}

/** The number in the environment variable `name`, or null. Throws when it is not a whole number above 0. */
function setting(name: string): number | null {
  const text = process.env[name];
  if (text === undefined || text === "") return null;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value <= 0) throw new Error(`${name}=${text} is not a whole number above 0`);
  return value;
}

/** Programs of one call of fast-check, which runs them all. */
const BATCH = 100;

/** Timeout for a test that calls a fuzzer: only FUZZ_OPS or FUZZ_SECONDS make it long. */
export const FUZZ_TIMEOUT_MS =
  setting("FUZZ_OPS") === null ? 120_000 + 1000 * (setting("FUZZ_SECONDS") ?? 0) : 6 * 3_600_000;

/** Decides when a fuzzer has done enough, and writes its line. */
class Budget {
  readonly seed: number;
  operations = 0;
  programs = 0;
  private readonly wanted = setting("FUZZ_OPS");
  private readonly started = Date.now();
  private readonly until: number;

  constructor(seconds: number) {
    const { seed } = fc.readConfigureGlobal();
    if (seed === undefined) throw new Error("fast-check has no seed: the fuzzers run under vitest.config.ts");
    this.seed = seed;
    this.until = this.started + 1000 * (setting("FUZZ_SECONDS") ?? seconds);
  }

  get isOver(): boolean {
    return this.wanted === null ? Date.now() >= this.until : this.operations >= this.wanted;
  }

  /** Seed of the next batch. */
  get next(): number {
    return (this.seed + this.programs) | 0;
  }

  report(name: string): FuzzReport {
    const seconds = ((Date.now() - this.started) / 1000).toFixed(1);
    const { operations, programs, seed } = this;
    console.log(
      `fuzz: ${name}: ${operations} operations in ${programs} programs, ${seconds} s, seed ${seed}: no finding`,
    );
    return { operations, programs, seed };
  }
}

/** Runs `run`, which returns how many operations it did, on programs of random bytes. */
export function fuzz(name: string, seconds: number, run: (program: Uint8Array) => number): FuzzReport {
  const budget = new Budget(seconds);
  const bytes = fc.uint8Array({ minLength: 20, maxLength: 1000, size: "max" });
  const property = fc.property(bytes, (program) => {
    budget.operations += run(program);
    budget.programs += 1;
  });
  do fc.assert(property, { seed: budget.next, numRuns: BATCH });
  while (!budget.isOver);
  return budget.report(name);
}

/** The same for programs that have to wait for something. */
export async function fuzzAsync<T>(
  name: string,
  seconds: number,
  programs: fc.Arbitrary<T>,
  run: (program: T) => Promise<number>,
): Promise<FuzzReport> {
  const budget = new Budget(seconds);
  const property = fc.asyncProperty(programs, async (program) => {
    budget.operations += await run(program);
    budget.programs += 1;
  });
  do await fc.assert(property, { seed: budget.next, numRuns: 10 });
  while (!budget.isOver);
  return budget.report(name);
}
