import { describe, expect, it } from "vitest";
import type { MachineStats } from "../src/ts/api/index.ts";
import { compiledShare, formatShare, processorSentence } from "./processor-texts.ts";

const COMPILER: NonNullable<MachineStats["compiler"]> = {
  instructions: 0,
  recentShare: null,
  regions: 1,
  compiledRegions: 1,
  droppedRegions: 0,
  guestInstructions: 10,
  moduleBytes: 400,
  calls: 1,
  stops: 0,
  handled: 20,
  stretches: 1000,
  coldExits: 2680,
  tlbMisses: 77,
  compileMs: 1,
  lockstep: null,
};

const stats = (instructions: number, compiled: number | null): MachineStats => ({
  instructions,
  mips: 0,
  cpuShare: 0,
  guestErrors: 0,
  compiler: compiled === null ? null : { ...COMPILER, instructions: compiled },
  memoryBytes: 0,
  cpuCount: 1,
  promptMs: null,
});

describe("formatShare", () => {
  it("never says that all is compiled where a little is not", () => {
    expect([0, 0.5, 0.9996, 1].map(formatShare)).toEqual(["0.0 %", "50.0 %", "99.9 %", "100 %"]);
  });
});

describe("processorSentence", () => {
  it("says how much was compiled", () => {
    expect(compiledShare(stats(1000, 963))).toBe(0.963);
    expect(processorSentence(stats(1000, 963))).toMatch(
      /96\.3 % ran as WebAssembly.*the interpreter executed the rest/,
    );
    expect(processorSentence(stats(1000, 1000))).not.toContain("rest");
  });

  it("says that nothing is, or has been yet", () => {
    expect(compiledShare(stats(1000, null))).toBeNull();
    expect(processorSentence(stats(1000, null))).toContain("-accel interp");
    expect(processorSentence(stats(0, 0))).toBe("The guest has not executed anything yet.");
  });
});
