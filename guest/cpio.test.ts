/** The archive as an independent program reads it: Debian's cpio. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { type Entry, writeCpio } from "./cpio.mjs";

const folder = mkdtempSync(join(tmpdir(), "cpio-test-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const entries: Entry[] = [
  { type: "directory", path: "dev", mode: 0o755 },
  { type: "character", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
  { type: "character", path: "dev/null", mode: 0o666, major: 1, minor: 3 },
  { type: "directory", path: "bin", mode: 0o755 },
  { type: "file", path: "bin/busybox", mode: 0o755, data: Buffer.from("not really\n") },
  { type: "link", path: "bin/sh", mode: 0o777, target: "busybox" },
  { type: "file", path: "empty", mode: 0o644, data: new Uint8Array(0) },
];

test("cpio lists every member with its type, mode, owner and device", () => {
  const list = execFileSync("cpio", ["-itvn", "--quiet"], { input: writeCpio(entries), encoding: "utf8" });
  const rows = list
    .trim()
    .split("\n")
    .map((line) => line.replace(/\s+/g, " ").replace(/ [A-Z][a-z]{2} \d+ \S+ /, " "));
  expect(rows).toEqual([
    "drwxr-xr-x 2 0 0 0 dev",
    "crw------- 1 0 0 5, 1 dev/console",
    "crw-rw-rw- 1 0 0 1, 3 dev/null",
    "drwxr-xr-x 2 0 0 0 bin",
    "-rwxr-xr-x 1 0 0 11 bin/busybox",
    "lrwxrwxrwx 1 0 0 7 bin/sh -> busybox",
    "-rw-r--r-- 1 0 0 0 empty",
  ]);
});

test("cpio unpacks what went in, whatever its lengths", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (contents) => {
      const target = mkdtempSync(join(folder, "out-"));
      const files = contents.map((data, index): Entry => {
        const path = `${"n".repeat(index + 1)}`;
        return { type: "file", path, mode: 0o640, data };
      });
      const link: Entry = { type: "link", path: "link", mode: 0o777, target: "n" };
      execFileSync("cpio", ["-id", "--quiet"], { cwd: target, input: writeCpio([...files, link]) });
      contents.forEach((data, index) => {
        const path = join(target, "n".repeat(index + 1));
        expect(readFileSync(path)).toEqual(Buffer.from(data));
        expect(statSync(path).mode & 0o7777).toBe(0o640);
      });
      expect(readlinkSync(join(target, "link"))).toBe("n");
    }),
    { numRuns: 20 },
  );
});

test("a member without its folder, or twice, is refused", () => {
  const file: Entry = { type: "file", path: "a/b", mode: 0o644, data: new Uint8Array(1) };
  expect(() => writeCpio([file])).toThrow("a/b: its folder is not in the archive before it");
  const folderEntry: Entry = { type: "directory", path: "a", mode: 0o755 };
  expect(() => writeCpio([folderEntry, file, file])).toThrow("a/b: twice in the archive");
});
