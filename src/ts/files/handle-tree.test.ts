/** The tree over handles of the File System standard, here with handles in memory; e2e/shared-files.spec.ts has a browser's. */
import { describe, expect, it } from "vitest";
import { TreeError } from "../../virtio/file-tree.ts";
import { HandleTree } from "./handle-tree.ts";
import { FakeFolder } from "./testing/fake-handles.ts";
import { TREE_CHECKS } from "./testing/tree-contract.ts";

const CREATION = { mode: 0o644, uid: 0, gid: 0 };
const BOTH = { read: true, write: true, truncate: false };
const ABILITIES = {
  hardLinks: false,
  nodes: true,
  attributes: true,
  times: false,
  oddNames: false,
  manyFiles: true,
  anyName: false,
};
const CHECKS = TREE_CHECKS.filter(({ needs }) => needs === undefined || ABILITIES[needs]);

describe.each([
  ["of the origin private file system", true],
  ["of the user's computer", false],
])("a folder %s", (_, isPrivate) => {
  it.each(CHECKS)("$name", async (check) => {
    const tree = new HandleTree(new FakeFolder("root", isPrivate));
    await check.run(tree);
    await tree.close();
  });

  it("has plain files, and beside them only what they cannot say themselves", async () => {
    const root = new FakeFolder("root", isPrivate);
    const tree = new HandleTree(root);
    const file = await tree.create(["plain"], CREATION);
    await file.write(0, new TextEncoder().encode("text"));
    await file.close();
    expect([...root.children.keys()]).toEqual(["plain"]);
    expect(await (await (await root.getFileHandle("plain")).getFile()).text()).toBe("text");
    await tree.makeLink(["link"], "plain", CREATION);
    const metadata = await root.getDirectoryHandle(".virtfs_metadata");
    expect(await (await (await metadata.getFileHandle("link")).getFile()).text()).toBe(
      "virtfs.uid=0\nvirtfs.gid=0\nvirtfs.mode=41471\n",
    );
    await tree.remove(["link"], "file");
    expect(metadata.children.size).toBe(0);
    // Another tree over the same folder finds all of it again.
    await tree.change(["plain"], { uid: 5 });
    expect((await new HandleTree(root).stat(["plain"])).uid).toBe(5);
  });

  it("what was written is in the folder when it is synchronised, and when the machine ends", async () => {
    const root = new FakeFolder("root", isPrivate);
    const tree = new HandleTree(root);
    const text = async (name: string) => await (await (await root.getFileHandle(name)).getFile()).text();
    const file = await tree.create(["file"], CREATION);
    await file.write(0, new TextEncoder().encode("synced"));
    await file.sync();
    expect(await text("file")).toBe("synced");
    await file.write(0, new TextEncoder().encode("CLOSED"));
    await tree.close();
    expect(await text("file")).toBe("CLOSED");
  });

  it("what is written of many files does not come together in memory without end", async () => {
    const root = new FakeFolder("root", isPrivate);
    const tree = new HandleTree(root);
    const piece = new Uint8Array(4 * 1024 * 1024);
    for (let index = 0; index < 20; ++index) await (await tree.create([`f${index}`], CREATION)).write(0, piece);
    let stored = 0;
    for (const handle of root.children.values()) if (handle.kind === "file") stored += (await handle.getFile()).size;
    expect(stored).toBeGreaterThanOrEqual((20 * 4 - 68) * 1024 * 1024);
    await tree.close();
  });

  it("a file that is written while it is renamed loses nothing", async () => {
    const tree = new HandleTree(new FakeFolder("root", isPrivate));
    await tree.makeDirectory(["a"], CREATION);
    const file = await tree.create(["a", "file"], CREATION);
    await file.write(0, new TextEncoder().encode("0123456789"));
    const encoder = new TextEncoder();
    await Promise.all([
      file.write(0, encoder.encode("A")),
      tree.rename(["a"], ["b"]),
      file.write(1, encoder.encode("B")),
      file.write(2, encoder.encode("C")),
    ]);
    await file.close();
    const again = await tree.open(["b", "file"], BOTH);
    const into = new Uint8Array(10);
    await again.read(0, into);
    expect(new TextDecoder().decode(into)).toBe("ABC3456789");
  });

  it("tells errors of the browser as Linux has them", async () => {
    const root = new FakeFolder("root", isPrivate);
    const tree = new HandleTree(root);
    const fail = (error: Error): void => {
      root.getFileHandle = () => Promise.reject(error);
    };
    for (const [name, errno, isHostError] of [
      ["QuotaExceededError", "ENOSPC", true],
      ["NotAllowedError", "EACCES", true],
      ["NoModificationAllowedError", "EBUSY", true],
      ["NotReadableError", "EIO", true],
      ["NotFoundError", "ENOENT", false],
    ] as const) {
      fail(new DOMException("why", name));
      const error = await tree.stat(["x"]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TreeError);
      expect(error).toMatchObject({ errno, isHostError });
    }
    fail(new TypeError("Name is not allowed"));
    await expect(tree.stat(["x"])).rejects.toMatchObject({ errno: "EINVAL" });
    await expect(tree.stat(["\udc80"])).rejects.toMatchObject({ errno: "EILSEQ" });
  });
});
