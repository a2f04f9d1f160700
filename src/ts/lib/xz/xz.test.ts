import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { PACKED_DATA, random, sourceOf, unpackWith } from "../testing/packed-data.ts";
import { xzDecompress } from "./decompress.ts";
import { XzError, XzUnsupportedError } from "./error.ts";

/** The xz tool's output for `input`. */
function xz(input: Uint8Array, ...args: string[]): Uint8Array {
  return new Uint8Array(execFileSync("xz", ["-c", ...args], { input, maxBuffer: 1 << 28 }));
}

const unpack = (bytes: Uint8Array): Promise<Buffer> => unpackWith(xzDecompress, bytes);

const text = PACKED_DATA["words and copies"].subarray(0, 60_000);

describe("xzDecompress", () => {
  for (const [name, input] of Object.entries(PACKED_DATA)) {
    it(`unpacks what the xz tool packs: ${name}`, async () => {
      const settings = [
        ["-0"],
        ["-6", "--check=crc32"],
        ["--check=sha256", "--lzma2=dict=4KiB,lc=0,lp=0,pb=0"],
        ["--check=none", "--lzma2=preset=1,lc=2,lp=2,pb=4"],
        ["-1", "--block-size=100000"],
        ["-0", "-T2", "--block-size=64KiB"],
      ];
      for (const args of settings) {
        expect(Buffer.compare(await unpack(xz(input, ...args)), input), args.join(" ")).toBe(0);
      }
    }, 60_000);
  }

  it("unpacks streams one behind the other, with padding, and leaves what is none", async () => {
    const parts = [xz(text), xz(new Uint8Array(0)), new Uint8Array(8), xz(text, "-0"), new Uint8Array(512)];
    const source = sourceOf(Buffer.concat([...parts, Buffer.from("behind")]));
    const pieces: Uint8Array[] = [];
    for await (const piece of xzDecompress(source)) pieces.push(piece);
    expect(Buffer.compare(Buffer.concat(pieces), Buffer.concat([text, text]))).toBe(0);
    expect(source.left()).toBe(6);
  });

  it("says so when the data ends anywhere too early", async () => {
    const file = xz(text.subarray(0, 3000));
    for (let length = 0; length < file.length; length++) {
      await expect(unpack(file.slice(0, length)), `${length}`).rejects.toThrow(XzError);
    }
  });

  it("finds every flipped bit", async () => {
    const file = xz(text.subarray(0, 3000), "--block-size=1500");
    for (let at = 0; at < file.length; at++) {
      const broken = file.slice();
      broken[at] = (file[at] ?? 0) ^ (1 << (at & 7));
      await expect(unpack(broken), `byte ${at}`).rejects.toThrow(/./);
    }
  });

  it("ends on anything, without a check too, in an XzError or in bytes", async () => {
    const next = random(9);
    const file = xz(text, "--check=none");
    for (let round = 0; round < 600; round++) {
      const broken = file.slice();
      // Behind the headers, which have checksums.
      for (let count = 1 + (next() % 4); count > 0; count--) broken[24 + (next() % (file.length - 60))] = next() >>> 24;
      try {
        expect((await unpack(broken)).length).toBeLessThan(1 << 24);
      } catch (error) {
        expect(error, `round ${round}`).toBeInstanceOf(XzError);
      }
    }
  }, 60_000);

  it("names what it has not: filters, and dictionaries of more than 256 MiB", async () => {
    await expect(unpack(xz(text, "--x86", "--lzma2"))).rejects.toThrow(XzUnsupportedError);
    await expect(unpack(xz(text, "--lzma2=dict=512MiB"))).rejects.toThrow(/512 MiB/);
    await expect(unpack(Uint8Array.of(1, 2, 3))).rejects.toThrow(/does not begin/);
  });

  it("takes memory for what comes, not for what a header says", async () => {
    const input = new Uint8Array(1000).fill(1);
    const before = process.memoryUsage().arrayBuffers;
    const file = xz(input, "--lzma2=dict=256MiB");
    expect((await unpack(file)).length).toBe(1000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
  });
});
