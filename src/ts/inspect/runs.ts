import type { Volume } from "./volume.ts";

/** Consecutive blocks of a file, in bytes; `start` is where they lie in the volume, null for a hole. */
export interface Run {
  readonly offset: number;
  readonly length: number;
  readonly start: number | null;
}

/** The bytes from `offset` to `end` of a file whose parts lie in `runs`; what none of them covers is zeros. */
export async function readRuns(volume: Volume, runs: readonly Run[], offset: number, end: number): Promise<Uint8Array> {
  const out = new Uint8Array(end - offset);
  for (const run of runs) {
    if (run.start === null) continue;
    const from = Math.max(offset, run.offset);
    const to = Math.min(end, run.offset + run.length);
    if (from >= to) continue;
    out.set(await volume.read(run.start + from - run.offset, to - from), from - offset);
  }
  return out;
}
