import { describe, expect, it } from "vitest";
import { describeMemory, residentBytes } from "./memory.mjs";

const MIB = 2 ** 20;
const SMAPS = `00400000-00500000 r-xp 00000000 fe:00 1 /usr/bin/node
Size:               1024 kB
Rss:                 512 kB
Pss:                 512 kB
7f0000000000-7f0044000000 rw-p 00000000 00:00 0
Size:            1114112 kB
Rss:              204800 kB
7f0044000000-7f0044400000 rw-p 00000000 00:00 0
Rss:                1024 kB
VmFlags: rd wr mr mw me ac
`;

describe("residentBytes", () => {
  it("parts the guest's memory from the rest by the size of mappings", () => {
    expect(residentBytes(SMAPS, 1024 * MIB)).toEqual({ guestBytes: 200 * MIB, otherBytes: 1.5 * MIB });
  });
});

const samples = (otherMib: (n: number) => number) =>
  Array.from({ length: 50 }, (_, n) => ({
    seconds: n * 10,
    guestBytes: 300 * MIB,
    otherBytes: otherMib(n) * MIB,
  }));

describe("describeMemory", () => {
  it("calls what warms up and then stays flat", () => {
    const { text, flat } = describeMemory(samples((n) => Math.min(100 + 10 * n, 170)));
    expect(flat).toBe(true);
    expect(text).toContain("170 MiB at most");
  });

  it("does not call a leak flat", () => {
    expect(describeMemory(samples((n) => 100 + 2 * n)).flat).toBe(false);
  });
});
