import { describe, expect, it } from "vitest";
import { TreeError } from "../../virtio/file-tree.ts";
import { MemoryTree } from "./memory-tree.ts";
import { ReadOnlyTree } from "./read-only-tree.ts";
import { TREE_CHECKS } from "./testing/tree-contract.ts";

const CREATION = { mode: 0o644, uid: 0, gid: 0 };
const WRITE = { read: false, write: true, truncate: false };

describe("files in memory", () => {
  it.each(TREE_CHECKS)("$name", async (check) => {
    await check.run(new MemoryTree());
  });

  it("take no more memory than they may, and give it back", () => {
    const tree = new MemoryTree({ sizeBytes: 1 << 20 });
    const file = tree.create(["big"], CREATION);
    expect(() => file.write(0, new Uint8Array(2 << 20))).toThrow("ENOSPC");
    void file.write(0, new Uint8Array(1 << 19));
    // A hole takes nothing, however large.
    void file.change({ sizeBytes: 2 ** 40 });
    expect(tree.stat(["big"]).sizeBytes).toBe(2 ** 40);
    expect(() => file.write(0, new Uint8Array(1 << 20))).toThrow("ENOSPC");
    void file.change({ sizeBytes: 10 });
    const free = tree.space().freeBlocks;
    tree.remove(["big"], "file");
    expect(tree.space().freeBlocks).toBe(free);
    void file.close();
    void file.close();
    expect(tree.space().freeBlocks).toBeGreaterThan(free);
    let made = 0;
    expect(() => {
      for (; ; made += 1) tree.makeDirectory([`d${made}`], CREATION);
    }).toThrow("ENOSPC");
    expect(made).toBeGreaterThan(100);
    expect(made).toBeLessThan((1 << 20) / 512 + 1);
  });

  it("have extended attributes", () => {
    const tree = new MemoryTree();
    const { xattrs } = tree;
    void tree.create(["file"], CREATION).close();
    const value = Uint8Array.of(1, 2, 3);
    expect(() => xattrs.get(["file"], "user.a")).toThrow("ENODATA");
    expect(() => xattrs.set(["file"], "user.a", value, "replace")).toThrow("ENODATA");
    void xattrs.set(["file"], "user.a", value, "create");
    expect(() => xattrs.set(["file"], "user.a", value, "create")).toThrow("EEXIST");
    expect(xattrs.get(["file"], "user.a")).toEqual(value);
    expect(xattrs.list(["file"])).toEqual(["user.a"]);
    void xattrs.remove(["file"], "user.a");
    expect(() => xattrs.remove(["file"], "user.a")).toThrow("ENODATA");
  });
});

describe("a tree that is read only", () => {
  it("shows everything and changes nothing", async () => {
    const tree = new MemoryTree();
    const file = tree.create(["file"], CREATION);
    void file.write(0, Uint8Array.of(1, 2, 3));
    void tree.xattrs.set(["file"], "user.a", Uint8Array.of(1), "either");
    const view = new ReadOnlyTree(tree);
    expect(view.readOnly).toBe(true);
    const opened = await view.open(["file"], { read: true, write: false, truncate: false });
    expect(await opened.read(0, new Uint8Array(9))).toBe(3);
    expect(await view.xattrs?.get(["file"], "user.a")).toEqual(Uint8Array.of(1));
    const attempts = [
      () => view.open(["file"], WRITE),
      () => view.open(["file"], { read: true, write: false, truncate: true }),
      () => opened.write(0, Uint8Array.of(9)),
      () => opened.change({ mode: 0 }),
      () => view.create(),
      () => view.makeDirectory(),
      () => view.makeLink(),
      () => view.makeNode(),
      () => view.link(),
      () => view.rename(),
      () => view.remove(),
      () => view.change(),
      () => view.xattrs?.set(["file"], "user.a", Uint8Array.of(), "either"),
      () => view.xattrs?.remove(["file"], "user.a"),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(new TreeError("EROFS"));
  });
});
