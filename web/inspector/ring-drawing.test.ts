import { describe, expect, it } from "vitest";
import type { RingInspection } from "../../src/ts/api/index.ts";
import { ringEntries } from "./ring-drawing.ts";

const ring = (
  [used, next, pending]: readonly [number, number, number],
  wraps: readonly [boolean, boolean] | null = null,
): RingInspection => ({
  kind: wraps === null ? "split" : "packed",
  available: null,
  nextUsed: { index: used, wrap: wraps?.[0] ?? null },
  nextAvailable: { index: next, wrap: wraps?.[1] ?? null },
  pending,
  interrupts: null,
  notifications: null,
});

/** The entries as letters. */
const picture = (row: RingInspection, size: number): string =>
  ringEntries(row, size)
    .map((entry) => ({ free: ".", waiting: "w", taken: "t" })[entry])
    .join("");

describe("ringEntries", () => {
  it("shows what the device has and what waits, round the end too", () => {
    expect(picture(ring([0, 0, 0]), 8)).toBe("........");
    expect(picture(ring([2, 4, 3]), 8)).toBe("..ttwww.");
    expect(picture(ring([14, 17, 1]), 8)).toBe("tw....tt");
    expect(picture(ring([65535, 65536 & 0xffff, 0]), 8)).toBe(".......t");
  });

  it("tells a full ring from an empty one", () => {
    expect(picture(ring([8, 16, 0]), 8)).toBe("tttttttt");
    expect(picture(ring([3, 3, 0], [true, false]), 4)).toBe("tttt");
    expect(picture(ring([3, 3, 0], [true, true]), 4)).toBe("....");
  });

  it("shows no more waiting than there is room for, whatever the guest claims", () => {
    expect(picture(ring([0, 2, 60_000]), 4)).toBe("ttww");
  });
});
