import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { PACKED_DATA, random, unpackWith } from "../testing/packed-data.ts";
import { zstdDecompress } from "./decompress.ts";
import { ZstdError } from "./error.ts";
import { Xxh64 } from "./xxh64.ts";

/** The zstd tool's output for `input`; `-` at the end makes it read a pipe, and so not know the size. */
function zstd(input: Uint8Array, ...args: string[]): Uint8Array {
  return new Uint8Array(execFileSync("zstd", ["-q", "-c", ...args], { input, maxBuffer: 1 << 28 }));
}

const unpack = (bytes: Uint8Array): Promise<Buffer> => unpackWith(zstdDecompress, bytes);

describe("zstdDecompress", () => {
  for (const [name, input] of Object.entries(PACKED_DATA)) {
    it(`unpacks what the zstd tool packs: ${name}`, async () => {
      const settings = [["-1"], ["-3", "--no-check"], ["--fast=5"], ["-5", "--zstd=wlog=10"]];
      if (input.length < 1_000_000) settings.push(["-19"]);
      if (name === "words and copies") settings.push(["--ultra", "-22"], ["-3", "--long=27"]);
      for (const args of settings) {
        expect(Buffer.compare(await unpack(zstd(input, ...args)), input), args.join(" ")).toBe(0);
      }
    }, 60_000);
  }

  it("unpacks frames that say their size in 1, 2, 4 bytes, and concatenated and skippable ones", async () => {
    for (const length of [3, 200, 300, 65_535, 65_536 + 256, 100_000]) {
      const input = PACKED_DATA["words and copies"].subarray(0, length);
      const file = zstd(input, `--stream-size=${length}`);
      expect(Buffer.compare(await unpack(file), input), `${length}`).toBe(0);
      const skippable = Uint8Array.of(0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2);
      const joined = new Uint8Array(Buffer.concat([skippable, file, skippable, file, Buffer.from("behind the end")]));
      expect(Buffer.compare(await unpack(joined), Buffer.concat([input, input])), `${length} joined`).toBe(0);
    }
  });

  it("says so when the data ends anywhere too early", async () => {
    const file = zstd(PACKED_DATA["few symbols"].subarray(0, 3000));
    for (let length = 0; length < file.length; length++) {
      await expect(unpack(file.slice(0, length)), `${length}`).rejects.toThrow(ZstdError);
    }
  });

  it("finds every flipped bit by the format's rules or the checksum", async () => {
    const file = zstd(PACKED_DATA["words and copies"].subarray(0, 2500), "-19");
    // Behind the frame header: another window size unpacks to the same.
    for (let at = 6; at < file.length; at++) {
      const broken = file.slice();
      broken[at] = (file[at] ?? 0) ^ (1 << (at & 7));
      await expect(unpack(broken), `byte ${at}`).rejects.toThrow(ZstdError);
    }
  });

  it("ends on anything, without checksum too, in a ZstdError or in bytes", async () => {
    const next = random(9);
    const files = [zstd(PACKED_DATA["few symbols"].subarray(0, 4000), "--no-check")];
    files.push(zstd(PACKED_DATA["words and copies"].subarray(0, 4000), "--no-check", "-19"));
    for (const file of files) {
      for (let round = 0; round < 1500; round++) {
        const broken = file.slice();
        for (let count = 1 + (next() % 4); count > 0; count--) broken[5 + (next() % (file.length - 5))] = next() >>> 24;
        try {
          expect((await unpack(broken)).length).toBeLessThan(1 << 24);
        } catch (error) {
          expect(error, `round ${round}`).toBeInstanceOf(ZstdError);
        }
      }
    }
  }, 60_000);

  it("refuses windows over 128 MiB and dictionaries", async () => {
    const header = (...bytes: number[]): Uint8Array =>
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, ...bytes, ...new Uint8Array(20));
    await expect(unpack(header(0x00, 0x8f))).rejects.toThrow(/window of more than 128 MiB/);
    await expect(unpack(header(0xe0, 0, 0, 0, 0, 1, 0, 0, 0))).rejects.toThrow(/window/);
    await expect(unpack(header(0x01, 0x00, 0x55))).rejects.toThrow(/dictionary/);
    await expect(unpack(Uint8Array.of(1, 2, 3))).rejects.toThrow(/does not begin/);
  });
});

describe("Xxh64", () => {
  it("is the checksum that the zstd tool writes, in whatever pieces the data comes", () => {
    for (const length of [0, 1, 3, 4, 8, 31, 32, 33, 63, 64, 100, 4099]) {
      const data = PACKED_DATA.noise.subarray(0, length);
      const file = Buffer.from(zstd(data));
      const hash = new Xxh64();
      for (let at = 0; at < length; at += 1 + (at % 41)) hash.update(data.subarray(at, at + 1 + (at % 41)));
      expect(Number(hash.digest() & 0xffff_ffffn), `${length}`).toBe(file.readUInt32LE(file.length - 4));
    }
  });
});
