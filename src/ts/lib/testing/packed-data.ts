/** What the tests of all decompressors have in common: data of many kinds, and where it is read from. */
import { readFileSync } from "node:fs";
import type { ByteSource } from "../byte-source.ts";

/** Numbers of 32 bits, the same for the same seed (xorshift). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** `count` bytes, each made from the random numbers of `seed` and its place. */
function bytesOf(count: number, seed: number, make: (next: () => number, at: number) => number): Uint8Array {
  const next = random(seed);
  return Uint8Array.from({ length: count }, (_, at) => make(next, at));
}

/** Runs of letters, and copies from near and from up to 700,000 bytes back. */
function wordsAndCopies(seed: number): Uint8Array {
  const next = random(seed);
  const bytes = new Uint8Array(700_000);
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(1 + (next() % 300), bytes.length - at);
    if (at > 1000 && next() % 3 > 0) {
      const from = next() % 4 === 0 ? at - 1 - (next() % 8) : next() % at;
      for (let index = 0; index < length; index++) bytes[at + index] = bytes[from + index] ?? 0;
    } else {
      for (let index = 0; index < length; index++) bytes[at + index] = 97 + ((next() >>> 28) & (next() >>> 28));
    }
    at += length;
  }
  return bytes;
}

/** By name: every kind of block, code and sequence of the formats comes up in one of them. */
export const PACKED_DATA = {
  empty: new Uint8Array(0),
  "one byte": Uint8Array.of(7),
  zeros: new Uint8Array(2_200_000),
  noise: bytesOf(200_000, 1, (next) => next() >>> 24),
  "few symbols": bytesOf(150_000, 2, (next) => 65 + Math.min(next() % 40, next() % 40, next() % 40)),
  "skewed symbols": bytesOf(300_000, 4, (next) => Math.clz32(next()) * 7),
  "short repetitions": bytesOf(100_000, 5, (_, at) => (at % 3) + ((at >> 12) & 7)),
  "noise and text by turns": bytesOf(500_000, 2, (next, at) =>
    ((at >> 16) & 1) === 0 ? next() >>> 24 : 97 + ((at >> 2) % 20),
  ),
  "words and copies": wordsAndCopies(3),
  "a program": new Uint8Array(readFileSync(process.execPath).subarray(0x10_0000, 0x18_0000)),
} satisfies Record<string, Uint8Array>;

/** A source of `bytes`; `left` is how many were not taken. */
export function sourceOf(bytes: Uint8Array): ByteSource & { left(): number } {
  let at = 0;
  return {
    peek: async (count) => bytes.subarray(at, at + count),
    take: async (count) => {
      const taken = bytes.subarray(at, at + count);
      at += taken.length;
      return taken;
    },
    left: () => bytes.length - at,
  };
}

/** Everything that `decompress` makes of `bytes`. */
export async function unpackWith(
  decompress: (source: ByteSource) => AsyncIterable<Uint8Array>,
  bytes: Uint8Array,
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of decompress(sourceOf(bytes))) pieces.push(piece);
  return Buffer.concat(pieces);
}
