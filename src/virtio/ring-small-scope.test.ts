/**
 * No notification is lost: every interleaving of driver, device and backend on rings of two and four descriptors.
 * Whoever sleeps while something waits for him would sleep for ever: a guest that hangs.
 */
import { describe, expect, it } from "vitest";
import { SmallScope } from "./testing/small-scope.ts";

describe.each([false, true])("packed %s", (packed) => {
  describe.each([false, true])("event index %s", (eventIdx) => {
    it.each([
      { size: 2, chains: 4 },
      { size: 4, chains: 3 },
    ])(
      "$size descriptors, $chains chains: nobody sleeps while work waits",
      { timeout: 300_000 },
      ({ size, chains }) => {
        const { states, stuck } = new SmallScope({ size, packed, eventIdx, chains }).search();
        expect(stuck.slice(0, 3)).toEqual([]);
        expect(states).toBeGreaterThan(10_000);
      },
    );

    it.each(["driver", "device"] as const)("a careless %s is found asleep", { timeout: 60_000 }, (careless) => {
      const { stuck } = new SmallScope({ size: 2, packed, eventIdx, chains: 2, careless }).search();
      expect(stuck.length).toBeGreaterThan(0);
    });
  });
});
