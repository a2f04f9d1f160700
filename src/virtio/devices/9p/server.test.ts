/** The 9P2000.L server: what Linux's client relies on, and names and numbers that no proper client would send. */
import { describe, expect, it } from "vitest";
import { MemoryTree } from "../../../ts/files/memory-tree.ts";
import { ReadOnlyTree } from "../../../ts/files/read-only-tree.ts";
import * as P from "../../spec/9p.ts";
import { directoryEntries } from "../../testing/ninep-client.ts";
import { forwarding, serve } from "../../testing/ninep-serve.ts";
import type { RequestOf } from "./messages.ts";

const DIRECTORY = 0o200000;

describe("sessions", () => {
  it("agree on a message size, and on no other version", async () => {
    const { client } = await serve();
    const ask = (msize: number, version: string) => client.call("version", { msize, version });
    expect(await ask(0xffff_ffff, P.P9_VERSION)).toEqual({ msize: 512 * 1024, version: P.P9_VERSION });
    expect(await ask(8192, "9P2000.u")).toEqual({ msize: 8192, version: "unknown" });
    await expect(ask(4095, P.P9_VERSION)).rejects.toThrow("EMSGSIZE");
  });

  it("begin anew with Tversion: fids are given up, files closed", async () => {
    let closed = 0;
    const tree = new MemoryTree();
    const { client } = await serve({
      ...forwarding(tree),
      create: (path, creation) => {
        const file = tree.create(path, creation);
        return { ...file, close: () => void ((closed += 1), file.close()) };
      },
    });
    await client.create(1, "file");
    await client.start();
    expect(closed).toBe(1);
    await expect(client.read(1)).rejects.toThrow("EBADF");
  });

  it("need nobody to prove anything", async () => {
    const { client } = await serve();
    const names = { uname: "root", aname: "", nUname: 0 };
    await expect(client.call("auth", { afid: 9, ...names })).rejects.toThrow("EOPNOTSUPP");
    await expect(client.call("attach", { fid: 8, afid: 9, ...names })).rejects.toThrow("EBADF");
    await expect(client.call("attach", { fid: 0, afid: P.P9_NOFID, ...names })).rejects.toThrow("EINVAL");
  });
});

describe("walking", () => {
  it("goes as far as there are names, and only all the way moves a fid", async () => {
    const { client } = await serve();
    await client.call("mkdir", { dfid: 0, name: "a", mode: 0o755, gid: 0 });
    await client.create(1, "a/file", "x");
    const walk = (newfid: number, ...names: string[]) => client.call("walk", { fid: 0, newfid, names });
    expect((await walk(2, "a", "file")).qids.map(({ type }) => type)).toEqual([P.P9_QTDIR, P.P9_QTFILE]);
    expect((await walk(3, "a", "none", "x")).qids).toHaveLength(1);
    await expect(client.call("clunk", { fid: 3 })).rejects.toThrow("EBADF");
    await expect(walk(3, "none")).rejects.toThrow("ENOENT");
    expect((await walk(3, "a", "file", "below")).qids).toHaveLength(2);
    expect((await walk(3, "a", "file", "..")).qids).toHaveLength(2);
    await expect(walk(2, "a")).rejects.toThrow("EINVAL");
    await expect(client.call("walk", { fid: 77, newfid: 3, names: [] })).rejects.toThrow("EBADF");
    await expect(walk(3, ...Array.from({ length: 17 }, () => "a"))).rejects.toThrow("EINVAL");
  });

  it("stays below the root", async () => {
    const { client } = await serve();
    await client.call("mkdir", { dfid: 0, name: "a", mode: 0o755, gid: 0 });
    const root = (await client.call("walk", { fid: 0, newfid: 1, names: ["."] })).qids[0];
    const up = await client.call("walk", { fid: 0, newfid: 2, names: ["..", "..", "a", "..", ".."] });
    expect(up.qids[1]).toEqual(root);
    expect(up.qids[4]).toEqual(root);
    for (const name of ["", "../secret", "a/..", "/etc/passwd", "a\0b", "/"]) {
      await expect(client.call("walk", { fid: 0, newfid: 9, names: [name] })).rejects.toThrow("ENOENT");
      await expect(client.create(9, "x")).resolves.toBe(undefined);
      await client.call("remove", { fid: 9 });
    }
    await expect(client.call("walk", { fid: 0, newfid: 9, names: ["x".repeat(256)] })).rejects.toThrow("ENAMETOOLONG");
  });

  it("names that no file may have are refused wherever a name is", async () => {
    const { client } = await serve();
    await client.create(1, "file", "x");
    await client.call("clunk", { fid: 1 });
    await client.walk(1, "file");
    const bad = ["", ".", "..", "a/b", "/", "a\0b", "x".repeat(300)];
    for (const name of bad) {
      const attempts = [
        () => client.call("lcreate", { fid: 0, name, flags: 0o102, mode: 0o644, gid: 0 }),
        () => client.call("mkdir", { dfid: 0, name, mode: 0o755, gid: 0 }),
        () => client.call("symlink", { fid: 0, name, target: "x", gid: 0 }),
        () => client.call("mknod", { dfid: 0, name, mode: 0o010644, major: 0, minor: 0, gid: 0 }),
        () => client.call("link", { dfid: 0, fid: 1, name }),
        () => client.call("rename", { fid: 1, dfid: 0, name }),
        () => client.call("renameat", { olddirfid: 0, oldname: "file", newdirfid: 0, newname: name }),
        () => client.call("renameat", { olddirfid: 0, oldname: name, newdirfid: 0, newname: "other" }),
        () => client.call("unlinkat", { dirfd: 0, name, flags: 0 }),
        () => client.call("unlinkat", { dirfd: 0, name, flags: P.P9_DOTL_AT_REMOVEDIR }),
      ];
      for (const attempt of attempts) {
        await expect(attempt()).rejects.toThrow(/ENOENT|EEXIST|EISDIR|EINVAL|ENOTEMPTY|ENAMETOOLONG/);
      }
    }
    expect(await client.names("")).toEqual([".", "..", "file"]);
  });
});

describe("files", () => {
  it("are read and written as far as messages and what was asked for allow", async () => {
    const { client } = await serve(new MemoryTree(), 4096);
    await client.create(1, "file", "0123456789");
    expect(await client.read(1, 4, 3)).toBe("456");
    expect((await client.call("read", { fid: 1, offset: 0n, count: 0xffff_ffff })).data).toHaveLength(10);
    expect((await client.call("read", { fid: 1, offset: 100n, count: 10 })).data).toHaveLength(0);
    await expect(client.call("read", { fid: 1, offset: 2n ** 63n, count: 10 })).rejects.toThrow("EINVAL");
    await client.call("setattr", { ...NO_CHANGE, fid: 1, valid: P.P9_SETATTR_SIZE, size: 100_000n });
    expect((await client.call("read", { fid: 1, offset: 0n, count: 0xffff_ffff })).data).toHaveLength(4096 - 11);
    const data = Uint8Array.of(1);
    await expect(client.call("write", { fid: 1, offset: 2n ** 64n - 1n, data })).rejects.toThrow("EFBIG");
    await expect(client.call("write", { fid: 0, offset: 0n, data })).rejects.toThrow("EBADF");
    await client.walk(2, "file");
    await expect(client.read(2)).rejects.toThrow("EBADF");
    await client.call("lopen", { fid: 2, flags: P.P9_DOTL_WRONLY });
    await expect(client.read(2)).rejects.toThrow("EBADF");
    await expect(client.call("lopen", { fid: 2, flags: 0 })).rejects.toThrow("EINVAL");
    await client.walk(3, "file");
    await expect(client.call("lopen", { fid: 3, flags: 3 })).rejects.toThrow("EINVAL");
    await expect(client.call("lopen", { fid: 3, flags: DIRECTORY })).rejects.toThrow("ENOTDIR");
    await client.call("lopen", { fid: 3, flags: 0 });
    await expect(client.write(3, 0, "x")).rejects.toThrow("EBADF");
  });

  it("are appended to where they were opened so, and emptied", async () => {
    const { client } = await serve();
    await client.create(1, "log", "one ");
    await client.walk(2, "log");
    await client.call("lopen", { fid: 2, flags: P.P9_DOTL_WRONLY | P.P9_DOTL_APPEND });
    await client.write(2, 0, "two ");
    await client.write(2, 0, "three");
    expect(await client.contents("log")).toBe("one two three");
    await client.walk(3, "log");
    await client.call("lopen", { fid: 3, flags: P.P9_DOTL_RDWR | P.P9_DOTL_TRUNC });
    expect(await client.contents("log")).toBe("");
    // Without EXCL what is there is opened.
    await client.write(3, 0, "again");
    await client.walk(4, "");
    await client.call("lcreate", { fid: 4, name: "log", flags: 0o102, mode: 0o600, gid: 0 });
    expect(await client.read(4)).toBe("again");
    await client.walk(5, "");
    const flags = 0o102 | P.P9_DOTL_EXCL;
    await expect(client.call("lcreate", { fid: 5, name: "log", flags, mode: 0o600, gid: 0 })).rejects.toThrow("EEXIST");
  });

  it("belong to whoever attached, and tell everything that stat does", async () => {
    const { client } = await serve();
    await client.call("attach", { fid: 50, afid: P.P9_NOFID, uname: "", aname: "", nUname: 1000 });
    await client.call("mknod", { dfid: 50, name: "null", mode: 0o020666, major: 1, minor: 3, gid: 100 });
    await client.walk(1, "null");
    const attributes = await client.call("getattr", { fid: 1, mask: 0x7ffn });
    expect(attributes).toMatchObject({ valid: 0x7ffn, mode: 0o020666, uid: 1000, gid: 100, nlink: 1n, rdev: 0x103n });
    const valid = P.P9_SETATTR_MTIME | P.P9_SETATTR_MTIME_SET | P.P9_SETATTR_MODE | P.P9_SETATTR_UID;
    const change = { ...NO_CHANGE, fid: 1, valid, mode: 0o100644, uid: 7, mtimeSec: 5n, mtimeNsec: 6n };
    await client.call("setattr", change);
    const after = await client.call("getattr", { fid: 1, mask: 0n });
    // Only the permissions of a mode count.
    expect(after).toMatchObject({ mode: 0o020644, uid: 7, gid: 100, mtimeSec: 5n, mtimeNsec: 6n });
    await expect(client.call("setattr", { ...change, mtimeNsec: 2n ** 40n })).rejects.toThrow("EINVAL");
    expect((await client.call("statfs", { fid: 1 })).namelen).toBe(255);
  });

  it("live on when their name is gone, also for other fids that stood there", async () => {
    const { client } = await serve();
    await client.create(1, "file", "alive");
    await client.walk(2, "file");
    await client.call("unlinkat", { dirfd: 0, name: "file", flags: 0 });
    expect(await client.read(1)).toBe("alive");
    expect((await client.call("getattr", { fid: 1, mask: 0n })).size).toBe(5n);
    expect((await client.call("getattr", { fid: 2, mask: 0n })).size).toBe(5n);
    await client.create(3, "file", "another");
    expect(await client.read(1)).toBe("alive");
    await expect(client.call("lopen", { fid: 2, flags: 0 })).rejects.toThrow("ENOENT");
    await client.call("clunk", { fid: 1 });
    await expect(client.call("getattr", { fid: 2, mask: 0n })).rejects.toThrow("ENOENT");
  });

  it("are locked for whoever asks: there is one client", async () => {
    const { client } = await serve();
    await client.create(1, "file");
    const lock = { fid: 1, type: 1, flags: 1, start: 0n, length: 0n, procId: 7, clientId: "guest" };
    expect(await client.call("lock", lock)).toEqual({ status: P.P9_LOCK_SUCCESS });
    const { flags: _, ...range } = lock;
    expect(await client.call("getlock", range)).toEqual({ ...rangeOf(range), type: P.P9_LOCK_TYPE_UNLCK });
    await expect(client.call("lock", { ...lock, type: 3 })).rejects.toThrow("EINVAL");
    await expect(client.call("lock", { ...lock, flags: 8 })).rejects.toThrow("EINVAL");
    await expect(client.call("lock", { ...lock, fid: 0 })).rejects.toThrow("EBADF");
  });
});

function rangeOf({ start, length, procId, clientId }: RequestOf<"getlock">) {
  return { start, length, procId, clientId };
}

const NO_CHANGE: RequestOf<"setattr"> = {
  fid: 0,
  valid: 0,
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0n,
  atimeSec: 0n,
  atimeNsec: 0n,
  mtimeSec: 0n,
  mtimeNsec: 0n,
};

describe("names", () => {
  it("a renamed directory takes all fids below it along", async () => {
    const { client } = await serve();
    await client.call("mkdir", { dfid: 0, name: "a", mode: 0o755, gid: 0 });
    await client.create(1, "a/open", "open");
    await client.walk(2, "a/open");
    await client.walk(3, "a");
    await client.call("renameat", { olddirfid: 0, oldname: "a", newdirfid: 0, newname: "b" });
    expect(await client.read(1)).toBe("open");
    await client.call("lopen", { fid: 2, flags: 0 });
    expect(await client.read(2)).toBe("open");
    await client.call("mkdir", { dfid: 3, name: "below", mode: 0o755, gid: 0 });
    expect(await client.names("b")).toEqual([".", "..", "open", "below"]);
    await client.walk(4, "b/below");
    await client.call("rename", { fid: 4, dfid: 0, name: "top" });
    await client.call("mkdir", { dfid: 4, name: "inside", mode: 0o755, gid: 0 });
    expect(await client.names("top")).toEqual([".", "..", "inside"]);
    await expect(client.call("rename", { fid: 3, dfid: 3, name: "c" })).rejects.toThrow("EINVAL");
    await expect(client.call("rename", { fid: 0, dfid: 0, name: "c" })).rejects.toThrow("EBUSY");
  });

  it("two names of one file both stay when one is renamed to the other", async () => {
    const { client } = await serve();
    await client.create(1, "one", "x");
    await client.walk(2, "one");
    await client.call("link", { dfid: 0, fid: 2, name: "two" });
    await client.call("renameat", { olddirfid: 0, oldname: "one", newdirfid: 0, newname: "two" });
    expect(await client.names("")).toEqual([".", "..", "one", "two"]);
    await client.walk(3, "two");
    expect((await client.call("getattr", { fid: 3, mask: 0n })).nlink).toBe(2n);
  });

  it("a directory is read in pieces of any size, and anew from its start", async () => {
    const { client } = await serve();
    for (let index = 0; index < 100; ++index) {
      await client.call("mkdir", { dfid: 0, name: `directory-${index}`, mode: 0o755, gid: 0 });
    }
    for (const count of [60, 512, 4000, 0xffff_ffff]) expect((await client.names("", count)).length).toBe(102);
    await client.walk(1, "");
    await client.call("lopen", { fid: 1, flags: DIRECTORY });
    await expect(client.call("readdir", { fid: 1, offset: 0n, count: 24 })).rejects.toThrow("EINVAL");
    await expect(client.call("readdir", { fid: 1, offset: 0n, count: 0 })).rejects.toThrow("EINVAL");
    const first = directoryEntries((await client.call("readdir", { fid: 1, offset: 0n, count: 80 })).data);
    expect(first.map(({ name, type }) => [name, type])).toEqual([
      [".", 4],
      ["..", 4],
    ]);
    // What is removed meanwhile does not shift the rest.
    await client.call("unlinkat", { dirfd: 0, name: "directory-0", flags: P.P9_DOTL_AT_REMOVEDIR });
    const rest = await client.call("readdir", { fid: 1, offset: first.at(-1)?.offset ?? 0n, count: 60_000 });
    expect(directoryEntries(rest.data)).toHaveLength(100);
    const anew = await client.call("readdir", { fid: 1, offset: 0n, count: 60_000 });
    expect(directoryEntries(anew.data)).toHaveLength(101);
    expect((await client.call("readdir", { fid: 1, offset: 2n ** 64n - 1n, count: 1000 })).data).toHaveLength(0);
    await expect(client.call("readdir", { fid: 0, offset: 0n, count: 1000 })).rejects.toThrow("EBADF");
    await expect(client.read(1)).rejects.toThrow("EOPNOTSUPP");
    await expect(client.call("lopen", { fid: 0, flags: P.P9_DOTL_RDWR })).rejects.toThrow("EISDIR");
  });

  it("Tremove gives the fid up, whatever becomes of the file", async () => {
    const { client } = await serve();
    await client.call("mkdir", { dfid: 0, name: "full", mode: 0o755, gid: 0 });
    await client.create(1, "full/file", "x");
    await client.walk(2, "full");
    await expect(client.call("remove", { fid: 2 })).rejects.toThrow("ENOTEMPTY");
    await expect(client.call("clunk", { fid: 2 })).rejects.toThrow("EBADF");
    await client.call("remove", { fid: 1 });
    await client.walk(2, "full");
    await client.call("remove", { fid: 2 });
    expect(await client.names("")).toEqual([".", ".."]);
    await expect(client.call("remove", { fid: 0 })).rejects.toThrow("EBUSY");
  });

  it("nothing is changed where nothing may be", async () => {
    const tree = new MemoryTree();
    const { client: writer } = await serve(tree);
    await writer.create(1, "file", "x");
    const { client } = await serve(new ReadOnlyTree(tree));
    await client.walk(1, "file");
    const attempts = [
      () => client.call("lopen", { fid: 1, flags: P.P9_DOTL_RDWR }),
      () => client.call("lopen", { fid: 1, flags: P.P9_DOTL_TRUNC }),
      () => client.call("lcreate", { fid: 0, name: "a", flags: 2, mode: 0o644, gid: 0 }),
      () => client.call("mkdir", { dfid: 0, name: "a", mode: 0o755, gid: 0 }),
      () => client.call("symlink", { fid: 0, name: "a", target: "x", gid: 0 }),
      () => client.call("mknod", { dfid: 0, name: "a", mode: 0o010644, major: 0, minor: 0, gid: 0 }),
      () => client.call("link", { dfid: 0, fid: 1, name: "a" }),
      () => client.call("rename", { fid: 1, dfid: 0, name: "a" }),
      () => client.call("renameat", { olddirfid: 0, oldname: "file", newdirfid: 0, newname: "a" }),
      () => client.call("unlinkat", { dirfd: 0, name: "file", flags: 0 }),
      () => client.call("setattr", { ...NO_CHANGE, fid: 1, valid: P.P9_SETATTR_MODE }),
      () => client.call("xattrcreate", { fid: 1, name: "user.a", size: 1n, flags: 0 }),
      () => client.call("remove", { fid: 1 }),
    ];
    for (const attempt of attempts) await expect(attempt()).rejects.toThrow("EROFS");
    expect(await client.contents("file")).toBe("x");
  });
});

describe("extended attributes", () => {
  const value = (text: string) => new TextEncoder().encode(text);

  it("are set when their fid is clunked, listed, read and taken away", async () => {
    const { client } = await serve();
    await client.create(1, "file");
    const set = async (name: string, text: string, flags = 0): Promise<void> => {
      await client.walk(2, "file");
      await client.call("xattrcreate", { fid: 2, name, size: BigInt(text.length), flags });
      if (text !== "") await client.call("write", { fid: 2, offset: 0n, data: value(text) });
      await client.call("clunk", { fid: 2 });
    };
    await set("user.one", "first");
    await set("user.two", "second", P.P9_XATTR_CREATE);
    await expect(set("user.two", "third", P.P9_XATTR_CREATE)).rejects.toThrow("EEXIST");
    await expect(set("user.three", "x", P.P9_XATTR_REPLACE)).rejects.toThrow("ENODATA");
    const get = async (name: string): Promise<string> => {
      const { size } = await client.call("xattrwalk", { fid: 1, newfid: 3, name });
      const text = await client.read(3, 0, Number(size));
      await client.call("clunk", { fid: 3 });
      return text;
    };
    expect(await get("")).toBe("user.one\0user.two\0");
    expect(await get("user.two")).toBe("second");
    await set("user.one", "");
    expect(await get("")).toBe("user.two\0");
    await expect(get("user.one")).rejects.toThrow("ENODATA");
  });

  it("have the size that was announced, and bounds", async () => {
    const { client } = await serve();
    await client.create(1, "file");
    await client.walk(2, "file");
    const create = (size: bigint, name = "user.a", flags = 0) =>
      client.call("xattrcreate", { fid: 2, name, size, flags });
    await expect(create(2n ** 64n - 1n)).rejects.toThrow("ENOSPC");
    await expect(create(1n, "x".repeat(256))).rejects.toThrow("ERANGE");
    await expect(create(1n, "")).rejects.toThrow("EINVAL");
    await expect(create(1n, "user.a", 3)).rejects.toThrow("EINVAL");
    await create(4n);
    await expect(client.write(2, 2, "xyz")).rejects.toThrow("ENOSPC");
    await expect(client.call("write", { fid: 2, offset: 2n ** 60n, data: value("x") })).rejects.toThrow("ENOSPC");
    await client.write(2, 0, "ab");
    await expect(client.call("clunk", { fid: 2 })).rejects.toThrow("EINVAL");
    let made = 0;
    const many = async (): Promise<void> => {
      for (; made < 2000; made += 1) {
        await client.walk(100 + made, "file");
        await client.call("xattrcreate", { fid: 100 + made, name: "user.a", size: 1n, flags: 0 });
      }
    };
    await expect(many()).rejects.toThrow("ENOSPC");
    expect(made).toBe(1024);
  });
});
