import { describe, expect, it } from "vitest";
import type { CompilerStats } from "../protocol/guest-counters.ts";
import { INFO_COMMANDS, type MonitorHost, runCommand } from "./commands.ts";

const STATS: CompilerStats = {
  instructions: 123_456_789,
  regions: 90,
  compiledRegions: 100,
  droppedRegions: 10,
  guestInstructions: 2500,
  moduleBytes: 90_000,
  calls: 4000,
  stops: 300,
  handled: 20,
  stretches: 1000,
  coldExits: 2680,
  tlbMisses: 77,
  compileMs: 12.34,
  lockstep: null,
};

const infoJit = (compiler: CompilerStats | null): Promise<string> =>
  runCommand({ compilerStats: () => compiler } as Partial<MonitorHost> as MonitorHost, "info jit");

describe("info jit", () => {
  it("tells sizes on average, their ratio, and what was dropped", async () => {
    const lines = (await infoJit(STATS)).split("\n");
    expect(lines).toContain("gen code size       90000 bytes");
    expect(lines).toContain("region count        90/8192");
    expect(lines).toContain("avg target size     100 bytes");
    // QEMU's ratio is that of bytes: 900 of WebAssembly for 25 instructions of 4.
    expect(lines).toContain("avg host size       900 bytes (expansion ratio: 9.0)");
    expect(lines).toContain("invalidate count    10");
    expect(lines).toContain("instruction count   123456789 in 4000 calls");
    expect(lines).toContain("compile time        12.3 ms");
    expect(lines).toContain("exits to cold code  2680");
    expect(lines).toContain("TLB misses          77");
  });

  it("tells what lockstep has compared where it is on", async () => {
    expect(await infoJit(STATS)).not.toContain("lockstep");
    const lockstep = { calls: 12, instructions: 345, spoilt: 6 };
    expect((await infoJit({ ...STATS, lockstep })).split("\n").at(-1)).toBe(
      "lockstep            345 instructions in 12 calls agree; 6 calls not compared",
    );
  });

  it("divides nothing by nothing", async () => {
    const nothing = { ...STATS, compiledRegions: 0, guestInstructions: 0, moduleBytes: 0 };
    expect(await infoJit(nothing)).toContain("avg host size       0 bytes (expansion ratio: 0.0)");
  });

  it("says as QEMU why there is none", async () => {
    // QEMU 7.2 with another accelerator.
    expect(await infoJit(null)).toBe("Error: JIT information is only available with accel=tcg");
    expect(INFO_COMMANDS.flatMap(({ names }) => names)).toContain("jit");
  });
});
