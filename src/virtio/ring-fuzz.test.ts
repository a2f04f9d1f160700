/**
 * Differential fuzz: random programs on the ring and on a slow reference ring must be told apart by nothing. Both ring
 * formats, on the bare walker and through the handle that devices use, there also with VIRTIO_F_IN_ORDER. The
 * programs enable with every combination of features, and reset, save and restore queues. fuzz-budget.ts tells how to run
 * more of them.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RingEngine } from "./ring-engine.ts";
import * as W from "./spec/walker.ts";
import { loadRingEngine } from "./testing/engine.ts";
import { FUZZ_TIMEOUT_MS, fuzz } from "./testing/fuzz-budget.ts";
import { ReferencePackedRing } from "./testing/reference-packed-ring.ts";
import { ReferenceRing } from "./testing/reference-ring.ts";
import { PROGRAM_RAM_BYTES } from "./testing/ring-program.ts";
import { PackedProgram } from "./testing/ring-program-packed.ts";
import { SplitProgram } from "./testing/ring-program-split.ts";
import { HandleSubject, type Subject, WalkerSubject } from "./testing/ring-subject.ts";

const SECONDS = 10;

const engine = loadRingEngine(PROGRAM_RAM_BYTES);

const FORMATS = {
  split: {
    program: SplitProgram,
    reference: (ram: Uint8Array) => new ReferenceRing(ram),
    /** What no program reaches: 4 GiB in 64 KiB of RAM. */
    never: [W.VQ_ERROR_TOTAL, W.VQ_ERROR_UNAVAILABLE],
  },
  packed: {
    program: PackedProgram,
    reference: (ram: Uint8Array) => new ReferencePackedRing(ram),
    /** Of these only a split ring knows. */
    never: [W.VQ_ERROR_TOTAL, W.VQ_ERROR_HEAD, W.VQ_ERROR_NEXT, W.VQ_ERROR_INDIRECT_NESTED, W.VQ_ERROR_DUPLICATE],
  },
} as const;

const SUBJECTS: Readonly<Record<string, (engine: RingEngine) => Subject>> = {
  "the walker": (made) => new WalkerSubject(made),
  "the handle": (made) => new HandleSubject(made, false),
  "the handle, in order": (made) => new HandleSubject(made, true),
};

describe.each(["split", "packed"] as const)("%s ring", (format) => {
  describe.each(Object.keys(SUBJECTS))("%s", (name) => {
    const { program: Program, reference, never } = FORMATS[format];
    const subject = SUBJECTS[name]?.(engine) as Subject;
    const outcomes = new Map<string, number>();
    const run = (bytes: Uint8Array): number => new Program(bytes, engine, subject, reference, outcomes).run();

    it("a fixed set of programs reaches chains and every violation", { timeout: 60_000 }, () => {
      const property = fc.property(fc.uint8Array({ minLength: 20, maxLength: 1000, size: "max" }), (bytes) => {
        run(bytes);
      });
      fc.assert(property, { seed: 1, numRuns: 1500, endOnFailure: true });
      for (let error: number = W.VQ_ERROR_AVAIL_IDX; error >= W.VQ_ERROR_UNAVAILABLE; --error) {
        if (error === W.VQ_ERROR_ENDLESS || (never as readonly number[]).includes(error)) continue;
        expect([...outcomes.keys()]).toContain(`error ${error}`);
      }
      expect(outcomes.get("chain")).toBeGreaterThan(1000);
    });

    it("random programs", { timeout: FUZZ_TIMEOUT_MS }, () => {
      expect(fuzz(`${format} ring, ${name}`, SECONDS, run).operations).toBeGreaterThan(0);
    });
  });
});
