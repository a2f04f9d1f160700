/** The clause table itself: every clause has a place, a test that is there, or a reason; nine tenths have a test. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { clauseChapters, FEATURE_BITS } from "./testing/clause-table.ts";

const SRC = fileURLToPath(new URL("../", import.meta.url));
const chapters = clauseChapters();
const clauses = chapters.flatMap(({ sections }) => sections.flatMap((section) => section.clauses));

describe("the clause table", () => {
  it("has the chapters of everything that is built, and every clause once", () => {
    expect(chapters.map(({ chapter }) => chapter)).toEqual([
      "balloon",
      "basic",
      "blk",
      "ccw",
      "console",
      "mmio",
      "net",
      "pci",
      "rng",
      "scsi",
    ]);
    const ids = clauses.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { sections } of chapters) {
      for (const { anchor } of sections) expect(anchor).toMatch(/^devicenormative:/);
    }
  });

  it("says of each clause how it is shown, or why it is not", () => {
    for (const { id, level, says, tests, notOffered, uncovered } of clauses) {
      expect([id, level]).toEqual([id, expect.stringMatching(/^(MUST|MUST NOT|SHOULD|SHOULD NOT|RECOMMENDED)$/)]);
      expect([id, says.length > 10]).toEqual([id, true]);
      const ways = [tests !== undefined && tests.length > 0, notOffered !== undefined, uncovered !== undefined];
      expect([id, ways.filter(Boolean).length]).toEqual([id, 1]);
      if (notOffered !== undefined) expect(FEATURE_BITS).toHaveProperty(notOffered);
      if (uncovered !== undefined) expect([id, uncovered.length > 20]).toEqual([id, true]);
    }
  });

  it("names tests that are in their files", () => {
    const missing: string[] = [];
    for (const { id, tests } of clauses) {
      for (const { file, title } of tests ?? []) {
        const text = existsSync(SRC + file) ? readFileSync(SRC + file, "utf8") : "";
        // A name that is made of several parts is looked for in the results alone (scripts/clause-coverage.mjs).
        if (text === "" || !text.includes(title)) missing.push(`${id}: ${file}: ${title}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it("shows at least nine tenths of the clauses", () => {
    const shown = clauses.filter(({ uncovered }) => uncovered === undefined).length;
    expect(shown / clauses.length).toBeGreaterThanOrEqual(0.9);
    const applicable = clauses.filter(({ notOffered }) => notOffered === undefined);
    const tested = applicable.filter(({ tests }) => tests !== undefined).length;
    expect(tested / applicable.length).toBeGreaterThanOrEqual(0.9);
  });
});
