import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Sha256, sha256 } from "./sha256.ts";
import { noise } from "./testing/noise.ts";

const expected = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

afterEach(() => vi.unstubAllGlobals());

describe("SHA-256", () => {
  it("is what OpenSSL has, in whatever parts it comes", () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 });
    fc.assert(
      fc.property(parts, (list) => {
        const hash = new Sha256();
        for (const part of list) hash.update(part);
        expect(hash.digest()).toBe(expected(Buffer.concat(list)));
      }),
    );
  });

  it("pads every length of the last block", () => {
    for (let length = 0; length <= 130; length++) {
      const bytes = new Uint8Array(noise(length, "block"));
      const hash = new Sha256();
      hash.update(bytes);
      expect(hash.digest()).toBe(expected(bytes));
    }
  });

  it("is the same with and without WebCrypto", async () => {
    const bytes = new Uint8Array(noise(100_000, "message"));
    expect(await sha256(bytes)).toBe(expected(bytes));
    vi.stubGlobal("crypto", {});
    expect(await sha256(bytes)).toBe(expected(bytes));
  });
});
