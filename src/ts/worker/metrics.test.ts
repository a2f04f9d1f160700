import { describe, expect, it } from "vitest";
import type { CompilerStats, GuestCounters } from "../protocol/guest-counters.ts";
import type { MachineMetrics } from "../protocol/messages.ts";
import { GuestClock } from "./guest-clock.ts";
import { Metrics } from "./metrics.ts";

describe("Metrics", () => {
  function setUp() {
    const stats: { -readonly [Name in keyof GuestCounters]: GuestCounters[Name] } = {
      instructions: 0,
      guestErrors: 0,
      compiler: null,
    };
    const reports: MachineMetrics[] = [];
    return {
      stats,
      reports,
      metrics: new Metrics(
        1000,
        () => stats,
        (report) => reports.push(report),
      ),
    };
  }

  it("tells instructions per second of real time, and the share of a core, twice a second", () => {
    const { stats, reports, metrics } = setUp();
    for (let nowMs = 1010; nowMs <= 1500; nowMs += 10) {
      stats.instructions += 2_000_000;
      metrics.addSlice(5, nowMs);
    }
    expect(reports).toEqual([{ instructions: 100_000_000, guestErrors: 0, mips: 200, cpuShare: 0.5, compiler: null }]);
  });

  it("tells of a guest that went to sleep, and leaves a pause out", () => {
    const { stats, reports, metrics } = setUp();
    stats.instructions = 1_000_000;
    metrics.addSlice(10, 1010);
    metrics.settle(1100);
    expect(reports.at(-1)).toMatchObject({ mips: 10, cpuShare: 0.1 });
    metrics.skipTo(9000);
    stats.instructions = 2_000_000;
    metrics.settle(9100);
    expect(reports.at(-1)).toMatchObject({ mips: 10, cpuShare: 0 });
  });

  it("tells the share of compiled code of the last half second, and that there is none of nothing", () => {
    const { stats, reports, metrics } = setUp();
    const compiled = (instructions: number): CompilerStats => ({
      instructions,
      regions: 2,
      compiledRegions: 3,
      droppedRegions: 1,
      guestInstructions: 40,
      moduleBytes: 1600,
      calls: 5,
      stops: 4,
      handled: 20,
      stretches: 1000,
      coldExits: 2680,
      tlbMisses: 77,
      compileMs: 1.5,
      lockstep: null,
    });
    stats.instructions = 1_000_000;
    stats.compiler = compiled(250_000);
    metrics.settle(1500);
    expect(reports.at(-1)?.compiler).toEqual({ ...compiled(250_000), recentShare: 0.25 });
    stats.instructions = 2_000_000;
    stats.compiler = compiled(1_000_000);
    metrics.settle(2000);
    expect(reports.at(-1)?.compiler?.recentShare).toBe(0.75);
    metrics.settle(2500);
    expect(reports.at(-1)?.compiler?.recentShare).toBeNull();
    // A machine that was built anew.
    stats.instructions = 100;
    stats.compiler = compiled(0);
    metrics.settle(3000);
    expect(reports.at(-1)?.compiler?.recentShare).toBeNull();
  });

  it("is never negative when a new machine counts from zero", () => {
    const { stats, reports, metrics } = setUp();
    stats.instructions = 5_000_000;
    metrics.settle(1500);
    stats.instructions = 1_000_000;
    metrics.settle(2000);
    expect(reports.at(-1)?.mips).toBe(0);
  });
});

describe("GuestClock", () => {
  it("follows real time less the pauses, however often it is asked to pause", () => {
    let nowMs = 100;
    const clock = new GuestClock({ nowMs: () => nowMs, wallMs: () => 5 });
    nowMs = 200;
    clock.pause();
    nowMs = 300;
    clock.pause();
    expect(clock.nowMs()).toBe(200);
    nowMs = 1200;
    clock.resume();
    clock.resume();
    expect(clock.nowMs()).toBe(200);
    nowMs = 1250;
    expect(clock.nowMs()).toBe(250);
    expect(clock.wallMs()).toBe(5);
  });
});
