import { execFileSync } from "node:child_process";
import { constants, deflateRawSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { InflateError } from "./error.ts";
import { PACKED_DATA, random, sourceOf, unpackWith } from "../testing/packed-data.ts";
import { gunzip } from "./gunzip.ts";
import { Inflate, inflateExactly } from "./inflate.ts";

const unpack = (bytes: Uint8Array): Promise<Buffer> => unpackWith(gunzip, bytes);

function inflateInPieces(bytes: Uint8Array, pieceBytes: number): { unpacked: Buffer; unusedBytes: number } {
  const inflate = new Inflate();
  const pieces: Uint8Array[] = [];
  let at = 0;
  while (!inflate.done) {
    const piece = inflate.run(at >= bytes.length);
    pieces.push(piece);
    if (piece.length > 0 || inflate.done) continue;
    inflate.feed(bytes.subarray(at, at + pieceBytes));
    at += pieceBytes;
  }
  return { unpacked: Buffer.concat(pieces), unusedBytes: inflate.unusedBytes + Math.max(0, bytes.length - at) };
}

describe("Inflate", () => {
  for (const [name, input] of Object.entries(PACKED_DATA)) {
    it(`unpacks what zlib packs: ${name}`, () => {
      for (const level of [0, 1, 6, 9]) {
        for (const strategy of [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY]) {
          const packed = deflateRawSync(input, { level, strategy, windowBits: 15 });
          expect(Buffer.compare(inflateInPieces(packed, 10_000).unpacked, input), `${level} ${strategy}`).toBe(0);
        }
      }
    });
  }

  it("takes input in pieces of any size, and leaves what follows the end", () => {
    const input = PACKED_DATA["words and copies"].subarray(0, 30_000);
    const packed = Buffer.concat([deflateRawSync(input), Buffer.from("behind the end")]);
    for (const pieceBytes of [1, 2, 7, 639, 641, packed.length - 14, packed.length - 10, packed.length]) {
      const { unpacked, unusedBytes } = inflateInPieces(packed, pieceBytes);
      expect(Buffer.compare(unpacked, input), `${pieceBytes}`).toBe(0);
      expect(unusedBytes, `${pieceBytes}`).toBe(14);
    }
  });

  it("unpacks a part of known size, whatever follows", () => {
    const input = PACKED_DATA["few symbols"];
    const packed = Buffer.concat([deflateRawSync(input, { windowBits: 12 }), Buffer.alloc(700, 0xff)]);
    const inflate = new Inflate();
    for (const size of [0, 1, 65_536, input.length]) {
      expect(Buffer.compare(inflateExactly(inflate, packed, size), input.subarray(0, size)), `${size}`).toBe(0);
    }
    expect(() => inflateExactly(inflate, packed, input.length + 1)).toThrow(InflateError);
  });

  it("says so when the data ends anywhere too early", () => {
    const input = PACKED_DATA["words and copies"].subarray(0, 5000);
    for (const level of [0, 9]) {
      const packed = deflateRawSync(input, { level });
      for (let length = 0; length < packed.length; length++) {
        expect(() => inflateInPieces(packed.subarray(0, length), 100), `${length}`).toThrow(InflateError);
      }
    }
  });

  it.each([
    ["a reserved block type", [0x07]],
    ["a stored block whose lengths differ", [0x01, 0x05, 0x00, 0x00, 0x00]],
    ["a distance before the beginning", [0x03, 0x02, 0x00, 0x00]],
    ["more literal codes than there are", [0xfd, 0xff, 0xff, 0xff]],
  ])("refuses %s", (_, bytes) => {
    expect(() => inflateInPieces(Uint8Array.from(bytes), 100)).toThrow(InflateError);
  });

  it("ends on anything with what zlib makes of it, or in an InflateError where zlib has none", async () => {
    const { inflateRawSync } = await import("node:zlib");
    const next = random(9);
    const input = PACKED_DATA["words and copies"].subarray(0, 3000);
    const files = [0, 1, 9].map((level) => deflateRawSync(input, { level }));
    let unpacked = 0;
    for (const file of files) {
      for (let round = 0; round < 700; round++) {
        const broken = Uint8Array.from(file);
        for (let count = 1 + (next() % 3); count > 0; count--) broken[next() % broken.length] = next() >>> 24;
        let expected: Buffer | null = null;
        try {
          expected = inflateRawSync(broken, { maxOutputLength: 1 << 26 });
        } catch {
          // Then ours has to refuse it as well.
        }
        if (expected === null) expect(() => inflateInPieces(broken, 100), `round ${round}`).toThrow(InflateError);
        else {
          unpacked += 1;
          expect(Buffer.compare(inflateInPieces(broken, 100).unpacked, expected), `round ${round}`).toBe(0);
        }
      }
    }
    expect(unpacked).toBeGreaterThan(50);
  });
});

describe("gunzip", () => {
  const input = PACKED_DATA["a program"];

  it("unpacks all members, with every field of a header, and leaves what follows the last", async () => {
    // FTEXT, FHCRC, FEXTRA, FNAME and FCOMMENT: gzip writes few of them.
    const plain = gzipSync(input);
    const fields = [1, 0, 42, ...Buffer.from("name\0comment\0"), 0x12, 0x34];
    const full = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0x1f, 0, 0, 0, 0, 0, 3, ...fields]), plain.subarray(10)]);
    const file = Buffer.concat([plain, gzipSync(new Uint8Array(0)), full, Buffer.alloc(1000)]);
    const source = sourceOf(file);
    const pieces: Uint8Array[] = [];
    for await (const piece of gunzip(source)) pieces.push(piece);
    expect(Buffer.compare(Buffer.concat(pieces), Buffer.concat([input, input]))).toBe(0);
    expect(source.left()).toBe(1000);
  });

  it("unpacks what the gzip tool packs", async () => {
    const packed = execFileSync("gzip", ["-9", "-c"], { input, maxBuffer: 1 << 28 });
    expect(Buffer.compare(await unpack(packed), input)).toBe(0);
  });

  it("finds every flipped bit behind the header that counts", async () => {
    const data = PACKED_DATA["words and copies"].subarray(0, 2500);
    const file = gzipSync(data);
    let found = 0;
    for (let at = 10; at < file.length; at++) {
      const broken = Uint8Array.from(file);
      broken[at] = (file[at] ?? 0) ^ (1 << (at & 7));
      // A bit behind the last block's end, up to the next byte, means nothing.
      const outcome = await unpack(broken).catch((error: unknown) => error);
      if (outcome instanceof InflateError) found++;
      else expect(outcome, `byte ${at}`).toEqual(Buffer.from(data));
    }
    expect(found).toBeGreaterThanOrEqual(file.length - 11);
  });

  it("says so when a member ends anywhere too early", async () => {
    const file = gzipSync(PACKED_DATA["few symbols"].subarray(0, 2000));
    for (let length = 0; length < file.length; length++) {
      await expect(unpack(file.subarray(0, length)), `${length}`).rejects.toThrow(InflateError);
    }
  });

  it("refuses reserved flags and names without an end", async () => {
    await expect(unpack(Uint8Array.of(0x1f, 0x8b, 8, 0x20, 0, 0, 0, 0, 0, 0))).rejects.toThrow(/reserved/);
    const name = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0]), Buffer.alloc(1 << 17, 97)]);
    await expect(unpack(name)).rejects.toThrow(/no end/);
  });
});
