import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FileTree } from "../../virtio/file-tree.ts";
import type { SecurityModel } from "../config/machine-config.ts";
import { TREE_CHECKS } from "../files/testing/tree-contract.ts";
import { METADATA_FOLDER, METADATA_ROOT } from "../files/virtfs-attributes.ts";
import { FolderTree } from "./folder-tree.ts";

const CREATION = { mode: 0o644, uid: 0, gid: 0 };
const READ = { read: true, write: false, truncate: false };
const BOTH = { read: true, write: true, truncate: false };

let outside: string;
let folder: string;
const open: FileTree[] = [];

function tree(model: SecurityModel): FolderTree {
  const made = FolderTree.open(folder, model);
  open.push(made);
  return made;
}

beforeEach(() => {
  outside = mkdtempSync(join(realpathSync(tmpdir()), "armlet-files-"));
  folder = join(outside, "shared");
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  writeFileSync(join(outside, "secret"), "secret");
});

afterEach(async () => {
  for (const made of open.splice(0)) await made.close();
  rmSync(outside, { recursive: true, force: true });
});

/** Only root gives files away. */
const isRoot = process.getuid?.() === 0;

describe.each(["none", "passthrough", "mapped-file", "mapped-xattr"] as const)("a folder of the host, %s", (model) => {
  const isMapped = model.startsWith("mapped");
  const abilities = {
    hardLinks: true,
    nodes: isMapped,
    attributes: isMapped || isRoot,
    times: true,
    oddNames: true,
    manyFiles: true,
    anyName: true,
  };
  const checks = TREE_CHECKS.filter(({ needs }) => needs === undefined || abilities[needs]);

  it.each(checks)("$name", async (check) => {
    await check.run(tree(model));
  });

  it("is never left, whatever links the host has in it", () => {
    symlinkSync("..", join(folder, "up"));
    symlinkSync(outside, join(folder, "absolute"));
    symlinkSync(join(outside, "secret"), join(folder, "file"));
    symlinkSync("missing", join(folder, "missing"));
    const files = tree(model);
    for (const name of ["up", "absolute"]) {
      expect(() => files.stat([name, "secret"])).toThrow("ENOTDIR");
      expect(() => files.open([name, "secret"], READ)).toThrow("ENOTDIR");
      expect(() => files.create([name, "made"], CREATION, BOTH)).toThrow("ENOTDIR");
      expect(() => files.makeDirectory([name, "made"], CREATION)).toThrow("ENOTDIR");
      expect(() => files.rename([name, "secret"], ["stolen"])).toThrow("ENOTDIR");
      expect(() => files.link([name, "secret"], ["stolen"])).toThrow("ENOTDIR");
      expect(() => files.remove([name, "secret"], "file")).toThrow("ENOTDIR");
      expect(() => files.change([name, "secret"], { mode: 0 })).toThrow("ENOTDIR");
      expect(() => files.list([name])).toThrow("ENOTDIR");
    }
    expect(() => files.open(["file"], READ)).toThrow("ELOOP");
    expect(() => files.change(["file"], { sizeBytes: 0 })).toThrow("EINVAL");
    expect(() => files.create(["missing"], CREATION, BOTH)).toThrow("EEXIST");
    if (isMapped) files.change(["file"], { mode: 0 });
    else expect(() => files.change(["file"], { mode: 0 })).toThrow("EOPNOTSUPP");
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret");
    expect(lstatSync(join(outside, "secret")).mode & 0o777).toBe(0o644);
    expect(existsSync(join(outside, "made"))).toBe(false);
  });

  it("does not wait for a pipe that nobody writes", () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    expect(() => tree(model).open(["pipe"], READ)).toThrow("ENXIO");
  });
});

describe("a folder of the host", () => {
  it("security_model=none: what the guest makes is what the host has", async () => {
    const files = tree("none");
    await files.create(["file"], { mode: 0o604, uid: process.getuid?.() ?? 0, gid: 0 }, BOTH).close();
    files.makeLink(["link"], "/etc/passwd", CREATION);
    expect(lstatSync(join(folder, "file")).mode & 0o7777).toBe(0o604);
    expect(readlinkSync(join(folder, "link"))).toBe("/etc/passwd");
    expect(() => files.makeNode(["null"], { mode: 0o020666, uid: 0, gid: 0 }, 0x103)).toThrow("EPERM");
  });

  it("security_model=mapped-file: the host's files are plain, what they are for the guest is beside them as QEMU has it", async () => {
    const files = tree("mapped-file");
    await files.create(["file"], { mode: 0o4755, uid: 12, gid: 34 }, BOTH).close();
    files.makeLink(["link"], "/etc/passwd", CREATION);
    expect(lstatSync(join(folder, "file")).mode & 0o7777).toBe(0o600);
    expect(readFileSync(join(folder, METADATA_FOLDER, "file"), "utf8")).toBe(
      "virtfs.uid=12\nvirtfs.gid=34\nvirtfs.mode=35309\n",
    );
    expect(lstatSync(join(folder, "link")).isFile()).toBe(true);
    expect(readFileSync(join(folder, "link"), "utf8")).toBe("/etc/passwd");
    // The guest neither sees nor makes what is kept beside its files.
    expect(() => files.stat([METADATA_FOLDER])).toThrow("ENOENT");
    expect(() => files.open([METADATA_FOLDER, "file"], READ)).toThrow("ENOENT");
    expect(() => files.create([METADATA_ROOT], CREATION, BOTH)).toThrow("EINVAL");
    expect(() => files.rename(["file"], [METADATA_FOLDER, "link"])).toThrow("EINVAL");
    files.remove(["file"], "file");
    expect(existsSync(join(folder, METADATA_FOLDER, "file"))).toBe(false);
  });

  it("what is no folder is told in a sentence", () => {
    expect(() => FolderTree.open(join(outside, "nothing"), "none")).toThrow("There is no folder");
    expect(() => FolderTree.open(join(outside, "secret"), "none")).toThrow("is a file, where a folder is needed");
  });
});
