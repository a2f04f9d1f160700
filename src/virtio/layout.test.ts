/** Configuration space as a table, feature sets, and the console's byte queue: small parts with properties of their own. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteQueue } from "./devices/console/byte-queue.ts";
import { Features, unmetRequirement } from "./features.ts";
import { bytes, ConfigSpace, u8, u16, u32, u64 } from "./layout.ts";
import { Negotiation } from "./negotiation.ts";

const FIELDS = {
  capacity: u64(0),
  gap: u16(10),
  optional: u32(12).when(5),
  mode: u8(16).writable(),
  wide: u32(20).when(6).writable(),
  tag: bytes(24, 3),
};

describe("ConfigSpace", () => {
  it("reads little-endian at any width; gaps, absent fields and the space after the end are 0", () => {
    const config = new ConfigSpace(FIELDS);
    config.set("capacity", 0x12_3456_789a);
    config.set("optional", 0xdead_beef);
    const none = new Features();
    expect(config.read(0, 4, none)).toBe(0x3456_789a);
    expect(config.read(4, 4, none)).toBe(0x12);
    expect(config.read(3, 2, none)).toBe(0x1234);
    expect(config.read(8, 4, none)).toBe(0);
    expect(config.read(12, 4, none)).toBe(0);
    expect(config.read(12, 4, Features.of(5))).toBe(0xdead_beef);
    expect(config.read(27, 4, none)).toBe(0);
    expect(config.sizeBytes).toBe(27);
    expect(config.get("capacity")).toBe(0x12_3456_789a);
  });

  it("writes only what is writable and there, and tells what was touched", () => {
    const config = new ConfigSpace(FIELDS);
    expect(config.write(16, 1, 0x1ff, new Features())).toEqual({
      writes: [{ field: "mode", first: 0, last: 0 }],
      refused: false,
    });
    expect(config.get("mode")).toBe(0xff);
    expect(config.write(20, 4, 1, new Features())).toEqual({ writes: [], refused: true });
    expect(config.write(22, 2, 0xaabb, Features.of(6))).toEqual({
      writes: [{ field: "wide", first: 2, last: 3 }],
      refused: false,
    });
    expect(config.get("wide")).toBe(0xaabb_0000);
    expect(config.write(16, 4, 0, new Features()).refused).toBe(true);
  });

  it("is the same bytes after saving and loading", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 27, maxLength: 27 }), (content) => {
        const config = new ConfigSpace(FIELDS);
        config.load([...content]);
        expect(config.save()).toEqual([...content]);
      }),
    );
  });
});

describe("Features", () => {
  it("is a set of bits 0 to 127", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(127)), fc.uniqueArray(fc.nat(127)), (a, b) => {
        const sorted = (list: readonly number[]): number[] => [...list].sort((x, y) => x - y);
        const [left, right] = [Features.of(...a), Features.of(...b)];
        expect(left.bits()).toEqual(sorted(a));
        expect(left.and(right).bits()).toEqual(sorted(a.filter((bit) => b.includes(bit))));
        expect(left.missingFrom(right)).toEqual(sorted(a.filter((bit) => !b.includes(bit))));
        for (const bit of b) left.remove(bit);
        expect(left.bits()).toEqual(sorted(a.filter((bit) => !b.includes(bit))));
      }),
    );
  });

  it("an offer is always closed under what features require", () => {
    const row = fc.record({ bit: fc.nat(23), requires: fc.array(fc.nat(23), { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.uniqueArray(row, { selector: ({ bit }) => bit }), fc.array(fc.nat(23)), (table, withheld) => {
        const device = table.map((entry) => ({ ...entry, name: `F_${entry.bit}` }));
        const negotiation = new Negotiation();
        negotiation.offer({ mode: "modern", transport: Features.of(32), device, withheld });
        expect(unmetRequirement(negotiation.offered, device)).toBe(null);
        expect(withheld.some((bit) => negotiation.offered.has(bit))).toBe(false);
        // What the device offers can be acknowledged as a whole.
        negotiation.driver.assign(negotiation.offered);
        expect(negotiation.refusal()).toBe(null);
      }),
    );
  });
});

describe("ByteQueue", () => {
  it("gives back what was put in, in order, and never holds more than its capacity", () => {
    const step = fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.nat(12));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 }), fc.array(step), (capacity, steps) => {
        const queue = new ByteQueue(capacity);
        let model: number[] = [];
        for (const action of steps) {
          if (typeof action === "number") {
            const count = Math.min(action, queue.front().length);
            expect([...queue.front().subarray(0, count)]).toEqual(model.slice(0, count));
            queue.drop(count);
            model = model.slice(count);
          } else {
            const taken = queue.push(action);
            expect(taken).toBe(Math.min(action.length, capacity - model.length));
            model.push(...action.subarray(0, taken));
          }
          expect(queue.toArray()).toEqual(model);
          expect(queue.room).toBe(capacity - model.length);
        }
      }),
    );
  });
});
