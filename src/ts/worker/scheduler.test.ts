import { describe, expect, it } from "vitest";
import type { SliceResult } from "./guest-machine.ts";
import { Scheduler, SLICE_MS } from "./scheduler.ts";
import { ManualTurns } from "./testing/manual-turns.ts";
import { messageChannelTurns } from "./turns.ts";

/** A scheduler over slices that the test writes; each takes `costMs` of the manual clock. */
function setUp(slice: (count: number) => SliceResult & { readonly costMs: number }) {
  const turns = new ManualTurns();
  const log: string[] = [];
  let count = 0;
  const scheduler = new Scheduler(
    {
      runSlice(maxMs) {
        expect(maxMs).toBe(SLICE_MS);
        const result = slice(++count);
        turns.nowMs += result.costMs;
        return result;
      },
    },
    { nowMs: () => turns.nowMs, turns },
    {
      onActivity: (activity) => log.push(activity),
      onSlice: () => {},
      onStopped: (reason) => log.push(`stopped: ${reason}`),
      onCrashed: (error) => log.push(`crashed: ${String(error)}`),
    },
  );
  return { turns, log, scheduler, slices: () => count };
}

const RUNNING = { state: "running", wakeInMs: null, costMs: SLICE_MS } as const;
const IDLE = { state: "idle", wakeInMs: null, costMs: 0.1 } as const;

describe("Scheduler", () => {
  it("gives messages their turn between the slices of a guest that never waits", () => {
    const { turns, scheduler, slices } = setUp(() => RUNNING);
    scheduler.resume();
    expect(turns.runTurns(10)).toBe(10);
    expect(slices()).toBe(10);
    scheduler.pause();
    turns.advance(1000);
    expect(slices()).toBe(10);
    scheduler.resume();
    expect(turns.runTurns(3)).toBe(3);
    expect(slices()).toBe(13);
  });

  it("sleeps without a turn or a timer while an idle guest has no timer, and wakes on request", () => {
    const { turns, scheduler, slices } = setUp(() => IDLE);
    scheduler.resume();
    turns.advance(1000);
    expect(slices()).toBe(1);
    expect(turns.timerCount).toBe(0);
    scheduler.wake();
    turns.advance(10_000);
    expect(slices()).toBe(2);
    expect(turns.timerCount).toBe(0);
  });

  it("wakes for the guest's timer, never early, and late by less than a timer's grain", () => {
    const { turns, scheduler, slices } = setUp((count) => ({ ...IDLE, wakeInMs: count === 1 ? 41.3 : null }));
    scheduler.resume();
    turns.advance(41);
    expect(slices()).toBe(1);
    turns.advance(1.2);
    expect(slices()).toBe(2);
  });

  it("polls turn by turn for a timer finer than timers are", () => {
    const dueMs = 0.9;
    const started: number[] = [];
    const { turns, scheduler, slices } = setUp(() => {
      started.push(turns.nowMs);
      return turns.nowMs >= dueMs ? IDLE : { ...IDLE, wakeInMs: dueMs - turns.nowMs };
    });
    scheduler.resume();
    turns.advance(50);
    expect(slices()).toBeGreaterThan(2);
    expect(started.at(-1)).toBeLessThan(1.1);
    expect(turns.nowMs).toBeGreaterThanOrEqual(50);
  });

  it("does not lose a wake that comes during the slice", () => {
    let wake = (): void => {};
    const { turns, scheduler, slices } = setUp((count) => {
      if (count === 1) wake();
      return IDLE;
    });
    wake = () => scheduler.wake();
    scheduler.resume();
    turns.advance(5);
    // The wake fell into the first slice, which may not have seen its cause any more.
    expect(slices()).toBe(2);
  });

  it("calls a guest idle after it waited for a while, and running as soon as it fills a slice", () => {
    let busy = false;
    const { turns, scheduler, log } = setUp(() => (busy ? RUNNING : { ...IDLE, wakeInMs: 4 }));
    scheduler.resume();
    turns.advance(150);
    expect(log).toEqual(["running"]);
    turns.advance(400);
    expect(log).toEqual(["running", "idle"]);
    busy = true;
    turns.advance(4);
    turns.runTurns(2);
    expect(log).toEqual(["running", "idle", "running"]);
  });

  it("calls a guest that sleeps between short stretches of work running", () => {
    const { turns, scheduler, log } = setUp(() => ({ ...IDLE, wakeInMs: 4, costMs: 3 }));
    scheduler.resume();
    turns.advance(2000);
    expect(log).toEqual(["running"]);
  });

  it("stops with the guest and runs again when told", () => {
    const { turns, scheduler, log, slices } = setUp((count) =>
      count === 2 ? { state: "stopped", wakeInMs: null, stopReason: "reset", costMs: 1 } : RUNNING,
    );
    scheduler.resume();
    turns.runTurns(10);
    expect(slices()).toBe(2);
    expect(log).toEqual(["running", "stopped: reset"]);
    scheduler.resume();
    turns.runTurns(1);
    expect(slices()).toBe(3);
  });

  it("reports a slice that throws and never runs another", () => {
    const { turns, scheduler, log, slices } = setUp(() => {
      throw new Error("trap");
    });
    scheduler.resume();
    turns.runTurns();
    scheduler.wake();
    scheduler.resume();
    turns.advance(100);
    expect(slices()).toBe(1);
    expect(log).toEqual(["running", "crashed: Error: trap"]);
  });
});

describe("messageChannelTurns", () => {
  it("comes back in well under the 4 ms that nested timers are clamped to", async () => {
    const turns = messageChannelTurns();
    let shortestMs = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < 200; turn++) {
      const startedMs = performance.now();
      await new Promise<void>((resolve) => turns.post(resolve));
      // The first few timers are not clamped. Of the others the best tells: a busy machine stretches any of them.
      if (turn > 20) shortestMs = Math.min(shortestMs, performance.now() - startedMs);
    }
    expect(shortestMs).toBeLessThan(2);
    turns.dispose();
  });

  it("does not call a cancelled timer, nor anything after dispose", async () => {
    const turns = messageChannelTurns();
    const calls: string[] = [];
    const cancel = turns.after(1, () => calls.push("timer"));
    cancel();
    turns.post(() => calls.push("turn"));
    turns.dispose();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toEqual([]);
  });
});
