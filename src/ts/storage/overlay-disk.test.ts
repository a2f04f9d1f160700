import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BlockSource, MemorySource } from "./block-source.ts";
import { DiskImageError, OverlayDisk } from "./overlay-disk.ts";

const SECTOR = 512;
/** Not a whole number of chunks. */
const SECTORS = 400;

const IMAGE = Uint8Array.from({ length: SECTORS * SECTOR }, (_, index) => (index * 31 + (index >> 9)) & 0xff);

function image(): Uint8Array {
  return IMAGE.slice();
}

/** A source that answers later, in the order in which the test says. */
class SlowSource implements BlockSource {
  readonly sizeBytes = SECTORS * SECTOR;
  readonly #memory = new MemorySource(image());
  readonly pending: (() => void)[] = [];

  read(offset: number, into: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.pending.push(() => {
        this.#memory.read(offset, into);
        resolve();
      });
    });
  }
}

const range = fc
  .tuple(fc.nat(SECTORS - 1), fc.integer({ min: 1, max: 300 }))
  .map(([sector, count]) => ({ offset: sector * SECTOR, length: Math.min(count, SECTORS - sector) * SECTOR }));
const operation = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), range, value: fc.nat(255) }),
  fc.record({ kind: fc.constant("zero" as const), range, value: fc.constant(0) }),
  fc.record({ kind: fc.constant("read" as const), range, value: fc.constant(0) }),
);

describe("OverlayDisk", () => {
  it("is what a plain array of bytes is, and leaves its source alone", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const original = image();
        const disk = new OverlayDisk(new MemorySource(original), false);
        const model = image();
        for (const {
          kind,
          range: { offset, length },
          value,
        } of operations) {
          if (kind === "write") {
            const bytes = new Uint8Array(length).fill(value);
            void disk.write(offset, bytes);
            model.set(bytes, offset);
          } else if (kind === "zero") {
            void disk.writeZeroes(offset, length, true);
            model.fill(0, offset, offset + length);
          } else {
            const into = new Uint8Array(length);
            void disk.read(offset, into);
            expect(Buffer.compare(into, model.subarray(offset, offset + length))).toBe(0);
          }
        }
        const all = new Uint8Array(model.length);
        void disk.read(0, all);
        expect(Buffer.compare(all, model)).toBe(0);
        expect(Buffer.compare(original, image())).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it("loses no write while a chunk is being copied", async () => {
    const source = new SlowSource();
    const disk = new OverlayDisk(source, false);
    const first = disk.write(0, new Uint8Array(SECTOR).fill(1));
    const second = disk.write(SECTOR, new Uint8Array(SECTOR).fill(2));
    // The whole chunk at once, while its copy is on the way: it needs none, and the copy must not undo it.
    const whole = disk.write(65_536, new Uint8Array(SECTOR).fill(3));
    expect(disk.writeZeroes(65_536, 65_536, false)).toBeUndefined();
    expect(source.pending.length).toBe(2);
    for (const answer of source.pending.splice(0)) answer();
    await Promise.all([first, second, whole]);
    const expected = image();
    expected
      .fill(1, 0, SECTOR)
      .fill(2, SECTOR, 2 * SECTOR)
      .fill(0, 65_536, 131_072)
      .fill(3, 65_536, 65_536 + SECTOR);
    const all = new Uint8Array(131_072);
    await disk.read(0, all);
    expect(Buffer.compare(all, expected.subarray(0, 131_072))).toBe(0);
  });

  it.each([0, 1, 511, 513, 1_000_000])("refuses an image of %i bytes", (size) => {
    expect(() => new OverlayDisk(new MemorySource(new Uint8Array(size)), false)).toThrow(DiskImageError);
  });
});
