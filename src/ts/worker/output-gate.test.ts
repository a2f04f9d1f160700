import { describe, expect, it } from "vitest";
import { HIGH_WATER_BYTES, LOW_WATER_BYTES, OutputGate } from "./output-gate.ts";

function setUp() {
  const sent: Uint8Array[] = [];
  const paused: boolean[] = [];
  let dropped = 0;
  const gate = new OutputGate({
    send: (bytes) => sent.push(bytes),
    setPaused: (value) => paused.push(value),
    onDropped: () => dropped++,
  });
  return { gate, sent, paused, dropped: () => dropped };
}

describe("OutputGate", () => {
  it("sends everything in order, in few messages", () => {
    const { gate, sent } = setUp();
    const all = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7) & 0xff);
    for (let start = 0; start < all.length; start += 1) gate.push(all.subarray(start, start + 1));
    gate.flush();
    gate.flush();
    expect(Buffer.concat(sent).equals(Buffer.from(all))).toBe(true);
    expect(sent.length).toBe(4);
  });

  it("keeps no reference to what was pushed", () => {
    const { gate, sent } = setUp();
    const bytes = Uint8Array.of(1, 2, 3);
    gate.push(bytes);
    bytes.fill(9);
    gate.flush();
    expect([...(sent[0] ?? [])]).toEqual([1, 2, 3]);
  });

  it("holds the guest back above the high mark and lets it go below the low one", () => {
    const { gate, paused } = setUp();
    gate.push(new Uint8Array(HIGH_WATER_BYTES));
    gate.flush();
    expect(paused).toEqual([]);
    gate.push(new Uint8Array(1));
    gate.flush();
    expect(paused).toEqual([true]);
    gate.acknowledge(HIGH_WATER_BYTES - LOW_WATER_BYTES);
    expect(paused).toEqual([true]);
    gate.acknowledge(2);
    expect(paused).toEqual([true, false]);
  });

  it("is bounded even against a guest that goes on regardless, and says once that bytes were dropped", () => {
    const { gate, sent, dropped } = setUp();
    for (let round = 0; round < 1000; round++) gate.push(new Uint8Array(32 * 1024));
    const sentBytes = sent.reduce((sum, bytes) => sum + bytes.length, 0);
    expect(sentBytes).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(dropped()).toBe(1);
    gate.acknowledge(sentBytes);
    gate.push(Uint8Array.of(65));
    gate.flush();
    expect(sent.at(-1)?.length).toBe(1);
  });
});
