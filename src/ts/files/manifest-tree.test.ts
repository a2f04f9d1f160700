/** Files on a server by a list of them. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { S_IFLNK, S_IFMT } from "../../virtio/spec/9p.ts";
import { ManifestTree } from "./manifest-tree.ts";

const LIST = "https://files.example/share/files.json";
const READ = { read: true, write: false, truncate: false };
const script = fileURLToPath(new URL("../../../scripts/file-list.mjs", import.meta.url));

let folder: string;
let requests: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-list-"));
  requests = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A server with the files of the folder at the list's place. */
const fetchFile = (input: string | URL | Request): Promise<Response> => {
  const url = input instanceof Request ? input.url : String(input);
  requests.push(url);
  try {
    const path = decodeURIComponent(new URL(url).pathname).replace("/share/", "");
    return Promise.resolve(new Response(new Uint8Array(readFileSync(join(folder, path)))));
  } catch {
    return Promise.resolve(new Response("", { status: 404 }));
  }
};

const open = (): Promise<ManifestTree> => ManifestTree.open(LIST, fetchFile, () => Promise.resolve());

function list(value: unknown): Promise<ManifestTree> {
  writeFileSync(join(folder, "files.json"), JSON.stringify(value));
  return open();
}

async function text(tree: ManifestTree, ...path: string[]): Promise<string> {
  const into = new Uint8Array(100);
  const file = tree.open(path, READ);
  return new TextDecoder().decode(into.subarray(0, await file.read(0, into)));
}

describe("a list of files", () => {
  it("made by npm run file-list shows the folder, and loads a file when it is read", async () => {
    mkdirSync(join(folder, "sub folder"));
    writeFileSync(join(folder, "sub folder/ä #1"), "odd name", { mode: 0o751 });
    writeFileSync(join(folder, "plain"), "plain");
    symlinkSync("plain", join(folder, "link"));
    execFileSync(process.execPath, [script, folder], { stdio: "pipe" });
    const tree = await open();
    expect(requests).toEqual([LIST]);
    expect(tree.list([]).map(({ name }) => name)).toEqual(["link", "plain", "sub folder"]);
    expect(tree.readLink(["link"])).toBe("plain");
    expect(tree.stat(["link"]).mode & S_IFMT).toBe(S_IFLNK);
    expect(tree.stat(["sub folder", "ä #1"])).toMatchObject({ mode: 0o100751, sizeBytes: 8, linkCount: 1 });
    expect(tree.stat([]).linkCount).toBe(3);
    expect(await text(tree, "sub folder", "ä #1")).toBe("odd name");
    expect(await text(tree, "sub folder", "ä #1")).toBe("odd name");
    expect(requests).toEqual([LIST, "https://files.example/share/sub%20folder/%C3%A4%20%231"]);
    expect(() => tree.open(["plain"], { ...READ, write: true })).toThrow("EROFS");
    expect(() => tree.stat(["plain", "below"])).toThrow("ENOTDIR");
    expect(() => tree.stat(["nothing"])).toThrow("ENOENT");
    expect(() => tree.remove()).toThrow("EROFS");
  });

  it("a file that is not the one of the list, or not there, is an I/O error with a sentence", async () => {
    writeFileSync(join(folder, "a"), "abc");
    const files = [
      { path: "wrong-hash", url: "a", size: 3, sha256: "0".repeat(64) },
      { path: "short", url: "a", size: 5 },
      { path: "long", url: "a", size: 2 },
      { path: "missing", size: 1 },
      { path: "huge", url: "a", size: 2 ** 40 },
      { path: "right", url: "a", size: 3 },
    ];
    const tree = await list({ format: "armlet-files", version: 1, files });
    for (const [name, message] of [
      ["wrong-hash", /SHA-256 is another/],
      ["short", /sends less/],
      ["long", /sends more/],
      ["missing", /answers 404/],
      ["huge", /larger than 256 MiB/],
    ] as const) {
      await expect(text(tree, name)).rejects.toThrow(message);
      await expect(text(tree, name)).rejects.toMatchObject({ isHostError: true });
    }
    expect(await text(tree, "right")).toBe("abc");
  });

  it("of v86 is read as well", async () => {
    writeFileSync(join(folder, "0123abcd.bin"), "from v86");
    const fsroot = [
      ["bin", 0, 1_500_000_000, 0o040755, 0, 0, [["sh", 8, 1_500_000_000, 0o100755, 0, 0, "0123abcd.bin"]]],
      ["link", 6, 1_500_000_000, 0o120777, 0, 0, "bin/sh"],
    ];
    const tree = await list({ version: 3, size: 8, fsroot });
    expect(await text(tree, "bin", "sh")).toBe("from v86");
    expect(tree.readLink(["link"])).toBe("bin/sh");
    expect(tree.stat(["bin", "sh"]).mtime).toBe(1_500_000_000n * 1_000_000_000n);
  });

  it.each([
    [{ files: [] }, /no "format"/],
    [{ format: "armlet-files", version: 2, files: [] }, /version is 2/],
    [{ format: "armlet-files", version: 1 }, /no list called files/],
    [{ format: "armlet-files", version: 1, files: [{ path: "../etc/passwd" }] }, /the path "..\/etc\/passwd"/],
    [{ format: "armlet-files", version: 1, files: [{ path: "/etc" }] }, /the path/],
    [{ format: "armlet-files", version: 1, files: [{ path: "a", size: -1 }] }, /size is -1/],
    [{ format: "armlet-files", version: 1, files: [{ path: "a", mode: 420 }] }, /octal digits in quotes/],
    [{ format: "armlet-files", version: 1, files: [{ path: "a", type: "fifo" }] }, /of the type "fifo"/],
    [{ format: "armlet-files", version: 1, files: [{ path: "a" }, { path: "a" }] }, /has a twice/],
    [{ format: "armlet-files", version: 1, files: [{ path: "a" }, { path: "a/b" }] }, /files below a, which is none/],
    [{ version: 3, fsroot: [["..", 0, 0, 0o100644, 0, 0, "x"]] }, /the path/],
    [{ version: 3, fsroot: ["x"] }, /is no list/],
    ["text", /is no object/],
  ])("%j is refused", async (value, message) => {
    await expect(list(value)).rejects.toThrow(message);
  });

  it("that is no JSON, or not there, is told", async () => {
    await expect(open()).rejects.toThrow(/answers 404/);
    writeFileSync(join(folder, "files.json"), "<html>");
    await expect(open()).rejects.toThrow(/no JSON/);
  });
});
