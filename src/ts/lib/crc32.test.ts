import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { crc32 } from "./crc32.ts";

const DATA = Uint8Array.from({ length: 1000 }, (_, index) => (index * 31 + (index >> 3)) & 0xff);

describe("crc32", () => {
  it("is what zlib writes behind its data, at every length and alignment", () => {
    for (let start = 0; start < 9; start++) {
      for (const length of [0, 1, 7, 8, 9, 63, 64, 65, 900]) {
        const bytes = DATA.subarray(start, start + length);
        const packed = gzipSync(bytes);
        expect(crc32(bytes), `${start} ${length}`).toBe(packed.readUInt32LE(packed.length - 8));
      }
    }
  });

  it("goes on where it stopped", () => {
    expect(crc32(DATA.subarray(13), crc32(DATA.subarray(0, 13)))).toBe(crc32(DATA));
  });
});
