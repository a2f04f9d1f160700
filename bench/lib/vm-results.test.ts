import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../scripts/lib/paths.mjs";
import { CoreShares } from "./core-shares.mjs";
import { TimedLines } from "./timed-lines.mjs";
import { withRecord } from "./vm-record.mjs";
import { clockError, compare, differences, GROUPS, groupMeans, readResult, report } from "./vm-results.mjs";

/** What a guest prints between its two looks at the clock; the host sees the second `hostSeconds` after the first. */
function printed(lines: readonly string[], guestSeconds = 4, hostSeconds = guestSeconds) {
  const text = ["Linux says something", "# begin 10.5", ...lines, `# end ${10.5 + guestSeconds}`];
  const timed = text.map((line, i) => ({ text: line, atMs: i === text.length - 1 ? 7000 + hostSeconds * 1000 : 7000 }));
  return { lines: timed, shares: { whole: 0.75, lines: new Map([["int.lz", 0.5]]) } };
}

const line = (name: string, rate: number, first: number, sum = "00c0ffee") =>
  `${name} ${rate} MB/s best=${rate * 1.5} first=${first} chunks=3 sum=${sum}`;

describe("readResult", () => {
  it("reads rates as C prints them", () => {
    const { lines } = readResult(
      printed(["int.div 1.5e+06 Mop/s best=2e+06 first=0.25 chunks=12 sum=0000abcd"]),
      false,
    );
    expect([...lines.values()]).toEqual([
      { name: "int.div", unit: "Mop/s", rate: 1.5e6, best: 2e6, first: 0.25, sum: "0000abcd" },
    ]);
  });

  it("fails where a benchmark failed, or none ran, or the guest never came to its end", () => {
    expect(() => readResult(printed(["# sh.awk failed"]), false)).toThrow("sh.awk failed");
    expect(() => readResult(printed(["# out of memory (65536)"]), false)).toThrow("out of memory");
    expect(() => readResult(printed([]), false)).toThrow("No benchmark");
    const { lines, shares } = printed([line("int.lz", 1, 1)]);
    expect(() => readResult({ lines: lines.slice(0, -1), shares }, false)).toThrow("at the end");
  });

  it("counts only the time with a core, if that is asked for", () => {
    const { lines, coreShare } = readResult(printed([line("int.lz", 6, 3), line("int.fib", 6, 3)]), true);
    expect(coreShare).toBe(0.75);
    expect([...lines.values()].map(({ rate, best, first }) => [rate, best, first])).toEqual([
      [12, 9, 3],
      [6, 9, 3],
    ]);
  });
});

describe("CoreShares", () => {
  it("finds a share for each line and for all", () => {
    const cores = new CoreShares();
    expect(() => cores.shares()).toThrow("not seen");
    cores.mark([process.pid], "# begin 1.0");
    const end = performance.now() + 50;
    while (performance.now() < end);
    cores.mark([process.pid], "int.fib 1 Mcall/s");
    cores.mark([process.pid], "# end 2.0");
    const { whole, lines } = cores.shares();
    expect([...lines.keys()]).toEqual(["int.fib", "#"]);
    for (const share of [whole, ...lines.values()]) expect(share > 0 && share <= 1).toBe(true);
  });
  it("takes no notice of what came before the beginning, nor of a process that has ended", () => {
    const cores = new CoreShares();
    cores.mark([process.pid], "Linux boots");
    cores.mark([process.pid, 2 ** 22 + 1], "# begin 1.0");
    cores.mark([process.pid, 2 ** 22 + 1], "# end 2.0");
    expect([...cores.shares().lines.keys()]).toEqual(["#"]);
  });
});

describe("the guest's clock", () => {
  const error = (guest: number, host: number) =>
    clockError(readResult(printed([line("int.lz", 1, 1)], guest, host), false));
  it("may differ by five hundredths", () => {
    expect(error(20, 20.9)).toBeNull();
    expect(error(20, 21.2)).toContain("20.00 s of 21.20 s");
    expect(error(10.6, 10)).toContain("1.060");
  });
  it("is not judged by the lateness of a line", () => expect(error(1.4, 1)).toBeNull());
  it("is judged in short runs too", () => expect(error(1.6, 1)).toContain("1.600"));
});

describe("a comparison", () => {
  const ours = [
    readResult(printed([line("int.lz", 2, 1), line("fp.mandel", 30, 10)]), false),
    readResult(printed([line("int.lz", 4, 0.5), line("fp.mandel", 20, 12)]), false),
  ];
  const theirs = [readResult(printed([line("int.lz", 8, 4), line("fp.mandel", 10, 6)]), false)];

  it("takes the best run of each", () => {
    expect(compare(ours, theirs)).toEqual([
      { name: "int.lz", unit: "MB/s", peer: 8, ours: 4, ratio: 0.5, cold: 0.25, slowdown: 6, peerSlowdown: 3 },
      { name: "fp.mandel", unit: "MB/s", peer: 10, ours: 30, ratio: 3, cold: 2, slowdown: 3.75, peerSlowdown: 2.5 },
    ]);
  });

  it("has geometric means of the groups that are there", () => {
    const lines = [0.5, 2, 4].map((ratio, i) => ({
      ...{ name: `os.${i}`, unit: "x", peer: 1, ours: ratio, ratio, cold: 1, slowdown: 1, peerSlowdown: 1 },
    }));
    const [group, ...others] = groupMeans(lines);
    expect(others).toEqual([]);
    expect(group?.name).toBe("operating system");
    expect(group?.ratio).toBeCloseTo(4 ** (1 / 3), 12);
  });

  it("names the lines under the bar for lines", () => {
    const text = report(
      compare(
        [readResult(printed([line("int.lz", 1, 1), line("os.fork", 9, 9)]), false)],
        [readResult(printed([line("int.lz", 8, 8), line("os.fork", 8, 8)]), false)],
      ),
      "Node",
    );
    expect(text).toMatch(/^ +QEMU +Node +unit +Node\/QEMU /);
    expect(text).toContain("lines under 0.4: int.lz 0.125\n");
    expect(text).toMatch(/^integer +0\.125 +1 +missed/m);
    expect(text).toMatch(/^operating system +1\.125 +1 +reached/m);
  });

  it("does not pass over another check value or a missing line", () => {
    const mine = readResult(printed([line("int.lz", 1, 1, "00000001"), line("int.fib", 1, 1)]), false);
    const peer = readResult(printed([line("int.lz", 1, 1, "00000002"), line("int.div", 1, 1)]), false);
    expect(differences(mine, peer)).toEqual([
      "int.lz: check value 00000001, QEMU's is 00000002",
      "int.fib: QEMU did not run it",
      "int.div: only QEMU ran it",
    ]);
    expect(differences(mine, mine)).toEqual([]);
  });
});

describe("withRecord", () => {
  it("adds to the history in docs/performance.md and replaces the latest lines", () => {
    const text = readFileSync(join(root, "docs/performance.md"), "utf8");
    const lines = GROUPS.map(({ prefix }, i) => ({
      ...{
        name: `${prefix}x`,
        unit: "MB/s",
        peer: 1,
        ours: i + 1,
        ratio: i + 1,
        cold: 1,
        slowdown: 2,
        peerSlowdown: 1,
      },
    }));
    const when = { date: "2027-01-02", commit: "0123abc", machine: "a machine" };
    const conditions = { where: "Chromium", guest: "6.1", runs: 3, scale: 1, args: "-accel tcg" };
    const once = withRecord(text, when, conditions, lines);
    const twice = withRecord(once, { ...when, commit: "4567def" }, conditions, lines.slice(1));
    const row =
      "| Chromium | 1.00 | 2.00 | 3.00 | 4.00 | 5.00 | 6.00 | 2.0 | best of 3, scale 1, `-accel tcg`; a machine |";
    expect(twice).toContain(`| 2027-01-02 | 0123abc ${row}\n| 2027-01-02 | 4567def | Chromium |  | 2.00 |`);
    expect(once).toContain("| int.x |");
    expect(twice).not.toContain("| int.x |");
    expect(twice.match(/\| date \|/g)).toHaveLength(1);
  });
  it("says which mark is missing", () => {
    const conditions = { where: "Chromium", guest: "6.1", runs: 3, scale: 1, args: "" };
    expect(() => withRecord("", { date: "", commit: "", machine: "" }, conditions, [])).toThrow(
      "bench:vm history begins",
    );
  });
});

describe("TimedLines", () => {
  it("parts lines wherever the output is cut", () => {
    const console = new TimedLines();
    expect(console.take("one\r").map(({ text }) => text)).toEqual([]);
    expect(console.take("\ntwo\r\r\n# en").map(({ text }) => text)).toEqual(["one", "two"]);
    expect(console.ended).toBe(false);
    expect(console.tail).toBe("one\ntwo\n# en");
    console.take("d 12.5\r\n");
    expect(console.ended).toBe(true);
  });
  it("does not wait for a kernel that panicked", () => {
    const console = new TimedLines();
    console.take("[    1.2] Kernel panic - not syncing: no init\n");
    expect(() => console.ended).toThrow("no init");
  });
});
